/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "net/timers.h"

#include <check.h>
#include <stdlib.h>

#define N 500

static struct timers timers;

static void set_up(void)
{
	ck_assert_int_eq(timers_reserve(&timers, N), 0);
	ck_assert_int_eq(timers_reserve(&timers, 1), 0); /* there is room */
}

static void tear_down(void)
{
	timers_fini(&timers);
	ck_assert_uint_eq(timers.n, 0);
}

START_TEST(empty_has_none_due)
{
	struct timer t = {0};

	ck_assert_uint_eq(timers_next_ms(&timers), UINT64_MAX);
	ck_assert_ptr_null(timers_take_due(&timers, UINT64_MAX));
	timers_remove(&timers, &t);
	ck_assert_uint_eq(t.slot, 0);
}
END_TEST

START_TEST(due_is_at_the_millisecond)
{
	struct timer t = {0};

	timers_set(&timers, &t, 100);
	ck_assert_uint_eq(timers_next_ms(&timers), 100);
	ck_assert_ptr_null(timers_take_due(&timers, 99));
	ck_assert_ptr_eq(timers_take_due(&timers, 100), &t);
	ck_assert_uint_eq(t.slot, 0);
	ck_assert_ptr_null(timers_take_due(&timers, 100));
}
END_TEST

START_TEST(moving_keeps_one)
{
	struct timer a = {0}, b = {0};

	timers_set(&timers, &a, 100);
	timers_set(&timers, &b, 50);
	timers_set(&timers, &a, 10);
	ck_assert_uint_eq(timers_next_ms(&timers), 10);
	timers_set(&timers, &a, 70);
	ck_assert_uint_eq(timers_next_ms(&timers), 50);
	ck_assert_ptr_eq(timers_take_due(&timers, 999), &b);
	ck_assert_ptr_eq(timers_take_due(&timers, 999), &a);
	ck_assert_ptr_null(timers_take_due(&timers, 999));
}
END_TEST

static void take_in_order(size_t expected)
{
	struct timer *t;
	uint64_t last = 0;
	size_t n = 0;

	while ((t = timers_take_due(&timers, UINT64_MAX))) {
		ck_assert_uint_ge(t->due_ms, last);
		last = t->due_ms;
		n++;
	}
	ck_assert_uint_eq(n, expected);
}

/* Against the obvious: after any changes they come out sorted, each once. */
START_TEST(any_changes_come_out_sorted)
{
	static struct timer all[N];
	size_t n_set = 0;

	srand((unsigned)_i);
	for (int step = 0; step < 5 * N; step++) {
		struct timer *t = &all[rand() % N];
		uint64_t earliest = UINT64_MAX;

		if (rand() % 3)
			timers_set(&timers, t, (uint64_t)(rand() % 1000));
		else
			timers_remove(&timers, t);
		for (size_t i = n_set = 0; i < N; i++) {
			if (!all[i].slot)
				continue;
			n_set++;
			if (all[i].due_ms < earliest)
				earliest = all[i].due_ms;
		}
		ck_assert_uint_eq(timers_next_ms(&timers), earliest);
		ck_assert_uint_eq(timers.n, n_set);
	}
	take_in_order(n_set);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("timers");
	TCase *tc = tcase_create("timers");
	SRunner *sr = srunner_create(s);
	int failed;

	tcase_add_checked_fixture(tc, set_up, tear_down);
	tcase_add_test(tc, empty_has_none_due);
	tcase_add_test(tc, due_is_at_the_millisecond);
	tcase_add_test(tc, moving_keeps_one);
	tcase_add_loop_test(tc, any_changes_come_out_sorted, 0, 5);
	suite_add_tcase(s, tc);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
