/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/log.h"

#include <check.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/str.h"
#include "held_clock.h"

/* What the sink got; it waits while `is_stopped`, as a stopped journal does. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static bool is_stopped, is_inside;
static struct strbuf got;
static size_t n_got;

static void sink(const struct log_record *record)
{
	pthread_mutex_lock(&lock);
	is_inside = true;
	pthread_cond_broadcast(&changed);
	while (is_stopped)
		pthread_cond_wait(&changed, &lock);
	is_inside = false;
	strbuf_addf(&got, "%d %s", (int)record->level, record->text);
	if (record->about.service)
		strbuf_addf(&got, " service=%s", record->about.service);
	if (record->about.peer)
		strbuf_addf(&got, " peer=%s", record->about.peer);
	if (record->about.conn)
		strbuf_addf(&got, " conn=%llu",
			(unsigned long long)record->about.conn);
	strbuf_addc(&got, '\n');
	n_got++;
	pthread_mutex_unlock(&lock);
}

static void let_go(void)
{
	pthread_mutex_lock(&lock);
	is_stopped = false;
	pthread_cond_broadcast(&changed);
	pthread_mutex_unlock(&lock);
}

/* Logs one line and waits until the sink hangs in it. */
static void hang_sink(void)
{
	is_stopped = true;
	log_info("hangs");
	pthread_mutex_lock(&lock);
	while (!is_inside)
		pthread_cond_wait(&changed, &lock);
	pthread_mutex_unlock(&lock);
}

/* What is written to stderr meanwhile. */
static int saved_stderr, pipe_fds[2];

static void catch_stderr(void)
{
	saved_stderr = dup(STDERR_FILENO);
	ck_assert_int_eq(pipe(pipe_fds), 0);
	dup2(pipe_fds[1], STDERR_FILENO);
}

static char *caught(void)
{
	static char buf[4096];
	ssize_t n;

	dup2(saved_stderr, STDERR_FILENO);
	close(pipe_fds[1]);
	n = read(pipe_fds[0], buf, sizeof(buf) - 1);
	buf[n > 0 ? n : 0] = '\0';
	close(pipe_fds[0]);
	close(saved_stderr);
	return buf;
}

static void set_up(void)
{
	ck_assert_int_eq(log_start(sink), 0);
}

static void tear_down(void)
{
	log_stop();
	strbuf_fini(&got);
}

START_TEST(records_come_out_in_order)
{
	struct log_about about = {"chat", "192.0.2.1:7", 77};

	log_error("one %d", 1);
	log_warning("two");
	log_notice("three");
	log_info("four");
	log_debug("five");
	log_about(LOG_LEVEL_INFO, &about, "six");
	log_stop();
	ck_assert_str_eq(got.data,
		"3 one 1\n4 two\n5 three\n6 four\n"
		"6 six service=chat peer=192.0.2.1:7 conn=77\n");
}
END_TEST

static void tap(const struct log_record *record, void *arg)
{
	strbuf_addf(arg, "%d %s\n", (int)record->level, record->text);
}

/* What goes past a tap, even if nobody takes it from the sink. */
START_TEST(tap_sees_what_is_logged)
{
	struct strbuf tapped = {0};

	log_info("before");
	log_stop();
	ck_assert_int_eq(log_start(sink), 0);
	log_tap(tap, &tapped);
	log_debug("not logged");
	hang_sink();
	log_tap(NULL, NULL);
	ck_assert_str_eq(tapped.data, "6 hangs\n");
	log_error("after");
	let_go();
	log_stop();
	ck_assert_str_eq(tapped.data, "6 hangs\n");
	ck_assert_str_eq(got.data, "6 before\n6 hangs\n3 after\n");
	strbuf_fini(&tapped);
}
END_TEST

START_TEST(level_holds_at_once)
{
	for (int i = 0; log_level_names[i]; i++) {
		log_set_level(log_level_of(i));
		for (int level = LOG_LEVEL_ERROR; level <= LOG_LEVEL_DEBUG;
			level++)
			ck_assert_int_eq(log_enabled((enum log_level)level),
				level <= LOG_LEVEL_ERROR + i);
	}
	log_set_level(LOG_LEVEL_ERROR);
	log_warning("no");
	log_about(LOG_LEVEL_INFO, NULL, "no");
	log_error("yes");
	log_stop();
	ck_assert_str_eq(got.data, "3 yes\n");
}
END_TEST

START_TEST(long_texts_are_cut)
{
	char text[5000], name[500];
	struct log_about about = {.service = name, .peer = name};

	memset(text, 'x', sizeof(text));
	memset(name, 'y', sizeof(name));
	text[sizeof(text) - 1] = name[sizeof(name) - 1] = '\0';
	log_about(LOG_LEVEL_INFO, &about, "%s", text);
	log_stop();
	ck_assert_uint_eq(strspn(got.data + 2, "x"), 1023);
}
END_TEST

START_TEST(a_stopped_reader_blocks_nobody)
{
	uint64_t begin = clock_mono_ms(), n_lost = log_n_lost();

	hang_sink();
	for (int i = 0; i < 2000; i++)
		log_info("line %d", i);
	ck_assert_uint_lt(clock_mono_ms() - begin, 5000);
	let_go();
	log_stop();
	/* The ring's, the one it hung in, and the word about the lost. */
	ck_assert_uint_eq(n_got, 1024 + 2);
	ck_assert_ptr_nonnull(strstr(got.data, "lines=976\n"));
	ck_assert_uint_eq(log_n_lost(), n_lost + 976);
	ck_assert_ptr_nonnull(strstr(got.data, "line 1023\n"));
	ck_assert_ptr_null(strstr(got.data, "line 1024\n"));
}
END_TEST

START_TEST(a_stop_does_not_wait_for_ever)
{
	uint64_t begin = clock_mono_ms();

	hang_sink();
	log_info("never written");
	log_stop();
	ck_assert_uint_ge(clock_mono_ms() - begin, 900);
	ck_assert_uint_lt(clock_mono_ms() - begin, 10000);
	_exit(0); /* as it is: the thread hangs in its write */
}
END_TEST

START_TEST(without_a_thread_stderr_gets_it)
{
	struct log_about about = {"chat", "x", 1};
	char *text;

	log_stop();
	catch_stderr();
	log_about(LOG_LEVEL_WARNING, &about, "early");
	text = caught();
	ck_assert_uint_eq(strlen(text),
		strlen("2026-11-21T14:02:03.123Z") +
			strlen(" warning early\n"));
	ck_assert_str_eq(text + 24, " warning early\n");
	ck_assert_uint_eq(n_got, 0);
}
END_TEST

START_TEST(it_starts_again)
{
	log_info("a");
	log_stop();
	log_stop();
	ck_assert_int_eq(log_start(sink), 0);
	log_info("b");
	log_stop();
	ck_assert_str_eq(got.data, "6 a\n6 b\n");
}
END_TEST

static void *log_many(void *arg)
{
	for (int i = 0; i < 300; i++)
		log_info("%s", (const char *)arg);
	return NULL;
}

START_TEST(all_threads_may_log)
{
	pthread_t threads[3];
	char name[] = "x";

	for (int i = 0; i < 3; i++)
		pthread_create(&threads[i], NULL, log_many, name);
	for (int i = 0; i < 3; i++)
		pthread_join(threads[i], NULL);
	log_stop();
	ck_assert_uint_eq(n_got, 900);
}
END_TEST

START_TEST(limits_let_bursts_through_and_count)
{
	static struct log_limit limit = {.burst = 20};
	uint64_t left_out = 77;

	clock_hold();
	for (int i = 0; i < 20; i++) {
		ck_assert(log_limit_pass(&limit, &left_out));
		ck_assert_uint_eq(left_out, 0);
	}
	for (int i = 0; i < 5; i++)
		ck_assert(!log_limit_pass(&limit, &left_out));
	clock_pass_ms(2000);
	ck_assert(log_limit_pass(&limit, &left_out));
	ck_assert_uint_eq(left_out, 5);
	ck_assert(log_limit_pass(&limit, &left_out));
	ck_assert_uint_eq(left_out, 0);
	clock_release();
}
END_TEST

START_TEST(stamps_are_iso)
{
	static const struct {
		int64_t wall_ms;
		const char *text;
	} rows[] = {
		{0, "1970-01-01T00:00:00.000Z"},
		{1795269723123, "2026-11-21T14:02:03.123Z"},
		{1709164800007, "2024-02-29T00:00:00.007Z"},
	};
	char buf[CLOCK_ISO_LEN];

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		ck_assert_str_eq(
			clock_format_iso(buf, rows[i].wall_ms), rows[i].text);
}
END_TEST

START_TEST(clocks_agree)
{
	uint64_t us = clock_mono_us(), ms = clock_mono_ms();

	/* One counts in ticks of the kernel. */
	ck_assert_uint_le(us / 1000, ms + 20);
	ck_assert_uint_le(ms, clock_mono_us() / 1000);
	ck_assert_int_gt(clock_wall_ms(), 1700000000000);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("log");
	TCase *tc = tcase_create("log");
	SRunner *sr = srunner_create(s);
	int failed;

	tcase_add_checked_fixture(tc, set_up, tear_down);
	tcase_add_test(tc, records_come_out_in_order);
	tcase_add_test(tc, tap_sees_what_is_logged);
	tcase_add_test(tc, level_holds_at_once);
	tcase_add_test(tc, long_texts_are_cut);
	tcase_add_test(tc, a_stopped_reader_blocks_nobody);
	tcase_add_test(tc, a_stop_does_not_wait_for_ever);
	tcase_add_test(tc, without_a_thread_stderr_gets_it);
	tcase_add_test(tc, it_starts_again);
	tcase_add_test(tc, all_threads_may_log);
	tcase_add_test(tc, limits_let_bursts_through_and_count);
	tcase_add_test(tc, stamps_are_iso);
	tcase_add_test(tc, clocks_agree);
	suite_add_tcase(s, tc);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
