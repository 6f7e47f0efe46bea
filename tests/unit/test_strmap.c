/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/strmap.h"

#define N_THINGS 5000

struct thing {
	int before;
	struct strmap_node node;
	char key[16];
};

static const uint8_t seed[SIPHASH_SEED_LEN] = {
	0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};

static struct thing *make_things(void)
{
	struct thing *things = calloc(N_THINGS, sizeof *things);

	for (int i = 0; i < N_THINGS; i++)
		snprintf(things[i].key, sizeof things[i].key, "thing-%d", i);
	return things;
}

START_TEST(finds_what_was_added)
{
	struct thing *things = make_things();
	struct strmap_node *node;
	struct strmap map;

	ck_assert_int_eq(strmap_init(&map, seed), 0);
	for (int i = 0; i < N_THINGS; i++)
		strmap_add(&map, &things[i].node, things[i].key);
	ck_assert_uint_eq(map.n, N_THINGS);
	for (int i = 0; i < N_THINGS; i += 2)
		strmap_remove(&map, &things[i].node);
	ck_assert_uint_eq(map.n, N_THINGS / 2);
	for (int i = 0; i < N_THINGS; i++) {
		node = strmap_find(&map, things[i].key);
		if (i % 2 == 0)
			ck_assert_ptr_null(node);
		else
			ck_assert_ptr_eq(container_of(node, struct thing, node),
				&things[i]);
	}
	ck_assert_ptr_null(strmap_find(&map, "thing"));
	strmap_fini(&map);
	free(things);
}
END_TEST

START_TEST(walks_each_once)
{
	struct thing *things = make_things();
	struct strmap_node *node = NULL;
	struct strmap map;
	size_t n = 0;

	ck_assert_int_eq(strmap_init(&map, seed), 0);
	ck_assert_ptr_null(strmap_next(&map, NULL));
	for (int i = 0; i < N_THINGS; i++)
		strmap_add(&map, &things[i].node, things[i].key);
	while ((node = strmap_next(&map, node)) != NULL) {
		ck_assert_int_eq(
			container_of(node, struct thing, node)->before++, 0);
		n++;
	}
	ck_assert_uint_eq(n, N_THINGS);
	strmap_fini(&map);
	free(things);
}
END_TEST

static size_t n_shown;

static void count_visit(void *arg, struct strmap_node *node)
{
	container_of(node, struct thing, node)->before++;
	n_shown++;
}

/* While it grows eightfold and some go: who is there all the time is shown
 * once, others at most once. */
START_TEST(walks_in_portions)
{
	struct thing *things = make_things();
	struct strmap_walk walk = {0};
	struct strmap map;
	int n = N_THINGS / 8, gone = 0;

	ck_assert_int_eq(strmap_init(&map, seed), 0);
	for (int i = 0; i < n; i++)
		strmap_add(&map, &things[i].node, things[i].key);
	while (strmap_walk(&map, &walk, count_visit, NULL)) {
		for (int i = 0; i < 20 && n < N_THINGS; i++, n++)
			strmap_add(&map, &things[n].node, things[n].key);
		if (gone < 100)
			strmap_remove(&map, &things[gone++].node);
	}
	ck_assert_int_eq(n, N_THINGS);
	ck_assert_uint_ge(n_shown, N_THINGS / 8 - 100);
	for (int i = 0; i < N_THINGS; i++) {
		ck_assert_int_le(things[i].before, 1);
		if (i >= 100 && i < N_THINGS / 8)
			ck_assert_int_eq(things[i].before, 1);
	}
	strmap_fini(&map);
	free(things);
}
END_TEST

START_TEST(takes_another_key)
{
	struct thing thing = {.key = "old"};
	struct strmap map;

	ck_assert_int_eq(strmap_init(&map, seed), 0);
	strmap_add(&map, &thing.node, thing.key);
	strmap_remove(&map, &thing.node);
	strcpy(thing.key, "new");
	strmap_add(&map, &thing.node, thing.key);
	ck_assert_ptr_null(strmap_find(&map, "old"));
	ck_assert_ptr_eq(strmap_find(&map, "new"), &thing.node);
	strmap_fini(&map);
}
END_TEST

/* 2n nodes must not hang in a handful of buckets. */
START_TEST(spreads_keys)
{
	struct thing *things = make_things();
	size_t longest = 0;
	struct strmap map;

	ck_assert_int_eq(strmap_init(&map, seed), 0);
	for (int i = 0; i < N_THINGS; i++)
		strmap_add(&map, &things[i].node, things[i].key);
	for (size_t i = 0; i < map.n_buckets; i++) {
		size_t n = 0;

		for (struct strmap_node *p = map.buckets[i]; p; p = p->next)
			n++;
		longest = n > longest ? n : longest;
	}
	ck_assert_uint_le(longest, 10);
	strmap_fini(&map);
	free(things);
}
END_TEST

/* From an implementation that was written apart from this one; the seed is
 * 00 01 ... 0f, the input 00 01 02 ... */
static const struct {
	size_t len;
	uint64_t hash;
} siphash_cases[] = {
	{0, 0xabac0158050fc4dc},
	{1, 0xc9f49bf37d57ca93},
	{7, 0xd3927d989bb11140},
	{8, 0x369095118d299a8e},
	{15, 0xd320d86d2a519956},
	{63, 0x9d199062b7bbb3a8},
};

START_TEST(hashes_as_defined)
{
	uint8_t input[64];

	for (size_t i = 0; i < sizeof input; i++)
		input[i] = (uint8_t)i;
	ck_assert_uint_eq(siphash13(seed, input, siphash_cases[_i].len),
		siphash_cases[_i].hash);
}
END_TEST

START_TEST(hash_depends_on_seed)
{
	uint8_t other[SIPHASH_SEED_LEN] = {1};
	uint64_t hash = siphash13(seed, "bob", 3);

	ck_assert_uint_ne(hash, siphash13(other, "bob", 3));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("strmap");
	TCase *tc = tcase_create("strmap");
	SRunner *runner;
	int failed;

	tcase_add_test(tc, finds_what_was_added);
	tcase_add_test(tc, walks_each_once);
	tcase_add_test(tc, walks_in_portions);
	tcase_add_test(tc, takes_another_key);
	tcase_add_test(tc, spreads_keys);
	tcase_add_loop_test(tc, hashes_as_defined, 0,
		sizeof siphash_cases / sizeof siphash_cases[0]);
	tcase_add_test(tc, hash_depends_on_seed);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
