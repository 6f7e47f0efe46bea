/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Coming back: the hub's side of /resume. */
#include "chat/hub_private.h"
#include "resume_world.h"

START_TEST(a_code_is_told_with_the_name)
{
	struct member *carol = guest(3, 0);
	char first[64];

	world_run(&w, carol, "nick", "carol", NULL);
	expect("to 3: YOU_RENAMED carol \"CODE\"\n"
	       "room 0 !3: JOINED carol #lobby\n");
	strcpy(first, code);
	world_run(&w, carol, "nick", "caroline", NULL);
	expect("to 3: YOU_RENAMED caroline \"CODE\"\n"
	       "near 0 !3: RENAMED carol caroline\n");
	ck_assert_str_eq(first, code);
	world_run(&w, carol, "nick", "caroline", NULL);
	expect("to 3: YOU_RENAMED caroline \"CODE\"\n");
	world_leave(&w, carol, NULL);
}
END_TEST

START_TEST(who_comes_back_is_shown_what_was_missed)
{
	char old[64];

	say(alice, "before");
	world_run(&w, bob, "join", "ops", NULL);
	world_run(&w, alice, "join", "ops", NULL);
	world_run(&w, alice, "topic", "tea", NULL);
	say(bob, "mine");
	leave(&bob);
	say(alice, "one");
	world_run(&w, alice, "me", "two", NULL);
	outbox_clear(&w.out);
	bob = guest(9, 0);
	strcpy(old, code);
	world_run(&w, bob, "resume", old, NULL);
	expect("unseat 9 in 0\n"
	       "seat 9 in 1\n"
	       "to 9: WELCOME_BACK bob \"CODE\" n=2\n"
	       "to 9: YOU_JOINED bob #ops \"sockd\" n=2\n"
	       "to 9: YOU_TOPIC #ops \"tea\"\n"
	       "to 9: REPLAY #ops [SAID alice #ops \"one\","
	       " ACTION alice #ops \"two\"]\n"
	       "room 1 !9: JOINED bob #ops\n"
	       "wants 9 0\n");
	ck_assert_str_eq(member_nick(bob), "bob");
	ck_assert_str_ne(code, old);
	ck_assert_uint_eq(hub_n_members(w.hub), 2);
	/* the code was good once, the new one is */
	leave(&bob);
	outbox_clear(&w.out);
	bob = guest(10, 0);
	world_run(&w, bob, "resume", old, NULL);
	expect("to 10: E_CODE_UNKNOWN limit=600000\n");
	world_run(&w, bob, "resume", code, NULL);
	ck_assert_ptr_nonnull(
		strstr(read_all(), "to 10: WELCOME_BACK bob \"CODE\"\n"));
}
END_TEST

/* In the room where it is already, as a guest whom the room has not seen. */
START_TEST(the_room_may_be_the_first_one)
{
	leave(&bob);
	say(alice, "one");
	come_back(9, 1);
	expect("room 0 !9: JOINED bob #lobby\n"
	       "to 9: WELCOME_BACK bob \"CODE\" n=1\n"
	       "to 9: YOU_JOINED bob #lobby \"sockd\" n=2\n"
	       "to 9: REPLAY #lobby [SAID alice #lobby \"one\"]\n"
	       "wants 9 0\n");
}
END_TEST

/* ... or has, and then it sees the guest renamed, or leave. */
START_TEST(a_guest_that_was_seen_changes_before_all)
{
	leave(&bob);
	bob = guest(9, 1);
	say(bob, "hello?");
	outbox_clear(&w.out);
	world_run(&w, bob, "resume", code, NULL);
	expect("near 0 !9: RENAMED guest-**** bob\n"
	       "to 9: WELCOME_BACK bob \"CODE\" n=1\n"
	       "to 9: YOU_JOINED bob #lobby \"sockd\" n=2\n"
	       "to 9: REPLAY #lobby [SAID guest-**** #lobby \"hello?\"]\n"
	       "wants 9 0\n");
}
END_TEST

START_TEST(the_name_may_be_taken)
{
	struct member *other;
	char mine[64];

	world_run(&w, bob, "join", "ops", NULL);
	leave(&bob);
	strcpy(mine, code);
	other = person(3, 0, "b0b"); /* looks like it */
	bob = guest(9, 1);
	world_run(&w, bob, "resume", mine, NULL);
	ck_assert_ptr_nonnull(strstr(read_all(),
		"to 9: WELCOME_BACK guest-**** bob \"CODE\"\n"
		"to 9: YOU_JOINED guest-**** #ops"));
	ck_assert(strncmp(member_nick(bob), "guest-", 6) == 0);
	/* the rest is resumed, and can be again: there is no name to be had */
	leave(&bob);
	come_back(10, 1);
	ck_assert_ptr_nonnull(strstr(
		read_all(), "to 10: WELCOME_BACK guest-**** \"CODE\"\n"));
	world_leave(&w, other, NULL);
	outbox_clear(&w.out);
}
END_TEST

START_TEST(what_is_lost_is_said)
{
	char text[16];

	w.settings.history = 3;
	world_configure(&w);
	leave(&bob);
	for (int i = 0; i < 15; i++) {
		snprintf(text, sizeof text, "%d", i);
		say(alice, text);
	}
	come_back(9, 1);
	ck_assert_ptr_nonnull(strstr(read_all(),
		"to 9: WELCOME_BACK bob \"CODE\" n=15 limit=12\n"
		"to 9: YOU_JOINED bob #lobby \"sockd\" n=2\n"
		"to 9: REPLAY #lobby n=12 [SAID alice #lobby \"12\", SAID"));
	w.settings.history = 0;
	world_configure(&w);
	leave(&bob);
	say(alice, "x");
	come_back(10, 1);
	expect("room 0 !10: JOINED bob #lobby\n"
	       "to 10: WELCOME_BACK bob \"CODE\" n=1 limit=1\n"
	       "to 10: YOU_JOINED bob #lobby \"sockd\" n=2\n"
	       "wants 10 0\n");
}
END_TEST

/* The ids rise over gaps; the sequence of the room has none. */
START_TEST(other_rooms_do_not_count)
{
	struct member *carol = person(3, 0, "carol");
	char mine[64];

	leave(&carol);
	world_run(&w, bob, "join", "ops", NULL);
	world_run(&w, bob, "nick", "bob", NULL);
	(void)read_all();
	strcpy(mine, code);
	leave(&bob);
	for (int i = 0; i < 20; i++)
		say(alice, "elsewhere");
	outbox_clear(&w.out);
	bob = guest(9, 1);
	world_run(&w, bob, "resume", mine, NULL);
	ck_assert_ptr_nonnull(strstr(
		read_all(), "to 9: WELCOME_BACK bob \"CODE\"\nto 9: YOU_JOI"));
}
END_TEST

/* A room that was forgotten meanwhile is another one. */
START_TEST(the_room_may_be_another)
{
	w.settings.room_keep_ms = 1000;
	world_configure(&w);
	world_run(&w, bob, "join", "ops", NULL);
	say(bob, "a");
	say(bob, "b");
	leave(&bob);
	world_later(&w, 2000);
	world_run(&w, alice, "join", "ops", NULL);
	say(alice, "new");
	come_back(9, 1);
	ck_assert_ptr_nonnull(
		strstr(read_all(), "WELCOME_BACK bob \"CODE\" n=1\n"));
}
END_TEST

START_TEST(a_room_may_be_locked)
{
	static char name[] = "ops";
	static struct room_settings rooms[] = {{.name = name, .locked = true}};

	world_run(&w, bob, "join", "ops", NULL);
	leave(&bob);
	w.settings.rooms = rooms;
	w.settings.n_rooms = 1;
	world_configure(&w);
	come_back(9, 1);
	expect("to 9: E_ROOM_LOCKED #ops\n"
	       "room 0 !9: JOINED bob #lobby\n"
	       "to 9: WELCOME_BACK bob \"CODE\"\n"
	       "to 9: YOU_JOINED bob #lobby \"sockd\" n=2\n"
	       "wants 9 0\n");
}
END_TEST

/* The answer is what became of the whole. */
START_TEST(a_locked_room_is_no_answer)
{
	struct chat_call call = {.args = {code}, .n_args = 1, .ref = "7"};
	const struct chat_verb *others[2];

	world_run(&w, bob, "join", "ops", NULL);
	leave(&bob);
	(void)read_all();
	rooms_find(&w.hub->rooms, "ops")->lock = ROOM_LOCKED;
	bob = guest(9, 1);
	call.verb = chat_verb_find("resume", others);
	hub_run(w.hub, bob, &call, &w.now, &w.out);
	expect("to 9: E_ROOM_LOCKED #ops\n"
	       "room 0 !9: JOINED bob #lobby\n"
	       "to 9: WELCOME_BACK bob \"CODE\"\n"
	       "to 9: YOU_JOINED bob #lobby \"sockd\" n=2\n"
	       "wants 9 0\n"
	       "to 9: OK ref=7\n");
}
END_TEST

START_TEST(codes_end)
{
	leave(&bob);
	world_later(&w, KEEP_MS - 1);
	bob = guest(9, 1);
	world_run(&w, bob, "resume", code, NULL);
	ck_assert_ptr_nonnull(strstr(read_all(), "WELCOME_BACK bob"));
	leave(&bob);
	world_later(&w, KEEP_MS);
	come_back(10, 1);
	expect("to 10: E_CODE_UNKNOWN limit=600000\n");
}
END_TEST

START_TEST(nothing_is_resumed_if_it_is_off)
{
	leave(&bob);
	keep_for(0);
	come_back(9, 1);
	expect("to 9: E_NO_RESUME\n");
	world_run(&w, bob, "nick", "carol", NULL);
	expect("to 9: YOU_RENAMED carol\nroom 0 !9: JOINED carol #lobby\n");
	leave(&bob);
	keep_for(KEEP_MS);
	come_back(10, 1);
	expect("to 10: E_CODE_UNKNOWN limit=600000\n");
}
END_TEST

/* What was noted of where bob sat goes with the code. */
START_TEST(codes_go_with_those_who_leave_while_it_is_off)
{
	keep_for(0);
	leave(&bob);
	keep_for(KEEP_MS);
	come_back(10, 1);
	expect("to 10: E_CODE_UNKNOWN limit=600000\n");
}
END_TEST

/* Guessing: few tries on a connection, few on all that no address is counted
 * for. */
START_TEST(wrong_codes_are_few)
{
	struct member *guests[5];
	char wrong[8], mine[64];

	strcpy(mine, code);
	leave(&bob);
	outbox_clear(&w.out);
	bob = guest(9, 1);
	for (int i = 0; i < 6; i++) {
		snprintf(wrong, sizeof wrong, "0000-0%d", i);
		world_run(&w, bob, "resume", wrong, NULL);
		expect(i < 5 ? "to 9: E_CODE_UNKNOWN limit=600000\n"
			     : "to 9: E_CODE_TRIES limit=5\n");
	}
	world_run(&w, bob, "resume", mine, NULL);
	expect("to 9: E_CODE_TRIES limit=5\n");
	for (uint64_t i = 0; i < 3; i++) {
		guests[i] = guest(20 + i, 0);
		for (int k = 0; k < 5; k++)
			world_run(&w, guests[i], "resume", "000000", NULL);
	}
	outbox_clear(&w.out);
	guests[3] = guest(30, 0);
	world_run(&w, guests[3], "resume", "1", NULL); /* no code at all */
	expect("to 30: E_CODE_UNKNOWN limit=600000\n");
	world_run(&w, guests[3], "resume", "000000", NULL);
	expect("to 30: E_CODE_BUSY\n");
	world_run(&w, guests[3], "resume", mine, NULL);
	expect("to 30: E_CODE_BUSY\n");
	world_later(&w, 500);
	world_run(&w, guests[3], "resume", mine, NULL);
	ck_assert_ptr_nonnull(strstr(read_all(), "WELCOME_BACK bob"));
	/* the right one cost nothing */
	guests[4] = guest(31, 0);
	world_run(&w, guests[4], "resume", "000000", NULL);
	expect("to 31: E_CODE_UNKNOWN limit=600000\n");
	for (int i = 0; i < 5; i++)
		world_leave(&w, guests[i], NULL);
	outbox_clear(&w.out);
}
END_TEST

/* With the person comes what it wanted and who it was for others. */
START_TEST(the_person_comes_back_whole)
{
	char mine[64];

	strcpy(mine, code);
	world_run(&w, bob, "time", "on", NULL);
	world_run(&w, bob, "quiet", "on", NULL);
	world_run(&w, bob, "away", "tea", NULL);
	world_run(&w, bob, "ignore", "alice", NULL);
	world_run(&w, alice, "ignore", "bob", NULL);
	leave(&bob);
	say(alice, "not for bob");
	outbox_clear(&w.out);
	bob = guest(9, 1);
	world_run(&w, bob, "resume", mine, NULL);
	expect("room 0 !9: JOINED bob #lobby\n"
	       "to 9: WELCOME_BACK bob \"CODE\"\n"
	       "to 9: YOU_JOINED bob #lobby \"sockd\" n=2\n"
	       "wants 9 5\n"
	       "ignore 9 1\n");
	world_run(&w, alice, "msg", "bob", "x", NULL);
	expect("to 2: PRIVATE_COPY alice bob \"x\"\n"
	       "to 2: AWAY_NOTE bob \"tea\"\n");
	world_run(&w, bob, "msg", "alice", "x", NULL);
	expect("to 9: PRIVATE_COPY bob alice \"x\"\n");
	say(bob, "x");
	ck_assert_uint_eq(w.out.posts[0].msg->author, 2);
	outbox_clear(&w.out);
	world_run(&w, alice, "ignore", NULL);
	expect("to 2: IGNORING n=1 [WHO_ITEM bob]\n");
}
END_TEST

/* Nobody ends up ignoring itself, or twice. */
START_TEST(ignoring_survives_the_meeting)
{
	char mine[64];
	struct member *now;

	strcpy(mine, code);
	world_run(&w, bob, "ignore", "alice", NULL);
	now = guest(9, 1);
	world_run(&w, now, "ignore", "bob", NULL);
	world_run(&w, now, "ignore", "alice", NULL);
	world_run(&w, alice, "ignore", member_nick(now), NULL);
	world_run(&w, alice, "ignore", "bob", NULL);
	leave(&bob);
	outbox_clear(&w.out);
	bob = now;
	world_run(&w, bob, "resume", mine, NULL);
	outbox_clear(&w.out);
	world_run(&w, bob, "ignore", NULL);
	expect("to 9: IGNORING n=1 [WHO_ITEM alice]\n");
	world_run(&w, alice, "ignore", NULL);
	expect("to 2: IGNORING n=2 [WHO_ITEM bob, WHO_ITEM guest-****]\n");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("resume");
	TCase *tc = tcase_create("resume");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(tc, resume_set_up, resume_tear_down);
	tcase_add_test(tc, a_code_is_told_with_the_name);
	tcase_add_test(tc, who_comes_back_is_shown_what_was_missed);
	tcase_add_test(tc, the_room_may_be_the_first_one);
	tcase_add_test(tc, a_guest_that_was_seen_changes_before_all);
	tcase_add_test(tc, the_name_may_be_taken);
	tcase_add_test(tc, what_is_lost_is_said);
	tcase_add_test(tc, other_rooms_do_not_count);
	tcase_add_test(tc, the_room_may_be_another);
	tcase_add_test(tc, a_room_may_be_locked);
	tcase_add_test(tc, a_locked_room_is_no_answer);
	tcase_add_test(tc, codes_end);
	tcase_add_test(tc, nothing_is_resumed_if_it_is_off);
	tcase_add_test(tc, codes_go_with_those_who_leave_while_it_is_off);
	tcase_add_test(tc, wrong_codes_are_few);
	tcase_add_test(tc, the_person_comes_back_whole);
	tcase_add_test(tc, ignoring_survives_the_meeting);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
