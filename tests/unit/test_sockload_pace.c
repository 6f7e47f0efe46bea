/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The timetable: a message is due exactly from its time on. */
#include <check.h>
#include <stdlib.h>

#include "src/bin/sockload_pace.h"

static const struct pace paces[] = {
	{.start_us = 0, .rate = 1, .n_lanes = 1},
	{.start_us = 1000, .rate = 1000, .n_lanes = 3},
	{.start_us = 77, .rate = 3, .n_lanes = 2},
	{.start_us = 5, .rate = 999983, .n_lanes = 50},
	{.start_us = 5, .rate = 3000000, .n_lanes = 7},
};

START_TEST(due_from_its_time_on)
{
	const struct pace *p = &paces[_i];

	for (uint64_t i = 0; i < 1000; i++) {
		uint64_t t = pace_time_all(p, i);
		ck_assert_uint_ge(pace_due_all(p, t), i + 1);
		if (t > p->start_us)
			ck_assert_uint_le(pace_due_all(p, t - 1), i);
	}
}
END_TEST

START_TEST(lanes_share_all)
{
	const struct pace *p = &paces[_i];

	for (uint64_t step = 0; step < 500; step++) {
		uint64_t now = p->start_us + step * 1237, sum = 0;
		for (uint32_t lane = 0; lane < p->n_lanes; lane++) {
			uint64_t due = pace_due(p, lane, now);
			sum += due;
			if (due > 0)
				ck_assert_uint_le(
					pace_time(p, lane, due - 1), now);
			ck_assert_uint_gt(pace_time(p, lane, due), now);
		}
		ck_assert_uint_eq(sum, pace_due_all(p, now));
	}
}
END_TEST

START_TEST(nothing_before_the_start)
{
	ck_assert_uint_eq(pace_due_all(&paces[1], 999), 0);
	ck_assert_uint_eq(pace_due(&paces[1], 2, 999), 0);
}
END_TEST

START_TEST(without_a_rate_all_is_due)
{
	const struct pace p = {.start_us = 10, .n_lanes = 2};

	ck_assert_uint_eq(pace_due(&p, 1, 0), UINT64_MAX);
	ck_assert_uint_eq(pace_time(&p, 1, 99), 10);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("sockload_pace");
	TCase *tc = tcase_create("all");
	const int n = sizeof(paces) / sizeof(*paces);

	tcase_add_loop_test(tc, due_from_its_time_on, 0, n);
	tcase_add_loop_test(tc, lanes_share_all, 0, n);
	tcase_add_test(tc, nothing_before_the_start);
	tcase_add_test(tc, without_a_rate_all_is_due);
	suite_add_tcase(s, tc);
	SRunner *sr = srunner_create(s);
	srunner_run_all(sr, CK_NORMAL);
	int failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
