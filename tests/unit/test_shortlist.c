/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/shortlist.h"

#include <check.h>
#include <stdint.h>
#include <stdlib.h>

#define N_MOST 3000

struct item {
	uint64_t n;
	char rest[100]; /* is moved with it */
};

static int compare(const void *a, const void *b, void *arg)
{
	const struct item *left = a, *right = b;

	ck_assert_ptr_eq(arg, compare);
	return (left->n > right->n) - (left->n < right->n);
}

static struct shortlist list_of(size_t max)
{
	return (struct shortlist){
		.max = max,
		.size = sizeof(struct item),
		.compare = compare,
		.arg = (void *)compare,
	};
}

static void offer(struct shortlist *list, uint64_t n)
{
	struct item item = {.n = n};

	item.rest[99] = (char)(n % 100);
	ck_assert_int_eq(shortlist_offer(list, &item), 0);
}

static void expect(struct shortlist *list, size_t n)
{
	const struct item *items;

	shortlist_sort(list);
	ck_assert_uint_eq(list->n, n);
	items = (const struct item *)(void *)list->items;
	for (size_t i = 0; i < n; i++) {
		ck_assert_uint_eq(items[i].n, i);
		ck_assert_int_eq(items[i].rest[99], (char)(i % 100));
	}
	shortlist_fini(list);
}

/* In whatever order they come; 1009 has no common divisor with N_MOST. */
START_TEST(keeps_the_first)
{
	static const size_t maxima[] = {
		1, 2, 3, 31, 32, 33, 100, N_MOST - 1, N_MOST, N_MOST + 1};

	for (size_t i = 0; i < sizeof(maxima) / sizeof(maxima[0]); i++) {
		size_t n = maxima[i] < N_MOST ? maxima[i] : N_MOST;
		struct shortlist up = list_of(maxima[i]);
		struct shortlist down = list_of(maxima[i]);
		struct shortlist mixed = list_of(maxima[i]);

		for (uint64_t k = 0; k < N_MOST; k++) {
			offer(&up, k);
			offer(&down, N_MOST - 1 - k);
			offer(&mixed, k * 1009 % N_MOST);
			ck_assert_uint_le(mixed.n, n);
		}
		expect(&up, n);
		expect(&down, n);
		expect(&mixed, n);
	}
}
END_TEST

START_TEST(nothing_is_fine)
{
	struct shortlist list = list_of(5);

	expect(&list, 0);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("shortlist");
	TCase *tc = tcase_create("shortlist");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_test(tc, keeps_the_first);
	tcase_add_test(tc, nothing_is_fine);
	suite_add_tcase(suite, tc);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
