/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Coming back while the old connection is still here for the server. */
#include "resume_world.h"

/* The old connection is there still: it is closed, and only when it has left
 * the new one goes on. */
START_TEST(a_ghost_is_closed_first)
{
	struct member *ghost = bob;

	bob = guest(9, 0);
	world_run(&w, bob, "resume", code, NULL);
	expect("close 1: RESUMED\n");
	say(alice, "meanwhile");
	outbox_clear(&w.out);
	leave(&ghost);
	expect("room 0 !1: LEFT bob #lobby \"gone\"\ngo on 9\n");
	/* nobody else gets the name */
	world_run(&w, alice, "nick", "BOB", NULL);
	expect("to 2: E_NICK_TAKEN \"BOB\"\n");
	hub_go_on(w.hub, bob, &w.now, &w.out);
	expect("room 0 !9: JOINED bob #lobby\n"
	       "to 9: WELCOME_BACK bob \"CODE\"\n"
	       "to 9: YOU_JOINED bob #lobby \"sockd\" n=2\n"
	       "wants 9 0\n");
	hub_go_on(w.hub, bob, &w.now, &w.out);
	expect("");
	world_run(&w, alice, "nick", "BOB", NULL);
	expect("to 2: E_NICK_TAKEN bob \"BOB\"\n");
}
END_TEST

/* What had not arrived at the ghost was missed. */
START_TEST(what_a_ghost_never_got_is_missed)
{
	struct member *ghost = bob;

	say(alice, "arrived");
	say(alice, "lost 1");
	say(bob, "one's own");
	say(alice, "lost 2");
	say(alice, "left out");
	bob = guest(9, 0);
	world_run(&w, bob, "resume", code, NULL);
	outbox_clear(&w.out);
	hub_set_unread(w.hub, ghost, strlen("<alice> lost 1\n") + 1, 1);
	leave(&ghost);
	outbox_clear(&w.out);
	hub_go_on(w.hub, bob, &w.now, &w.out);
	ck_assert_ptr_nonnull(strstr(read_all(),
		"WELCOME_BACK bob \"CODE\" n=3\n"
		"to 9: YOU_JOINED bob #lobby \"sockd\" n=2\n"
		"to 9: REPLAY #lobby [SAID alice #lobby \"lost 1\","
		" SAID alice #lobby \"lost 2\","
		" SAID alice #lobby \"left out\"]\n"));
}
END_TEST

/* Nor what was on its way to it inside the server. */
START_TEST(what_a_ghost_was_never_told_is_missed)
{
	for (int i = 0; i < 5; i++)
		say(alice, i < 2 ? "lost" : "never told");
	hub_set_unread(w.hub, bob, strlen("<alice> lost\n"), 0);
	hub_set_told(w.hub, bob, 0, 2);
	hub_set_told(w.hub, bob, 1, 0); /* where it does not sit */
	leave(&bob);
	come_back(9, 0);
	ck_assert_ptr_nonnull(strstr(read_all(),
		"REPLAY #lobby [SAID alice #lobby \"lost\","
		" SAID alice #lobby \"never told\","
		" SAID alice #lobby \"never told\","
		" SAID alice #lobby \"never told\"]\n"));
}
END_TEST

/* More was under way than the room remembers. */
START_TEST(what_nobody_remembers_is_estimated)
{
	w.settings.history = 4;
	world_configure(&w);
	for (int i = 0; i < 50; i++)
		say(alice, "0123456789012345"); /* 25 bytes each */
	hub_set_unread(w.hub, bob, 250, 20);
	leave(&bob);
	come_back(9, 0);
	ck_assert_ptr_nonnull(strstr(
		read_all(), "WELCOME_BACK bob \"CODE\" n=30 limit=26\n"));
	hub_set_unread(w.hub, bob, 1 << 30, 0);
	leave(&bob);
	come_back(10, 0);
	ck_assert_ptr_nonnull(strstr(
		read_all(), "WELCOME_BACK bob \"CODE\" n=50 limit=46\n"));
}
END_TEST

START_TEST(a_claimer_may_leave)
{
	struct member *first = guest(9, 0), *ghost = bob;

	world_run(&w, first, "resume", code, NULL);
	world_leave(&w, first, NULL);
	outbox_clear(&w.out);
	leave(&ghost);
	expect("room 0 !1: LEFT bob #lobby \"gone\"\n");
	bob = guest(10, 0);
	world_run(&w, bob, "resume", code, NULL);
	ck_assert_ptr_nonnull(strstr(read_all(), "WELCOME_BACK bob"));
}
END_TEST

/* Between the leaving of the old one and its going on nothing takes it away. */
START_TEST(who_waits_is_told_or_comes_back)
{
	for (int i = 0; i < 2; i++) {
		struct member *claimer = guest(9, 0);

		world_run(&w, claimer, "resume", code, NULL);
		expect("close 1: RESUMED\n");
		keep_for(i == 0 ? 0 : KEEP_MS);
		leave(&bob);
		ck_assert_int_eq(
			strstr(read_all(), "to 9: E_CODE_UNKNOWN") != NULL,
			i == 0);
		world_later(&w, 2 * KEEP_MS);
		say(alice, "x");
		outbox_clear(&w.out);
		hub_go_on(w.hub, claimer, &w.now, &w.out);
		ck_assert_int_eq(
			strstr(read_all(), "WELCOME_BACK bob") != NULL, i == 1);
		world_leave(&w, claimer, NULL);
		keep_for(KEEP_MS);
		bob = person(1, 0, "bob");
	}
}
END_TEST

START_TEST(claims_do_not_mix)
{
	struct member *first = guest(9, 0), *second = guest(10, 0);
	struct member *ghost = bob;
	char mine[64], hers[64];

	strcpy(mine, code);
	world_run(&w, alice, "nick", "alice", NULL);
	(void)read_all();
	strcpy(hers, code);
	world_run(&w, first, "resume", mine, NULL);
	world_run(&w, second, "resume", mine, NULL); /* somebody has it */
	expect("close 1: RESUMED\nto 10: E_CODE_UNKNOWN limit=600000\n");
	world_run(&w, first, "resume", mine, NULL); /* asks again */
	expect("");
	world_run(&w, first, "resume", hers, NULL); /* changes its mind */
	expect("close 2: RESUMED\n");
	leave(&ghost);
	expect("room 0 !1: LEFT bob #lobby \"gone\"\n");
	world_run(&w, second, "resume", mine, NULL);
	ck_assert_ptr_nonnull(strstr(read_all(), "to 10: WELCOME_BACK bob"));
	bob = second;
	leave(&alice);
	ck_assert_ptr_nonnull(strstr(read_all(), "go on 9\n"));
	hub_go_on(w.hub, first, &w.now, &w.out);
	ck_assert_ptr_nonnull(strstr(read_all(), "to 9: WELCOME_BACK alice"));
	alice = first;
	world_run(&w, alice, "resume", code, NULL);
	expect("to 9: E_CODE_YOURS\n");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("resume_ghost");
	TCase *tc = tcase_create("resume_ghost");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(tc, resume_set_up, resume_tear_down);
	tcase_add_test(tc, a_ghost_is_closed_first);
	tcase_add_test(tc, what_a_ghost_never_got_is_missed);
	tcase_add_test(tc, what_a_ghost_was_never_told_is_missed);
	tcase_add_test(tc, what_nobody_remembers_is_estimated);
	tcase_add_test(tc, a_claimer_may_leave);
	tcase_add_test(tc, who_waits_is_told_or_comes_back);
	tcase_add_test(tc, claims_do_not_mix);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
