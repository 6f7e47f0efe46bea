/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "net/mailbox.h"

#include <check.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include <event2/event.h>

#define N_POSTERS 3
#define N_EACH    20000

struct note {
	struct mail mail;
	unsigned poster, n;
	int again; /* posts itself so often */
};

static struct event_base *base;
static struct mailbox *box;
static unsigned next_of[N_POSTERS];
static size_t n_run, n_freed;

static void run_note(struct mail *m, void *owner)
{
	struct note *note = (struct note *)m;

	ck_assert_ptr_eq(owner, &n_run);
	ck_assert_uint_eq(note->n, next_of[note->poster]++);
	n_run++;
	if (note->again-- > 0) {
		note->n++;
		ck_assert(mailbox_post(box, m));
		mailbox_wake(box);
	} else {
		free(note);
	}
}

static void free_note(struct mail *m)
{
	n_freed++;
	free(m);
}

static struct mail *note_new(unsigned poster, unsigned n)
{
	struct note *note = calloc(1, sizeof(*note));

	ck_assert_ptr_nonnull(note);
	note->mail.run = run_note;
	note->mail.free = free_note;
	note->poster = poster;
	note->n = n;
	return &note->mail;
}

static void set_up(void)
{
	struct event_config *cfg = event_config_new();

	event_config_set_flag(cfg, EVENT_BASE_FLAG_NOLOCK);
	base = event_base_new_with_config(cfg);
	event_config_free(cfg);
	ck_assert_int_eq(mailbox_new(&box, base, &n_run), 0);
}

static void tear_down(void)
{
	mailbox_free(box);
	event_base_free(base);
}

static void turn(void)
{
	event_base_loop(base, EVLOOP_NONBLOCK);
}

START_TEST(only_the_first_post_asks_to_wake)
{
	ck_assert(mailbox_post(box, note_new(0, 0)));
	ck_assert(!mailbox_post(box, note_new(0, 1)));
	turn();
	ck_assert_uint_eq(n_run, 0); /* nobody woke it */
	mailbox_wake(box);
	turn();
	ck_assert_uint_eq(n_run, 2);
	ck_assert(mailbox_post(box, note_new(0, 2)));
	mailbox_wake(box);
	turn();
	ck_assert_uint_eq(n_run, 3);
	turn();
	ck_assert_uint_eq(n_run, 3);
}
END_TEST

START_TEST(posting_to_oneself_needs_no_descriptor)
{
	struct mail *m = note_new(0, 0);

	((struct note *)m)->again = 5;
	ck_assert(mailbox_post(box, m));
	mailbox_wake(box);
	turn();
	ck_assert_uint_eq(n_run, 6); /* all in one turn */
}
END_TEST

START_TEST(what_was_not_run_is_freed)
{
	ck_assert(mailbox_post(box, note_new(0, 0)));
	mailbox_post(box, note_new(0, 1));
	mailbox_free(box);
	box = NULL;
	ck_assert_uint_eq(n_freed, 2);
	ck_assert_uint_eq(n_run, 0);
}
END_TEST

static void *post_many(void *arg)
{
	unsigned poster = (unsigned)(uintptr_t)arg;

	for (unsigned i = 0; i < N_EACH; i++)
		if (mailbox_post(box, note_new(poster, i)))
			mailbox_wake(box);
	return NULL;
}

/* A lost wake-up would leave the loop asleep for ever. */
START_TEST(threads_post_in_order)
{
	pthread_t threads[N_POSTERS];

	for (uintptr_t i = 0; i < N_POSTERS; i++)
		pthread_create(&threads[i], NULL, post_many, (void *)i);
	while (n_run < (size_t)N_POSTERS * N_EACH)
		event_base_loop(base, EVLOOP_ONCE);
	for (int i = 0; i < N_POSTERS; i++)
		pthread_join(threads[i], NULL);
	turn();
	ck_assert_uint_eq(n_run, (size_t)N_POSTERS * N_EACH);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("mailbox");
	TCase *tc = tcase_create("mailbox");
	SRunner *sr = srunner_create(s);
	int failed;

	tcase_add_checked_fixture(tc, set_up, tear_down);
	tcase_add_test(tc, only_the_first_post_asks_to_wake);
	tcase_add_test(tc, posting_to_oneself_needs_no_descriptor);
	tcase_add_test(tc, what_was_not_run_is_freed);
	tcase_add_test(tc, threads_post_in_order);
	suite_add_tcase(s, tc);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
