/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "chat_world.h"

#include <errno.h>

static struct world w;

static void setup(void)
{
	w = (struct world){.settings = world_settings()};
	world_start(&w, 1);
}

static void teardown(void)
{
	world_stop(&w);
}

START_TEST(a_guest_is_welcomed)
{
	struct member *guest = world_enter(&w, 1, 0, "lobby");

	ck_assert_int_eq(strncmp(member_nick(guest), "guest-", 6), 0);
	world_expect(&w,
		"seat 1 in 0 after 2000\n"
		"to 1: WELCOME guest-**** #lobby \"sockd\" n=1\n");
	ck_assert_uint_eq(hub_n_members(w.hub), 1);
	ck_assert_uint_eq(hub_n_rooms(w.hub), 1);
	world_leave(&w, guest, NULL);
	world_expect(&w, "");
	ck_assert_uint_eq(hub_n_members(w.hub), 0);
}
END_TEST

START_TEST(one_may_enter_without_a_room)
{
	struct member *member = world_enter(&w, 1, 0, NULL);

	world_expect(&w, "to 1: WELCOME guest-**** \"sockd\"\n");
	world_run(&w, member, "say", "hi", NULL);
	world_expect(&w, "to 1: E_NOT_IN_ROOM\n");
	world_run(&w, member, "nick", "bob", NULL);
	world_expect(&w, "to 1: YOU_RENAMED bob\n");
	world_leave(&w, member, NULL);
}
END_TEST

START_TEST(a_guest_is_announced_by_its_first_line)
{
	struct member *bob = world_person(&w, 1, 0, "bob");
	struct member *guest = world_enter(&w, 2, 0, "lobby");

	outbox_clear(&w.out);
	world_run(&w, guest, "say", "hi", NULL);
	world_expect(&w,
		"room 0 !2: JOINED guest-**** #lobby\n"
		"room 0 !2: SAID guest-**** #lobby \"hi\"\n");
	hub_announce(w.hub, guest, &w.now, &w.out);
	world_expect(&w, "");
	world_leave(&w, guest, "gone");
	world_expect(&w, "room 0 !2: LEFT guest-**** #lobby \"gone\"\n");
	world_leave(&w, bob, NULL);
}
END_TEST

START_TEST(a_guest_is_announced_in_time)
{
	struct member *bob = world_person(&w, 1, 0, "bob");
	struct member *guest = world_enter(&w, 2, 0, "lobby");

	outbox_clear(&w.out);
	hub_announce(w.hub, guest, &w.now, &w.out);
	world_expect(&w, "room 0 !2: JOINED guest-**** #lobby\n");
	hub_announce(w.hub, guest, &w.now, &w.out);
	world_expect(&w, "");
	world_run(&w, guest, "nick", "carol", NULL);
	world_expect(&w,
		"to 2: YOU_RENAMED carol\n"
		"near 0 !2: RENAMED guest-**** carol\n");
	world_leave(&w, guest, "");
	world_expect(&w, "room 0 !2: LEFT carol #lobby\n");
	world_leave(&w, bob, NULL);
}
END_TEST

START_TEST(a_guest_that_only_looks_in_is_silent)
{
	struct member *bob = world_person(&w, 1, 0, "bob");
	struct member *guest = world_enter(&w, 2, 0, "lobby");

	outbox_clear(&w.out);
	world_leave(&w, guest, "bye");
	world_expect(&w, "");
	guest = world_enter(&w, 3, 0, "lobby");
	outbox_clear(&w.out);
	world_run(&w, guest, "join", "ops", NULL);
	world_expect(&w,
		"unseat 3 in 0\n"
		"seat 3 in 1 after 2000\n"
		"to 3: YOU_JOINED guest-**** #ops \"sockd\" n=1\n");
	world_leave(&w, guest, NULL);
	world_leave(&w, bob, NULL);
}
END_TEST

/* Who takes a name first is announced under it. */
START_TEST(a_new_name_announces)
{
	struct member *bob = world_person(&w, 1, 0, "bob");
	struct member *guest = world_enter(&w, 2, 0, "lobby");

	outbox_clear(&w.out);
	world_run(&w, guest, "nick", "carol", NULL);
	world_expect(&w,
		"to 2: YOU_RENAMED carol\n"
		"room 0 !2: JOINED carol #lobby\n");
	world_leave(&w, guest, NULL);
	world_leave(&w, bob, NULL);
}
END_TEST

START_TEST(moving_is_told_in_order)
{
	struct member *bob = world_person(&w, 1, 0, "bob");
	struct member *carol = world_person(&w, 2, 0, "carol");
	struct member *dave = world_person(&w, 3, 0, "dave");

	world_run(&w, dave, "join", "ops", NULL);
	world_run(&w, dave, "topic", "the printer", NULL);
	world_run(&w, dave, "say", "one", NULL);
	world_run(&w, dave, "me", "waits", NULL);
	outbox_clear(&w.out);
	world_run(&w, bob, "join", "#OPS", NULL);
	world_expect(&w,
		"room 0 !1: LEFT bob #lobby\n"
		"unseat 1 in 0\n"
		"seat 1 in 1\n"
		"to 1: YOU_JOINED bob #ops \"sockd\" n=2\n"
		"to 1: YOU_TOPIC #ops \"the printer\"\n"
		"to 1: REPLAY #ops [SAID dave #ops \"one\","
		" ACTION dave #ops \"waits\"]\n"
		"room 1 !1: JOINED bob #ops\n");
	world_run(&w, bob, "part", NULL);
	world_expect(&w,
		"room 1 !1: LEFT bob #ops\n"
		"unseat 1 in 1\n"
		"seat 1 in 0\n"
		"to 1: YOU_JOINED bob #lobby \"sockd\" n=2\n"
		"room 0 !1: JOINED bob #lobby\n");
	world_run(&w, bob, "join", "lobby", NULL);
	world_expect(&w, "to 1: YOU_JOINED bob #lobby n=2\n");
	world_leave(&w, bob, NULL);
	world_leave(&w, carol, NULL);
	world_leave(&w, dave, NULL);
}
END_TEST

START_TEST(posts_name_the_workers_concerned)
{
	struct member *a, *b, *c;

	world_stop(&w);
	w = (struct world){.settings = world_settings()};
	world_start(&w, 4);
	a = world_person(&w, 1, 0, "a");
	b = world_person(&w, 2, 3, "b");
	c = world_person(&w, 3, 3, "c");
	world_run(&w, a, "say", "x", NULL);
	world_expect(&w, "room 0 !1 w=8: SAID a #lobby \"x\"\n");
	world_run(&w, b, "say", "y", NULL);
	world_expect(&w, "room 0 !2 w=9: SAID b #lobby \"y\"\n");
	world_run(&w, b, "msg", "a", "z", NULL);
	world_expect(&w,
		"to 1 w=1: PRIVATE b a \"z\"\n"
		"to 2 w=8: PRIVATE_COPY b a \"z\"\n");
	world_leave(&w, c, NULL);
	world_expect(&w, "room 0 !3 w=9: LEFT c #lobby\n");
	world_leave(&w, a, NULL);
	world_expect(&w, "room 0 !1 w=8: LEFT a #lobby\n");
	world_run(&w, b, "say", "alone", NULL);
	world_expect(&w, "");
	world_leave(&w, b, NULL);
}
END_TEST

START_TEST(large_rooms_are_quiet)
{
	struct member *a, *b, *c, *d;

	w.settings.quiet_above = 2;
	a = world_person(&w, 1, 0, "a");
	b = world_person(&w, 2, 0, "b");
	c = world_enter(&w, 3, 0, "lobby");
	world_expect(&w,
		"seat 3 in 0\n"
		"to 3: WELCOME guest-**** #lobby \"sockd\" n=3 quiet\n");
	world_run(&w, c, "say", "hi", NULL);
	world_expect(&w, "room 0 !3: SAID guest-**** #lobby \"hi\"\n");
	world_leave(&w, a, "bye");
	world_expect(&w, ""); /* it was one of three */
	world_leave(&w, c, "bye");
	world_expect(&w, "room 0 !3: LEFT guest-**** #lobby \"bye\"\n");
	c = world_person(&w, 3, 0, "c");
	d = world_enter(&w, 4, 0, "lobby");
	outbox_clear(&w.out);
	world_leave(&w, c, NULL);
	world_leave(&w, d, NULL); /* nobody ever heard of it */
	world_expect(&w, "");
	world_leave(&w, b, NULL);
}
END_TEST

START_TEST(a_pending_guest_of_a_room_grown_large_is_silent)
{
	struct member *a, *b, *c;

	w.settings.quiet_above = 2;
	a = world_person(&w, 1, 0, "a");
	b = world_enter(&w, 2, 0, "lobby");
	c = world_enter(&w, 3, 0, "lobby");
	outbox_clear(&w.out);
	hub_announce(w.hub, b, &w.now, &w.out);
	world_expect(&w, "");
	world_leave(&w, c, NULL);
	world_leave(&w, b, NULL);
	world_leave(&w, a, NULL);
	world_expect(&w, "");
}
END_TEST

START_TEST(ids_rise_and_follow_the_clock)
{
	struct member *bob = world_person(&w, 1, 0, "bob");
	struct member *carol = world_person(&w, 2, 0, "carol");
	static const int64_t walls[] = {1700000000000, 1700000000000,
		1700000000001, 1600000000000, -5, INT64_MAX, 1700000001000};
	uint64_t last = 0, seq = 0;

	for (size_t i = 0; i < sizeof walls / sizeof walls[0]; i++) {
		const struct chat_msg *msg;

		w.now.wall_ms = walls[i];
		world_run(&w, bob, "say", "x", NULL);
		ck_assert_uint_eq(w.out.n_posts, 1);
		msg = w.out.posts[0].msg;
		ck_assert_uint_gt(msg->id, last);
		ck_assert_uint_lt(msg->id, UINT64_C(1) << 53);
		ck_assert_uint_eq(msg->seq, ++seq);
		last = msg->id;
		outbox_clear(&w.out);
	}
	/* a server started later goes on from its clock */
	ck_assert_uint_eq(last, UINT64_C(1700000001000) * 1000);
	world_leave(&w, bob, NULL);
	world_leave(&w, carol, NULL);
}
END_TEST

START_TEST(empty_rooms_are_kept_for_a_while)
{
	struct member *bob = world_person(&w, 1, 0, "bob");

	world_run(&w, bob, "join", "Ops", NULL);
	world_run(&w, bob, "say", "remember", NULL);
	world_run(&w, bob, "part", NULL);
	outbox_clear(&w.out);
	w.now.mono_ms += w.settings.room_keep_ms - 1;
	world_run(&w, bob, "join", "ops", NULL);
	world_expect(&w,
		"unseat 1 in 0\n"
		"seat 1 in 1\n"
		"to 1: YOU_JOINED bob #Ops \"sockd\" n=1\n"
		"to 1: REPLAY #Ops [SAID bob #Ops \"remember\"]\n");
	world_run(&w, bob, "part", NULL);
	outbox_clear(&w.out);
	ck_assert_uint_eq(hub_n_rooms(w.hub), 2);
	w.now.mono_ms += w.settings.room_keep_ms;
	world_run(&w, bob, "ping", NULL);
	ck_assert_uint_eq(hub_n_rooms(w.hub), 1);
	outbox_clear(&w.out);
	world_run(&w, bob, "join", "ops", NULL);
	world_expect(&w,
		"unseat 1 in 0\n"
		"seat 1 in 1\n"
		"to 1: YOU_JOINED bob #ops \"sockd\" n=1\n");
	world_leave(&w, bob, NULL);
}
END_TEST

/* Hundreds are not forgotten in one command, which would hold up others. */
START_TEST(many_empty_rooms_go_in_turns)
{
	struct member *bob = world_person(&w, 1, 0, "bob");
	size_t left = 500;
	char name[16];

	for (size_t i = 1; i < left; i++) {
		snprintf(name, sizeof(name), "r%zu", i);
		world_run(&w, bob, "join", name, NULL);
	}
	world_run(&w, bob, "part", NULL);
	ck_assert_uint_eq(hub_n_rooms(w.hub), left);
	w.now.mono_ms += w.settings.room_keep_ms;
	for (int i = 0; i < 100 && left > 1; i++) {
		world_run(&w, bob, "ping", NULL);
		ck_assert_uint_lt(hub_n_rooms(w.hub), left);
		ck_assert_uint_ge(hub_n_rooms(w.hub) + 32, left);
		left = hub_n_rooms(w.hub);
	}
	ck_assert_uint_eq(left, 1);
	world_leave(&w, bob, NULL);
}
END_TEST

START_TEST(rooms_are_bounded)
{
	struct member *bob, *carol;

	w.settings.max_rooms = 3;
	bob = world_person(&w, 1, 0, "bob");
	carol = world_person(&w, 2, 0, "carol");
	world_run(&w, bob, "join", "one", NULL);
	world_run(&w, bob, "join", "two", NULL);
	world_run(&w, bob, "join", "three", NULL); /* one makes way */
	outbox_clear(&w.out);
	ck_assert_uint_eq(hub_n_rooms(w.hub), 3);
	world_run(&w, bob, "who", "one", NULL);
	world_expect(&w, "to 1: E_NO_SUCH_ROOM \"one\"\n");
	world_run(&w, carol, "join", "two", NULL);
	outbox_clear(&w.out);
	world_run(&w, carol, "join", "four", NULL); /* the lobby does */
	outbox_clear(&w.out);
	world_run(&w, bob, "part", NULL); /* two makes way */
	outbox_clear(&w.out);
	ck_assert_uint_eq(hub_n_rooms(w.hub), 3);
	world_run(&w, carol, "join", "five", NULL);
	world_run(&w, carol, "topic", "ours", NULL);
	outbox_clear(&w.out);
	world_leave(&w, bob, NULL);
	world_leave(&w, carol, NULL);
}
END_TEST

START_TEST(no_room_without_an_empty_one)
{
	struct member *bob, *carol;

	w.settings.max_rooms = 2;
	bob = world_person(&w, 1, 0, "bob");
	carol = world_person(&w, 2, 0, "carol");
	world_run(&w, bob, "join", "one", NULL);
	outbox_clear(&w.out);
	world_run(&w, carol, "join", "two", NULL);
	world_expect(&w, "to 2: E_TOO_MANY_ROOMS \"two\" limit=2\n");
	world_run(&w, carol, "join", "one", NULL);
	world_expect(&w,
		"unseat 2 in 0\n"
		"seat 2 in 1\n"
		"to 2: YOU_JOINED carol #one \"sockd\" n=2\n"
		"room 1 !2: JOINED carol #one\n");
	world_leave(&w, bob, NULL);
	world_leave(&w, carol, NULL);
}
END_TEST

START_TEST(configured_rooms_exist)
{
	static char ops[] = "#Ops", vault[] = "vault", topic[] = "the printer";
	struct room_settings rooms[] = {
		{.name = ops, .topic = topic, .replay = 1},
		{.name = vault, .locked = true},
	};
	struct chat_settings with = world_settings();
	struct member *bob = world_person(&w, 1, 0, "bob");

	with.rooms = rooms;
	with.n_rooms = 2;
	ck_assert_int_eq(hub_configure(w.hub, &with), 0);
	ck_assert_uint_eq(hub_n_rooms(w.hub), 3);
	w.now.mono_ms += 10 * with.room_keep_ms;
	world_run(&w, bob, "rooms", NULL);
	world_expect(&w,
		"to 1: ROOMS n=3 [ROOM_ITEM #lobby n=1,"
		" ROOM_ITEM #Ops \"the printer\","
		" ROOM_ITEM #vault]\n");
	world_run(&w, bob, "join", "vault", NULL);
	world_expect(&w, "to 1: E_ROOM_LOCKED #vault\n");
	world_run(&w, bob, "join", "ops", NULL);
	world_run(&w, bob, "say", "one", NULL);
	world_run(&w, bob, "say", "two", NULL);
	world_run(&w, bob, "part", NULL);
	outbox_clear(&w.out);
	world_run(&w, bob, "join", "ops", NULL);
	world_expect(&w,
		"unseat 1 in 0\n"
		"seat 1 in 1\n"
		"to 1: YOU_JOINED bob #Ops \"sockd\" n=1\n"
		"to 1: YOU_TOPIC #Ops \"the printer\"\n"
		"to 1: REPLAY #Ops [SAID bob #Ops \"two\"]\n");
	world_configure(&w);
	w.now.mono_ms += w.settings.room_keep_ms;
	world_run(&w, bob, "rooms", NULL);
	world_expect(&w, "to 1: ROOMS n=1 [ROOM_ITEM #Ops n=1]\n");
	world_leave(&w, bob, NULL);
}
END_TEST

START_TEST(a_bad_configuration_changes_nothing)
{
	static char bad[] = "no room";
	struct room_settings rooms[] = {{.name = bad}};
	struct chat_settings with = world_settings();

	with.rooms = rooms;
	with.n_rooms = 1;
	ck_assert_int_eq(hub_configure(w.hub, &with), -EINVAL);
	ck_assert_uint_eq(hub_n_rooms(w.hub), 0);
}
END_TEST

START_TEST(histories_shrink_with_the_settings)
{
	struct chat_settings less = world_settings();
	struct member *bob = world_person(&w, 1, 0, "bob");

	for (int i = 0; i < 5; i++)
		world_run(&w, bob, "say", "x", NULL);
	less.history = 2;
	ck_assert_int_eq(hub_configure(w.hub, &less), 0);
	world_run(&w, bob, "history", NULL);
	world_expect(&w,
		"to 1: REPLAY #lobby [SAID bob #lobby \"x\","
		" SAID bob #lobby \"x\"]\n");
	world_leave(&w, bob, NULL);
}
END_TEST

START_TEST(guest_names_are_unique)
{
	enum { N = 3000 };
	struct member *members[N];

	for (uint64_t i = 0; i < N; i++) {
		members[i] = world_enter(&w, i + 1, 0, "lobby");
		outbox_clear(&w.out);
	}
	ck_assert_uint_eq(hub_n_members(w.hub), N);
	for (int i = 0; i < N; i++)
		world_leave(&w, members[i], NULL);
	ck_assert_uint_eq(hub_n_members(w.hub), 0);
	outbox_clear(&w.out);
}
END_TEST

/* Where a service lets people in they may always come back to, whatever the
 * number of rooms and whether it is locked for others. */
START_TEST(the_way_home_is_open)
{
	static char vault[] = "vault";
	struct room_settings rooms[] = {{.name = vault, .locked = true}};
	struct chat_settings with = world_settings();
	struct member *bob, *carol;

	with.rooms = rooms;
	with.n_rooms = 1;
	with.max_rooms = 1;
	ck_assert_int_eq(hub_configure(w.hub, &with), 0);
	bob = world_enter(&w, 1, 0, "#Vault");
	carol = world_enter(&w, 2, 0, "office");
	with.max_rooms = 4;
	world_run(&w, bob, "join", "tea", NULL);
	world_run(&w, carol, "join", "cafe", NULL);
	w.now.mono_ms += with.room_keep_ms; /* office is forgotten */
	with.max_rooms = 1;
	outbox_clear(&w.out);
	world_run(&w, bob, "part", NULL);
	world_expect(&w,
		"unseat 1 in 2\n"
		"seat 1 in 0 after 2000\n"
		"to 1: YOU_JOINED guest-**** #vault \"sockd\" n=1\n");
	world_run(&w, carol, "join", "vault", NULL);
	world_expect(&w, "to 2: E_ROOM_LOCKED #vault\n");
	world_run(&w, carol, "part", NULL);
	ck_assert_uint_eq(w.out.n_posts, 3);
	outbox_clear(&w.out);
	world_leave(&w, bob, NULL);
	world_leave(&w, carol, NULL);
	world_configure(&w);
}
END_TEST

/* Rooms of several posts lie behind each other. */
START_TEST(an_outbox_grows)
{
	struct member *bob = world_person(&w, 1, 0, "bob");
	struct member *carol = world_person(&w, 2, 0, "carol");

	for (int i = 0; i < 50; i++)
		world_run(&w, bob, "nick", i % 2 ? "bob" : "bobby", NULL);
	ck_assert_uint_eq(w.out.n_posts, 100);
	ck_assert_uint_eq(w.out.n_rooms, 50);
	ck_assert_uint_ge(w.out.rooms_size, 50);
	for (uint32_t i = 0; i < 50; i++)
		ck_assert_uint_eq(w.out.posts[2 * i + 1].first_room, i);
	outbox_clear(&w.out);
	world_leave(&w, bob, NULL);
	world_leave(&w, carol, NULL);
}
END_TEST

static Suite *hub_suite(void)
{
	Suite *suite = suite_create("hub");
	TCase *tc = tcase_create("hub");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, a_guest_is_welcomed);
	tcase_add_test(tc, one_may_enter_without_a_room);
	tcase_add_test(tc, a_guest_is_announced_by_its_first_line);
	tcase_add_test(tc, a_guest_is_announced_in_time);
	tcase_add_test(tc, a_guest_that_only_looks_in_is_silent);
	tcase_add_test(tc, a_new_name_announces);
	tcase_add_test(tc, moving_is_told_in_order);
	tcase_add_test(tc, posts_name_the_workers_concerned);
	tcase_add_test(tc, large_rooms_are_quiet);
	tcase_add_test(tc, a_pending_guest_of_a_room_grown_large_is_silent);
	tcase_add_test(tc, ids_rise_and_follow_the_clock);
	tcase_add_test(tc, empty_rooms_are_kept_for_a_while);
	tcase_add_test(tc, many_empty_rooms_go_in_turns);
	tcase_add_test(tc, rooms_are_bounded);
	tcase_add_test(tc, no_room_without_an_empty_one);
	tcase_add_test(tc, configured_rooms_exist);
	tcase_add_test(tc, a_bad_configuration_changes_nothing);
	tcase_add_test(tc, histories_shrink_with_the_settings);
	tcase_add_test(tc, guest_names_are_unique);
	tcase_add_test(tc, the_way_home_is_open);
	tcase_add_test(tc, an_outbox_grows);
	suite_add_tcase(suite, tc);
	return suite;
}

int main(void)
{
	SRunner *runner = srunner_create(hub_suite());
	int failed;

	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
