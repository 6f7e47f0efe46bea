/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "proto/post_lines.h"

#include <check.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct {
	const char *bytes, *texts; /* a '|' behind each; "!N" is refused */
} cuts[] = {
	{"one\n", "one|"},
	{"one\ntwo\r\nthree\r\0four", "one|two|three|four|"},
	{"no end", "no end|"},
	{"", ""},
	{"\n\r\n \t \n", ""},
	{" kept \t\n", " kept \t|"},
	{"/quit\n*** x\n", "/quit|*** x|"},
	{"\x1B[2J\xFF\n", "\xE2\x90\x9B[2J\xEF\xBF\xBD|"},
	{"1234567890\n12345678901\nx\n", "1234567890|!11|x|"},
	{"12345678901", "!11|"},
	{"12345678901\r", "!11|"},
};

static const char *texts_of(const struct post_lines *lines)
{
	static char buf[1000];
	size_t at = 0;

	buf[0] = '\0';
	for (size_t i = 0; i < lines->n; i++) {
		const struct chat_remark *r = &lines->remarks[i];

		if (r->error == CHAT_E_LINE_TOO_LONG)
			at += (size_t)snprintf(buf + at, sizeof(buf) - at,
				"!%" PRIu64 "|", r->n);
		else
			at += (size_t)snprintf(
				buf + at, sizeof(buf) - at, "%s|", r->text);
	}
	return buf;
}

START_TEST(cuts_lines)
{
	struct slice data = {cuts[_i].bytes, strlen(cuts[_i].bytes)};
	struct post_lines lines = {.n = 0};
	struct framer_line framer;

	if (_i == 1)
		data.len += 5; /* the NUL */
	framer_line_init(&framer, 10);
	ck_assert_int_eq(
		post_lines_read(&lines, &framer, &data, true), POST_LINES_MORE);
	ck_assert_uint_eq(data.len, 0);
	ck_assert_str_eq(texts_of(&lines), cuts[_i].texts);
	post_lines_fini(&lines);
}
END_TEST

START_TEST(cuts_so_many_at_once)
{
	static const char bytes[] = "\n1\n2\n3\n4\n5\n6\n7\n8\n9\na\nb\n\n"
				    "c\nd\ne\nf\ng\nh\ni";
	struct slice data = {bytes, sizeof(bytes) - 1};
	struct post_lines lines = {.n = 0};
	struct framer_line framer;

	framer_line_init(&framer, 10);
	ck_assert_int_eq(post_lines_read(&lines, &framer, &data, false),
		POST_LINES_FULL);
	ck_assert_str_eq(texts_of(&lines), "1|2|3|4|5|6|7|8|9|a|b|c|d|e|f|g|");
	post_lines_clear(&lines);
	ck_assert_int_eq(post_lines_read(&lines, &framer, &data, false),
		POST_LINES_MORE);
	ck_assert_str_eq(texts_of(&lines), "h|");
	post_lines_clear(&lines);
	ck_assert_uint_eq(data.len, 1);
	ck_assert_int_eq(
		post_lines_read(&lines, &framer, &data, true), POST_LINES_MORE);
	ck_assert_str_eq(texts_of(&lines), "i|");
	post_lines_fini(&lines);
}
END_TEST

START_TEST(answers_each)
{
	struct post_lines lines = {.n = 4};
	struct strbuf out = {0};

	lines.remarks[0].id = 1795257017813000;
	lines.remarks[1] = (struct chat_remark){
		.error = CHAT_E_LINE_TOO_LONG, .n = 5312, .limit = 4096};
	lines.remarks[2].id = 7;
	lines.ends_in_cr[2] = true;
	lines.remarks[3].error = CHAT_E_NO_MEMORY;
	post_lines_answer(&lines, &out);
	ck_assert_str_eq(out.data,
		"ok 1795257017813000\n"
		"error: that line has 5,312 bytes, 4,096 are allowed; "
		"it was not sent\n"
		"ok 7\r\n"
		"error: the server is short of memory; try again in a "
		"moment\n");
	strbuf_fini(&out);
}
END_TEST

START_TEST(answers_end_as_lines_do)
{
	static const char bytes[] = "1\n2\r\n3\r\00012345678901\r\n4";
	struct slice data = {bytes, sizeof(bytes) - 1};
	struct post_lines lines = {.n = 0};
	struct framer_line framer;
	struct strbuf out = {0};

	framer_line_init(&framer, 10);
	post_lines_read(&lines, &framer, &data, true);
	for (size_t i = 0; i < lines.n; i++)
		lines.remarks[i].id = lines.remarks[i].error ? 0 : i + 1;
	post_lines_answer(&lines, &out);
	ck_assert_str_eq(out.data,
		"ok 1\nok 2\r\nok 3\r\n"
		"error: that line has 11 bytes, 10 are allowed; "
		"it was not sent\r\n"
		"ok 5\n");
	strbuf_fini(&out);
	post_lines_fini(&lines);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("post_lines");
	TCase *tc = tcase_create("post_lines");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_loop_test(tc, cuts_lines, 0, sizeof(cuts) / sizeof(cuts[0]));
	tcase_add_test(tc, cuts_so_many_at_once);
	tcase_add_test(tc, answers_each);
	tcase_add_test(tc, answers_end_as_lines_do);
	suite_add_tcase(suite, tc);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
