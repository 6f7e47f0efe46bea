/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The histogram: exact below 256 µs, within 0.8 % above, never too good. */
#include <check.h>
#include <stdlib.h>

#include "src/bin/sockload_hist.h"

static struct hist h;

START_TEST(empty)
{
	hist_clear(&h);
	ck_assert_uint_eq(hist_percentile(&h, 50), 0);
	ck_assert(hist_mean(&h) == 0);
}
END_TEST

START_TEST(small_values_are_exact)
{
	hist_clear(&h);
	for (unsigned us = 0; us < 200; us++)
		hist_add(&h, us);
	ck_assert_uint_eq(hist_percentile(&h, 50), 99);
	ck_assert_uint_eq(hist_percentile(&h, 99), 197);
	ck_assert_uint_eq(hist_percentile(&h, 100), 199);
	ck_assert(hist_mean(&h) == 99.5);
}
END_TEST

static const uint64_t values[] = {1, 127, 128, 255, 256, 257, 1000, 4095, 4096,
	65537, 1234567, 99999999, UINT64_C(123456789012)};

START_TEST(large_values_are_near)
{
	uint64_t us = values[_i], got;

	hist_clear(&h);
	hist_add(&h, us);
	hist_add(&h, 2 * us); /* else the largest value bounds the answer */
	got = hist_percentile(&h, 50);
	ck_assert_uint_ge(got, us);
	ck_assert_uint_le(got - us, us / 128);
	ck_assert_uint_eq(hist_percentile(&h, 100), 2 * us);
}
END_TEST

START_TEST(huge_values_count_as_the_largest)
{
	hist_clear(&h);
	hist_add(&h, UINT64_MAX);
	ck_assert_uint_eq(h.max_us, (UINT64_C(1) << 40) - 1);
	ck_assert_uint_eq(hist_percentile(&h, 50), h.max_us);
}
END_TEST

START_TEST(the_tail_is_seen)
{
	hist_clear(&h);
	for (int i = 0; i < 9990; i++)
		hist_add(&h, 100);
	for (int i = 0; i < 10; i++)
		hist_add(&h, 50000);
	ck_assert_uint_eq(hist_percentile(&h, 99), 100);
	ck_assert_uint_eq(hist_percentile(&h, 99.9), 100);
	ck_assert_uint_ge(hist_percentile(&h, 99.95), 50000);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("sockload_hist");
	TCase *tc = tcase_create("all");

	tcase_add_test(tc, empty);
	tcase_add_test(tc, small_values_are_exact);
	tcase_add_loop_test(
		tc, large_values_are_near, 0, sizeof(values) / sizeof(*values));
	tcase_add_test(tc, huge_values_count_as_the_largest);
	tcase_add_test(tc, the_tail_is_seen);
	suite_add_tcase(s, tc);
	SRunner *sr = srunner_create(s);
	srunner_run_all(sr, CK_NORMAL);
	int failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
