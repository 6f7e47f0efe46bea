/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <check.h>
#include <stdlib.h>

#include "base/rate.h"

static const struct rate_spec two_a_second = {2, 1000};

static unsigned take_all(struct bucket *b, const struct rate_spec *spec,
	uint32_t burst, uint64_t now_ms)
{
	unsigned n = 0;

	while (n < 1000 && bucket_take(b, spec, burst, now_ms))
		n++;
	return n;
}

START_TEST(burst_passes_at_once)
{
	struct bucket b = {0};

	ck_assert_uint_eq(take_all(&b, &two_a_second, 40, 0), 40);
	ck_assert_uint_eq(take_all(&b, &two_a_second, 40, 499), 0);
	ck_assert_uint_eq(take_all(&b, &two_a_second, 40, 500), 1);
	ck_assert_uint_eq(take_all(&b, &two_a_second, 40, 2500), 4);
}
END_TEST

START_TEST(never_holds_more_than_the_burst)
{
	struct bucket b = {0};

	ck_assert_uint_eq(take_all(&b, &two_a_second, 5, 1000), 5);
	ck_assert_uint_eq(take_all(&b, &two_a_second, 5, 3600000), 5);
}
END_TEST

START_TEST(knows_when_it_is_full)
{
	struct bucket b = {0};

	ck_assert(bucket_is_full(&b, 0));
	ck_assert(bucket_take(&b, &two_a_second, 5, 100));
	ck_assert(!bucket_is_full(&b, 599));
	ck_assert(bucket_is_full(&b, 600));
}
END_TEST

START_TEST(asking_takes_nothing)
{
	struct bucket b = {0};

	for (int i = 0; i < 100; i++)
		ck_assert(bucket_has(&b, &two_a_second, 3, 0));
	ck_assert_uint_eq(take_all(&b, &two_a_second, 3, 0), 3);
	ck_assert(!bucket_has(&b, &two_a_second, 3, 499));
	ck_assert(bucket_has(&b, &two_a_second, 3, 500));
}
END_TEST

START_TEST(what_is_owed_delays_and_is_bounded)
{
	struct bucket b = {0};

	for (int i = 0; i < 5; i++)
		bucket_owe(&b, &two_a_second, 10, 0);
	ck_assert(!bucket_has(&b, &two_a_second, 3, 1499));
	ck_assert(bucket_has(&b, &two_a_second, 3, 1500));
	for (int i = 0; i < 100; i++)
		bucket_owe(&b, &two_a_second, 10, 0);
	ck_assert(!bucket_has(&b, &two_a_second, 3, 3999));
	ck_assert(bucket_has(&b, &two_a_second, 3, 4000));
	bucket_owe(&b, &(const struct rate_spec){0}, 10, 0);
	ck_assert(bucket_has(&b, &two_a_second, 3, 4000));
}
END_TEST

START_TEST(takes_many_or_none)
{
	struct bucket b = {0};

	ck_assert(bucket_take_many(&b, &two_a_second, 5, 5, 1000));
	ck_assert_uint_eq(bucket_due_ms(&b, &two_a_second, 5, 1), 1500);
	ck_assert_uint_eq(bucket_due_ms(&b, &two_a_second, 5, 3), 2500);
	ck_assert(!bucket_take_many(&b, &two_a_second, 5, 3, 2499));
	ck_assert(bucket_take_many(&b, &two_a_second, 5, 3, 2500));
	ck_assert(!bucket_take(&b, &two_a_second, 5, 2500));
	ck_assert(bucket_is_full(&b, 5000));
	ck_assert(!bucket_is_full(&b, 4999));
}
END_TEST

/* A token that takes no whole number of ms is there with the next one. */
START_TEST(due_is_not_too_early)
{
	const struct rate_spec three_a_second = {3, 1000};
	struct bucket b = {0};

	ck_assert(bucket_take_many(&b, &three_a_second, 2, 2, 1000));
	ck_assert_uint_eq(bucket_due_ms(&b, &three_a_second, 2, 1), 1334);
	ck_assert(!bucket_take(&b, &three_a_second, 2, 1333));
	ck_assert(bucket_take(&b, &three_a_second, 2, 1334));
}
END_TEST

static const struct {
	struct rate_spec spec;
	unsigned in_ten_seconds;
} rates[] = {
	{{2, 1000}, 20},
	{{5000, 1000}, 50000},
	{{3, 1000}, 30},
	{{60, 60000}, 10},
	{{360, 3600000}, 1},
};

START_TEST(keeps_the_rate)
{
	struct bucket b = {0};
	unsigned n = 0;

	take_all(&b, &rates[_i].spec, 10, 0);
	for (uint64_t ms = 1; ms <= 10000; ms++)
		n += take_all(&b, &rates[_i].spec, 10, ms);
	ck_assert_uint_eq(n, rates[_i].in_ten_seconds);
}
END_TEST

START_TEST(no_limit_and_no_burst)
{
	const struct rate_spec unlimited = {0, 1000};
	struct bucket b = {0};

	ck_assert_uint_eq(take_all(&b, &unlimited, 1, 0), 1000);
	ck_assert_uint_eq(take_all(&b, &two_a_second, 0, 0), 1);
	ck_assert(bucket_take_many(&b, &unlimited, 9, 9, 0));
	ck_assert_uint_eq(bucket_due_ms(&b, &unlimited, 9, 9), 0);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("rate");
	TCase *tc = tcase_create("rate");
	SRunner *runner;
	int failed;

	tcase_add_test(tc, burst_passes_at_once);
	tcase_add_test(tc, never_holds_more_than_the_burst);
	tcase_add_test(tc, knows_when_it_is_full);
	tcase_add_loop_test(
		tc, keeps_the_rate, 0, sizeof rates / sizeof rates[0]);
	tcase_add_test(tc, asking_takes_nothing);
	tcase_add_test(tc, what_is_owed_delays_and_is_bounded);
	tcase_add_test(tc, takes_many_or_none);
	tcase_add_test(tc, due_is_not_too_early);
	tcase_add_test(tc, no_limit_and_no_burst);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
