/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "net/framer_line.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define N(array) ((int)(sizeof(array) / sizeof((array)[0])))
#define MAX      10

/* What a framer says to bytes that come in pieces of the given size, the end
 * of all included: "[line]", "(long 12)", "endless". */
static struct strbuf said;
/* ... and how each of its lines ended. */
static struct strbuf ended;

static void say(const struct framer_line *f, enum line_event event,
	const struct slice *line)
{
	static const char *const names[] = {"-", "lf ", "crlf ", "crnul "};

	if (event == LINE_WHOLE || event == LINE_TOO_LONG)
		strbuf_adds(&ended, names[f->ending]);
	if (event == LINE_WHOLE) {
		strbuf_addc(&said, '[');
		strbuf_add(&said, line->data, line->len);
		strbuf_addc(&said, ']');
	} else if (event == LINE_TOO_LONG) {
		strbuf_addf(&said, "(long %zu)", line->len);
	} else if (event == LINE_ENDLESS) {
		strbuf_adds(&said, "endless");
	}
}

/* Gives the framer what is there; false once it wants no more. */
static bool feed(struct framer_line *f, struct strbuf *in)
{
	size_t done = 0, used;
	struct slice line = {NULL, 0};
	enum line_event event;

	for (;;) {
		char *exact = malloc(
			in->len - done + 1); /* for valgrind, ASan */

		memcpy(exact, in->data + done, in->len - done);
		exact = realloc(exact, in->len - done ? in->len - done : 1);
		event = framer_line_next(
			f, exact, in->len - done, &line, &used);
		say(f, event, &line);
		free(exact);
		ck_assert_uint_le(used, in->len - done);
		if (event == LINE_MORE || event == LINE_ENDLESS)
			break;
		ck_assert_uint_gt(used, 0);
		done += used;
	}
	memmove(in->data, in->data + done, in->len - done);
	in->len -= done;
	return event != LINE_ENDLESS;
}

static const char *frame(const char *data, size_t len, size_t piece)
{
	struct framer_line f;
	struct strbuf in = {0};
	struct slice line = {NULL, 0};
	bool goes_on = true;

	framer_line_init(&f, MAX);
	strbuf_fini(&said);
	strbuf_adds(&said, "");
	strbuf_fini(&ended);
	strbuf_adds(&ended, "");
	for (size_t at = 0; at < len && goes_on; at += piece) {
		strbuf_add(&in, data + at, len - at < piece ? len - at : piece);
		goes_on = feed(&f, &in);
		/* What is kept for later is bounded. */
		ck_assert(!goes_on || in.len <= MAX + 1);
	}
	if (goes_on)
		say(&f, framer_line_end(&f, in.data, in.len, &line), &line);
	strbuf_fini(&in);
	return said.data;
}

static const struct {
	const char *data;
	size_t len;
	const char *says;
} rows[] = {
#define ROW(data, says)                      \
	{                                    \
		data, sizeof(data) - 1, says \
	}
	ROW("", ""),
	ROW("a\n", "[a]"),
	ROW("\n", "[]"),
	ROW("a\r\nb\r\0c\n", "[a][b][c]"),
	ROW("\r\n\r\0\n", "[][][]"),
	ROW("a\rb\n", "[a\rb]"),
	ROW("a\r\r\n", "[a\r]"),
	ROW("a\0b\n", "[a"), /* a NUL alone is data */
	ROW("a", "[a]"),
	ROW("a\r", "[a]"),
	ROW("\r", ""),
	ROW("a\nb", "[a][b]"),
	ROW("0123456789\n", "[0123456789]"),
	ROW("0123456789\r\n", "[0123456789]"),
	ROW("0123456789\r\0x\n", "[0123456789][x]"),
	ROW("0123456789", "[0123456789]"),
	ROW("0123456789\r", "[0123456789]"),
	ROW("0123456789\rx\n", "(long 12)"),
	ROW("0123456789\r\r\n", "(long 11)"),
	ROW("0123456789a\nb\n", "(long 11)[b]"),
	ROW("0123456789a\r\nb\n", "(long 11)[b]"),
	ROW("0123456789a\r\0b\n", "(long 11)[b]"),
	ROW("0123456789abcdefg\r\r\n\n", "(long 18)[]"),
	ROW("0123456789a", "(long 11)"),
	ROW("0123456789abcdefghi\r", "(long 19)"),
	ROW("0123456789abc\n0123456789abcd\nx", "(long 13)(long 14)[x]"),
};

START_TEST(lines_are_cut)
{
	for (size_t piece = 1; piece <= rows[_i].len + 1; piece++)
		ck_assert_msg(strcmp(frame(rows[_i].data, rows[_i].len, piece),
				      rows[_i].says) == 0,
			"pieces of %zu: %s instead of %s", piece, said.data,
			rows[_i].says);
}
END_TEST

static const struct {
	const char *data;
	size_t len;
	const char *ends;
} endings[] = {
	ROW("a\n", "lf "),
	ROW("a\r\n\r\n", "crlf crlf "),
	ROW("a\r\0\n\r\0b", "crnul lf crnul -"),
	ROW("a\r\r\n", "crlf "),
	ROW("a\r\r\0", "crnul "),
	ROW("a\rb\n", "lf "),
	ROW("a\0\n", "lf "),
	ROW("a\nb\r", "lf -"),
	ROW("0123456789ab\r\nc\n", "crlf lf "),
	ROW("0123456789ab\r\0c\r\n", "crnul crlf "),
	ROW("c\r\n0123456789ab\r", "crlf -"),
};

START_TEST(endings_are_told)
{
	for (size_t piece = 1; piece <= endings[_i].len + 1; piece++) {
		frame(endings[_i].data, endings[_i].len, piece);
		ck_assert_msg(strcmp(ended.data, endings[_i].ends) == 0,
			"pieces of %zu: %s instead of %s", piece, ended.data,
			endings[_i].ends);
	}
}
END_TEST

START_TEST(endings_are_bytes)
{
	struct framer_line f;
	struct slice end;

	framer_line_init(&f, MAX);
	ck_assert_uint_eq(framer_line_ending(&f).len, 0);
	f.ending = LINE_END_LF;
	end = framer_line_ending(&f);
	ck_assert(end.len == 1 && end.data[0] == '\n');
	f.ending = LINE_END_CRLF;
	end = framer_line_ending(&f);
	ck_assert(end.len == 2 && memcmp(end.data, "\r\n", 2) == 0);
	f.ending = LINE_END_CRNUL;
	end = framer_line_ending(&f);
	ck_assert(end.len == 2 && memcmp(end.data, "\r\0", 2) == 0);
}
END_TEST

/* What was looked at is not looked at again, so that a line that comes in
 * single bytes costs no more than one that comes whole. */
START_TEST(bytes_are_looked_at_once)
{
	struct framer_line f;
	struct slice line;
	size_t used;
	char data[] = "abc\r";

	framer_line_init(&f, MAX);
	ck_assert_int_eq(
		framer_line_next(&f, data, 4, &line, &used), LINE_MORE);
	data[1] = '\n';
	ck_assert_int_eq(
		framer_line_next(&f, data, 4, &line, &used), LINE_MORE);
	data[3] = '\n'; /* that one was put off for its successor */
	ck_assert_int_eq(
		framer_line_next(&f, data, 4, &line, &used), LINE_WHOLE);
	ck_assert_uint_eq(line.len, 3);
	data[1] = '\n';
	ck_assert_int_eq(
		framer_line_next(&f, data, 4, &line, &used), LINE_WHOLE);
	ck_assert_uint_eq(line.len, 1);
}
END_TEST

static const struct {
	size_t len;
	const char *end, *says;
} giants[] = {
	{65535, "\nx\n", "(long 65535)[x]"},
	{65535, "\r\nx\n", "(long 65535)[x]"},
	{65536, "\nx\n", "endless"},
	{65536, "\r\nx\n", "endless"},
	{65535, "\r", "(long 65535)"},
	{65535, "\rx\n", "endless"},
	{65536, "", "endless"},
	{200000, "\n", "endless"},
};

START_TEST(endless_lines_end)
{
	static const size_t pieces[] = {61, 4096, 65535, 65536, 1 << 20};
	static char data[200010];
	size_t len = giants[_i].len + strlen(giants[_i].end);

	memset(data, 'x', giants[_i].len);
	strcpy(data + giants[_i].len, giants[_i].end);
	for (int i = 0; i < N(pieces); i++)
		ck_assert_msg(strcmp(frame(data, len, pieces[i]),
				      giants[_i].says) == 0,
			"pieces of %zu: %s instead of %s", pieces[i], said.data,
			giants[_i].says);
}
END_TEST

START_TEST(long_lines_may_be_allowed)
{
	struct framer_line f;
	struct slice line;
	size_t used;
	char *data = malloc(100001);

	memset(data, 'x', 100000);
	data[100000] = '\n';
	framer_line_init(&f, 100000);
	ck_assert_int_eq(
		framer_line_next(&f, data, 100000, &line, &used), LINE_MORE);
	ck_assert_int_eq(
		framer_line_next(&f, data, 100001, &line, &used), LINE_WHOLE);
	ck_assert_uint_eq(line.len, 100000);
	free(data);
}
END_TEST

/* However random bytes are cut into pieces, the result is the same. */
START_TEST(pieces_do_not_matter)
{
	static const char alphabet[] = {'a', 'b', 'c', '\r', '\n', '\0', 'x'};
	char data[300];
	char *whole, *whole_ended;

	srand((unsigned)_i);
	for (size_t i = 0; i < sizeof(data); i++)
		data[i] = alphabet[(size_t)rand() %
			(_i % 2 ? sizeof(alphabet) : 5)];
	whole = malloc(4 * sizeof(data));
	frame(data, sizeof(data), sizeof(data));
	ck_assert_uint_lt(said.len, 4 * sizeof(data));
	memcpy(whole, said.data, said.len + 1);
	whole_ended = strbuf_take(&ended);
	for (size_t piece = 1; piece < 40; piece++) {
		frame(data, sizeof(data), piece);
		ck_assert_mem_eq(said.data, whole, said.len);
		ck_assert_str_eq(ended.data, whole_ended);
	}
	free(whole);
	free(whole_ended);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("framer_line");
	TCase *tc = tcase_create("framer_line");
	SRunner *sr = srunner_create(s);
	int failed;

	tcase_add_loop_test(tc, lines_are_cut, 0, N(rows));
	tcase_add_loop_test(tc, endings_are_told, 0, N(endings));
	tcase_add_test(tc, endings_are_bytes);
	tcase_add_test(tc, bytes_are_looked_at_once);
	tcase_add_loop_test(tc, endless_lines_end, 0, N(giants));
	tcase_add_test(tc, long_lines_may_be_allowed);
	tcase_add_loop_test(tc, pieces_do_not_matter, 0, 50);
	suite_add_tcase(s, tc);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
