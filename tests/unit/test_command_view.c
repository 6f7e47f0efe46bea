/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Being away, asking about others, ignoring, and how one wants to be told. */
#include <stdio.h>

#include "chat/ignore.h"
#include "chat_world.h"

static struct world w;
static struct member *bob, *alice;

static void setup(void)
{
	w = (struct world){.settings = world_settings()};
	world_start(&w, 1);
	bob = world_person(&w, 1, 0, "bob");
	alice = world_person(&w, 2, 0, "alice");
}

static void teardown(void)
{
	world_leave(&w, bob, NULL);
	world_leave(&w, alice, NULL);
	world_stop(&w);
}

START_TEST(away_is_told_once)
{
	world_run(&w, bob, "away", "tea", NULL);
	world_expect(&w, "to 1: YOU_AWAY \"tea\"\n");
	world_run(&w, alice, "who", NULL);
	world_expect(&w,
		"to 2: WHO #lobby n=2 [WHO_ITEM alice, WHO_ITEM bob away]\n");
	world_run(&w, alice, "msg", "bob", "one", NULL);
	world_expect(&w,
		"to 1: PRIVATE alice bob \"one\"\n"
		"to 2: PRIVATE_COPY alice bob \"one\"\n"
		"to 2: AWAY_NOTE bob \"tea\"\n");
	world_run(&w, alice, "reply", "two", NULL);
	world_expect(&w,
		"to 1: PRIVATE alice bob \"two\"\n"
		"to 2: PRIVATE_COPY alice bob \"two\"\n");
	/* saying something does not end it, going away again is news */
	world_run(&w, bob, "say", "x", NULL);
	world_run(&w, bob, "away", NULL);
	outbox_clear(&w.out);
	world_run(&w, alice, "reply", "three", NULL);
	world_expect(&w,
		"to 1: PRIVATE alice bob \"three\"\n"
		"to 2: PRIVATE_COPY alice bob \"three\"\n"
		"to 2: AWAY_NOTE bob\n");
	world_run(&w, bob, "back", NULL);
	world_expect(&w, "to 1: YOU_BACK\n");
	world_run(&w, alice, "whois", "bob", NULL);
	world_expect(&w, "to 2: WHOIS bob [ROOM_ITEM #lobby n=2]\n");
}
END_TEST

START_TEST(away_texts_are_bounded)
{
	char text[302] = "";

	memset(text, 'x', 301);
	world_run(&w, bob, "away", text, NULL);
	world_expect(&w, "to 1: E_AWAY_TOO_LONG n=301 limit=300\n");
	text[300] = '\0';
	world_run(&w, bob, "away", text, NULL);
	ck_assert_uint_eq(w.out.posts[0].msg->text_len, 300);
	outbox_clear(&w.out);
}
END_TEST

/* Several who are away are each told of once. */
START_TEST(aways_are_told_apart)
{
	struct member *carol = world_person(&w, 3, 0, "carol");

	world_run(&w, bob, "away", NULL);
	world_run(&w, carol, "away", NULL);
	for (int i = 0; i < 2; i++) {
		outbox_clear(&w.out);
		world_run(&w, alice, "msg", "bob", "x", NULL);
		ck_assert_uint_eq(w.out.n_posts, i == 0 ? 3 : 2);
		world_run(&w, alice, "msg", "carol", "x", NULL);
		ck_assert_uint_eq(w.out.n_posts, i == 0 ? 6 : 4);
	}
	outbox_clear(&w.out);
	world_leave(&w, carol, NULL);
}
END_TEST

START_TEST(whois_tells_times)
{
	world_later(&w, 60000);
	world_run(&w, bob, "say", "x", NULL);
	world_later(&w, 5000);
	world_run(&w, bob, "away", "tea", NULL);
	outbox_clear(&w.out);
	world_run(&w, alice, "whois", "BOB", NULL);
	world_expect(&w,
		"to 2: WHOIS bob \"tea\" n=65000 limit=5000 away"
		" [ROOM_ITEM #lobby n=2]\n");
	world_run(&w, alice, "msg", "bob", "x", NULL);
	outbox_clear(&w.out);
	world_run(&w, bob, "whois", "alice", NULL);
	world_expect(&w, "to 1: WHOIS alice n=65000 [ROOM_ITEM #lobby n=2]\n");
	world_run(&w, bob, "whois", "alise", NULL);
	world_expect(&w, "to 1: E_NO_SUCH_NICK alice \"alise\"\n");
}
END_TEST

START_TEST(private_lines_of_the_ignored_are_kept_away)
{
	world_run(&w, bob, "ignore", "ALICE", NULL);
	world_expect(&w, "ignore 1 2\nto 1: IGNORED alice\n");
	world_run(&w, alice, "msg", "bob", "psst", NULL);
	world_expect(&w, "to 2: PRIVATE_COPY alice bob \"psst\"\n");
	world_run(&w, bob, "reply", "x", NULL);
	world_expect(&w, "to 1: E_NO_REPLY\n");
	world_run(&w, alice, "nick", "alicia", NULL);
	outbox_clear(&w.out);
	world_run(&w, alice, "me", "waves", NULL);
	ck_assert_uint_eq(w.out.posts[0].msg->author, 2);
	world_expect(&w, "room 0 !2: ACTION alicia #lobby \"waves\"\n");
	world_run(&w, alice, "msg", "bob", "psst", NULL);
	world_expect(&w, "to 2: PRIVATE_COPY alicia bob \"psst\"\n");
	world_run(&w, bob, "ignore", NULL);
	world_expect(&w, "to 1: IGNORING n=1 [WHO_ITEM alicia]\n");
	world_run(&w, bob, "ignore", "alice", NULL);
	world_expect(&w, "to 1: E_NO_SUCH_NICK \"alice\"\n");
	world_run(&w, bob, "ignore", "alicia", NULL);
	world_expect(&w, "unignore 1 2\nto 1: UNIGNORED alicia\n");
	world_run(&w, bob, "ignore", NULL);
	world_expect(&w, "to 1: IGNORING\n");
	world_run(&w, bob, "ignore", "bob", NULL);
	world_expect(&w, "to 1: E_IGNORE_SELF\n");
	world_run(&w, bob, "ignore", "zork", NULL);
	world_expect(&w, "to 1: E_NO_SUCH_NICK \"zork\"\n");
}
END_TEST

/* The replay has as many lines as without them. */
START_TEST(replays_are_without_the_ignored)
{
	world_run(&w, alice, "say", "one", NULL);
	world_run(&w, bob, "say", "two", NULL);
	world_run(&w, alice, "say", "three", NULL);
	world_run(&w, bob, "ignore", "alice", NULL);
	outbox_clear(&w.out);
	world_run(&w, bob, "history", "1", NULL);
	world_expect(&w, "to 1: REPLAY #lobby [SAID bob #lobby \"two\"]\n");
	world_leave(&w, alice, NULL);
	alice = world_person(&w, 5, 0, "alicia");
	world_run(&w, alice, "say", "four", NULL);
	world_run(&w, bob, "join", "ops", NULL);
	outbox_clear(&w.out);
	world_run(&w, bob, "part", NULL);
	ck_assert(strstr(world_read(&w),
		"REPLAY #lobby [SAID bob #lobby \"two\","
		" SAID alicia #lobby \"four\"]\n"));
	world_run(&w, bob, "history", NULL);
	world_expect(&w,
		"to 1: REPLAY #lobby [SAID bob #lobby \"two\","
		" SAID alicia #lobby \"four\"]\n");
}
END_TEST

/* Who has left is still on the list, and comes off it by its last name. */
START_TEST(the_ignored_may_leave)
{
	world_run(&w, bob, "ignore", "alice", NULL);
	world_leave(&w, alice, NULL);
	outbox_clear(&w.out);
	world_run(&w, bob, "ignore", NULL);
	world_expect(&w, "to 1: IGNORING n=1 [WHO_ITEM alice]\n");
	alice = world_person(&w, 5, 0, "alice");
	world_run(&w, alice, "msg", "bob", "another", NULL);
	world_expect(&w,
		"to 1: PRIVATE alice bob \"another\"\n"
		"to 5: PRIVATE_COPY alice bob \"another\"\n");
	world_run(&w, alice, "nick", "alicia", NULL);
	outbox_clear(&w.out);
	world_run(&w, bob, "ignore", "Alice", NULL);
	world_expect(&w, "unignore 1 2\nto 1: UNIGNORED alice\n");
}
END_TEST

START_TEST(the_ignorer_may_leave)
{
	world_run(&w, bob, "ignore", "alice", NULL);
	world_run(&w, alice, "ignore", "bob", NULL);
	world_leave(&w, bob, NULL);
	outbox_clear(&w.out);
	bob = world_person(&w, 5, 0, "robert");
	world_run(&w, alice, "ignore", NULL);
	world_expect(&w, "to 2: IGNORING n=1 [WHO_ITEM bob]\n");
}
END_TEST

START_TEST(the_list_is_bounded)
{
	struct member *others[IGNORES_MAX + 1];
	char nick[16], text[64];

	for (int i = 0; i <= IGNORES_MAX; i++) {
		snprintf(nick, sizeof nick, "n%02d", i);
		others[i] = world_person(&w, 10 + (uint64_t)i, 0, nick);
		outbox_clear(&w.out);
		world_run(&w, bob, "ignore", nick, NULL);
		if (i < IGNORES_MAX)
			outbox_clear(&w.out);
	}
	snprintf(text, sizeof text, "to 1: E_IGNORE_FULL limit=%d\n",
		IGNORES_MAX);
	world_expect(&w, text);
	/* one who has left makes way, the first one first */
	world_leave(&w, others[7], NULL);
	world_leave(&w, others[3], NULL);
	outbox_clear(&w.out);
	world_run(&w, bob, "ignore", nick, NULL);
	world_expect(&w, "unignore 1 6\nignore 1 35\nto 1: IGNORED n32\n");
	for (int i = 0; i <= IGNORES_MAX; i++)
		if (i != 3 && i != 7)
			world_leave(&w, others[i], NULL);
	outbox_clear(&w.out);
}
END_TEST

/* One line each: bob runs it, and this is what comes of it. */
static const struct {
	const char *verb, *arg, *expected;
} switches[] = {
	{"time", "on", "wants 1 1\nto 1: TIME_SET n=1\n"},
	{"time", "OFF", "wants 1 0\nto 1: TIME_SET\n"},
	{"bell", "on", "wants 1 2\nto 1: BELL_SET n=1\n"},
	{"quiet", "On", "wants 1 4\nto 1: QUIET_SET n=1\n"},
	{"time", "yes", "to 1: E_NOT_ON_OFF time \"yes\"\n"},
	{"time", NULL, "to 1: E_MISSING_ARGUMENT on|off \"time\"\n"},
	{"login", NULL, "to 1: E_NO_ACCOUNTS\n"},
	{"login", "bob", "to 1: E_NO_ACCOUNTS\n"},
};

START_TEST(switches_are_posted)
{
	world_run(&w, bob, switches[_i].verb, switches[_i].arg, NULL);
	world_expect(&w, switches[_i].expected);
}
END_TEST

START_TEST(switches_do_not_touch_each_other)
{
	world_run(&w, bob, "time", "on", NULL);
	world_run(&w, bob, "quiet", "on", NULL);
	world_run(&w, bob, "time", "on", NULL);
	world_run(&w, bob, "bell", "on", NULL);
	world_run(&w, bob, "time", "off", NULL);
	world_expect(&w,
		"wants 1 1\nto 1: TIME_SET n=1\n"
		"wants 1 5\nto 1: QUIET_SET n=1\n"
		"wants 1 5\nto 1: TIME_SET n=1\n"
		"wants 1 7\nto 1: BELL_SET n=1\n"
		"wants 1 6\nto 1: TIME_SET\n");
}
END_TEST

/* The name that one would answer to is somebody else's by now. */
START_TEST(replies_do_not_go_astray)
{
	struct member *carol;

	world_run(&w, alice, "msg", "bob", "hi", NULL);
	world_leave(&w, alice, NULL);
	alice = world_person(&w, 3, 0, "alicia");
	carol = world_person(&w, 4, 0, "alice");
	outbox_clear(&w.out);
	world_run(&w, bob, "reply", "secret", NULL);
	world_expect(&w, "to 1: E_REPLY_OTHER \"alice\"\n");
	world_leave(&w, carol, NULL);
	outbox_clear(&w.out);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("command_view");
	TCase *tc = tcase_create("command_view");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, away_is_told_once);
	tcase_add_test(tc, away_texts_are_bounded);
	tcase_add_test(tc, aways_are_told_apart);
	tcase_add_test(tc, whois_tells_times);
	tcase_add_test(tc, private_lines_of_the_ignored_are_kept_away);
	tcase_add_test(tc, replays_are_without_the_ignored);
	tcase_add_test(tc, the_ignored_may_leave);
	tcase_add_test(tc, the_ignorer_may_leave);
	tcase_add_test(tc, the_list_is_bounded);
	tcase_add_loop_test(tc, switches_are_posted, 0,
		sizeof switches / sizeof switches[0]);
	tcase_add_test(tc, switches_do_not_touch_each_other);
	tcase_add_test(tc, replies_do_not_go_astray);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
