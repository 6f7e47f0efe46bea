/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What is said by authors who are no members, and the nicks kept for them. */
#include "chat_world.h"

static struct world w;

static void setup(void)
{
	w = (struct world){.settings = world_settings()};
	world_start(&w, 2);
	w.shows_workers = false;
}

static void teardown(void)
{
	world_stop(&w);
}

static struct chat_remark say_as(
	const char *room, const char *nick, const char *text)
{
	struct chat_remark remark = {.room = room, .nick = nick, .text = text};

	hub_say_as(w.hub, &remark, &w.now, &w.out);
	return remark;
}

START_TEST(a_room_hears_who_is_not_there)
{
	struct member *bob = world_person(&w, 1, 0, "bob");
	struct member *carol = world_person(&w, 2, 1, "carol");
	struct chat_remark remark;

	outbox_clear(&w.out);
	w.shows_workers = true;
	remark = say_as("lobby", "cron", "disk full");
	ck_assert_uint_ne(remark.id, 0);
	ck_assert_uint_eq(w.out.posts[0].msg->id, remark.id);
	ck_assert_uint_eq(w.out.posts[0].msg->seq, 1);
	ck_assert_int_eq(w.out.posts[0].msg->wall_ms, w.now.wall_ms);
	world_expect(&w, "room 0 w=3: SAID cron #lobby \"disk full\"\n");
	ck_assert_uint_eq(hub_n_members(w.hub), 2);
	world_leave(&w, bob, NULL);
	world_leave(&w, carol, NULL);
}
END_TEST

/* Nobody there sees that some of a room's lines are said by members. */
START_TEST(numbers_go_on)
{
	struct member *bob = world_person(&w, 1, 0, "bob");
	uint64_t first, second, third;

	outbox_clear(&w.out);
	first = say_as(NULL, "cron", "1").id;
	world_run(&w, bob, "me", "2", NULL);
	/* nobody else is there to be told */
	ck_assert_uint_eq(w.out.n_posts, 1);
	world_run(&w, bob, "history", NULL);
	second = w.out.posts[1].msg->items[1]->id;
	third = say_as("", "cron", "3").id;
	ck_assert_uint_gt(second, first);
	ck_assert_uint_gt(third, second);
	ck_assert_uint_eq(w.out.posts[2].msg->seq, 3);
	world_expect(&w,
		"room 0: SAID cron #lobby \"1\"\n"
		"to 1: REPLAY #lobby [SAID cron #lobby \"1\","
		" ACTION bob #lobby \"2\"]\n"
		"room 0: SAID cron #lobby \"3\"\n");
	world_leave(&w, bob, NULL);
}
END_TEST

START_TEST(a_room_comes_to_be)
{
	struct member *bob;

	ck_assert_uint_ne(say_as("#Ops", "cron", "first").id, 0);
	world_expect(&w, ""); /* nobody is there */
	ck_assert_uint_eq(hub_n_rooms(w.hub), 1);
	bob = world_enter(&w, 1, 0, "ops");
	world_expect(&w,
		"seat 1 in 0 after 2000\n"
		"to 1: WELCOME guest-**** #Ops \"sockd\" n=1\n"
		"to 1: REPLAY #Ops [SAID cron #Ops \"first\"]\n");
	world_leave(&w, bob, NULL);
}
END_TEST

/* Each line keeps an empty room for as long again. */
START_TEST(a_room_lives_by_what_is_said)
{
	uint64_t keep = w.settings.room_keep_ms;

	say_as("ops", "cron", "1");
	say_as("dev", "cron", "1");
	w.now.mono_ms += keep - 1;
	say_as("ops", "cron", "2");
	w.now.mono_ms += keep - 1;
	say_as("lobby", "cron", "hi");
	ck_assert_uint_eq(hub_n_rooms(w.hub), 2); /* dev is gone */
	w.now.mono_ms += 1;
	say_as("lobby", "cron", "hi");
	ck_assert_uint_eq(hub_n_rooms(w.hub), 1);
}
END_TEST

/* Rooms of remarks are configured: they exist beyond the limit. */
START_TEST(a_limit_of_rooms_holds_for_people)
{
	struct member *bob;

	w.settings.max_rooms = 1;
	bob = world_person(&w, 1, 0, "bob");
	outbox_clear(&w.out);
	ck_assert_uint_ne(say_as("ops", "cron", "hi").id, 0);
	ck_assert_uint_eq(hub_n_rooms(w.hub), 2);
	world_run(&w, bob, "join", "dev", NULL);
	ck_assert_uint_le(hub_n_rooms(w.hub), 2);
	outbox_clear(&w.out);
	world_leave(&w, bob, NULL);
}
END_TEST

/* Only operators speak in it, and those who configure. */
START_TEST(a_locked_room_hears)
{
	static char vault[] = "vault";
	struct room_settings rooms[] = {{.name = vault, .locked = true}};
	struct chat_settings with = world_settings();

	with.rooms = rooms;
	with.n_rooms = 1;
	ck_assert_int_eq(hub_configure(w.hub, &with), 0);
	ck_assert_uint_ne(say_as("vault", "cron", "hi").id, 0);
	world_configure(&w);
}
END_TEST

START_TEST(texts_are_bounded)
{
	struct chat_remark remark;

	w.settings.text = 5;
	ck_assert_uint_ne(say_as("ops", "cron", "12345").id, 0);
	remark = say_as("dev", "cron", "123456");
	ck_assert_uint_eq(remark.id, 0);
	ck_assert_int_eq(remark.error, CHAT_E_TEXT_TOO_LONG);
	ck_assert_uint_eq(remark.n, 6);
	ck_assert_uint_eq(remark.limit, 5);
	ck_assert_uint_eq(hub_n_rooms(w.hub), 1); /* none for nothing */
	world_expect(&w, "");
}
END_TEST

static void reserve(struct chat_settings *settings, char *nick)
{
	static char *nicks[1];

	nicks[0] = nick;
	settings->reserved = (struct strlist){nicks, 1};
	ck_assert_int_eq(hub_configure(w.hub, settings), 0);
}

START_TEST(nicks_are_kept_for_services)
{
	static char cron[] = "cron", backup[] = "Backup-1";
	struct member *bob = world_person(&w, 1, 0, "bob");
	struct chat_settings with = world_settings(), other = with;

	reserve(&with, cron);
	world_run(&w, bob, "nick", "CRON", NULL);
	world_run(&w, bob, "nick", "cr0n", NULL);
	world_expect(&w,
		"to 1: E_NICK_RESERVED cron \"CRON\"\n"
		"to 1: E_NICK_RESERVED cron \"cr0n\"\n");
	reserve(&other, backup);
	world_run(&w, bob, "nick", "backup-l", NULL);
	world_run(&w, bob, "nick", "cron", NULL);
	world_expect(&w,
		"to 1: E_NICK_RESERVED Backup-1 \"backup-l\"\n"
		"to 1: YOU_RENAMED cron\n");
	/* who has it may keep it and write it differently, but not again */
	reserve(&with, cron);
	world_run(&w, bob, "nick", "Cron", NULL);
	world_run(&w, bob, "nick", "bob", NULL);
	outbox_clear(&w.out);
	world_run(&w, bob, "nick", "cron", NULL);
	world_expect(&w, "to 1: E_NICK_RESERVED cron \"cron\"\n");
	world_leave(&w, bob, NULL);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("hub_remark");
	TCase *tc = tcase_create("remark");
	SRunner *runner = srunner_create(suite);
	int failed;

	suite_add_tcase(suite, tc);
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, a_room_hears_who_is_not_there);
	tcase_add_test(tc, numbers_go_on);
	tcase_add_test(tc, a_room_comes_to_be);
	tcase_add_test(tc, a_room_lives_by_what_is_said);
	tcase_add_test(tc, a_limit_of_rooms_holds_for_people);
	tcase_add_test(tc, a_locked_room_hears);
	tcase_add_test(tc, texts_are_bounded);
	tcase_add_test(tc, nicks_are_kept_for_services);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
