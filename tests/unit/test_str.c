/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/str.h"

#include <check.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

START_TEST(strbuf_grows_and_stays_terminated)
{
	struct strbuf sb = {0};
	char *text;

	for (int i = 0; i < 1000; i++) {
		strbuf_addc(&sb, 'a');
		ck_assert_uint_eq(strlen(sb.data), (size_t)i + 1);
	}
	strbuf_add(&sb, "x\0y", 3);
	ck_assert_uint_eq(sb.len, 1003);
	ck_assert_int_eq(sb.data[1003], '\0');
	strbuf_clear(&sb);
	ck_assert_uint_eq(sb.len, 0);
	strbuf_addf(&sb, "%d %0300d", 7, 5);
	ck_assert_uint_eq(sb.len, 302);
	ck_assert_int_eq(sb.data[301], '5');
	text = strbuf_take(&sb);
	ck_assert_uint_eq(strlen(text), 302);
	ck_assert_ptr_null(sb.data);
	free(text);
}
END_TEST

START_TEST(strbuf_of_nothing_is_empty_text)
{
	struct strbuf sb = {0};
	char *text = strbuf_take(&sb);

	ck_assert_str_eq(text, "");
	free(text);
	strbuf_add(&sb, NULL, 0);
	ck_assert_str_eq(sb.data, "");
	strbuf_fini(&sb);
}
END_TEST

START_TEST(strbuf_remembers_a_failure)
{
	struct strbuf sb = {0};

	strbuf_adds(&sb, "ab");
	ck_assert_int_eq(strbuf_reserve(&sb, SIZE_MAX), -ENOMEM);
	ck_assert(sb.failed);
	strbuf_adds(&sb, "cd");
	ck_assert_str_eq(sb.data, "ab");
	ck_assert_ptr_null(strbuf_take(&sb));
	ck_assert(!sb.failed);
}
END_TEST

START_TEST(strlist_copies)
{
	struct strlist list = {0};
	char text[16];

	for (int i = 0; i < 100; i++) {
		snprintf(text, sizeof(text), "%d", i);
		ck_assert_int_eq(strlist_add(&list, text), 0);
	}
	ck_assert_uint_eq(list.n_items, 100);
	ck_assert_str_eq(list.items[0], "0");
	ck_assert_str_eq(list.items[99], "99");
	strlist_fini(&list);
	ck_assert_ptr_null(list.items);
	strlist_fini(&list);
}
END_TEST

static const struct {
	const char *a, *b;
	size_t limit, distance;
} distances[] = {
	{"", "", 3, 0},
	{"listen", "listen", 0, 0},
	{"LISTEN", "listen", 0, 0},
	{"listne", "listen", 2, 1},
	{"lsten", "listen", 2, 1},
	{"listten", "listen", 2, 1},
	{"lispen", "listen", 2, 1},
	{"", "abc", 5, 3},
	{"abc", "", 5, 3},
	{"kitten", "sitting", 5, 3},
	{"kitten", "sitting", 2, 3},
	{"abcdef", "uvwxyz", 1, 2},
	{"ab", "ba", 1, 1},
	{"a cat", "an abct", 9, 4},
};

START_TEST(distance_counts_edits)
{
	size_t d = str_distance(
		distances[_i].a, distances[_i].b, distances[_i].limit);

	ck_assert_msg(d == distances[_i].distance, "%s %s: %zu",
		distances[_i].a, distances[_i].b, d);
}
END_TEST

START_TEST(distance_of_long_words_is_far)
{
	char text[1000];

	memset(text, 'a', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	ck_assert_uint_eq(str_distance(text, text, 5), 6);
	text[128] = '\0';
	ck_assert_uint_eq(str_distance(text, text, 5), 0);
}
END_TEST

static const struct {
	const char *word, *nearest;
} nears[] = {
	{"listne", "listen"},
	{"listn", "listen"},
	{"Listen", "listen"},
	{"idel", "idle"},
	{"xyz", NULL},
	{"lx", NULL},
	{"", NULL},
	{"group", "group"},
	{"framming", "framing"},
};

START_TEST(nearest_is_near)
{
	static const char *const words[] = {
		"backlog",
		"framing",
		"group",
		"idle",
		"listen",
		"mode",
	};
	const char *got = str_nearest(nears[_i].word, words, 6);

	if (!nears[_i].nearest)
		ck_assert_ptr_null(got);
	else
		ck_assert_pstr_eq(got, nears[_i].nearest);
}
END_TEST

START_TEST(escape_shows_bytes)
{
	struct strbuf sb = {0};

	str_escape(&sb, "a\n\r\t\"\\\x01\xff\0z", 10, 80);
	ck_assert_str_eq(sb.data, "a\\n\\r\\t\\\"\\\\\\x01\\xff\\x00z");
	strbuf_clear(&sb);
	str_escape(&sb, "abcdef", 6, 4);
	ck_assert_str_eq(sb.data, "abcd...");
	strbuf_clear(&sb);
	str_escape(&sb, "abcd", 4, 4);
	ck_assert_str_eq(sb.data, "abcd");
	strbuf_fini(&sb);
}
END_TEST

static const struct {
	unsigned long long n;
	const char *text;
} counts[] = {
	{0, "0"},
	{999, "999"},
	{1000, "1,000"},
	{5312, "5,312"},
	{1234567, "1,234,567"},
	{123456, "123,456"},
	{UINT64_MAX, "18,446,744,073,709,551,615"},
};

START_TEST(count_has_commas)
{
	char buf[STR_COUNT_LEN];

	ck_assert_str_eq(str_count(buf, counts[_i].n), counts[_i].text);
}
END_TEST

static const struct {
	const char *text, *trimmed;
} trims[] = {
	{"", ""},
	{" \t ", ""},
	{"a", "a"},
	{"\t a b \t", "a b"},
	{"\ra", "\ra"},
};

START_TEST(trim_takes_blanks_away)
{
	struct slice s = {trims[_i].text, strlen(trims[_i].text)};

	s = slice_trim(s, " \t");
	ck_assert_uint_eq(s.len, strlen(trims[_i].trimmed));
	ck_assert_mem_eq(s.data, trims[_i].trimmed, s.len);
}
END_TEST

/* A byte of 0 is none of them. */
START_TEST(trim_leaves_zeros)
{
	ck_assert_uint_eq(slice_trim((struct slice){"\0a\0", 3}, " ").len, 3);
}
END_TEST

#define N(array) ((int)(sizeof(array) / sizeof((array)[0])))

int main(void)
{
	Suite *s = suite_create("str");
	TCase *tc = tcase_create("str");
	SRunner *sr = srunner_create(s);
	int failed;

	tcase_add_test(tc, strbuf_grows_and_stays_terminated);
	tcase_add_test(tc, strbuf_of_nothing_is_empty_text);
	tcase_add_test(tc, strbuf_remembers_a_failure);
	tcase_add_test(tc, strlist_copies);
	tcase_add_loop_test(tc, distance_counts_edits, 0, N(distances));
	tcase_add_test(tc, distance_of_long_words_is_far);
	tcase_add_loop_test(tc, nearest_is_near, 0, N(nears));
	tcase_add_test(tc, escape_shows_bytes);
	tcase_add_loop_test(tc, count_has_commas, 0, N(counts));
	tcase_add_loop_test(tc, trim_takes_blanks_away, 0, N(trims));
	tcase_add_test(tc, trim_leaves_zeros);
	suite_add_tcase(s, tc);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
