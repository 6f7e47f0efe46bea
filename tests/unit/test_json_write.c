/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/json_write.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

static struct strbuf out;

static void tear_down(void)
{
	strbuf_fini(&out);
}

START_TEST(an_object)
{
	json_write_begin(&out, "test");
	json_write_string(&out, "s", "text");
	json_write_text(&out, "t", "text", 2);
	json_write_string(&out, "e", "");
	json_write_foreign(&out, "f", "\x1B\xFF");
	json_write_foreign(&out, "g", "");
	json_write_number(&out, "n", 0);
	json_write_number(&out, "m", UINT64_MAX);
	json_write_bool(&out, "y", true);
	json_write_bool(&out, "z", false);
	json_write_key(&out, "k");
	json_write_digits(&out, 1234567890);
	strbuf_addc(&out, '}');
	ck_assert_str_eq(out.data,
		"{\"type\":\"test\",\"s\":\"text\",\"t\":\"te\",\"e\":\"\","
		"\"f\":\"\xE2\x90\x9B\xEF\xBF\xBD\",\"g\":\"\",\"n\":0,"
		"\"m\":18446744073709551615,\"y\":true,\"z\":false,"
		"\"k\":1234567890}");
}
END_TEST

START_TEST(escapes)
{
	static const char text[] = "a\"b\\c\nd\te\rf\0g\x01\x1F h/\x7F"
				   "\xC3\xA9\xE2\x80\xA8";

	json_write_quoted(&out, text, sizeof(text) - 1);
	ck_assert_str_eq(out.data,
		"\"a\\\"b\\\\c\\nd\\te\\rf\\u0000g\\u0001\\u001f h/\x7F"
		"\xC3\xA9\xE2\x80\xA8\"");
}
END_TEST

static const struct {
	int64_t ms;
	const char *text;
} times[] = {
	{0, ",\"t\":0.000"},
	{-1, ",\"t\":0.000"},
	{1, ",\"t\":0.001"},
	{1700000000120, ",\"t\":1700000000.120"},
	{1700000000999, ",\"t\":1700000000.999"},
};

START_TEST(a_time)
{
	json_write_time(&out, "t", times[_i].ms);
	ck_assert_str_eq(out.data, times[_i].text);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("json_write");
	TCase *tc = tcase_create("json_write");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(tc, NULL, tear_down);
	tcase_add_test(tc, an_object);
	tcase_add_test(tc, escapes);
	tcase_add_loop_test(
		tc, a_time, 0, (int)(sizeof(times) / sizeof(times[0])));
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
