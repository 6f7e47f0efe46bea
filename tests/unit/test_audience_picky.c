/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Those who do not get what the others of their rendering get. */
#include "audience_world.h"

/* What that person, who is not here, says. */
static void add_of(uint32_t room, const char *text, uint64_t person)
{
	struct chat_msg *msg = chat_msg_new(&(struct chat_msg_spec){
		.type = CHAT_SAID, .text = text, .author = person});

	ck_assert_int_eq(audience_add(set, room, msg, 0), 0);
}

static void add_joined(uint32_t room, const char *text)
{
	struct chat_msg *msg = chat_msg_new(
		&(struct chat_msg_spec){.type = CHAT_JOINED, .text = text});

	ck_assert_int_eq(audience_add(set, room, msg, 0), 0);
}

static void ignore(size_t i, uint64_t person, bool is_ignored)
{
	ck_assert_int_eq(audience_ignore(sessions[i], person, is_ignored), 0);
}

START_TEST(the_ignored_are_left_out)
{
	for (int i = 0; i < 3; i++)
		seat(come(0), 1);
	seat(0, 2);
	ignore(0, 77, true);
	ignore(0, 77, true); /* once is enough */
	ignore(0, 78, true);
	seat(0, 3); /* ignores there as well */
	add_of(1, "a", 77);
	add_of(1, "b", 76);
	add(1, "mine", 1);
	add(1, "c", 0);
	add_of(2, "d", 77);
	add_of(3, "e", 78);
	ck_assert(audiences_run(set, FOREVER));
	ck_got(0, "b;c;");
	ck_got(1, "a;b;mine;c;");
	ck_got(2, "a;b;mine;c;");
	ignore(0, 77, false);
	ignore(0, 79, false); /* never was */
	add_of(1, "f", 77);
	add_of(3, "g", 78);
	ck_assert(audiences_run(set, FOREVER));
	ck_got(0, "f;");
	ignore(0, 78, false);
	ck_assert_uint_eq(sessions[0]->ignored.n, 0);
	add_of(1, "h", 78);
	ck_assert(audiences_run(set, FOREVER));
	ck_got(0, "h;");
	ck_assert_uint_eq(n_renders, 9); /* once for all, as ever */
}
END_TEST

START_TEST(an_ignorer_may_move_and_leave)
{
	for (int i = 0; i < 4; i++)
		seat(come(0), 1);
	ignore(1, 77, true);
	ignore(3, 77, true);
	move(1, DIALECT_CRLF);
	add_of(1, "a", 77);
	add(1, "b", 0);
	ck_assert(audiences_run(set, FOREVER));
	ck_got(0, "a;b;");
	ck_got(1, "^b;");
	ck_got(3, "b;");
	audience_unseat(set, 1, sessions[1]);
	conn_close(sessions[3]->conn, CLOSE_DONE, NULL);
	add_of(1, "c", 77);
	ck_assert(audiences_run(set, FOREVER));
	ck_got(0, "c;");
	ck_got(1, "");
	ck_got(2, "a;b;c;");
}
END_TEST

/* A clock that is always late ends the turn after each that takes longer. */
START_TEST(ignorers_take_turns_and_may_end_in_them)
{
	int turns = 1;

	for (size_t i = 0; i < 10; i++) {
		seat(come(0), 1);
		ignore(i, 77, true);
	}
	add_of(1, "a", 77);
	add(1, "b", 0);
	ck_assert(!audiences_run(set, 0));
	conn_close(sessions[9]->conn, CLOSE_DONE, NULL);
	reset_peer(5);
	while (!audiences_run(set, 0))
		turns++;
	ck_assert_int_ge(turns, 8);
	add(1, "c", 0);
	ck_assert(audiences_run(set, FOREVER));
	for (size_t i = 0; i < 9; i++)
		if (i != 5)
			ck_got(i, "b;c;");
}
END_TEST

START_TEST(a_name_rings_for_who_wants_it)
{
	static const char *const nicks[] = {"bob", "bob", "al", NULL};

	for (size_t i = 0; i < 4; i++) {
		come(i == 1 ? 0 : DIALECT_BELL);
		conn_set_nick(sessions[i]->conn, nicks[i]);
		seat(i, 1);
	}
	add(1, "hi Bob", 0);
	add(1, "bobby", 0);
	add(1, "bob: al?", 3);
	add_joined(1, "bob");
	ck_assert(audiences_run(set, FOREVER));
	ck_got(0, "hi Bob!;bobby;bob: al?!;bob;");
	ck_got(1, "hi Bob;bobby;bob: al?;bob;");
	ck_got(2, "hi Bob;bobby;bob;");
	ck_got(3, "hi Bob;bobby;bob: al?;bob;");
	ck_assert_uint_eq(n_renders, 4 + 2); /* one rendering, two rings */
	move(0, 0);
	add(1, "bob", 0);
	ck_assert(audiences_run(set, FOREVER));
	ck_got(0, "bob;");
}
END_TEST

/* What is not shown is not sent, and not missed. */
START_TEST(nothing_is_nothing)
{
	struct chat_msg *joined = chat_msg_new(
		&(struct chat_msg_spec){.type = CHAT_JOINED, .text = "j"});

	seat(come(DIALECT_QUIET), 1);
	seat(come(DIALECT_QUIET | DIALECT_BELL), 1);
	add_joined(1, "a");
	ck_assert(audiences_run(set, FOREVER));
	add_joined(1, "b");
	add(1, "c", 0);
	ck_assert(audiences_run(set, FOREVER));
	audience_tell(set, sessions[0], joined);
	ck_got(0, "^c;");
	ck_got(1, "^c;");
	flood(0);
	flood(1);
	add_joined(1, "d");
	add(1, "e", 0);
	ck_assert(audiences_run(set, FOREVER));
	audience_tell(set, sessions[0], joined);
	ck_assert_uint_eq(sessions[0]->missed, 1);
	ck_assert_uint_eq(sessions[1]->missed, 1);
	chat_msg_unref(joined);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("audience_picky");
	TCase *tc = tcase_create("audience_picky");
	SRunner *sr = srunner_create(s);
	int failed;

	tcase_add_checked_fixture(tc, set_up, tear_down);
	tcase_add_test(tc, the_ignored_are_left_out);
	tcase_add_test(tc, an_ignorer_may_move_and_leave);
	tcase_add_test(tc, ignorers_take_turns_and_may_end_in_them);
	tcase_add_test(tc, a_name_rings_for_who_wants_it);
	tcase_add_test(tc, nothing_is_nothing);
	suite_add_tcase(s, tc);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
