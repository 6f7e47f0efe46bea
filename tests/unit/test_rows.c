/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/rows.h"

#include <check.h>
#include <stdint.h>
#include <stdlib.h>

START_TEST(holds_what_is_added)
{
	uint32_t *numbers = NULL;
	size_t size = 0, n_moves = 0;

	for (uint32_t i = 0; i < 1000; i++) {
		void *rows = numbers;
		size_t before = size;

		ck_assert(rows_make_room(&rows, &size, i, sizeof(*numbers)));
		numbers = rows;
		n_moves += size != before;
		ck_assert_uint_gt(size, i);
		numbers[i] = i;
	}
	ck_assert_uint_lt(n_moves, 10);
	for (uint32_t i = 0; i < 1000; i++)
		ck_assert_uint_eq(numbers[i], i);
	free(numbers);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("rows");
	TCase *tc = tcase_create("rows");
	SRunner *runner;
	int failed;

	tcase_add_test(tc, holds_what_is_added);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
