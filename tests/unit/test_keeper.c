/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/keeper.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/state_dir.h"
#include "chat_world.h"
#include "net/mailbox.h"
#include "net_world.h"
#include "proto/chat_admin.h"
#include "proto/chat_port.h"

static const struct conn_ops ops = {NULL};
static const struct conn_type type = {.ops = &ops};

static char top[] = "/tmp/sockd-test-XXXXXX";
static char file[sizeof(top) + 16];
static struct net_world net;
static struct chat_settings settings;
static struct chat_port *port;
static struct event_base *base;
static struct mailbox *box;
static struct state_dir *dir;
static struct keeper *keeper;

/* No more of them, or as many as before. */
static void allow_descriptors(bool more)
{
	static struct rlimit usual;
	struct rlimit limit;

	if (more) {
		if (usual.rlim_cur)
			setrlimit(RLIMIT_NOFILE, &usual);
		return;
	}
	ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &usual), 0);
	limit = usual;
	limit.rlim_cur = 0;
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
}

static void start_in(uint64_t every_ms, bool lacks_descriptors)
{
	struct errmsg msg = {""};
	struct keeper_world world = {.why_not = "no reason"};

	ck_assert_int_eq(chat_port_new(&port, &net.crew, &settings), 0);
	base = event_base_new();
	ck_assert_int_eq(mailbox_new(&box, base, NULL), 0);
	ck_assert_msg(state_dir_open(&dir, top, &msg) == 0, "%s", msg.text);
	world.base = base;
	world.mailbox = box;
	world.chat = port;
	world.dir = dir;
	world.every_ms = every_ms;
	if (lacks_descriptors)
		allow_descriptors(false);
	ck_assert_int_eq(keeper_new(&keeper, &world), 0);
	allow_descriptors(true);
}

static void start(uint64_t every_ms)
{
	start_in(every_ms, false);
}

static void start_without_descriptors(uint64_t every_ms)
{
	start_in(every_ms, true);
}

static void on_pass(evutil_socket_t fd, short what, void *arg)
{
	*(bool *)arg = true;
}

/* Lets the loop run for so long. */
static void pass_ms(unsigned ms)
{
	struct timeval tv = clock_timeval(ms);
	bool is_over = false;

	ck_assert_int_eq(
		event_base_once(base, -1, EV_TIMEOUT, on_pass, &is_over, &tv),
		0);
	while (!is_over)
		event_base_loop(base, EVLOOP_ONCE);
}

static void end(void)
{
	keeper_free(keeper);
	state_dir_close(dir);
	chat_port_stop(port);
	chat_port_free(port);
	mailbox_free(box);
	event_base_free(base);
}

static void set_up(void)
{
	strcpy(top + sizeof(top) - 7, "XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(top));
	snprintf(file, sizeof(file), "%s/chat.state", top);
	net_start(&net, &type, 2);
	settings = world_settings();
}

static void tear_down(void)
{
	char command[sizeof(top) + 16];

	net_stop(&net);
	snprintf(command, sizeof(command), "rm -rf %s", top);
	ck_assert_int_eq(system(command), 0);
}

static void say(const char *text)
{
	struct chat_remark remark = {
		.room = "ops", .nick = "cron", .text = text};

	ck_assert_int_eq(chat_port_post(port, &remark, 1, NULL), 0);
	ck_assert_uint_ne(remark.id, 0);
}

static uint64_t n_said(void)
{
	struct room_view view;

	if (!chat_admin_find_room(port, "ops", &view))
		return 0;
	room_view_fini(&view);
	return view.n_said;
}

/* What tells one writing from the next. */
static uint64_t which(void)
{
	struct stat st;

	if (stat(file, &st))
		return 0;
	return ((uint64_t)st.st_ino << 32) + (uint64_t)st.st_mtim.tv_nsec;
}

static void wait_until_not(uint64_t old)
{
	uint64_t until_ms = clock_mono_ms() + NET_PATIENCE_MS;

	while (which() == old) {
		ck_assert_uint_lt(clock_mono_ms(), until_ms);
		event_base_loop(base, EVLOOP_ONCE);
	}
}

START_TEST(it_is_written_while_it_changes)
{
	uint64_t first;

	start(5);
	say("one");
	wait_until_not(0);
	first = which();
	for (int i = 0; i < 5; i++) /* the timer comes, and finds nothing new */
		event_base_loop(base, EVLOOP_ONCE);
	ck_assert_uint_eq(which(), first);
	say("two");
	wait_until_not(first);
	end(); /* as if it were killed */
	start(60000);
	ck_assert_uint_eq(n_said(), 2);
	end();
}
END_TEST

/* It may be whole: there are only no descriptors left. */
START_TEST(what_cannot_be_read_now_stays_as_it_is)
{
	uint64_t first;

	start(5);
	say("one");
	wait_until_not(0);
	end();
	first = which();
	start_without_descriptors(1);
	say("two");
	for (int i = 0; i < 5; i++)
		pass_ms(2);
	ck_assert_int_eq(keeper_ask(keeper, NULL, NULL), -ECANCELED);
	keeper_finish(keeper, 1000);
	end();
	ck_assert_uint_eq(which(), first);
}
END_TEST

START_TEST(the_end_is_written)
{
	start(60000);
	say("one");
	keeper_finish(keeper, NET_PATIENCE_MS);
	end();
	start(60000);
	ck_assert_uint_eq(n_said(), 1);
	end();
}
END_TEST

START_TEST(without_news_no_file_is_made)
{
	start(60000);
	keeper_finish(keeper, NET_PATIENCE_MS);
	end();
	ck_assert_uint_eq(which(), 0);
}
END_TEST

static unsigned n_told, n_errors;
static size_t n_bytes;

static void on_done(const char *error, size_t n, void *arg)
{
	ck_assert_ptr_eq(arg, &n_told);
	n_told++;
	n_errors += error != NULL;
	n_bytes = n;
}

/* Whoever asks during a writing is told of the next one, which has what was
 * said meanwhile. */
START_TEST(whoever_asks_is_told)
{
	uint64_t until_ms = clock_mono_ms() + NET_PATIENCE_MS;
	struct stat st;

	start(60000);
	n_told = n_errors = 0;
	ck_assert_int_eq(keeper_ask(keeper, on_done, &n_told), 0);
	say("during the first");
	ck_assert_int_eq(keeper_ask(keeper, on_done, &n_told), 0);
	ck_assert_int_eq(keeper_ask(keeper, on_done, &n_told), 0);
	ck_assert_uint_eq(n_told, 0);
	while (n_told < 3) {
		ck_assert_uint_lt(clock_mono_ms(), until_ms);
		event_base_loop(base, EVLOOP_ONCE);
	}
	ck_assert_uint_eq(n_errors, 0);
	ck_assert_int_eq(stat(file, &st), 0);
	ck_assert_int_eq(st.st_size, (off_t)n_bytes);
	end();
	start(60000);
	ck_assert_uint_eq(n_said(), 1);
	end();
}
END_TEST

START_TEST(a_stop_tells_whoever_waits)
{
	start(60000);
	n_told = n_errors = 0;
	say("one");
	ck_assert_int_eq(keeper_ask(keeper, on_done, &n_told), 0);
	ck_assert_int_eq(keeper_ask(keeper, on_done, &n_told), 0);
	keeper_stop(keeper);
	ck_assert_uint_eq(n_told, 2);
	ck_assert_uint_eq(n_errors, 2);
	ck_assert_int_lt(keeper_ask(keeper, on_done, &n_told), 0);
	say("two");
	keeper_finish(keeper, NET_PATIENCE_MS);
	ck_assert_uint_eq(n_told, 2);
	end();
	start(60000);
	ck_assert_uint_eq(n_said(), 2);
	end();
}
END_TEST

/* While others go on talking. */
static atomic_bool is_over;

static void *talk(void *arg)
{
	while (!atomic_load(&is_over))
		say("again and again");
	return arg;
}

START_TEST(people_talk_meanwhile)
{
	pthread_t thread;
	uint64_t last = 0;

	settings.history = 5000;
	start(1);
	atomic_store(&is_over, false);
	ck_assert_int_eq(pthread_create(&thread, NULL, talk, NULL), 0);
	for (int i = 0; i < 10; i++) {
		wait_until_not(last);
		last = which();
	}
	atomic_store(&is_over, true);
	pthread_join(thread, NULL);
	last = n_said();
	keeper_finish(keeper, NET_PATIENCE_MS);
	end();
	start(60000);
	ck_assert_uint_eq(n_said(), last);
	end();
}
END_TEST

int main(void)
{
	Suite *s = suite_create("keeper");
	TCase *tc = tcase_create("keeper");
	SRunner *sr = srunner_create(s);
	int failed;

	tcase_add_checked_fixture(tc, set_up, tear_down);
	tcase_add_test(tc, it_is_written_while_it_changes);
	tcase_add_test(tc, what_cannot_be_read_now_stays_as_it_is);
	tcase_add_test(tc, the_end_is_written);
	tcase_add_test(tc, without_news_no_file_is_made);
	tcase_add_test(tc, whoever_asks_is_told);
	tcase_add_test(tc, a_stop_tells_whoever_waits);
	tcase_add_test(tc, people_talk_meanwhile);
	suite_add_tcase(s, tc);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
