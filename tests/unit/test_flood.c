/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Flood control without sockets, on a clock of numbers. */
#include "proto/flood.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "chat/command.h"
#include "chat/settings.h"

static struct flood flood;
static struct flood_settings limits;
static struct flood_rule rule;
static struct chat_call call;

static void set_up(void)
{
	flood = (struct flood){.late = NULL};
	limits = (struct flood_settings){
		.burst = 40,
		.queue = 20,
		.rate = {2, 1000},
		.patience_ms = 30000,
	};
	rule = (struct flood_rule){
		.settings = &limits,
		.bucket = &flood.bucket,
		.line_max = 4096,
	};
	call = (struct chat_call){.verb = chat_verb_say()};
	strbuf_addf(&call.buf, "hello");
	call.args[0] = call.buf.data;
	call.n_args = 1;
}

static void tear_down(void)
{
	flood_fini(&flood);
	chat_call_fini(&call);
}

/* What becomes of n lines that come at once. */
struct fates {
	unsigned passed, waiting, dropped, last;
};

static struct fates say(unsigned n, uint64_t now_ms)
{
	struct fates fates = {0};

	while (n-- > 0) {
		if (!flood_first(&flood) && flood_take(&rule, 1, now_ms)) {
			fates.passed++;
			continue;
		}
		switch (flood_put(&flood, &rule, &call, now_ms)) {
		case FLOOD_WAITS:
			fates.waiting++;
			break;
		case FLOOD_DROPPED:
			fates.dropped++;
			break;
		case FLOOD_PATIENCE:
			fates.last++;
			break;
		case FLOOD_NO_MEMORY:
			ck_abort();
		}
	}
	return fates;
}

/* How many of those that wait pass up to then. */
static unsigned run_until(uint64_t now_ms)
{
	unsigned n = 0;

	while (flood_first(&flood) && flood_take(&rule, 1, now_ms)) {
		flood_end_first(&flood, NULL, now_ms);
		n++;
	}
	return n;
}

START_TEST(burst_queue_and_the_rest)
{
	struct fates fates = say(2000, 1000);
	struct flood_count told;

	ck_assert_uint_eq(fates.passed, 40);
	ck_assert_uint_eq(fates.waiting, 20);
	ck_assert_uint_eq(fates.dropped, 1940);
	told = flood_tell_dropped(&flood);
	ck_assert_uint_eq(told.n, 1940);
	ck_assert_uint_eq(told.burst, 40);
	ck_assert_uint_eq(told.rate.count, 2);
	ck_assert_uint_eq(flood_tell_dropped(&flood).n, 0);
}
END_TEST

START_TEST(whoever_is_slow_owns_nothing)
{
	for (uint64_t ms = 0; ms < 100000; ms += 500)
		ck_assert_uint_eq(say(1, ms).passed, 1);
	ck_assert_ptr_null(flood.late);
	ck_assert_ptr_null(flood.rooms);
}
END_TEST

START_TEST(what_waits_passes_at_the_rate)
{
	say(60, 1000);
	ck_assert_uint_eq(flood_due_ms(&rule, 1), 1500);
	ck_assert_uint_eq(run_until(1499), 0);
	for (uint64_t i = 1; i <= 20; i++)
		ck_assert_uint_eq(run_until(1000 + i * 500), 1);
	ck_assert_ptr_null(flood_first(&flood));
	/* who comes behind one that waits waits too */
	ck_assert_uint_eq(say(1, 11000).waiting, 1);
	ck_assert_uint_eq(say(1, 11500).waiting, 1);
	ck_assert_uint_eq(run_until(11500), 1);
}
END_TEST

START_TEST(order_and_texts_are_kept)
{
	char text[8];
	struct chat_call first;

	say(40, 0);
	for (int i = 0; i < 20; i++) {
		snprintf(text, sizeof(text), "n%d", i);
		strbuf_clear(&call.buf);
		strbuf_addf(&call.buf, "%s", text);
		call.args[0] = call.buf.data;
		ck_assert_int_eq(
			flood_put(&flood, &rule, &call, 0), FLOOD_WAITS);
	}
	strbuf_clear(&call.buf);
	strbuf_addf(&call.buf, "other");
	for (int i = 0; i < 20; i++) {
		snprintf(text, sizeof(text), "n%d", i);
		ck_assert_str_eq(flood_first(&flood)->args[0], text);
		flood_end_first(&flood, &first, 0);
		ck_assert_str_eq(first.args[0], text);
		chat_call_fini(&first);
	}
	ck_assert_ptr_null(flood_first(&flood));
}
END_TEST

START_TEST(costs)
{
	ck_assert(flood_take(&rule, 39, 0));
	ck_assert(!flood_take(&rule, 3, 0));
	ck_assert_uint_eq(flood_due_ms(&rule, 3), 1000);
	ck_assert(!flood_take(&rule, 3, 999));
	ck_assert(flood_take(&rule, 3, 1000));
	/* what costs more than a burst passes too, but no more at once */
	limits.burst = 2;
	ck_assert(!flood_take(&rule, 5, 20000));
	ck_assert(flood_take(&rule, 5, 30000));
	ck_assert(!flood_take(&rule, 1, 30000));
}
END_TEST

/* What leads away passes when nothing does, but not for ever. */
START_TEST(the_urgent_have_an_end)
{
	unsigned n = 0;

	say(40, 0);
	while (n < 1000 && flood_take(&rule, 0, 0))
		n++;
	ck_assert_uint_eq(n, 32);
	ck_assert(!flood_take(&rule, 1, 16000));
	ck_assert(flood_take(&rule, 1, 16500));
	ck_assert(flood_take(&rule, 0, 16500));
}
END_TEST

START_TEST(no_limit)
{
	limits.rate.count = 0;
	ck_assert_uint_eq(say(100000, 0).passed, 100000);
	ck_assert(flood_take(&rule, 0, 0));
	ck_assert_uint_eq(flood_due_ms(&rule, 5), 0);
}
END_TEST

START_TEST(no_queue)
{
	struct fates fates;

	limits.queue = 0;
	ck_assert(flood_is_full(&flood, &rule));
	fates = say(50, 0);
	ck_assert_uint_eq(fates.passed, 40);
	ck_assert_uint_eq(fates.dropped, 10);
	ck_assert_uint_eq(say(1, 500).passed, 1);
}
END_TEST

/* As many bytes wait as so many whole lines have. */
START_TEST(large_ones_fill_the_queue)
{
	static char large[1000];

	memset(large, 'x', sizeof(large));
	rule.line_max = 100;
	strbuf_clear(&call.buf);
	strbuf_add(&call.buf, large, sizeof(large));
	call.args[0] = call.buf.data;
	ck_assert_uint_eq(say(43, 0).waiting, 2);
	ck_assert_uint_eq(flood_tell_dropped(&flood).n, 1);
}
END_TEST

/* The count is told at a pause, and every five seconds while there is none. */
START_TEST(telling)
{
	ck_assert_uint_eq(flood_tell_ms(&flood), 0);
	say(60, 0);
	ck_assert_uint_eq(flood_tell_ms(&flood), 0);
	say(1, 100);
	ck_assert_uint_eq(flood_tell_ms(&flood), 2100);
	for (uint64_t ms = 200; ms <= 9000; ms += 100)
		say(1, ms);
	ck_assert_uint_eq(flood_tell_ms(&flood), 5100);
	flood_tell_dropped(&flood);
	ck_assert_uint_eq(flood_tell_ms(&flood), 0);
	say(2, 9100);
	ck_assert_uint_eq(flood_tell_ms(&flood), 11100);
	ck_assert_uint_eq(flood_tell_dropped(&flood).n, 2);
}
END_TEST

START_TEST(waiting_is_told_once_an_episode)
{
	ck_assert(!flood_tell_wait(&flood));
	say(41, 0);
	ck_assert(flood_tell_wait(&flood));
	say(1, 0);
	ck_assert(!flood_tell_wait(&flood));
	ck_assert_uint_eq(flood_rest_ms(&flood), 0);
	ck_assert_uint_eq(run_until(1000), 2);
	ck_assert_uint_eq(flood_rest_ms(&flood), 11000);
	flood_rest(&flood, 10999);
	ck_assert_ptr_nonnull(flood.late);
	flood_rest(&flood, 11000);
	ck_assert_ptr_null(flood.late);
	say(21, 11000);
	ck_assert(flood_tell_wait(&flood));
}
END_TEST

/* Of what is told of by itself there are as many as a burst. */
START_TEST(telling_one_by_one)
{
	unsigned n = 0;

	for (int i = 0; i < 160; i++)
		if (say(1, 0).dropped)
			n += flood_tell_one(&flood, &rule);
	ck_assert_uint_eq(n, 40);
	ck_assert_uint_eq(flood_tell_dropped(&flood).n, 60);
}
END_TEST

START_TEST(what_waited_is_dropped)
{
	struct chat_call ended;
	uint64_t n = 0;

	say(70, 0);
	while (flood_first(&flood)) {
		flood_end_first(&flood, &ended, 100);
		flood_count_dropped(&flood, &rule);
		chat_call_fini(&ended);
		n++;
	}
	ck_assert_uint_eq(n, 20);
	ck_assert_uint_eq(flood_tell_dropped(&flood).n, 30);
}
END_TEST

/* Sends for so long, a line each `every` ms; when that was the last one. */
static uint64_t flood_for(uint64_t from_ms, uint64_t until_ms, uint64_t every)
{
	for (uint64_t ms = from_ms; ms < until_ms; ms += every) {
		run_until(ms);
		if (say(1, ms).last)
			return ms;
	}
	return 0;
}

START_TEST(patience_ends)
{
	say(2000, 1000);
	ck_assert_uint_eq(flood_for(1010, 100000, 10), 31010);
}
END_TEST

/* Three a second where two pass. */
START_TEST(patience_ends_for_a_little_too_much)
{
	uint64_t end = flood_for(0, 200000, 333);

	/* 60 lines are too many after a minute */
	ck_assert_uint_gt(end, 60000);
	ck_assert_uint_lt(end, 100000);
}
END_TEST

START_TEST(a_pause_renews_patience)
{
	for (uint64_t i = 0; i < 20; i++) {
		run_until(i * 12000);
		ck_assert_uint_eq(
			flood_for(i * 12000, i * 12000 + 9000, 10), 0);
	}
}
END_TEST

START_TEST(one_paste_is_not_a_flood)
{
	limits.queue = 1000;
	say(5000, 0);
	for (uint64_t ms = 500; ms < 400000; ms += 1700) {
		run_until(ms);
		ck_assert_uint_eq(say(1, ms).last, 0);
	}
}
END_TEST

/* What was owed a token a minute is not waited for at ten a second. */
START_TEST(a_faster_rate_is_felt_soon)
{
	limits.rate = (struct rate_spec){1, 60000};
	say(41, 0);
	ck_assert(!flood_take(&rule, 1, 59999));
	limits.rate = (struct rate_spec){10, 1000};
	ck_assert(!flood_take(&rule, 1, 1000));
	ck_assert(flood_due_ms(&rule, 1) <= 1000 + 3300);
	ck_assert(flood_take(&rule, 1, 1000 + 3300));
}
END_TEST

/* What counts by itself: each room has its bucket while it is not full. */
START_TEST(rooms_count_by_themselves)
{
	struct bucket *one = flood_room_bucket(&flood, 1, 0), *two;

	rule.bucket = one;
	ck_assert(flood_take(&rule, 40, 0));
	two = flood_room_bucket(&flood, 2, 0);
	ck_assert_ptr_ne(one, two);
	ck_assert(!flood_take(&rule, 1, 0));
	rule.bucket = two;
	ck_assert(flood_take(&rule, 1, 0));
	rule.bucket = flood_room_bucket(&flood, 3, 5000);
	ck_assert(flood_take(&rule, 1, 5000));
	ck_assert_ptr_eq(flood_room_bucket(&flood, 1, 5000), one);
	rule.bucket = one;
	ck_assert(!flood_take(&rule, 40, 5000));
	rule.bucket = &flood.bucket;
	ck_assert(flood_take(&rule, 40, 5000));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("flood");
	TCase *tc = tcase_create("flood");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(tc, set_up, tear_down);
	tcase_add_test(tc, burst_queue_and_the_rest);
	tcase_add_test(tc, whoever_is_slow_owns_nothing);
	tcase_add_test(tc, what_waits_passes_at_the_rate);
	tcase_add_test(tc, order_and_texts_are_kept);
	tcase_add_test(tc, costs);
	tcase_add_test(tc, the_urgent_have_an_end);
	tcase_add_test(tc, no_limit);
	tcase_add_test(tc, no_queue);
	tcase_add_test(tc, large_ones_fill_the_queue);
	tcase_add_test(tc, telling);
	tcase_add_test(tc, waiting_is_told_once_an_episode);
	tcase_add_test(tc, telling_one_by_one);
	tcase_add_test(tc, what_waited_is_dropped);
	tcase_add_test(tc, patience_ends);
	tcase_add_test(tc, patience_ends_for_a_little_too_much);
	tcase_add_test(tc, a_pause_renews_patience);
	tcase_add_test(tc, one_paste_is_not_a_flood);
	tcase_add_test(tc, a_faster_rate_is_felt_soon);
	tcase_add_test(tc, rooms_count_by_themselves);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
