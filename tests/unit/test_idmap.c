/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "net/idmap.h"

#include <check.h>
#include <stdbool.h>
#include <stdlib.h>

#include "net/conn.h"

#define N 3000

/* All the map knows of a connection. */
struct conn {
	uint64_t id;
	bool is_in;
};

uint64_t conn_id(const struct conn *c)
{
	return c->id;
}

static struct idmap map;
static struct conn conns[N];

static void set_up(void)
{
	for (size_t i = 0; i < N; i++)
		conns[i].id = i + 1;
}

static void tear_down(void)
{
	idmap_fini(&map);
}

static void check_all(void)
{
	size_t n = 0;

	for (size_t i = 0; i < N; i++) {
		ck_assert_ptr_eq(idmap_find(&map, conns[i].id),
			conns[i].is_in ? &conns[i] : NULL);
		n += conns[i].is_in;
	}
	ck_assert_uint_eq(map.n, n);
}

START_TEST(empty_finds_nothing)
{
	ck_assert_ptr_null(idmap_find(&map, 1));
	ck_assert_int_eq(idmap_add(&map, &conns[0]), 0);
	idmap_remove(&map, &conns[0]);
	ck_assert_ptr_null(idmap_find(&map, 1));
}
END_TEST

START_TEST(all_are_found)
{
	for (size_t i = 0; i < N; i++) {
		conns[i].is_in = true;
		ck_assert_int_eq(idmap_add(&map, &conns[i]), 0);
	}
	check_all();
	ck_assert_ptr_null(idmap_find(&map, N + 1));
	ck_assert_ptr_null(idmap_find(&map, UINT64_MAX));
}
END_TEST

/* Removing shifts others into the gap: none may be lost by it. */
START_TEST(any_changes_keep_all_others)
{
	srand((unsigned)_i + 1);
	for (int step = 0; step < 20000; step++) {
		struct conn *c = &conns[rand() % (_i ? N : 50)];

		if (c->is_in)
			idmap_remove(&map, c);
		else
			ck_assert_int_eq(idmap_add(&map, c), 0);
		c->is_in = !c->is_in;
		if (step % 400 == 0)
			check_all();
	}
	check_all();
}
END_TEST

int main(void)
{
	Suite *s = suite_create("idmap");
	TCase *tc = tcase_create("idmap");
	SRunner *sr = srunner_create(s);
	int failed;

	tcase_add_checked_fixture(tc, set_up, tear_down);
	tcase_add_test(tc, empty_finds_nothing);
	tcase_add_test(tc, all_are_found);
	tcase_add_loop_test(tc, any_changes_keep_all_others, 0, 3);
	suite_add_tcase(s, tc);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
