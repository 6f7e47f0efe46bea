/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What is missing, late or double, told apart. */
#include <check.h>
#include <stdlib.h>

#include "src/bin/sockload_track.h"

/* n: next, g: gap, l: late, a: again; a number each. */
static const struct {
	const char *numbers, *outcomes;
	uint64_t n_missing;
} cases[] = {
	{"0123", "nnnn", 0},
	{"0213", "ngln", 0},
	{"013", "nng", 1},
	{"3", "g", 3},
	{"3210", "glll", 0},
	{"00", "na", 0},
	{"0233", "ngna", 1},
	{"02112", "nglaa", 0},
};

START_TEST(sequences)
{
	struct track t = {0};
	uint32_t next = 0, other = 0;

	track_see(&t, 2, 1, 1, &other); /* another pair's hole stays its own */
	for (const char *p = cases[_i].numbers; *p; p++) {
		uint64_t seq = (uint64_t)(*p - '0');
		enum track_outcome o = track_see(&t, 1, 1, seq, &next);
		ck_assert_int_eq(
			"ngla"[o], cases[_i].outcomes[p - cases[_i].numbers]);
	}
	ck_assert_uint_eq(track_missing(&t), cases[_i].n_missing + 1);
	track_fini(&t);
}
END_TEST

START_TEST(holes_are_bounded)
{
	struct track t = {0};
	uint32_t next = 0;

	ck_assert_int_eq(track_see(&t, 0, 0, 1000000, &next), TRACK_GAP);
	ck_assert_uint_eq(track_missing(&t), 1000000);
	ck_assert_uint_lt(t.n_holes, 200000);
	ck_assert_uint_eq(next, 1000001);
	track_fini(&t);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("sockload_track");
	TCase *tc = tcase_create("all");

	tcase_add_loop_test(tc, sequences, 0, sizeof(cases) / sizeof(*cases));
	tcase_add_test(tc, holes_are_bounded);
	suite_add_tcase(s, tc);
	SRunner *sr = srunner_create(s);
	srunner_run_all(sr, CK_NORMAL);
	int failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
