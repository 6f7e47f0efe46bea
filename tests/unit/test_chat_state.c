/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "chat/state.h"

#include "chat/hub_view.h"
#include "chat/login.h"
#include "state_world.h"

static char topic_of_ops[] = "configured", name_of_ops[] = "ops";
static struct room_settings ops = {
	.name = name_of_ops, .topic = topic_of_ops, .replay = 10};

/* Everybody has left: the daemon stops and starts. */
static void restart(void)
{
	struct strbuf bytes = {0};

	save(true, &bytes);
	must_restore(&bytes);
	outbox_clear(&w.out);
	strbuf_fini(&bytes);
}

/* Somebody with a code who was here and left. */
static void be_here(const char *nick, char code[16], bool joins_ops)
{
	struct member *member = world_enter(&w, 1, 0, "lobby");

	world_run(&w, member, "nick", nick, NULL);
	world_read_code(&w, code);
	if (joins_ops)
		world_run(&w, member, "join", "ops", NULL);
	world_leave(&w, member, NULL);
	outbox_clear(&w.out);
}

/* What people notice. */

START_TEST(nothing_is_kept_of_nothing)
{
	restart();
	ck_assert_uint_eq(hub_n_rooms(w.hub), 0);
	ck_assert_uint_eq(hub_n_members(w.hub), 0);
}
END_TEST

START_TEST(rooms_topics_and_histories_are_kept)
{
	struct member *a = world_person(&w, 1, 0, "alice");

	world_run(&w, a, "join", "Ops", NULL);
	world_run(&w, a, "topic", "r\xC3\xA9sum\xC3\xA9", NULL);
	world_run(&w, a, "say", "one\n\ttwo", NULL);
	world_run(&w, a, "me", "waves", NULL);
	world_leave(&w, a, NULL);
	say("#OPS", "three");
	restart();
	a = world_enter(&w, 7, 0, "lobby");
	outbox_clear(&w.out);
	world_run(&w, a, "join", "ops", NULL);
	world_expect(&w,
		"unseat 7 in 0\nseat 7 in 1 after 2000\n"
		"to 7: YOU_JOINED guest-**** #Ops \"sockd\" n=1\n"
		"to 7: YOU_TOPIC #Ops \"r\xC3\xA9sum\xC3\xA9\"\n"
		"to 7: REPLAY #Ops [SAID alice #Ops \"one\n\ttwo\", "
		"ACTION alice #Ops \"waves\", SAID herald #Ops \"three\"]\n");
	world_leave(&w, a, NULL);
}
END_TEST

START_TEST(who_was_there_comes_back)
{
	struct member *a;
	char code[16];

	be_here("bob", code, true);
	say("ops", "missed");
	restart();
	say("ops", "and this");
	a = world_enter(&w, 5, 0, "lobby");
	outbox_clear(&w.out);
	world_run(&w, a, "resume", code, NULL);
	ck_assert_str_eq(member_nick(a), "bob");
	ck_assert_ptr_nonnull(strstr(world_read(&w),
		"REPLAY #ops [SAID herald #ops \"missed\", "
		"SAID herald #ops \"and this\"]\n"));
	world_leave(&w, a, NULL);
}
END_TEST

/* Saved while people are there, and then the daemon was killed. */
START_TEST(who_is_there_comes_back_too)
{
	struct member *a = world_enter(&w, 1, 0, "lobby");
	struct strbuf bytes = {0};
	char code[16];

	world_run(&w, a, "nick", "bob", NULL);
	world_read_code(&w, code);
	world_run(&w, a, "away", "lunch", NULL);
	world_run(&w, a, "time", "on", NULL);
	save(false, &bytes);
	world_leave(&w, a, NULL);
	must_restore(&bytes);
	a = world_enter(&w, 2, 0, "lobby");
	outbox_clear(&w.out);
	world_run(&w, a, "resume", code, NULL);
	ck_assert_str_eq(member_nick(a), "bob");
	ck_assert_ptr_nonnull(strstr(world_read(&w), "wants 2 1\n"));
	world_run(&w, a, "whois", "bob", NULL);
	ck_assert_ptr_nonnull(strstr(world_read(&w), "\"lunch\""));
	world_leave(&w, a, NULL);
	strbuf_fini(&bytes);
}
END_TEST

/* True if the code still works for somebody. */
static bool is_good(const char *code)
{
	struct member *a = world_enter(&w, 99, 0, "lobby");
	bool is_back;

	outbox_clear(&w.out);
	world_run(&w, a, "resume", code, NULL);
	is_back = strstr(world_read(&w), "WELCOME_BACK") != NULL;
	world_leave(&w, a, NULL);
	outbox_clear(&w.out);
	return is_back;
}

/* Its clock stands still while nobody can come back. */
START_TEST(codes_age_only_while_it_runs)
{
	char code[16];

	be_here("bob", code, false);
	world_later(&w, 599000);
	restart();
	if (_i == 0) {
		world_later(&w, 999);
		ck_assert(is_good(code));
	} else {
		world_later(&w, 1000);
		ck_assert(!is_good(code));
	}
}
END_TEST

/* After a boot the monotonic clock begins again: nothing lives for ever. */
START_TEST(a_clock_that_began_again_ends_codes_too)
{
	char code[16];

	be_here("bob", code, false);
	world_later(&w, 599000);
	w.now.mono_ms = 5000;
	restart();
	ck_assert_uint_eq(hub_n_rooms(w.hub), 1);
	world_later(&w, 3600000);
	ck_assert(!is_good(code));
}
END_TEST

START_TEST(rooms_age_only_while_it_runs)
{
	say("old", "x");
	world_later(&w, 3000000);
	say("young", "x");
	w.now.wall_ms += INT64_C(86400000) * 365;
	restart();
	ck_assert_uint_eq(hub_n_rooms(w.hub), 2);
	world_later(&w, 599999);
	say("young", "y");
	ck_assert_uint_eq(hub_n_rooms(w.hub), 2);
	world_later(&w, 1);
	say("young", "z");
	ck_assert_uint_eq(hub_n_rooms(w.hub), 1);
}
END_TEST

START_TEST(ids_and_sequences_go_on)
{
	uint64_t before = say("lobby", "x"), after;
	struct room_view view;

	w.now.wall_ms -= 86400000;
	restart();
	after = say("lobby", "y");
	ck_assert_uint_eq(after, before + 1);
	ck_assert(hub_view_room(w.hub, "lobby", &view));
	ck_assert_uint_eq(view.n_said, 2);
	w.now.wall_ms += 2 * 86400000;
	ck_assert_uint_eq(say("lobby", "z"), (uint64_t)w.now.wall_ms * 1000);
}
END_TEST

/* Ids that were given after the last saving are not given again, though the
 * clock was set back; and killing it often does not add up. */
START_TEST(ids_rise_after_a_kill_too)
{
	struct strbuf bytes = {0};
	uint64_t lost, first = 0;

	for (int i = 0; i < 100; i++) {
		strbuf_clear(&bytes);
		save(false, &bytes);
		world_later(&w, 60000);
		lost = say("lobby", "x");
		world_later(&w, -59990);
		must_restore(&bytes);
		first = say("lobby", "y");
		ck_assert_uint_gt(first, lost);
	}
	ck_assert_uint_lt(first, (uint64_t)(w.now.wall_ms + 121000) * 1000);
	strbuf_fini(&bytes);
}
END_TEST

static size_t n_lines(const char *room)
{
	struct room_view view;

	ck_assert(hub_view_room(w.hub, room, &view));
	room_view_fini(&view);
	return view.n_lines;
}

START_TEST(what_is_too_much_now_is_left_out)
{
	for (int i = 0; i < 50; i++)
		say("long", "x");
	world_later(&w, 1000);
	say("b", "x");
	world_later(&w, 1000);
	say("c", "x");
	w.settings.history = 20;
	restart();
	ck_assert_uint_eq(n_lines("long"), 20);
	w.settings.max_rooms = 2;
	restart();
	ck_assert_uint_eq(hub_n_rooms(w.hub), 2);
	ck_assert_uint_eq(n_lines("b") + n_lines("c"), 2);
	w.settings.history_total = 1;
	restart();
	ck_assert_uint_eq(n_lines("b") + n_lines("c"), 0);
	w.settings.history = 0;
	w.settings.resume_ms = 0;
	restart();
}
END_TEST

/* A topic that somebody set outlives a restart as it outlives a reload; else it
 * is that of the configuration, as that is now. */
START_TEST(a_configured_room_is_the_same_room)
{
	struct room_view view;
	struct member *a;
	char code[16];

	w.settings.rooms = &ops;
	w.settings.n_rooms = 1;
	restart();
	say("OPS", "one");
	be_here("bob", code, true);
	say("ops", "two");
	ops.topic = name_of_ops;
	restart();
	ck_assert_uint_eq(hub_n_rooms(w.hub), 2);
	ck_assert(hub_view_room(w.hub, "ops", &view));
	ck_assert_str_eq(view.topic, name_of_ops);
	ck_assert_uint_eq(view.n_said, 2);
	room_view_fini(&view);
	a = world_enter(&w, 2, 0, "ops");
	outbox_clear(&w.out);
	world_run(&w, a, "topic", "set", NULL);
	world_run(&w, a, "resume", code, NULL);
	ck_assert_ptr_nonnull(strstr(
		world_read(&w), "REPLAY #ops [SAID herald #ops \"two\"]"));
	world_leave(&w, a, NULL);
	ops.topic = topic_of_ops;
	restart();
	ck_assert(hub_view_room(w.hub, "ops", &view));
	ck_assert_str_eq(view.topic, "set");
	room_view_fini(&view);
}
END_TEST

/* Whom somebody ignores it ignores under another name as well. */
START_TEST(who_is_ignored_stays_so)
{
	struct member *a = world_enter(&w, 1, 0, "lobby"), *b;
	char code_a[16], code_b[16];

	world_run(&w, a, "nick", "alice", NULL);
	world_read_code(&w, code_a);
	outbox_clear(&w.out);
	b = world_enter(&w, 2, 0, "lobby");
	world_run(&w, b, "nick", "bob", NULL);
	world_read_code(&w, code_b);
	world_run(&w, a, "ignore", "bob", NULL);
	world_leave(&w, a, NULL);
	world_leave(&w, b, NULL);
	restart();
	a = world_enter(&w, 1, 0, "lobby");
	b = world_enter(&w, 2, 0, "lobby");
	world_run(&w, b, "resume", code_b, NULL);
	world_run(&w, b, "nick", "carol", NULL);
	outbox_clear(&w.out);
	world_run(&w, a, "resume", code_a, NULL);
	world_run(&w, a, "ignore", NULL);
	ck_assert_ptr_nonnull(
		strstr(world_read(&w), "IGNORING n=1 [WHO_ITEM carol]"));
	world_leave(&w, a, NULL);
	world_leave(&w, b, NULL);
}
END_TEST

/* Programs that ask for what came after an id learn what was lost, as ever. */
START_TEST(what_was_lost_is_known)
{
	struct chat_call call = {.has_since = true};
	const struct chat_verb *others[2];
	struct member *a;

	w.settings.history = 2;
	world_configure(&w);
	call.since = say("lobby", "1");
	for (int i = 0; i < 5; i++)
		say("lobby", "x");
	restart();
	a = world_enter(&w, 1, 0, "lobby");
	outbox_clear(&w.out);
	call.verb = chat_verb_find("history", others);
	hub_run(w.hub, a, &call, &w.now, &w.out);
	ck_assert_ptr_nonnull(strstr(world_read(&w), "REPLAY #lobby n=3 ["));
	world_leave(&w, a, NULL);
}
END_TEST

/* Somebody who may do that. */
static struct member *operator(void)
{
	struct member *member = world_enter(&w, 50, 0, "lobby");

	hub_set_identity(
		w.hub, member, &(struct chat_identity){.is_operator = true});
	outbox_clear(&w.out);
	return member;
}

START_TEST(locks_last_until_they_are_configured_otherwise)
{
	struct member *member = operator();
	struct room_settings locked_ops = ops;
	uint64_t n = hub_n_changes(w.hub);

	locked_ops.locked = true;
	w.settings.rooms = &ops;
	w.settings.n_rooms = 1;
	world_configure(&w);
	world_run(&w, member, "lock", "ops", "on", NULL);
	ck_assert_uint_gt(hub_n_changes(w.hub), n);
	world_leave(&w, member, NULL);
	for (int i = 0; i < 3; i++) {
		w.settings.rooms = i == 1 ? &locked_ops : &ops;
		restart();
		member = world_enter(&w, 2, 0, "lobby");
		outbox_clear(&w.out);
		world_run(&w, member, "join", "ops", NULL);
		ck_assert_int_eq(
			strstr(world_read(&w), "E_ROOM_LOCKED") != NULL, i < 2);
		world_leave(&w, member, NULL);
	}
}
END_TEST

static bool may_speak(struct member *member)
{
	outbox_clear(&w.out);
	world_run(&w, member, "say", "x", NULL);
	return strstr(world_read(&w), "E_MUTED") == NULL;
}

/* Of a person, by its code, and of an account. */
START_TEST(who_is_muted_stays_so)
{
	struct member *boss = operator(), *member;
	struct chat_identity alice = {.account = "alice"};
	char code[16];

	member = world_enter(&w, 1, 0, "lobby");
	world_run(&w, member, "nick", "bob", NULL);
	world_read_code(&w, code);
	hub_set_identity(w.hub, member, &alice);
	world_run(&w, boss, "mute", "bob", _i ? "10m" : NULL, NULL);
	world_leave(&w, member, NULL);
	world_leave(&w, boss, NULL);
	world_later(&w, 300000);
	restart();
	world_later(&w, 299999);
	member = world_enter(&w, 2, 0, "lobby");
	world_run(&w, member, "resume", code, NULL);
	ck_assert_str_eq(member_nick(member), "bob");
	ck_assert(!may_speak(member));
	world_leave(&w, member, NULL);
	member = world_enter(&w, 3, 0, "lobby");
	ck_assert(may_speak(member));
	hub_set_identity(w.hub, member, &alice);
	ck_assert(!may_speak(member));
	world_later(&w, 1);
	ck_assert(may_speak(member) == (_i == 1));
	world_leave(&w, member, NULL);
}
END_TEST

START_TEST(changes_are_noticed)
{
	uint64_t n = hub_n_changes(w.hub);
	struct member *a = world_person(&w, 1, 0, "alice");

	ck_assert_uint_ne(hub_n_changes(w.hub), n);
	n = hub_n_changes(w.hub);
	world_run(&w, a, "topic", NULL);
	world_run(&w, a, "who", NULL);
	world_run(&w, a, "history", NULL);
	ck_assert_uint_eq(hub_n_changes(w.hub), n);
#define CHANGES(what)                               \
	what;                                       \
	ck_assert_uint_gt(hub_n_changes(w.hub), n); \
	n = hub_n_changes(w.hub)
	CHANGES(world_run(&w, a, "say", "x", NULL));
	CHANGES(world_run(&w, a, "topic", "x", NULL));
	CHANGES(world_run(&w, a, "nick", "bob", NULL));
	CHANGES(world_run(&w, a, "join", "ops", NULL));
	CHANGES(say("lobby", "x"));
	CHANGES(world_leave(&w, a, NULL));
	world_later(&w, 3600000);
	CHANGES(say("lobby", "the others are forgotten"));
#undef CHANGES
	outbox_clear(&w.out);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("chat_state");
	TCase *tc = tcase_create("chat_state");
	SRunner *sr = srunner_create(s);
	int failed;

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, nothing_is_kept_of_nothing);
	tcase_add_test(tc, rooms_topics_and_histories_are_kept);
	tcase_add_test(tc, who_was_there_comes_back);
	tcase_add_test(tc, who_is_there_comes_back_too);
	tcase_add_loop_test(tc, codes_age_only_while_it_runs, 0, 2);
	tcase_add_test(tc, a_clock_that_began_again_ends_codes_too);
	tcase_add_test(tc, rooms_age_only_while_it_runs);
	tcase_add_test(tc, ids_and_sequences_go_on);
	tcase_add_test(tc, ids_rise_after_a_kill_too);
	tcase_add_test(tc, what_is_too_much_now_is_left_out);
	tcase_add_test(tc, a_configured_room_is_the_same_room);
	tcase_add_test(tc, who_is_ignored_stays_so);
	tcase_add_test(tc, what_was_lost_is_known);
	tcase_add_test(tc, locks_last_until_they_are_configured_otherwise);
	tcase_add_loop_test(tc, who_is_muted_stays_so, 0, 2);
	tcase_add_test(tc, changes_are_noticed);
	suite_add_tcase(s, tc);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
