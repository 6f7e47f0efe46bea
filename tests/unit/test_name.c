/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "chat/name.h"

#define NAME_24 "abcdefghijklmnopqrstuvwx"
#define NAME_32 "abcdefghijklmnopqrstuvwxyz.12345"

static const struct {
	const char *nick;
	bool is_valid;
} nick_cases[] = {
	{"bob", true},
	{"B", true},
	{"_x9-[]{}|^", true},
	{"[b]", true},
	{NAME_24, true},
	{NAME_24 "y", false},
	{"", false},
	{"9bob", false},
	{"-bob", false},
	{"b ob", false},
	{"b*b", false},
	{"***", false},
	{"b.b", false},
	{"<bob>", false},
	{"b\xC3\xB6"
	 "b",
		false},
};

START_TEST(nick_rules)
{
	ck_assert_int_eq(
		nick_is_valid(nick_cases[_i].nick), nick_cases[_i].is_valid);
}
END_TEST

static const struct {
	const char *text, *name; /* NULL: refused */
} room_cases[] = {
	{"ops", "ops"},
	{"#Ops", "Ops"},
	{"9.-_", "9.-_"},
	{NAME_32, NAME_32},
	{"#" NAME_32, NAME_32},
	{NAME_32 "x", NULL},
	{"", NULL},
	{"#", NULL},
	{"##ops", NULL},
	{"o ps", NULL},
	{"o#ps", NULL},
	{"[ops]", NULL},
};

START_TEST(room_rules)
{
	char name[ROOM_NAME_MAX + 1] = "untouched";
	bool is_room = room_name_parse(name, room_cases[_i].text);

	ck_assert_int_eq(is_room, room_cases[_i].name != NULL);
	ck_assert_str_eq(name, is_room ? room_cases[_i].name : "untouched");
}
END_TEST

static const struct {
	const char *a, *b;
	bool is_equal, looks_alike;
} pairs[] = {
	{"bob", "BOB", true, true},
	{"bob", "b0b", false, true},
	{"BOB", "b0b", false, true},
	{"bill", "bi11", false, true},
	{"bill", "BlII", false, true},
	{"Ian", "lan", false, true},
	{"bob", "rob", false, false},
	{"[x]", "{x}", false, false},
	{"bob", "bobb", false, false},
};

START_TEST(equal_and_alike)
{
	char a[NICK_MAX + 1], b[NICK_MAX + 1];

	nick_make_key(a, pairs[_i].a);
	nick_make_key(b, pairs[_i].b);
	ck_assert_int_eq(
		name_equal(pairs[_i].a, pairs[_i].b), pairs[_i].is_equal);
	ck_assert_int_eq(strcmp(a, b) == 0, pairs[_i].looks_alike);
}
END_TEST

START_TEST(sorts_folded)
{
	ck_assert_int_lt(name_compare("alice", "Bob"), 0);
	ck_assert_int_gt(name_compare("bobb", "BOB"), 0);
	ck_assert_int_lt(name_compare("", "a"), 0);
}
END_TEST

START_TEST(guests)
{
	char nick[NICK_MAX + 1], other[NICK_MAX + 1];

	for (uint64_t i = 0; i < 100000; i += 17) {
		nick_make_guest(nick, i);
		ck_assert_uint_eq(strlen(nick), 10);
		ck_assert(nick_is_valid(nick) && nick_is_guest(nick));
		ck_assert_ptr_null(strpbrk(nick + 6, "0o1il"));
		nick_make_guest(other, i + 1);
		ck_assert_str_ne(nick, other);
	}
	ck_assert(nick_is_guest("GUEST-x"));
	ck_assert(nick_is_guest("guest-"));
	ck_assert(!nick_is_guest("guest"));
	ck_assert(!nick_is_guest("guestx"));
}
END_TEST

/* As a word of its own, whatever stands around it. */
static const struct {
	const char *text, *name;
	bool is_in;
} calls[] = {
	{"bob", "bob", true},
	{"hi BOB!", "bob", true},
	{"bob: hi", "Bob", true},
	{"(@bob)", "bob", true},
	{"bobby bob", "bob", true},
	{"\xC3\xA9"
	 "bob\xC3\xA9",
		"bob", true},
	{"x[y]z x[y]", "x[y]", true},
	{"bobby", "bob", false},
	{"abob", "bob", false},
	{"bob_", "bob", false},
	{"bob-cat", "bob", false},
	{"bob2", "bob", false},
	{"bo b", "bob", false},
	{"bo", "bob", false},
	{"", "bob", false},
	{"b0b", "bob", false},
	{"bob", "", false},
};

START_TEST(names_are_found_in_text)
{
	ck_assert_int_eq(
		name_is_in(calls[_i].text, calls[_i].name), calls[_i].is_in);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("name");
	TCase *tc = tcase_create("name");
	SRunner *runner;
	int failed;

	tcase_add_loop_test(
		tc, names_are_found_in_text, 0, sizeof calls / sizeof calls[0]);
	tcase_add_loop_test(
		tc, nick_rules, 0, sizeof nick_cases / sizeof nick_cases[0]);
	tcase_add_loop_test(
		tc, room_rules, 0, sizeof room_cases / sizeof room_cases[0]);
	tcase_add_loop_test(
		tc, equal_and_alike, 0, sizeof pairs / sizeof pairs[0]);
	tcase_add_test(tc, sorts_folded);
	tcase_add_test(tc, guests);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
