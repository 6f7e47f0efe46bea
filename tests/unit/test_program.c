/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The hub as programs use it: no room at first, several if they like, answers
 * that carry the reference of what was asked. */
#include "chat_world.h"

static struct world w;

static void set_up(void)
{
	w = (struct world){.settings = world_settings()};
	w.settings.rooms_per_member = 3;
	world_start(&w, 1);
}

static void tear_down(void)
{
	world_stop(&w);
}

static const struct chat_verb *verb(const char *name)
{
	const struct chat_verb *others[2];

	return chat_verb_find(name, others);
}

static void ask(struct member *member, struct chat_call call)
{
	hub_run(w.hub, member, &call, &w.now, &w.out);
}

#define ASK(member, name, ...) \
	ask((member), (struct chat_call){.verb = verb(name), __VA_ARGS__})
#define JOIN(member, where, who, ...)                                        \
	ASK((member), "join", .args = {(where)}, .n_args = 1, .nick = (who), \
		__VA_ARGS__)

/* A program that has joined the lobby; nothing is left to read. */
static struct member *joined(uint64_t conn, const char *nick)
{
	struct member *program = world_enter(&w, conn, 0, NULL);

	JOIN(program, "lobby", nick);
	outbox_clear(&w.out);
	return program;
}

/* The id of the last fact that has one. */
static uint64_t id_told(void)
{
	uint64_t id = 0;

	for (size_t i = 0; i < w.out.n_posts; i++)
		if (w.out.posts[i].msg && w.out.posts[i].msg->id)
			id = w.out.posts[i].msg->id;
	return id;
}

static uint64_t say(struct member *member, const char *text)
{
	uint64_t id;

	ASK(member, "say", .args = {text}, .n_args = 1, .ref = "0");
	id = id_told();
	outbox_clear(&w.out);
	return id;
}

START_TEST(starts_in_no_room)
{
	struct member *p = world_enter(&w, 1, 0, NULL);

	world_expect(&w, "to 1: WELCOME guest-**** \"sockd\"\n");
	ASK(p, "say", .args = {"hi"}, .n_args = 1);
	world_expect(&w, "to 1: E_NOT_IN_ROOM\n");
	ASK(p, "part", .n_args = 0);
	world_expect(&w, "to 1: E_NOT_IN_ROOM\n");
	ASK(p, "who", .n_args = 0);
	world_expect(&w, "to 1: E_NOT_IN_ROOM\n");
	world_leave(&w, p, NULL);
	world_expect(&w, "");
}
END_TEST

/* Also when there is much to show. */
START_TEST(one_fact_on_arriving)
{
	struct member *alice = world_person(&w, 1, 0, "alice");
	struct member *p;
	uint64_t id;

	world_run(&w, alice, "topic", "tea", NULL);
	id = say(alice, "one");
	p = world_enter(&w, 2, 0, NULL);
	outbox_clear(&w.out);
	JOIN(p, "#lobby", "bot");
	ck_assert_uint_eq(id_told(), id);
	world_expect(&w,
		"seat 2 in 0\n"
		"to 2: ARRIVED bot #lobby \"tea\" n=2\n"
		"room 0 !2: JOINED bot #lobby\n");
	/* there already */
	JOIN(p, "lobby", "bot");
	world_expect(&w, "to 2: ARRIVED bot #lobby \"tea\" n=2\n");
	world_leave(&w, p, NULL);
	world_leave(&w, alice, NULL);
}
END_TEST

START_TEST(a_join_is_whole_or_not_at_all)
{
	struct member *alice = world_person(&w, 1, 0, "alice");
	struct member *p = joined(2, "bot");

	JOIN(p, "ops", "ALICE");
	world_expect(&w, "to 2: E_NICK_TAKEN alice \"ALICE\"\n");
	JOIN(p, "ops", "a1ice");
	world_expect(&w, "to 2: E_NICK_LOOKS_LIKE alice \"a1ice\"\n");
	JOIN(p, "ops", "-");
	world_expect(&w, "to 2: E_NICK_INVALID \"-\"\n");
	JOIN(p, "ops", "guest-abcd");
	world_expect(&w, "to 2: E_NICK_RESERVED \"guest-abcd\"\n");
	JOIN(p, "o p s", "robot");
	world_expect(&w, "to 2: E_ROOM_INVALID \"o p s\"\n");
	ck_assert_uint_eq(hub_n_rooms(w.hub), 1);
	ASK(p, "who", .n_args = 0);
	world_expect(
		&w, "to 2: WHO #lobby n=2 [WHO_ITEM alice, WHO_ITEM bot]\n");
	world_leave(&w, p, NULL);
	world_leave(&w, alice, NULL);
}
END_TEST

/* Who hears of a new name: the rooms that it stays in. */
START_TEST(takes_a_name_with_it)
{
	struct member *p = joined(2, "bot");

	JOIN(p, "ops", "robot");
	world_expect(&w,
		"unseat 2 in 0\n"
		"seat 2 in 1\n"
		"to 2: ARRIVED robot #ops n=1\n");
	struct member *alice = world_person(&w, 1, 0, "alice");

	JOIN(p, "lobby", "robot", .keep = true);
	outbox_clear(&w.out);
	JOIN(p, "den", "bob", .keep = true);
	world_expect(&w,
		"near 0 1 !2: RENAMED robot bob\n"
		"seat 2 in 2\n"
		"to 2: ARRIVED bob #den n=1\n");
	JOIN(p, "lobby", "Bob", .keep = true);
	world_expect(&w,
		"near 2 0 1 !2: RENAMED bob Bob\n"
		"to 2: ARRIVED Bob #lobby n=2\n");
	/* into one of them, out of the others */
	JOIN(p, "ops", "rob");
	world_expect(&w,
		"unseat 2 in 2\n"
		"room 0 !2: LEFT Bob #lobby\n"
		"unseat 2 in 0\n"
		"to 2: ARRIVED rob #ops n=1\n");
	world_leave(&w, p, NULL);
	world_leave(&w, alice, NULL);
}
END_TEST

START_TEST(keeps_rooms)
{
	struct member *alice = world_person(&w, 1, 0, "alice");
	struct member *p = joined(2, "bot");

	JOIN(p, "ops", "bot", .keep = true);
	world_expect(&w, "seat 2 in 1\nto 2: ARRIVED bot #ops n=1\n");
	ASK(p, "say", .args = {"hi"}, .n_args = 1);
	world_expect(&w, "to 2: E_WHICH_ROOM\n");
	ASK(p, "say", .args = {"hi"}, .n_args = 1, .room = "#LOBBY");
	world_expect(&w, "room 0 !2: SAID bot #lobby \"hi\"\n");
	ASK(p, "me", .args = {"hi"}, .n_args = 1, .room = "den");
	world_expect(&w, "to 2: E_NOT_IN_ROOM \"den\"\n");
	ASK(p, "topic", .args = {"tea"}, .n_args = 1, .room = "lobby");
	world_expect(&w, "room 0: TOPIC_SET bot #lobby \"tea\"\n");
	ASK(p, "history", .room = "lobby");
	world_expect(&w, "to 2: REPLAY #lobby [SAID bot #lobby \"hi\"]\n");
	JOIN(p, "den", "bot", .keep = true);
	outbox_clear(&w.out);
	JOIN(p, "attic", "bot", .keep = true);
	world_expect(&w, "to 2: E_TOO_MANY_SEATS limit=3\n");
	ck_assert_uint_eq(hub_n_rooms(w.hub), 3);
	ASK(p, "part", .room = "lobby");
	world_expect(&w, "room 0 !2: LEFT bot #lobby\nunseat 2 in 0\n");
	ASK(p, "part", .n_args = 0);
	world_expect(&w, "to 2: E_WHICH_ROOM\n");
	ASK(p, "part", .room = "den");
	ASK(p, "say", .args = {"alone"}, .n_args = 1);
	ASK(p, "part", .n_args = 0);
	world_expect(&w, "unseat 2 in 2\nunseat 2 in 1\n");
	world_leave(&w, p, NULL);
	world_leave(&w, alice, NULL);
}
END_TEST

/* Without a reference success is silent, with one it is told once, and so is
 * a refusal. */
START_TEST(references)
{
	struct member *alice = world_person(&w, 1, 0, "alice");
	struct member *p = world_enter(&w, 2, 0, NULL);
	uint64_t id;

	outbox_clear(&w.out);
	JOIN(p, "lobby", "bot", .ref = "7");
	world_expect(&w,
		"seat 2 in 0\n"
		"to 2: ARRIVED bot #lobby n=2\n"
		"room 0 !2: JOINED bot #lobby\n"
		"to 2: OK ref=7\n");
	ASK(p, "say", .args = {"hi"}, .n_args = 1, .ref = "\"a\"");
	id = w.out.posts[0].msg->id;
	ck_assert_uint_gt(id, 0);
	ck_assert_uint_eq(w.out.posts[1].msg->id, id);
	world_expect(&w,
		"room 0 !2: SAID bot #lobby \"hi\"\n"
		"to 2: OK ref=\"a\"\n");
	ASK(p, "msg", .args = {"carol", "x"}, .n_args = 2, .ref = "1");
	world_expect(&w, "to 2: E_NO_SUCH_NICK \"carol\" ref=1\n");
	ASK(p, "msg", .args = {"alice", "x"}, .n_args = 2, .ref = "2");
	world_expect(&w,
		"to 1: PRIVATE bot alice \"x\"\n"
		"to 2: PRIVATE_COPY bot alice \"x\"\n"
		"to 2: OK ref=2\n");
	ASK(p, "nick", .n_args = 0, .ref = "3");
	world_expect(&w, "to 2: E_MISSING_ARGUMENT NAME \"nick\" ref=3\n");
	ask(p,
		(struct chat_call){.is_error = true,
			.error = CHAT_E_BAD_FIELD,
			.ref = "4"});
	world_expect(&w, "to 2: E_BAD_FIELD ref=4\n");
	ASK(p, "rooms", .ref = "5");
	world_expect(&w,
		"to 2: ROOMS n=1 [ROOM_ITEM #lobby n=2]\n"
		"to 2: OK ref=5\n");
	ASK(p, "quit", .ref = "6");
	world_expect(&w, "to 2: OK ref=6\nclose 2: BYE\n");
	world_leave(&w, p, NULL);
	world_leave(&w, alice, NULL);
}
END_TEST

static const char *history_since(struct member *p, uint64_t id)
{
	outbox_clear(&w.out);
	ASK(p, "history", .has_since = true, .since = id);
	return world_read(&w);
}

START_TEST(history_tells_what_is_lost)
{
	struct member *p = joined(1, "bot");
	uint64_t ids[9] = {0};
	char text[2] = "1";

	w.settings.history = 3;
	ck_assert_str_eq(history_since(p, 0), "to 1: REPLAY #lobby\n");
	for (int i = 1; i <= 8; i++) {
		text[0] = (char)('0' + i);
		w.now.wall_ms += 7;
		ids[i] = say(p, text);
	}
#define KEPT3                                              \
	" [SAID bot #lobby \"6\", SAID bot #lobby \"7\", " \
	"SAID bot #lobby \"8\"]\n"
	ck_assert_str_eq(history_since(p, 0), "to 1: REPLAY #lobby n=5" KEPT3);
	ck_assert_str_eq(
		history_since(p, ids[2]), "to 1: REPLAY #lobby n=3" KEPT3);
	ck_assert_str_eq(
		history_since(p, ids[2] + 1), "to 1: REPLAY #lobby n=3" KEPT3);
	ck_assert_str_eq(history_since(p, ids[5]), "to 1: REPLAY #lobby" KEPT3);
	ck_assert_str_eq(history_since(p, ids[7]),
		"to 1: REPLAY #lobby [SAID bot #lobby \"8\"]\n");
	ck_assert_str_eq(history_since(p, ids[8]), "to 1: REPLAY #lobby\n");
	ck_assert_str_eq(history_since(p, UINT64_MAX), "to 1: REPLAY #lobby\n");
	ASK(p, "history", .has_since = true, .since = ids[2], .args = {"1"},
		.n_args = 1);
	world_expect(&w, "to 1: REPLAY #lobby n=3 [SAID bot #lobby \"8\"]\n");
	world_leave(&w, p, NULL);
}
END_TEST

/* What is older is not shown in the place of what is not to be read. */
START_TEST(history_since_begins_there_for_all)
{
	struct member *alice = world_person(&w, 2, 0, "alice");
	struct member *p = joined(1, "bot");
	uint64_t id;

	(void)say(p, "old");
	w.now.wall_ms += 7;
	id = say(p, "seen");
	w.now.wall_ms += 7;
	(void)say(alice, "ignored");
	w.now.wall_ms += 7;
	(void)say(p, "new");
	ASK(p, "ignore", .args = {"alice"}, .n_args = 1);
	ck_assert_str_eq(history_since(p, id),
		"to 1: REPLAY #lobby [SAID bot #lobby \"new\"]\n");
	outbox_clear(&w.out);
	ASK(p, "history", .args = {"2"}, .n_args = 1);
	world_expect(&w,
		"to 1: REPLAY #lobby [SAID bot #lobby \"seen\", "
		"SAID bot #lobby \"new\"]\n");
	world_leave(&w, alice, NULL);
	world_leave(&w, p, NULL);
}
END_TEST

/* Somebody greeted as a person turns out to be a program. */
START_TEST(a_person_becomes_one)
{
	struct member *alice = world_person(&w, 1, 0, "alice");
	struct member *p = world_enter(&w, 2, 0, "lobby");

	outbox_clear(&w.out);
	ck_assert_int_eq(hub_make_program(w.hub, p, &w.now, &w.out), 0);
	world_expect(&w,
		"unseat 2 in 0\n"
		"to 2: WELCOME guest-**** \"sockd\"\n");
	hub_announce(w.hub, p, &w.now, &w.out);
	world_expect(&w, "");
	JOIN(p, "lobby", "bot");
	world_expect(&w,
		"seat 2 in 0\n"
		"to 2: ARRIVED bot #lobby n=2\n"
		"room 0 !2: JOINED bot #lobby\n");
	/* one who was seen is seen leaving */
	ck_assert_int_eq(hub_make_program(w.hub, alice, &w.now, &w.out), 0);
	world_expect(&w,
		"room 0 !1: LEFT alice #lobby\n"
		"unseat 1 in 0\n"
		"to 1: WELCOME alice \"sockd\"\n");
	world_leave(&w, p, NULL);
	world_leave(&w, alice, NULL);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("program");
	TCase *tc = tcase_create("program");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(tc, set_up, tear_down);
	tcase_add_test(tc, starts_in_no_room);
	tcase_add_test(tc, one_fact_on_arriving);
	tcase_add_test(tc, a_join_is_whole_or_not_at_all);
	tcase_add_test(tc, takes_a_name_with_it);
	tcase_add_test(tc, keeps_rooms);
	tcase_add_test(tc, references);
	tcase_add_test(tc, history_tells_what_is_lost);
	tcase_add_test(tc, history_since_begins_there_for_all);
	tcase_add_test(tc, a_person_becomes_one);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
