/* SPDX-License-Identifier: GPL-3.0-or-later */
/* ctl/ctl_report: the same values for people and for programs. */
#include "ctl/ctl_report.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/str.h"

static struct report *r;

static void set_up(void)
{
	setenv("TZ", "UTC", 1);
	tzset();
	r = report_new();
	ck_assert_ptr_nonnull(r);
}

static void tear_down(void)
{
	report_free(r);
}

static void expect(bool is_json, const char *error, const char *wanted)
{
	struct strbuf out = {0};

	report_write(r, is_json, error, &out);
	ck_assert(!out.failed);
	ck_assert_str_eq(out.data, wanted);
	strbuf_fini(&out);
}

START_TEST(test_empty)
{
	expect(false, NULL, "ok\n");
	expect(true, NULL, "{}\n");
	expect(false, "no such", "error: no such\n");
	expect(true, "no \"such\"", "{\"error\":\"no \\\"such\\\"\"}\n");
}
END_TEST

static const char *const items[] = {"a", "\xc3\xa4 b"};

static void add_values(void)
{
	report_text(r, "some_text", "a \"b\"");
	report_list(r, "list", items, 2);
	report_list(r, "nothing", NULL, 0);
	report_id(r, "id", 1234567);
	report_count(r, "count", 1234567);
	report_bytes(r, "bytes", 65536);
	report_age(r, "age", 12345);
	report_time(r, "time", INT64_C(1700000000500));
	report_decimal(r, "decimal", "-0.25e-7");
	report_bool(r, "bool", true);
	report_none(r, "none");
	report_text(r, "empty", "");
}

START_TEST(test_values)
{
	add_values();
	expect(false, NULL,
		"some text  a \"b\"\n"
		"list       a \xc3\xa4 b\n"
		"nothing    -\n"
		"id         1234567\n"
		"count      1,234,567\n"
		"bytes      64 KiB\n"
		"age        12s\n"
		"time       2023-11-14 22:13:20\n"
		"decimal    -0.25e-7\n"
		"bool       yes\n"
		"none       -\n"
		"empty      -\n"
		"ok\n");
	expect(true, NULL,
		"{\"some_text\":\"a \\\"b\\\"\",\"list\":[\"a\",\"\xc3\xa4 "
		"b\"],"
		"\"nothing\":[],\"id\":1234567,\"count\":1234567,"
		"\"bytes\":65536,\"age\":12.345,\"time\":1700000000.500,"
		"\"decimal\":-0.25e-7,\"bool\":true,\"none\":null,\"empty\":"
		"\"\"}\n");
}
END_TEST

static const struct report_column columns[] = {
	{"name", REPORT_TEXT},
	{"n_of_it", REPORT_COUNT},
	{"note", REPORT_TEXT},
};

static void add_row(const char *name, uint64_t n, const char *note)
{
	report_text(r, "name", name);
	if (n)
		report_count(r, "n_of_it", n);
	else
		report_none(r, "n_of_it");
	report_text(r, "note", note);
}

START_TEST(test_table)
{
	report_count(r, "total", 2);
	report_begin(r, "things", columns, 3);
	add_row("\xc3\xa4\xc3\xb6\xc3\xbc", 0, "x");
	add_row("plain", 12345, "a longer note");
	report_end(r);
	report_bool(r, "more", false);
	expect(false, "bad",
		"total  2\n"
		"\n"
		"name   n of it  note\n"
		"\xc3\xa4\xc3\xb6\xc3\xbc          -  x\n"
		"plain   12,345  a longer note\n"
		"\n"
		"more  no\n"
		"error: bad\n");
	expect(true, "bad",
		"{\"error\":\"bad\",\"total\":2,\"things\":["
		"{\"name\":\"\xc3\xa4\xc3\xb6\xc3\xbc\",\"n_of_it\":null,"
		"\"note\":\"x\"},"
		"{\"name\":\"plain\",\"n_of_it\":12345,"
		"\"note\":\"a longer note\"}],\"more\":false}\n");
}
END_TEST

START_TEST(test_no_rows)
{
	report_begin(r, "open_things", columns, 3);
	report_end(r);
	expect(false, NULL, "no open things\nok\n");
	expect(true, NULL, "{\"open_things\":[]}\n");
}
END_TEST

/* What is very wide does not push the other rows. */
START_TEST(test_wide)
{
	char wide[101], line[200];
	struct strbuf out = {0};

	memset(wide, 'w', 100);
	wide[100] = '\0';
	report_begin(r, "things", columns, 3);
	add_row(wide, 1, "");
	add_row("a", 2, "");
	report_end(r);
	report_write(r, false, NULL, &out);
	snprintf(line, sizeof(line), "\na%*s        2  -\n", 47, "");
	ck_assert_ptr_nonnull(strstr(out.data, line));
	strbuf_fini(&out);
}
END_TEST

/* Nothing that comes from outside moves a terminal or makes a line. */
START_TEST(test_hostile)
{
	report_text(r, "a", "x\nok\n\x1b[2J\t\xff");
	expect(false, "y\nok",
		"a  x\xe2\x90\x8aok\xe2\x90\x8a\xe2\x90\x9b[2J \xef\xbf\xbd\n"
		"error: y\xe2\x90\x8aok\n");
}
END_TEST

START_TEST(test_bounded)
{
	char text[1001];
	struct strbuf out = {0};
	size_t n = 2 * REPORT_BYTES_MAX / 1000;

	memset(text, 'x', 1000);
	text[1000] = '\0';
	report_begin(r, "things", columns, 3);
	for (size_t i = 0; i < n; i++)
		add_row(text, i, "");
	report_end(r);
	report_text(r, "after", "all");
	report_write(r, false, NULL, &out);
	ck_assert_ptr_nonnull(strstr(out.data, "(2,096 more left out)\n\n"));
	ck_assert_ptr_nonnull(strstr(out.data, "after  all\nok\n"));
	ck_assert_uint_lt(out.len, REPORT_BYTES_MAX + 100 * 1000);
	strbuf_clear(&out);
	report_write(r, true, NULL, &out);
	ck_assert_ptr_nonnull(
		strstr(out.data, "],\"things_left_out\":2096,\"after\""));
	strbuf_fini(&out);
}
END_TEST

static const struct {
	uint64_t ms;
	const char *text;
} ages[] = {
	{0, "0ms"},
	{999, "999ms"},
	{1000, "1.0s"},
	{9999, "9.9s"},
	{10000, "10s"},
	{59999, "59s"},
	{60000, "1m"},
	{61000, "1m 1s"},
	{3600000, "1h"},
	{3660000, "1h 1m"},
	{3601000, "1h"},
	{86400000, "1d"},
	{90000000, "1d 1h"},
	{UINT64_C(86400000) * 400, "400d"},
};

START_TEST(test_ages)
{
	struct strbuf out = {0};

	report_add_age(&out, ages[_i].ms);
	ck_assert_str_eq(out.data, ages[_i].text);
	strbuf_fini(&out);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("ctl_report");
	TCase *tc = tcase_create("ctl_report");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(tc, set_up, tear_down);
	tcase_add_test(tc, test_empty);
	tcase_add_test(tc, test_values);
	tcase_add_test(tc, test_table);
	tcase_add_test(tc, test_no_rows);
	tcase_add_test(tc, test_wide);
	tcase_add_test(tc, test_hostile);
	tcase_add_test(tc, test_bounded);
	tcase_add_loop_test(tc, test_ages, 0, sizeof(ages) / sizeof(ages[0]));
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
