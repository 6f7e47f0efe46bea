/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/option.h"

#include <check.h>
#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "base/errmsg.h"

#define N(array) ((int)(sizeof(array) / sizeof((array)[0])))

struct sample {
	bool on;
	int64_t count;
	uint64_t size, time;
	struct rate_spec rate;
	char *text;
	int word;
	struct strlist list;
	char *needed;
};

static const char *const words[] = {"tcp", "udp", "tls", NULL};

static int no_x(const char *value, struct errmsg *msg)
{
	return strchr(value, 'x') ? errmsg_set(msg, EINVAL, "has an x") : 0;
}

#define AT(f) .offset = offsetof(struct sample, f)

static const struct option rows[] = {
	{.key = "on", .type = OPT_BOOL, AT(on), .fallback = "true"},
	{.key = "count",
		.type = OPT_INT,
		AT(count),
		.min = 1,
		.max = 99,
		.fallback = "5"},
	{.key = "size",
		.type = OPT_SIZE,
		AT(size),
		.min = 1024,
		.max = 1 << 20,
		.fallback = "64KiB"},
	{.key = "time",
		.type = OPT_DURATION,
		AT(time),
		.min = 1000,
		.max = 86400000,
		.flags = OPT_ZERO,
		.fallback = "5m"},
	{.key = "rate", .type = OPT_RATE, AT(rate), .fallback = "2/s"},
	{.key = "text",
		.type = OPT_STRING,
		AT(text),
		.min = 0,
		.max = 10,
		.fallback = "hi",
		.check = no_x},
	{.key = "word",
		.type = OPT_ENUM,
		AT(word),
		.fallback = "tcp",
		.names = words},
	{.key = "list",
		.type = OPT_STRINGS,
		AT(list),
		.max = 3,
		.fallback = "a, b",
		.check = no_x},
	{.key = "needed",
		.type = OPT_STRING,
		AT(needed),
		.flags = OPT_REQUIRED},
	OPTION_END,
};

static struct sample s;

static void setup(void)
{
	ck_assert_int_eq(option_set_defaults(rows, &s), 0);
}

static void teardown(void)
{
	option_fini(rows, &s);
}

static const char *written(const char *key)
{
	static struct strbuf out;

	strbuf_clear(&out);
	option_format(option_find(rows, key), &s, &out);
	return out.data;
}

START_TEST(defaults_are_set)
{
	ck_assert(s.on);
	ck_assert_int_eq(s.count, 5);
	ck_assert_uint_eq(s.size, 65536);
	ck_assert_uint_eq(s.time, 300000);
	ck_assert_uint_eq(s.rate.count, 2);
	ck_assert_str_eq(s.text, "hi");
	ck_assert_int_eq(s.word, 0);
	ck_assert_uint_eq(s.list.n_items, 2);
	ck_assert_str_eq(s.list.items[1], "b");
	ck_assert_ptr_null(s.needed);
}
END_TEST

/* What -o writes, and how the field is written then. */
static const struct {
	const char *key, *text, *again;
} good[] = {
	{"on", "false", "false"},
	{"on", "TRUE", "true"},
	{"count", "99", "99"},
	{"count", "007", "7"},
	{"size", "2048B", "\"2KiB\""},
	{"time", "0", "\"0\""},
	{"time", "120s", "\"2m\""},
	{"rate", "0", "\"0\""},
	{"rate", "7/h", "\"7/h\""},
	{"text", "", "\"\""},
	{"text", "a\"b\\c\n\t\r", "\"a\\\"b\\\\c\\n\\t\\r\""},
	{"text", "\x01\x7f\f", "\"\\x01\\x7f\\f\""},
	{"text", "\xc3\xa4", "\"\xc3\xa4\""},
	{"word", "tls", "\"tls\""},
	{"list", "", "[ ]"},
	{"list", "[ ]", "[ ]"},
	{"list", "[]", "[ ]"},
	{"list", "a", "[ \"a\" ]"},
	{"list", "[::1]:7", "[ \"[::1]:7\" ]"},
	{"list", "[ \"a\", b ]", "[ \"a\", \"b\" ]"},
	{"list", "a,b,c", "[ \"a\", \"b\", \"c\" ]"},
};

START_TEST(text_sets_the_field)
{
	const struct option *opt = option_find(rows, good[_i].key);
	struct errmsg msg = {""};
	int r = option_set_text(opt, &s, good[_i].text, &msg);

	ck_assert_msg(r == 0, "%s: %s", good[_i].text, msg.text);
	ck_assert_str_eq(written(good[_i].key), good[_i].again);
}
END_TEST

static const struct {
	const char *key, *text, *says;
} bad[] = {
	{"on", "yes", "neither true nor false"},
	{"on", "", "neither true nor false"},
	{"count", "0", "0 is out of bounds; write 1 to 99"},
	{"count", "100", "write 1 to 99"},
	{"count", "-1", "write 1 to 99"},
	{"count", "1x", "not a whole number"},
	{"count", " 1", "not a whole number"},
	{"count", "+1", "not a whole number"},
	{"count", "", "not a whole number"},
	{"count", "1-1", "not a whole number"},
	{"count", "99999999999999999999", "too large"},
	{"size", "1023B", "write 1KiB to 1MiB"},
	{"size", "2MiB", "write 1KiB to 1MiB"},
	{"size", "0", "write 1KiB to 1MiB"},
	{"size", "18446744073709551615B", "too large"},
	{"time", "1ms", "write \"0\" or 1s to 1d"},
	{"time", "2d", "write \"0\" or 1s to 1d"},
	{"rate", "fast", "not a rate"},
	{"text", "12345678901", "a text of 11 bytes is out of bounds"},
	{"text", "axb", "has an x"},
	{"word", "tpc", "did you mean \"tcp\"?"},
	{"word", "sctp!", "write one of \"tcp\", \"udp\", \"tls\""},
	{"list", "a,b,c,d", "at most 3"},
	{"list", "a,,b", "empty text"},
	{"list", "a,", "empty text"},
	{"list", ",", "empty text"},
	{"list", "a,xx", "has an x"},
};

START_TEST(bad_text_changes_nothing)
{
	const struct option *opt = option_find(rows, bad[_i].key);
	struct errmsg msg = {""};
	char before[100];

	snprintf(before, sizeof(before), "%s", written(bad[_i].key));
	ck_assert_int_lt(option_set_text(opt, &s, bad[_i].text, &msg), 0);
	ck_assert_msg(strstr(msg.text, bad[_i].says), "%s", msg.text);
	ck_assert_str_eq(written(bad[_i].key), before);
}
END_TEST

START_TEST(typed_values_must_fit)
{
	static const struct {
		const char *key, *says;
	} ints[] = {
		{"on", "the number 30 does not fit here; write true or false"},
		{"size", "write a size in quotes: \"30B\""},
		{"time", "write a duration in quotes: \"30s\""},
		{"rate", "write a rate in quotes"},
		{"text", "write text in quotes"},
		{"word", "write a word in quotes"},
		{"list", "write text in quotes or a list"},
	};
	struct errmsg msg;

	for (int i = 0; i < N(ints); i++) {
		const struct option *opt = option_find(rows, ints[i].key);

		ck_assert_int_eq(option_set_int(opt, &s, 30, &msg), -EINVAL);
		ck_assert_msg(strstr(msg.text, ints[i].says), "%s", msg.text);
	}
	ck_assert_int_eq(option_set_int(&rows[3], &s, 0, &msg), -EINVAL);
	ck_assert_msg(strstr(msg.text, "write \"0\""), "%s", msg.text);
	ck_assert_int_eq(option_set_int(&rows[1], &s, 42, &msg), 0);
	ck_assert_int_eq(s.count, 42);
	ck_assert_int_eq(option_set_int(&rows[1], &s, -1, &msg), -ERANGE);
	ck_assert_int_eq(option_set_bool(&rows[0], &s, false, &msg), 0);
	ck_assert(!s.on);
	ck_assert_int_eq(option_set_bool(&rows[1], &s, true, &msg), -EINVAL);
	ck_assert_int_eq(s.count, 42);
}
END_TEST

START_TEST(quoted_text_is_no_number)
{
	struct errmsg msg;

	ck_assert_int_eq(option_set_string(&rows[1], &s, "7", &msg), -EINVAL);
	ck_assert_str_eq(msg.text,
		"the text \"7\" does not fit here; write a "
		"whole number without quotes or unit");
	ck_assert_int_eq(
		option_set_string(&rows[0], &s, "true", &msg), -EINVAL);
	ck_assert_int_eq(option_set_string(&rows[7], &s, "a, b", &msg), 0);
	ck_assert_str_eq(written("list"), "[ \"a, b\" ]");
	ck_assert_int_eq(option_set_string(&rows[7], &s, "x", &msg), -EINVAL);
	ck_assert_str_eq(written("list"), "[ \"a, b\" ]");
	ck_assert_int_eq(option_add_item(&rows[5], &s, "a", &msg), -EINVAL);
	option_clear(&rows[7], &s);
	ck_assert_str_eq(written("list"), "[ ]");
}
END_TEST

START_TEST(copy_and_equal)
{
	struct sample t = {0};

	ck_assert_int_eq(option_set_defaults(rows, &t), 0);
	for (const struct option *opt = rows; opt->key; opt++) {
		if (opt->flags & OPT_REQUIRED)
			continue;
		ck_assert(option_equal(opt, &s, &t));
		option_fini((const struct option[]){*opt, OPTION_END}, &t);
		ck_assert_msg(strcmp(opt->key, "word") == 0 ||
				!option_equal(opt, &s, &t),
			"%s", opt->key);
		ck_assert_int_eq(option_copy(opt, &t, opt, &s), 0);
		ck_assert(option_equal(opt, &s, &t));
	}
	ck_assert_ptr_ne(s.text, t.text);
	option_fini(rows, &t);
	ck_assert_ptr_null(t.text);
}
END_TEST

START_TEST(default_is_known)
{
	static const char *const others[] = {
		"false", "6", "65KiB", "6m", "3/s", "ho", "udp", "b, a"};

	for (int i = 0; i < N(others); i++) {
		ck_assert_int_eq(option_is_default(&rows[i], &s), 1);
		ck_assert_int_eq(
			option_set_text(&rows[i], &s, others[i], NULL), 0);
		ck_assert_int_eq(option_is_default(&rows[i], &s), 0);
		ck_assert_int_eq(
			option_set_text(&rows[i], &s, rows[i].fallback, NULL),
			0);
		ck_assert_int_eq(option_is_default(&rows[i], &s), 1);
	}
}
END_TEST

START_TEST(find_by_key)
{
	ck_assert_ptr_eq(option_find(rows, "size"), &rows[2]);
	ck_assert_ptr_null(option_find(rows, "siz"));
	ck_assert_ptr_null(option_find(NULL, "size"));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("option");
	TCase *tc = tcase_create("option");
	SRunner *sr = srunner_create(suite);
	int failed;

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, defaults_are_set);
	tcase_add_loop_test(tc, text_sets_the_field, 0, N(good));
	tcase_add_loop_test(tc, bad_text_changes_nothing, 0, N(bad));
	tcase_add_test(tc, typed_values_must_fit);
	tcase_add_test(tc, quoted_text_is_no_number);
	tcase_add_test(tc, copy_and_equal);
	tcase_add_test(tc, default_is_known);
	tcase_add_test(tc, find_by_key);
	suite_add_tcase(suite, tc);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
