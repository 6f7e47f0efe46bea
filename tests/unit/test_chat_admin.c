/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What is watched in the chat comes through a feed, and nothing else does. */
#include "proto/chat_admin.h"

#include <stdio.h>

#include "chat_world.h"
#include "net/mailbox.h"
#include "net_world.h"
#include "proto/chat_port.h"

#define FEED_BYTES 4000

static const struct conn_ops ops = {NULL};
static const struct conn_type type = {.ops = &ops};

static struct net_world net;
static struct chat_settings settings;
static struct chat_port *port;
static struct event_base *base;
static struct mailbox *box;
static struct feed *feed;
static struct strbuf seen;
static uint64_t n_seen, n_lost;

static void on_news(void *arg)
{
	struct feed_item *item, *next;
	uint64_t n;

	for (item = feed_take(feed, &n); item; item = next) {
		const struct chat_news *news = container_of(
			item, struct chat_news, item);

		next = item->next;
		ck_assert_ptr_eq(item->kind, &chat_news_kind);
		ck_assert_int_gt(news->wall_ms, 0);
		n_seen++;
		strbuf_addf(&seen, "%s%s%s ", news->room,
			news->is_of_room ? "!" : "", news->is_event ? "?" : "");
		world_put_msg(&seen, news->msg);
		strbuf_addc(&seen, '\n');
		item->kind->free(item);
	}
	n_lost += n;
}

static void set_up(void)
{
	net_start(&net, &type, 2);
	settings = world_settings();
	ck_assert_int_eq(chat_port_new(&port, &net.crew, &settings), 0);
	base = event_base_new();
	ck_assert_int_eq(mailbox_new(&box, base, NULL), 0);
	ck_assert_int_eq(feed_new(&feed, box, FEED_BYTES, on_news, NULL), 0);
}

static void tear_down(void)
{
	chat_port_stop(port);
	chat_port_free(port);
	net_stop(&net);
	mailbox_free(box);
	feed_free(feed);
	event_base_free(base);
	strbuf_fini(&seen);
}

static void say(const char *room, const char *text)
{
	struct chat_remark remark = {
		.room = room, .nick = "cron", .text = text};

	ck_assert_int_eq(chat_port_post(port, &remark, 1, NULL), 0);
	ck_assert_uint_ne(remark.id, 0);
}

static void expect(const char *text)
{
	event_base_loop(base, EVLOOP_NONBLOCK);
	ck_assert_str_eq(net_text(&seen), text);
	strbuf_clear(&seen);
	strbuf_adds(&seen, "");
}

START_TEST(only_watched_rooms_are_seen)
{
	struct chat_watch watch = {
		.feed = feed, .rooms = {"Ops", "dev"}, .n_rooms = 2};

	say("ops", "before");
	chat_admin_watch(port, &watch);
	say("ops", "one");
	say("lobby", "two");
	say("DEV", "three");
	expect("ops! SAID cron #ops \"one\"\n"
	       "DEV! SAID cron #DEV \"three\"\n");
	watch.n_rooms = 0;
	watch.events = true;
	chat_admin_watch(port, &watch);
	say("ops", "four"); /* which is no event */
	chat_admin_watch(port, NULL);
	say("ops", "five");
	expect("");
	ck_assert_uint_eq(n_lost, 0);
}
END_TEST

/* Nobody takes what is in the feed: memory stays bounded, all is counted. */
START_TEST(what_nobody_takes_is_counted)
{
	const struct chat_watch watch = {
		.feed = feed, .rooms = {"ops"}, .n_rooms = 1};

	chat_admin_watch(port, &watch);
	for (int i = 0; i < 1000; i++)
		say("ops", "the same again");
	event_base_loop(base, EVLOOP_NONBLOCK);
	ck_assert_uint_ge(n_seen, 5);
	ck_assert_uint_le(n_seen, FEED_BYTES / sizeof(struct chat_news));
	ck_assert_uint_eq(n_seen + n_lost, 1000);
}
END_TEST

START_TEST(lists_what_there_is)
{
	struct room_views rooms = {0};
	struct member_views members = {0};
	struct proclamation p = {.text = "hi"};
	struct member_view member;
	struct room_view room;

	say("ops", "hi");
	chat_admin_rooms(port, &rooms);
	ck_assert_uint_eq(rooms.n, 1);
	ck_assert_str_eq(rooms.rows[0].name, "ops");
	chat_admin_members(port, NULL, &members);
	ck_assert_uint_eq(members.n, 0);
	ck_assert(chat_admin_find_room(port, "OPS", &room));
	ck_assert(!chat_admin_find_room(port, "op", &room));
	ck_assert(!chat_admin_find_member(port, "cron", &member, NULL));
	ck_assert_int_eq(chat_admin_proclaim(port, &p), 0);
	ck_assert_uint_eq(p.n_rooms, 0);
	room_views_fini(&rooms);
	member_views_fini(&members);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("chat_admin");
	TCase *tc = tcase_create("chat_admin");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_checked_fixture(tc, set_up, tear_down);
	tcase_add_test(tc, only_watched_rooms_are_seen);
	tcase_add_test(tc, what_nobody_takes_is_counted);
	tcase_add_test(tc, lists_what_there_is);
	suite_add_tcase(suite, tc);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
