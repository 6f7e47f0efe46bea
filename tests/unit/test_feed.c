/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "net/feed.h"

#include <check.h>
#include <pthread.h>
#include <stdlib.h>

#include <event2/event.h>

#include "base/strmap.h"
#include "net/mailbox.h"

#define N_POSTERS 3
#define N_EACH    20000
#define MAX_BYTES 1000
#define ITEM      10 /* bytes that each counts for */

struct news {
	struct feed_item item;
	unsigned poster, n;
};

static struct event_base *base;
static struct mailbox *box;
static struct feed *feed;
static unsigned n_ready;
static size_t n_freed;
static unsigned next_of[N_POSTERS];
static uint64_t n_taken, n_lost;

static void news_free(struct feed_item *item)
{
	__atomic_fetch_add(&n_freed, 1, __ATOMIC_RELAXED);
	free(container_of(item, struct news, item));
}

static const struct feed_kind kind = {news_free};

static void put(unsigned poster, unsigned n)
{
	struct news *news = calloc(1, sizeof(*news));

	news->item.kind = &kind;
	news->item.bytes = ITEM;
	news->poster = poster;
	news->n = n;
	feed_put(feed, &news->item);
}

static void on_ready(void *arg)
{
	struct feed_item *item, *next;
	uint64_t n;

	ck_assert_ptr_eq(arg, &feed);
	n_ready++;
	for (item = feed_take(feed, &n); item; item = next) {
		struct news *news = container_of(item, struct news, item);

		next = item->next;
		ck_assert_uint_ge(news->n, next_of[news->poster]);
		next_of[news->poster] = news->n + 1;
		n_taken++;
		item->kind->free(item);
	}
	n_lost += n;
}

static void set_up(void)
{
	base = event_base_new();
	ck_assert_int_eq(mailbox_new(&box, base, NULL), 0);
	ck_assert_int_eq(feed_new(&feed, box, MAX_BYTES, on_ready, &feed), 0);
}

static void tear_down(void)
{
	mailbox_free(box);
	feed_free(feed);
	event_base_free(base);
}

static void turn(void)
{
	event_base_loop(base, EVLOOP_NONBLOCK);
}

START_TEST(brings_news_in_order)
{
	put(0, 1);
	put(0, 2);
	ck_assert_uint_eq(n_ready, 0);
	turn();
	ck_assert_uint_eq(n_ready, 1);
	ck_assert_uint_eq(n_taken, 2);
	turn();
	ck_assert_uint_eq(n_ready, 1);
	put(0, 3);
	turn();
	ck_assert_uint_eq(n_ready, 2);
	ck_assert_uint_eq(n_taken, 3);
	ck_assert_uint_eq(n_lost, 0);
}
END_TEST

START_TEST(drops_what_is_too_much)
{
	for (unsigned i = 0; i < 1000; i++)
		put(0, i);
	feed_put(feed, NULL); /* there was no memory for it */
	ck_assert_uint_eq(n_freed, 1000 - MAX_BYTES / ITEM);
	turn();
	ck_assert_uint_eq(n_taken, MAX_BYTES / ITEM);
	ck_assert_uint_eq(n_lost, 1001 - MAX_BYTES / ITEM);
	ck_assert_uint_eq(n_freed, 1000);
	feed_put(feed, NULL);
	turn();
	ck_assert_uint_eq(n_lost, 1002 - MAX_BYTES / ITEM);
}
END_TEST

START_TEST(frees_what_was_not_taken)
{
	for (unsigned i = 0; i < 5; i++)
		put(0, i);
	tear_down();
	ck_assert_uint_eq(n_freed, 5);
	set_up();
}
END_TEST

static void *post(void *arg)
{
	for (unsigned i = 0; i < N_EACH; i++)
		put((unsigned)(uintptr_t)arg, i);
	return NULL;
}

/* Nothing is lost that is not counted, however it comes. */
START_TEST(takes_from_many_threads)
{
	pthread_t threads[N_POSTERS];

	for (uintptr_t i = 0; i < N_POSTERS; i++)
		ck_assert_int_eq(
			pthread_create(&threads[i], NULL, post, (void *)i), 0);
	while (n_taken + n_lost < (uint64_t)N_POSTERS * N_EACH)
		turn();
	for (size_t i = 0; i < N_POSTERS; i++)
		pthread_join(threads[i], NULL);
	turn();
	ck_assert_uint_eq(n_taken + n_lost, N_POSTERS * N_EACH);
	ck_assert_uint_eq(n_freed, N_POSTERS * N_EACH);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("feed");
	TCase *tc = tcase_create("feed");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_checked_fixture(tc, set_up, tear_down);
	tcase_add_test(tc, brings_news_in_order);
	tcase_add_test(tc, drops_what_is_too_much);
	tcase_add_test(tc, frees_what_was_not_taken);
	tcase_add_test(tc, takes_from_many_threads);
	suite_add_tcase(suite, tc);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
