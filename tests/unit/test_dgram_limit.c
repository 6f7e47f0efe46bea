/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "net/dgram_limit.h"

#include <arpa/inet.h>
#include <check.h>
#include <malloc.h>
#include <string.h>

#include "net/addr.h"

static struct dgram_limit limit;
static const struct rate_spec usual = {20, 1000};

static void set_up(void)
{
	ck_assert_int_eq(dgram_limit_init(&limit), 0);
}

static void tear_down(void)
{
	dgram_limit_fini(&limit);
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

/* How many of n at that moment may go. */
static int take(
	const char *text, const struct rate_spec *rate, int n, uint64_t now_ms)
{
	struct addr a = ip(text);
	int taken = 0;

	while (n-- > 0)
		taken += dgram_limit_take(&limit, &a.sa, rate, now_ms);
	return taken;
}

START_TEST(two_hundred_at_once_then_twenty_a_second)
{
	ck_assert_int_eq(take("192.0.2.1", &usual, 1000, 5000), 200);
	ck_assert_int_eq(take("192.0.2.1", &usual, 1000, 5049), 0);
	ck_assert_int_eq(take("192.0.2.1", &usual, 1000, 5050), 1);
	ck_assert_int_eq(take("192.0.2.1", &usual, 1000, 6000), 19);
	ck_assert_int_eq(take("192.0.2.1", &usual, 1000, 99999), 200);
}
END_TEST

START_TEST(others_are_not_concerned)
{
	ck_assert_int_eq(take("192.0.2.1", &usual, 1000, 5000), 200);
	ck_assert_int_eq(take("192.0.2.2", &usual, 1000, 5000), 200);
	ck_assert_int_eq(take("2001:db8::1", &usual, 1000, 5000), 200);
	ck_assert_int_eq(take("::1", &usual, 1000, 5000), 200);
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
	{"192.0.2.1", "193.0.2.1", false},
	{"::ffff:192.0.2.1", "::ffff:192.0.2.2", false},
	{"::1", "::2", true},
	{"::1", "127.0.0.1", false},
	{"0.0.0.0", "::", false},
};

START_TEST(networks_of_one_subscriber_are_one)
{
	take(pairs[_i].a, &usual, 200, 1000);
	ck_assert_int_eq(take(pairs[_i].b, &usual, 1, 1000), !pairs[_i].same);
}
END_TEST

static const struct {
	struct rate_spec rate;
	int at_once;
} rates[] = {
	{{0, 1000}, 5000},
	{{1, 1000}, 200},
	{{7, 60000}, 200},
	{{1, 3600000}, 200},
	{{200, 1000}, 200},
	{{1000, 1000}, 1000},
	{{60000, 60000}, 1000},
};

START_TEST(a_second_of_the_rate_may_go_at_once)
{
	ck_assert_int_eq(
		take("192.0.2.1", &rates[_i].rate, 5000, 1), rates[_i].at_once);
}
END_TEST

/* A flood of invented addresses neither makes room for whoever was sent too
 * much, nor takes anything from others, nor memory. */
START_TEST(a_flood_changes_nothing_for_others)
{
	struct addr a = ip("10.0.0.0");
	size_t before;

	ck_assert_int_eq(take("192.0.2.1", &usual, 1000, 5000), 200);
	before = mallinfo2().uordblks;
	for (uint32_t i = 0; i < 1000000; i++) {
		a.in.sin_addr.s_addr = htonl((10u << 24) + i);
		ck_assert(dgram_limit_take(&limit, &a.sa, &usual, 5001));
	}
	ck_assert_uint_eq(mallinfo2().uordblks, before);
	ck_assert_int_eq(take("192.0.2.1", &usual, 1000, 5001), 0);
	ck_assert_int_eq(take("192.0.2.2", &usual, 1000, 5001), 200);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("dgram_limit");
	TCase *tc = tcase_create("dgram_limit");
	SRunner *sr = srunner_create(s);
	int failed;

	tcase_add_checked_fixture(tc, set_up, tear_down);
	tcase_add_test(tc, two_hundred_at_once_then_twenty_a_second);
	tcase_add_test(tc, others_are_not_concerned);
	tcase_add_loop_test(tc, networks_of_one_subscriber_are_one, 0,
		(int)(sizeof(pairs) / sizeof(pairs[0])));
	tcase_add_loop_test(tc, a_second_of_the_rate_may_go_at_once, 0,
		(int)(sizeof(rates) / sizeof(rates[0])));
	tcase_add_test(tc, a_flood_changes_nothing_for_others);
	suite_add_tcase(s, tc);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
