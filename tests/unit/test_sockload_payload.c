/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The streams: the same wherever they are cut, and every damage shows. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "src/bin/sockload_payload.h"

#define LEN 300000

static char stream[LEN];

static void fill(uint32_t conn)
{
	payload_init();
	for (size_t i = 0; i < LEN; i++)
		stream[i] = *payload_at(conn, i);
}

START_TEST(right_in_any_pieces)
{
	static const size_t pieces[] = {1, 64, 4096, 65536, 65537, LEN};

	fill(7);
	for (size_t at = 0; at < LEN; at += pieces[_i]) {
		size_t n = pieces[_i] < LEN - at ? pieces[_i] : LEN - at;
		ck_assert_uint_eq(payload_check(7, at, stream + at, n), n);
	}
}
END_TEST

START_TEST(wrong_byte_is_placed)
{
	static const size_t places[] = {0, 63, 65520, 65521, 131072, LEN - 1};
	size_t at = places[_i];

	fill(3);
	stream[at] ^= 1;
	ck_assert_uint_eq(payload_check(3, 0, stream, LEN), at);
}
END_TEST

START_TEST(missing_bytes_are_found_later)
{
	int64_t distance = 0;

	fill(2);
	ck_assert_uint_lt(payload_check(2, 6400, stream + 6464, 128), 8);
	ck_assert(payload_find(2, 6400, stream + 6464, 128, &distance));
	ck_assert_int_eq(distance, 64);
	ck_assert(payload_find(2, 6400, stream + 6336, 64, &distance));
	ck_assert_int_eq(distance, -64);
}
END_TEST

START_TEST(noise_is_found_nowhere)
{
	static const char noise[] = "this was never sent by anybody, ever";
	int64_t distance;

	fill(2);
	ck_assert(!payload_find(2, 100, noise, sizeof(noise) - 1, &distance));
	ck_assert(!payload_find(2, 100, stream, 3, &distance));
}
END_TEST

START_TEST(connections_differ)
{
	payload_init();
	for (uint32_t i = 1; i < 1000; i++)
		ck_assert_mem_ne(payload_at(0, 0), payload_at(i, 0), 16);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("sockload_payload");
	TCase *tc = tcase_create("all");

	tcase_add_loop_test(tc, right_in_any_pieces, 0, 6);
	tcase_add_loop_test(tc, wrong_byte_is_placed, 0, 6);
	tcase_add_test(tc, missing_bytes_are_found_later);
	tcase_add_test(tc, noise_is_found_nowhere);
	tcase_add_test(tc, connections_differ);
	suite_add_tcase(s, tc);
	SRunner *sr = srunner_create(s);
	srunner_run_all(sr, CK_NORMAL);
	int failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
