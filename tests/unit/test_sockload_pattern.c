/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The pattern of chargen: recognised from any place, in any pieces, and every
 * damage shows. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "src/bin/sockload_pattern.h"

#define PERIOD (95 * 74)
#define LEN    200000

static char stream[PERIOD + LEN];

static void set_up(void)
{
	pattern_init();
	for (size_t i = 0; i < sizeof(stream); i++) {
		size_t line = i / 74, column = i % 74;

		stream[i] = column < 72 ? (char)(' ' + (line + column) % 95)
			: column == 72  ? '\r'
					: '\n';
	}
}

/* From each place of the pattern, in pieces of one size. */
START_TEST(right_from_anywhere)
{
	static const size_t pieces[] = {1, 71, 75, 300};

	for (size_t start = 0; start < PERIOD; start++) {
		struct pattern p = {0};

		for (size_t at = 0; at < 300; at += pieces[_i]) {
			size_t n = pieces[_i] < 300 - at ? pieces[_i]
							 : 300 - at;
			if (pattern_check(&p, stream + start + at, n) != n)
				ck_abort_msg("start %zu, at %zu", start, at);
		}
		ck_assert_uint_eq(p.count, 300);
		ck_assert_int_eq(pattern_next(&p), stream[start + 300]);
	}
}
END_TEST

START_TEST(right_in_large_pieces)
{
	struct pattern p = {0};

	ck_assert_uint_eq(pattern_check(&p, stream + 5000, LEN), LEN);
	ck_assert_uint_eq(
		pattern_check(
			&p, stream + 5000 + LEN - LEN / PERIOD * PERIOD, 1000),
		1000);
}
END_TEST

START_TEST(wrong_byte_is_placed)
{
	static const size_t places[] = {
		74, 75, 7029, 7030, 65535, 65536, 131072, LEN - 1};
	size_t at = places[_i];
	struct pattern p = {0};

	stream[9 + at] ^= 1;
	ck_assert_uint_eq(pattern_check(&p, stream + 9, LEN), at);
	ck_assert_uint_eq(p.count, at);
	ck_assert_int_eq(pattern_next(&p), stream[9 + at] ^ 1);
}
END_TEST

/* However soon it comes: no other start makes it right. */
START_TEST(what_is_no_pattern_is_refused)
{
	static const char too_long[] = /* 73 letters */
		" !\"#$%&'()*+,-./0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ"
		"[\\]^_`abcdefgh";
	static const char *const wrong[] = {"aa", "\r\r", "\n\n", "ab\n",
		"a\r\nbb", "abc\r\nbcd", "\t", "\x7f", too_long};
	struct pattern p = {0};
	size_t len = strlen(wrong[_i]);

	ck_assert_uint_lt(pattern_check(&p, wrong[_i], len), len);
}
END_TEST

START_TEST(lost_and_doubled_bytes_show)
{
	struct pattern p = {0}, q = {0};

	ck_assert_uint_eq(pattern_check(&p, stream, 1000), 1000);
	ck_assert_uint_eq(pattern_check(&p, stream + 1001, 1000), 0);
	ck_assert_uint_eq(pattern_check(&q, stream, 1000), 1000);
	ck_assert_uint_eq(pattern_check(&q, stream + 926, 1000), 0);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("sockload_pattern");
	TCase *tc = tcase_create("pattern");
	SRunner *sr = srunner_create(s);
	int failed;

	tcase_add_checked_fixture(tc, set_up, NULL);
	tcase_add_loop_test(tc, right_from_anywhere, 0, 4);
	tcase_add_test(tc, right_in_large_pieces);
	tcase_add_loop_test(tc, wrong_byte_is_placed, 0, 8);
	tcase_add_loop_test(tc, what_is_no_pattern_is_refused, 0, 9);
	tcase_add_test(tc, lost_and_doubled_bytes_show);
	suite_add_tcase(s, tc);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
