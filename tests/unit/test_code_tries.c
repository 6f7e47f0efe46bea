/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "chat/code_tries.h"

#include <check.h>
#include <stdlib.h>

#include "chat/member.h"

static struct code_tries tries;

/* Number n of some: in 192.0.2.0/24, or in a /64 of its own. */
static struct member from_v4(unsigned n)
{
	return (struct member){
		.is_counted = true,
		.address = {{[10] = 0xff, 0xff, 192, 0, 2, (uint8_t)n}, 128},
	};
}

static struct member from_v6(unsigned n, uint8_t host)
{
	return (struct member){
		.is_counted = true,
		.address = {{0x20, 0x01, 0x0d, 0xb8, 0, 0, (uint8_t)(n >> 8),
				    (uint8_t)n, [15] = host},
			128},
	};
}

/* How many of n it may try at that moment, each wrong. */
static int try(struct member member, int n, uint64_t now_ms)
{
	int tried = 0;

	for (; n > 0 && code_tries_may(&tries, &member, now_ms); n--) {
		code_tries_add(&tries, &member, now_ms);
		tried++;
	}
	return tried;
}

START_TEST(an_address_has_three_and_three_a_minute)
{
	ck_assert_int_eq(try(from_v4(1), 10, 0), 3);
	ck_assert_int_eq(try(from_v4(1), 10, 19999), 0);
	ck_assert_int_eq(try(from_v4(1), 10, 20000), 1);
	ck_assert_int_eq(try(from_v4(1), 10, 80000), 3);
	ck_assert_int_eq(try(from_v4(2), 10, 80000), 3);
}
END_TEST

START_TEST(a_network_of_64_bits_is_one_address)
{
	ck_assert_int_eq(try(from_v6(1, 1), 2, 0), 2);
	ck_assert_int_eq(try(from_v6(1, 2), 10, 0), 1);
	ck_assert_int_eq(try(from_v6(2, 1), 10, 0), 3);
}
END_TEST

START_TEST(who_has_many_is_slow_too)
{
	for (unsigned i = 0; i < 100; i++)
		ck_assert_int_eq(try(from_v6(i, 1), 1, 0), 1);
	ck_assert_int_eq(try(from_v6(500, 1), 1, 49), 0);
	ck_assert_int_eq(try(from_v6(500, 1), 1, 50), 1);
	ck_assert_int_eq(try(from_v6(501, 1), 1, 50), 0);
}
END_TEST

/* Unix sockets and exempt networks share what they may. */
START_TEST(others_share_and_are_not_kept_from_theirs)
{
	for (unsigned i = 0; i < 100; i++)
		try(from_v6(i, 1), 3, 0);
	ck_assert_int_eq(try((struct member){0}, 100, 0), 20);
	ck_assert_int_eq(try((struct member){0}, 100, 499), 0);
	ck_assert_int_eq(try((struct member){0}, 100, 500), 1);
}
END_TEST

static void set_up(void)
{
	ck_assert_int_eq(code_tries_init(&tries), 0);
}

static void tear_down(void)
{
	code_tries_fini(&tries);
}

int main(void)
{
	Suite *s = suite_create("code_tries");
	TCase *tc = tcase_create("code_tries");
	SRunner *sr = srunner_create(s);
	int failed;

	tcase_add_checked_fixture(tc, set_up, tear_down);
	tcase_add_test(tc, an_address_has_three_and_three_a_minute);
	tcase_add_test(tc, a_network_of_64_bits_is_one_address);
	tcase_add_test(tc, who_has_many_is_slow_too);
	tcase_add_test(tc, others_share_and_are_not_kept_from_theirs);
	suite_add_tcase(s, tc);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
