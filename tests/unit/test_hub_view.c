/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The hub as whoever runs the server sees it: lists, announcements, and what an
 * observer is shown. */
#include "chat/hub_view.h"

#include <stdio.h>

#include "chat/observer.h"
#include "chat_world.h"

#define N_MANY 1000

static struct world w;
static struct strbuf seen;

static void set_up(void)
{
	w.settings = world_settings();
	world_start(&w, 2);
}

static void tear_down(void)
{
	world_stop(&w);
	strbuf_fini(&seen);
}

START_TEST(shows_rooms)
{
	struct member *bob = world_person(&w, 1, 0, "bob");
	struct member *al = world_person(&w, 2, 1, "al");
	struct room_view view;

	world_run(&w, bob, "join", "Ops", NULL);
	world_run(&w, bob, "topic", "all of it", NULL);
	world_run(&w, bob, "say", "one", NULL);
	w.now.wall_ms += 5000;
	world_run(&w, bob, "say", "two", NULL);
	ck_assert(hub_view_room(w.hub, "ops", &view));
	ck_assert_str_eq(view.name, "Ops");
	ck_assert_str_eq(view.topic, "all of it");
	ck_assert_uint_eq(view.n_members, 1);
	ck_assert_uint_eq(view.n_said, 2);
	ck_assert_uint_eq(view.n_lines, 2);
	ck_assert_uint_gt(view.history_bytes, 10);
	ck_assert_int_eq(view.said_ms, w.now.wall_ms);
	ck_assert(!view.is_configured);
	room_view_fini(&view);
	ck_assert(hub_view_room(w.hub, "lobby", &view));
	ck_assert_ptr_null(view.topic);
	ck_assert_int_eq(view.said_ms, 0);
	ck_assert_uint_eq(view.n_members, 1);
	ck_assert(!hub_view_room(w.hub, "nowhere", &view));
	world_leave(&w, bob, NULL);
	world_leave(&w, al, NULL);
}
END_TEST

START_TEST(shows_a_member)
{
	struct member *bob = world_person(&w, 7, 1, "bob");
	struct strlist rooms = {0};
	struct member_view view;

	w.now.mono_ms += 3000;
	world_run(&w, bob, "away", "tea", NULL);
	w.now.mono_ms += 2000;
	ck_assert(hub_view_member(w.hub, "BOB", &w.now, &view, &rooms));
	ck_assert_str_eq(view.nick, "bob");
	ck_assert_uint_eq(view.home.conn, 7);
	ck_assert_uint_eq(view.home.worker, 1);
	ck_assert_uint_eq(view.here_ms, 5000);
	ck_assert_uint_le(view.silent_ms, 5000);
	ck_assert(view.is_away && !view.is_program);
	ck_assert_uint_eq(rooms.n_items, 1);
	ck_assert_str_eq(rooms.items[0], "lobby");
	ck_assert(!hub_view_member(w.hub, "al", &w.now, &view, NULL));
	strlist_fini(&rooms);
	world_leave(&w, bob, NULL);
}
END_TEST

/* In portions, between which people come, go, and change their names. */
START_TEST(shows_all_in_portions)
{
	struct member *members[2 * N_MANY];
	struct member_views views = {0};
	struct strmap_walk walk = {0};
	int n = 0, portions = 0, first = 0;
	char nick[16];
	bool is_more;

	for (; n < N_MANY; n++) {
		snprintf(nick, sizeof(nick), "p%d-x", n);
		members[n] = world_person(&w, (uint64_t)n + 1, 0, nick);
		if (n % 2)
			world_run(&w, members[n], "join", "odd", NULL);
	}
	do {
		size_t before = views.n;

		is_more = hub_view_members(w.hub, &walk, "odd", &w.now, &views);
		ck_assert_uint_le(views.n - before, 2 * HUB_VIEW_PORTION);
		portions++;
		for (int i = 0; i < 20; i++, n++)
			members[n] = world_enter(
				&w, (uint64_t)n + 1, 0, "lobby");
		world_leave(&w, members[first++], NULL);
	} while (is_more);
	ck_assert_int_ge(portions, N_MANY / HUB_VIEW_PORTION);
	ck_assert_uint_ge(views.n, N_MANY / 2 - (size_t)first);
	ck_assert_uint_le(views.n, N_MANY / 2);
	for (size_t i = 0; i < views.n; i++)
		for (size_t k = 0; k < i; k++)
			ck_assert_str_ne(
				views.rows[i].nick, views.rows[k].nick);
	member_views_fini(&views);
	while (first < n)
		world_leave(&w, members[first++], NULL);
	outbox_clear(&w.out);
}
END_TEST

START_TEST(lists_rooms_in_portions)
{
	struct member *bob = world_person(&w, 1, 0, "bob");
	struct room_views views = {0};
	struct strmap_walk walk = {0};
	char name[16];
	int portions = 1;

	for (int i = 0; i < 600; i++) {
		snprintf(name, sizeof(name), "r%d", i);
		world_run(&w, bob, "join", name, NULL);
	}
	while (hub_view_rooms(w.hub, &walk, &views))
		portions++;
	ck_assert_int_ge(portions, 2);
	ck_assert_uint_eq(views.n, 601);
	room_views_fini(&views);
	world_leave(&w, bob, NULL);
	outbox_clear(&w.out);
}
END_TEST

/* Announcements. */

static bool proclaim(struct proclamation *p)
{
	struct strmap_walk walk = {0};

	return hub_proclaim(w.hub, &walk, p, &w.now, &w.out);
}

START_TEST(announces)
{
	struct member *bob = world_person(&w, 1, 0, "bob");
	struct member *al = world_person(&w, 2, 1, "al");
	struct proclamation all = {.text = "soon"};
	struct proclamation one = {.room = "OPS", .text = "now"};
	struct room_view view;

	world_run(&w, al, "join", "ops", NULL);
	outbox_clear(&w.out);
	ck_assert(!proclaim(&one));
	ck_assert_uint_eq(one.n_rooms, 1);
	ck_assert_uint_eq(one.n_members, 1);
	world_expect(&w, "room 1 w=2: PROCLAIMED #ops \"now\"\n");
	ck_assert(!proclaim(&all));
	ck_assert_uint_eq(all.n_rooms, 2);
	ck_assert_uint_eq(all.n_members, 2);
	ck_assert_uint_eq(w.out.n_posts, 2);
	/* it is not talk */
	ck_assert(hub_view_room(w.hub, "ops", &view));
	ck_assert_uint_eq(view.n_lines + view.n_said, 0);
	world_leave(&w, bob, NULL);
	world_leave(&w, al, NULL);
	outbox_clear(&w.out);
	one = (struct proclamation){.room = "ops", .text = "again"};
	ck_assert(!proclaim(&one));
	ck_assert_uint_eq(one.n_rooms, 0); /* nobody is there */
	world_expect(&w, "");
}
END_TEST

/* Observers. */

static void see(
	struct chat_observer *observer, const char *room, struct chat_msg *msg)
{
	strbuf_addf(&seen, "%s: ", room ? room : "all");
	world_put_msg(&seen, msg);
	strbuf_addc(&seen, '\n');
}

static void expect_seen(const char *text)
{
	ck_assert_str_eq(seen.data ? seen.data : "", text);
	strbuf_clear(&seen);
	strbuf_adds(&seen, "");
}

START_TEST(observer_sees_what_happens)
{
	struct chat_observer observer = {.see = see};
	struct member *bob = world_person(&w, 1, 0, "bob"), *al;
	struct proclamation p = {.room = "lobby", .text = "x"};

	hub_observe(w.hub, &observer);
	world_run(&w, bob, "say", "hi", NULL); /* to nobody else */
	world_run(&w, bob, "me", "waves", NULL);
	world_run(&w, bob, "topic", "tea", NULL);
	expect_seen("lobby: SAID bob #lobby \"hi\"\n"
		    "lobby: ACTION bob #lobby \"waves\"\n"
		    "lobby: TOPIC_SET bob #lobby \"tea\"\n");
	/* a guest is seen at once, whom the room hears of later */
	al = world_enter(&w, 2, 1, "lobby");
	expect_seen("lobby: JOINED guest-**** #lobby\n");
	world_run(&w, al, "nick", "al", NULL);
	expect_seen("all: RENAMED guest-**** al\n"
		    "lobby: RENAMED guest-**** al\n");
	world_run(&w, al, "join", "ops", NULL);
	expect_seen("lobby: LEFT al #lobby\nops: JOINED al #ops\n");
	world_run(&w, al, "msg", "bob", "psst", NULL);
	expect_seen("");
	world_leave(&w, al, "so long");
	expect_seen("ops: LEFT al #ops \"so long\"\n");
	ck_assert(!proclaim(&p));
	expect_seen("lobby: PROCLAIMED #lobby \"x\"\n");
	hub_observe(w.hub, NULL);
	world_leave(&w, bob, NULL);
	expect_seen("");
	outbox_clear(&w.out);
}
END_TEST

/* A room that is quiet tells its members nothing of it. */
START_TEST(observer_sees_into_quiet_rooms)
{
	struct chat_observer observer = {.see = see};
	struct member *bob, *al;

	w.settings.quiet_above = 0;
	bob = world_person(&w, 1, 0, "bob");
	hub_observe(w.hub, &observer);
	al = world_enter(&w, 2, 1, "lobby");
	outbox_clear(&w.out);
	world_leave(&w, al, NULL);
	world_expect(&w, "");
	expect_seen("lobby: JOINED guest-**** #lobby\n"
		    "lobby: LEFT guest-**** #lobby\n");
	world_leave(&w, bob, NULL);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("hub_view");
	TCase *tc = tcase_create("hub_view");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_checked_fixture(tc, set_up, tear_down);
	tcase_add_test(tc, shows_rooms);
	tcase_add_test(tc, shows_a_member);
	tcase_add_test(tc, shows_all_in_portions);
	tcase_add_test(tc, lists_rooms_in_portions);
	tcase_add_test(tc, announces);
	tcase_add_test(tc, observer_sees_what_happens);
	tcase_add_test(tc, observer_sees_into_quiet_rooms);
	suite_add_tcase(suite, tc);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
