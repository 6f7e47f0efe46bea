/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "net/addrtab.h"

#include <arpa/inet.h>
#include <check.h>
#include <stdio.h>
#include <string.h>

#include "net/addr.h"

static struct addrtab tab;
static const struct addrtab_limits usual = {3, {100, 1000}};

static void set_up(void)
{
	ck_assert_int_eq(addrtab_init(&tab), 0);
}

static void tear_down(void)
{
	addrtab_fini(&tab);
}

static struct addr ip(const char *text)
{
	struct addr a = {.len = sizeof(a.in)};

	if (strchr(text, ':')) {
		a.in6.sin6_family = AF_INET6;
		ck_assert_int_eq(
			inet_pton(AF_INET6, text, &a.in6.sin6_addr), 1);
	} else {
		a.in.sin_family = AF_INET;
		ck_assert_int_eq(inet_pton(AF_INET, text, &a.in.sin_addr), 1);
	}
	return a;
}

static int enter(
	const char *text, const struct addrtab_limits *limits, uint64_t now_ms)
{
	struct addr a = ip(text);

	return addrtab_enter(&tab, &a.sa, limits, now_ms);
}

static void leave(const char *text)
{
	struct addr a = ip(text);

	addrtab_leave(&tab, &a.sa);
}

START_TEST(connections_are_limited)
{
	for (int i = 0; i < 3; i++)
		ck_assert_int_eq(enter("192.0.2.1", &usual, 1), ADDRTAB_OK);
	ck_assert_int_eq(enter("192.0.2.1", &usual, 1), ADDRTAB_E_FULL);
	ck_assert_int_eq(enter("192.0.2.2", &usual, 1), ADDRTAB_OK);
	leave("192.0.2.1");
	ck_assert_int_eq(enter("192.0.2.1", &usual, 1), ADDRTAB_OK);
	ck_assert_int_eq(enter("192.0.2.1", &usual, 1), ADDRTAB_E_FULL);
}
END_TEST

/* Which addresses count as one. */
static const struct {
	const char *a, *b;
	bool same;
} pairs[] = {
	{"192.0.2.1", "::ffff:192.0.2.1", true},
	{"2001:db8:0:1::1", "2001:db8:0:1:ffff::", true},
	{"2001:db8:0:1::1", "2001:db8:0:2::1", false},
	{"192.0.2.1", "192.0.2.2", false},
	{"::ffff:192.0.2.1", "::ffff:192.0.2.2", false},
	{"::1", "::2", true},
	{"::1", "::ffff:0.0.0.1", false},
};

START_TEST(networks_of_one_subscriber_are_one)
{
	static const struct addrtab_limits one = {1, {100, 1000}};

	ck_assert_int_eq(enter(pairs[_i].a, &one, 1), ADDRTAB_OK);
	ck_assert_int_eq(enter(pairs[_i].b, &one, 1),
		pairs[_i].same ? ADDRTAB_E_FULL : ADDRTAB_OK);
	if (!pairs[_i].same)
		return;
	leave(pairs[_i].b);
	ck_assert_int_eq(enter(pairs[_i].a, &one, 1), ADDRTAB_OK);
}
END_TEST

START_TEST(rate_is_limited)
{
	static const struct addrtab_limits two_a_second = {1000, {2, 1000}};

	ck_assert_int_eq(enter("::1", &two_a_second, 5000), ADDRTAB_OK);
	ck_assert_int_eq(enter("::1", &two_a_second, 5000), ADDRTAB_OK);
	ck_assert_int_eq(enter("::1", &two_a_second, 5000), ADDRTAB_E_RATE);
	/* Leaving gives nothing back. */
	leave("::1");
	leave("::1");
	ck_assert_int_eq(enter("::1", &two_a_second, 5499), ADDRTAB_E_RATE);
	ck_assert_int_eq(enter("::1", &two_a_second, 5500), ADDRTAB_OK);
	ck_assert_int_eq(enter("::1", &two_a_second, 5500), ADDRTAB_E_RATE);
}
END_TEST

START_TEST(being_refused_costs_nothing)
{
	static const struct addrtab_limits limits = {1, {2, 1000}};

	ck_assert_int_eq(enter("::1", &limits, 5000), ADDRTAB_OK);
	for (int i = 0; i < 10; i++)
		ck_assert_int_eq(enter("::1", &limits, 5000), ADDRTAB_E_FULL);
	leave("::1");
	ck_assert_int_eq(enter("::1", &limits, 5000), ADDRTAB_OK);
}
END_TEST

static char *nth(int i)
{
	static char text[32];

	snprintf(text, sizeof(text), "10.%d.%d.%d", i >> 16, i >> 8 & 255,
		i & 255);
	return text;
}

/* What was counted. */

static struct {
	size_t n;
	struct addrtab_row last;
	uint64_t sum;
} shown;

static void show(void *arg, const struct addrtab_row *row)
{
	shown.n++;
	shown.last = *row;
	shown.sum += row->counts[ADDRTAB_ACCEPTED];
}

static void show_all(void)
{
	struct addrtab_walk walk = {0};

	memset(&shown, 0, sizeof(shown));
	while (addrtab_walk(&tab, &walk, show, NULL))
		continue;
}

static void count(const char *text, enum addrtab_count what, uint64_t now_ms)
{
	struct addr a = ip(text);

	addrtab_count(&tab, &a.sa, what, now_ms);
}

START_TEST(counts_are_kept_for_minutes)
{
	char key[PEER_KEY_LEN];

	count("192.0.2.1", ADDRTAB_ACCEPTED, 1000);
	count("192.0.2.1", ADDRTAB_CONNECT_RATE, 1000);
	count("192.0.2.1", ADDRTAB_CONNECT_RATE, 1000);
	show_all();
	ck_assert_uint_eq(shown.n, 1);
	ck_assert_str_eq(peer_key_format(key, &shown.last.key), "192.0.2.1");
	ck_assert_uint_eq(shown.last.counts[ADDRTAB_ACCEPTED], 1);
	ck_assert_uint_eq(shown.last.counts[ADDRTAB_CONNECT_RATE], 2);
	ck_assert_uint_eq(shown.last.counts[ADDRTAB_FULL], 0);
	for (int i = 0; i < 100; i++)
		count("192.0.2.2", ADDRTAB_ACCEPTED, 599000);
	show_all();
	ck_assert_uint_eq(shown.n, 2);
	for (int i = 0; i < 100; i++)
		count("192.0.2.2", ADDRTAB_ACCEPTED, 602000);
	show_all();
	ck_assert_uint_eq(shown.n, 1);
}
END_TEST

/* An attack by many addresses leaves nothing behind. */
START_TEST(many_counts_are_not_kept)
{
	for (int i = 0; i < 60000; i++)
		count(nth(i), ADDRTAB_NOT_ALLOWED, 1000);
	ck_assert_uint_le(tab.n, 20000);
	show_all();
	ck_assert_uint_eq(shown.n, tab.n);
	ck_assert_uint_le(tab.n_buckets, 32768);
}
END_TEST

/* Who is there all the time is shown once, though the table grows. */
START_TEST(walk_survives_growth)
{
	static const struct addrtab_limits one = {1, {100, 1000}};
	struct addrtab_walk walk = {0};
	int n = 50;

	for (int i = 0; i < n; i++) {
		ck_assert_int_eq(enter(nth(i), &one, 1000), ADDRTAB_OK);
		count(nth(i), ADDRTAB_ACCEPTED, 1000);
	}
	memset(&shown, 0, sizeof(shown));
	while (addrtab_walk(&tab, &walk, show, NULL))
		for (int i = 0; i < 20; i++, n++)
			ck_assert_int_eq(enter(nth(n), &one, 1000), ADDRTAB_OK);
	ck_assert_uint_gt(n, 1000);
	ck_assert_uint_eq(shown.sum, 50);
}
END_TEST

START_TEST(many_are_kept_apart_and_forgotten)
{
	enum { N = 20000 };
	static const struct addrtab_limits one = {1, {100, 1000}};

	for (int i = 0; i < N; i++)
		ck_assert_int_eq(enter(nth(i), &one, 1000), ADDRTAB_OK);
	for (int i = 0; i < N; i++)
		ck_assert_int_eq(enter(nth(i), &one, 1000), ADDRTAB_E_FULL);
	ck_assert_uint_eq(tab.n, N);
	for (int i = 0; i < N; i++)
		leave(nth(i));
	/* One address that comes and goes clears the others away. */
	for (size_t i = 0; i < tab.n_buckets + 1; i++) {
		enter("::1", &usual, 100000 + i * 10);
		leave("::1");
	}
	ck_assert_uint_le(tab.n, 1);
}
END_TEST

/* Each address has used up what it may for a long time; those with a connection
 * stay, of the others a full table keeps no more than it has room for. */
START_TEST(a_full_table_makes_room)
{
	static const struct addrtab_limits slow = {1, {1, 3600000}};
	enum { HERE = 1000 };

	for (int i = 0; i < ADDRTAB_MAX + 5000; i++) {
		ck_assert_int_eq(enter(nth(i), &slow, 1000), ADDRTAB_OK);
		if (i >= HERE)
			leave(nth(i));
	}
	ck_assert_uint_eq(tab.n, ADDRTAB_MAX);
	for (int i = 0; i < HERE; i++)
		ck_assert_int_eq(enter(nth(i), &slow, 1000), ADDRTAB_E_FULL);
	ck_assert_int_eq(enter("::1", &slow, 1000), ADDRTAB_OK);
	ck_assert_int_eq(enter("::1", &slow, 1000), ADDRTAB_E_FULL);
}
END_TEST

START_TEST(entries_that_matter_stay)
{
	static const struct addrtab_limits slow = {1, {1, 3600000}};
	static const struct addrtab_limits one = {1, {100, 1000}};

	ck_assert_int_eq(enter("192.0.2.1", &one, 1000), ADDRTAB_OK);
	ck_assert_int_eq(enter("192.0.2.2", &slow, 1000), ADDRTAB_OK);
	leave("192.0.2.2");
	for (int i = 0; i < 1000; i++) {
		enter("::1", &usual, 2000 + (uint64_t)i * 10);
		leave("::1");
	}
	ck_assert_int_eq(enter("192.0.2.1", &one, 20000), ADDRTAB_E_FULL);
	ck_assert_int_eq(enter("192.0.2.2", &slow, 20000), ADDRTAB_E_RATE);
	leave("192.0.2.1");
}
END_TEST

int main(void)
{
	Suite *s = suite_create("addrtab");
	TCase *tc = tcase_create("addrtab");
	SRunner *sr = srunner_create(s);
	int failed;

	tcase_add_checked_fixture(tc, set_up, tear_down);
	tcase_add_test(tc, connections_are_limited);
	tcase_add_loop_test(tc, networks_of_one_subscriber_are_one, 0,
		(int)(sizeof(pairs) / sizeof(pairs[0])));
	tcase_add_test(tc, rate_is_limited);
	tcase_add_test(tc, being_refused_costs_nothing);
	tcase_add_test(tc, counts_are_kept_for_minutes);
	tcase_add_test(tc, many_counts_are_not_kept);
	tcase_add_test(tc, walk_survives_growth);
	tcase_add_test(tc, many_are_kept_apart_and_forgotten);
	tcase_add_test(tc, a_full_table_makes_room);
	tcase_add_test(tc, entries_that_matter_stay);
	suite_add_tcase(s, tc);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
