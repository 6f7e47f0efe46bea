/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/rate_table.h"

#include <check.h>
#include <stdlib.h>

static const struct rate_spec one_a_second = {1, 1000};
static struct rate_table table;

static bool take(uint64_t key, uint64_t now_ms)
{
	return bucket_take(
		rate_table_find(&table, key), &one_a_second, 3, now_ms);
}

START_TEST(each_key_has_its_own)
{
	for (uint64_t key = 0; key < 8; key++)
		for (int i = 0; i < 4; i++)
			ck_assert_int_eq(take(key, 0), i < 3);
	for (uint64_t key = 0; key < 8; key++)
		ck_assert(take(key, 1000));
}
END_TEST

/* Nobody is refused because of others, and who took most is remembered. */
START_TEST(a_flood_of_keys_pushes_out_itself)
{
	for (int i = 0; i < 3; i++)
		ck_assert(take(7, 0));
	for (uint64_t key = 1000; key < 100000; key++)
		ck_assert(take(key, 0));
	ck_assert(!take(7, 999));
	ck_assert(take(7, 1000));
}
END_TEST

START_TEST(looking_pushes_out_at_most_one_of_a_row)
{
	size_t n_kept = 0;

	for (uint64_t key = 0; key < 64; key++)
		ck_assert(take(key, 0));
	for (uint64_t key = 1000; key < 100000; key++)
		(void)rate_table_find(&table, key);
	for (uint64_t key = 0; key < 64; key++)
		n_kept += rate_table_find(&table, key)->full_ns > 0;
	ck_assert_uint_ge(n_kept, 64 - 16);
}
END_TEST

static void set_up(void)
{
	ck_assert_int_eq(rate_table_init(&table, 16), 0);
}

static void tear_down(void)
{
	rate_table_fini(&table);
	rate_table_fini(&(struct rate_table){0});
}

int main(void)
{
	Suite *s = suite_create("rate_table");
	TCase *tc = tcase_create("rate_table");
	SRunner *sr = srunner_create(s);
	int failed;

	tcase_add_checked_fixture(tc, set_up, tear_down);
	tcase_add_test(tc, each_key_has_its_own);
	tcase_add_test(tc, a_flood_of_keys_pushes_out_itself);
	tcase_add_test(tc, looking_pushes_out_at_most_one_of_a_row);
	suite_add_tcase(s, tc);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
