/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "chat/bans.h"

#include <check.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/errmsg.h"

#define N(array) ((int)(sizeof(array) / sizeof((array)[0])))
#define NOW      INT64_C(1700000000000)

static const uint8_t seed[16] = "0123456789abcde";
static struct bans bans;
static struct strbuf text;

static void set_up(void)
{
	ck_assert_int_eq(bans_init(&bans, seed), 0);
}

static void tear_down(void)
{
	bans_fini(&bans);
	strbuf_fini(&text);
}

static int add_until(const char *what, int64_t until_ms, size_t max)
{
	const struct ban_spec spec = {
		.what = what,
		.made_ms = NOW,
		.until_ms = until_ms,
		.by = "nick alice",
		.reason = "spam",
	};
	struct ban *ban;

	return bans_add(&bans, &spec, max, &ban);
}

static void add(const char *what)
{
	ck_assert_int_eq(add_until(what, 0, 100), 0);
}

/* All of them as a file would have them. */
static const char *written(void)
{
	struct ban_list list;

	strbuf_clear(&text);
	ck_assert_int_eq(bans_copy(&bans, &list), 0);
	bans_encode(&list, &text);
	ban_list_fini(&list);
	ck_assert(!text.failed);
	return text.data;
}

#define LINE(what, until) what "\t1700000000000\t" until "\tnick alice\tspam\n"

START_TEST(each_is_there_once)
{
	uint64_t serial = bans.serial;

	add("192.0.2.0/24");
	ck_assert_uint_ne(bans.serial, serial);
	add("Bob");
	add("::ffff:192.0.2.7");
	add("2001:DB8:0::/32");
	ck_assert_int_eq(add_until("b0b", NOW + 5, 100), 0);
	ck_assert_str_eq(written(),
		LINE("192.0.2.0/24", "0") LINE("192.0.2.7", "0") LINE(
			"2001:db8::/32", "0") LINE("b0b", "1700000000005"));
	ck_assert_uint_eq(bans_count(&bans, NOW), 4);
	bans_remove(&bans, bans_find(&bans, "bob"));
	ck_assert_ptr_null(bans_find(&bans, "bob"));
	ck_assert_ptr_nonnull(bans_find(&bans, "2001:db8::/32"));
	ck_assert_ptr_null(bans_find(&bans, "2001:db8::"));
}
END_TEST

START_TEST(what_is_neither_is_refused)
{
	static const char *const bad[] = {"", "10.0.0.1/8", "1bob", "a b",
		"192.0.2", "::1/129", "#ops", "bob@host", "\xC3\xA9"};

	for (int i = 0; i < N(bad); i++)
		ck_assert_int_eq(add_until(bad[i], 0, 100), -EINVAL);
	ck_assert_int_eq(add_until("one", 0, 2), 0);
	ck_assert_int_eq(add_until("two", 0, 2), 0);
	ck_assert_int_eq(add_until("three", 0, 2), BANS_E_FULL);
	ck_assert_int_eq(add_until("TWO", NOW + 1, 2), 0);
	ck_assert_uint_eq(bans_count(&bans, NOW), 2);
}
END_TEST

START_TEST(they_end)
{
	ck_assert_int_eq(add_until("bob", NOW + 10, 9), 0);
	ck_assert_int_eq(add_until("192.0.2.7", NOW + 20, 9), 0);
	add("carol");
	ck_assert_ptr_nonnull(bans_find_nick(&bans, "B0B", NOW + 9));
	ck_assert_ptr_null(bans_find_nick(&bans, "bob", NOW + 10));
	ck_assert_uint_eq(bans_count(&bans, NOW + 10), 2);
	bans_forget(&bans, NOW + 9);
	ck_assert_ptr_nonnull(bans_find(&bans, "bob"));
	bans_forget(&bans, NOW + 10);
	ck_assert_ptr_null(bans_find(&bans, "bob"));
	ck_assert_ptr_nonnull(bans_find(&bans, "192.0.2.7"));
	bans_forget(&bans, NOW + 20);
	ck_assert_str_eq(written(), LINE("carol", "0"));
}
END_TEST

START_TEST(who_is_meant)
{
	add("bob");
	add("10.0.0.0/8");
	ck_assert_ptr_nonnull(bans_find_nick(&bans, "B0b", NOW));
	ck_assert_ptr_null(bans_find_nick(&bans, "bobby", NOW));
	ck_assert_ptr_nonnull(bans_find_account(&bans, "BOB", NOW));
	ck_assert_ptr_null(bans_find_account(&bans, "b0b", NOW));
	ck_assert_ptr_null(bans_find_account(&bans, "b.o.b", NOW));
	ck_assert_ptr_nonnull(bans_find_around(&bans, "10.1.2.3"));
	ck_assert_ptr_nonnull(bans_find_around(&bans, "10.1.0.0/16"));
	ck_assert_ptr_null(bans_find_around(&bans, "10.0.0.0/8"));
	ck_assert_ptr_null(bans_find_around(&bans, "11.0.0.1"));
	ck_assert_ptr_null(bans_find_around(&bans, "bob"));
}
END_TEST

/* Texts fit one line and a bound, in whole characters. */
START_TEST(texts_are_cut)
{
	char reason[BAN_REASON_MAX + 8] = "";
	struct ban_spec spec = {.what = "bob", .by = "a\tb\n", .made_ms = 1};
	struct ban *ban;

	for (int i = 0; i < BAN_REASON_MAX / 2; i++)
		strcat(reason, "\xC3\xA9");
	strcat(reason, "x");
	spec.reason = reason;
	ck_assert_int_eq(bans_add(&bans, &spec, 9, &ban), 0);
	ck_assert_str_eq(ban->by, "a b\xE2\x90\x8A");
	ck_assert_uint_eq(strlen(ban->reason), BAN_REASON_MAX);
	reason[0] = 'x';
	reason[1] = 'y';
	reason[2] = 'z';
	memmove(reason + 3, reason + 4, strlen(reason + 4) + 1);
	strcat(reason, "\xC3\xA9");
	ck_assert_int_eq(bans_add(&bans, &spec, 9, &ban), 0);
	ck_assert_uint_le(strlen(ban->reason), BAN_REASON_MAX);
	spec.reason = NULL;
	ck_assert_int_eq(bans_add(&bans, &spec, 9, &ban), 0);
	ck_assert_str_eq(ban->reason, "");
}
END_TEST

/* A copy is not touched by what happens to the list. */
START_TEST(a_copy_stays)
{
	struct ban_list list;

	add("bob");
	ck_assert_int_eq(bans_copy(&bans, &list), 0);
	bans_remove(&bans, bans_find(&bans, "bob"));
	ck_assert_str_eq(list.items[0]->what, "bob");
	ck_assert_str_eq(list.items[0]->reason, "spam");
	ban_list_fini(&list);
}
END_TEST

static int decode(const char *data, struct errmsg *msg)
{
	return bans_decode(&bans, data, strlen(data), NOW, msg);
}

START_TEST(what_was_written_is_read)
{
	static const char file[] = LINE("192.0.2.0/24", "0")
		LINE("::/0", "1700000000001") LINE("[bob]", "0");

	ck_assert_int_eq(decode(file, NULL), 0);
	ck_assert_str_eq(written(), file);
	ck_assert_int_eq(decode("", NULL), 0);
	bans_fini(&bans);
	set_up();
	ck_assert_int_eq(
		decode(LINE("x", "1700000000000") LINE("y", "0"), NULL), 0);
	ck_assert_str_eq(written(), LINE("y", "0"));
}
END_TEST

static const struct {
	const char *data, *words;
} faults[] = {
	{"bob\t1\t0\ta\tb", "line 1: the last line has no end"},
	{LINE("bob", "0") "x", "line 2: the last line has no end"},
	{"\n", "line 1: not five fields of text"},
	{"bob\t1\t0\ta\n", "not five fields"},
	{"bob\t1\t0\ta\tb\tc\n", "not five fields"},
	{"bob\t1\t0\ta\t\x1B\n", "not five fields"},
	{"bob\t1\t0\t\xFF\tb\n", "not five fields"},
	{"bob\t\t0\ta\tb\n", "a time is no number"},
	{"bob\t01\t0\ta\tb\n", "a time is no number"},
	{"bob\t1\t-1\ta\tb\n", "a time is no number"},
	{"bob\t1\t9999999999999999999\ta\tb\n", "a time is no number"},
	{"9bob\t1\t0\ta\tb\n", "neither a network nor a name"},
	{"10.0.0.1/8\t1\t0\ta\tb\n", "neither a network nor a name"},
	{"10.0.0.1/32\t1\t0\ta\tb\n", "not the way that network is written"},
	{LINE("bob", "0") LINE("B0B", "0"), "line 2: it is there twice"},
};

START_TEST(what_was_not_is_refused_whole)
{
	struct errmsg msg = {""};
	struct strbuf data = {0};

	strbuf_adds(&data, faults[_i].data);
	ck_assert_int_eq(decode(data.data, &msg), -EBADMSG);
	ck_assert_msg(
		strstr(msg.text, faults[_i].words) != NULL, "%s", msg.text);
	ck_assert_uint_eq(bans_count(&bans, NOW), 0);
	ck_assert(TAILQ_EMPTY(&bans.list));
	strbuf_fini(&data);
}
END_TEST

START_TEST(long_fields_are_refused)
{
	struct strbuf data = {0};

	strbuf_adds(&data, "bob\t1\t0\t");
	for (int i = 0; i <= BAN_BY_MAX; i++)
		strbuf_addc(&data, 'x');
	strbuf_adds(&data, "\t\n");
	ck_assert_int_eq(decode(data.data, NULL), -EBADMSG);
	strbuf_clear(&data);
	strbuf_adds(&data, "bob\t1\t0\tx\t");
	for (int i = 0; i <= BAN_REASON_MAX; i++)
		strbuf_addc(&data, 'x');
	strbuf_adds(&data, "\n");
	ck_assert_int_eq(decode(data.data, NULL), -EBADMSG);
	strbuf_fini(&data);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("bans");
	TCase *tc = tcase_create("bans");
	SRunner *sr = srunner_create(s);
	int failed;

	tcase_add_checked_fixture(tc, set_up, tear_down);
	tcase_add_test(tc, each_is_there_once);
	tcase_add_test(tc, what_is_neither_is_refused);
	tcase_add_test(tc, they_end);
	tcase_add_test(tc, who_is_meant);
	tcase_add_test(tc, texts_are_cut);
	tcase_add_test(tc, a_copy_stays);
	tcase_add_test(tc, what_was_written_is_read);
	tcase_add_loop_test(tc, what_was_not_is_refused_whole, 0, N(faults));
	tcase_add_test(tc, long_fields_are_refused);
	suite_add_tcase(s, tc);
	srunner_run_all(sr, CK_NORMAL);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
