/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "proto/post_flood.h"

#include <check.h>
#include <stdlib.h>

#include "chat/settings.h"

static struct post_flood flood;
static struct flood_settings limits;
static uint64_t now_ms;

/* What becomes of lines that are there all at once, as post.c has it. */
static struct {
	unsigned said, waited, refused;
	bool is_closed;
} fates;

static void set_up(void)
{
	flood = (struct post_flood){.n_waited = 0};
	limits = (struct flood_settings){
		.burst = 100,
		.queue = 20,
		.rate = {2, 1000},
		.patience_ms = 30000,
	};
	now_ms = 1000;
	fates.said = fates.waited = fates.refused = 0;
	fates.is_closed = false;
}

static void say(size_t n)
{
	while (n > 0 && !fates.is_closed) {
		size_t now = post_flood_allowed(
			&flood, &limits, n < 16 ? n : 16, now_ms);

		if (now) {
			fates.waited += post_flood_say(
				&flood, &limits, now, now_ms);
			fates.said += (unsigned)now;
		} else if (post_flood_may_wait(&flood, &limits)) {
			uint64_t due = post_flood_wait_ms(&flood, &limits);

			ck_assert_uint_gt(due, now_ms);
			now_ms = due;
		} else {
			now = n < 16 ? n : 16;
			fates.refused += (unsigned)now;
			fates.is_closed = !post_flood_refuse(
				&flood, &limits, now_ms);
		}
		n -= now;
	}
}

START_TEST(burst_queue_and_the_rest)
{
	say(2000);
	ck_assert_uint_eq(fates.said, 120);
	ck_assert_uint_eq(fates.waited, 20);
	ck_assert_uint_eq(fates.refused, 1880);
	ck_assert_uint_eq(now_ms, 11000);
}
END_TEST

START_TEST(no_more_wait_before_a_pause)
{
	say(2000);
	now_ms += 5000;
	say(20);
	ck_assert_uint_eq(fates.said, 130);
	ck_assert_uint_eq(fates.refused, 1890);
	now_ms += 50000;
	say(110);
	ck_assert_uint_eq(fates.said, 240);
	ck_assert_uint_eq(fates.waited, 30);
}
END_TEST

START_TEST(patience_ends)
{
	for (int i = 0; i < 1000 && !fates.is_closed; i++) {
		say(200);
		now_ms += 100;
	}
	ck_assert(fates.is_closed);
	ck_assert_uint_eq(now_ms, 11000 + 30000 + 100);
}
END_TEST

START_TEST(a_pause_renews_patience)
{
	for (int i = 0; i < 100; i++) {
		say(200);
		now_ms += 2000;
	}
	ck_assert(!fates.is_closed);
}
END_TEST

START_TEST(no_limit)
{
	limits.rate.count = 0;
	say(100000);
	ck_assert_uint_eq(fates.said, 100000);
}
END_TEST

START_TEST(no_queue)
{
	limits.queue = 0;
	say(300);
	ck_assert_uint_eq(fates.said, 100);
	ck_assert_uint_eq(fates.refused, 200);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("post_flood");
	TCase *tc = tcase_create("post_flood");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(tc, set_up, NULL);
	tcase_add_test(tc, burst_queue_and_the_rest);
	tcase_add_test(tc, no_more_wait_before_a_pause);
	tcase_add_test(tc, patience_ends);
	tcase_add_test(tc, a_pause_renews_patience);
	tcase_add_test(tc, no_limit);
	tcase_add_test(tc, no_queue);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
