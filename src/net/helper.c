/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One thread, one queue of jobs, bounded: if what a job waits for is stuck (a
 * name server, say) others are refused at once rather than piled up.
 *
 * A result is posted under the lock, so none is after helper_free(). That does
 * not wait for a job that is under way, since nobody knows for how long: the
 * thread is left to end by itself then, and frees what is left. */
#include "net/helper.h"

#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>

struct helper {
	pthread_mutex_t lock;
	pthread_cond_t changed;           /* a job, or the end */
	struct helper_job *first, **last; /* owned: they wait */
	size_t n_jobs;
	pthread_t thread;
	bool has_thread;
	bool is_working; /* the thread is on a job, without the lock */
	bool is_closed;  /* helper_free() was called */
};

struct helper *helper_new(void)
{
	struct helper *h = calloc(1, sizeof(*h));

	if (!h)
		return NULL;
	pthread_mutex_init(&h->lock, NULL);
	pthread_cond_init(&h->changed, NULL);
	h->last = &h->first;
	return h;
}

static void destroy(struct helper *h)
{
	pthread_cond_destroy(&h->changed);
	pthread_mutex_destroy(&h->lock);
	free(h);
}

static struct helper_job *take_job(struct helper *h)
{
	struct helper_job *job = h->first;

	h->first = job->next;
	if (!h->first)
		h->last = &h->first;
	h->n_jobs--;
	return job;
}

static void do_job(struct helper *h)
{
	struct helper_job *job = take_job(h);

	h->is_working = true;
	pthread_mutex_unlock(&h->lock);
	job->work(job);
	pthread_mutex_lock(&h->lock);
	if (h->is_closed) {
		job->mail.free(&job->mail);
		return;
	}
	h->is_working = false;
	if (mailbox_post(job->mailbox, &job->mail))
		mailbox_wake(job->mailbox);
}

static void *helper_main(void *arg)
{
	struct helper *h = arg;
	bool is_alone;

	pthread_mutex_lock(&h->lock);
	while (!h->is_closed) {
		if (h->first)
			do_job(h);
		else
			pthread_cond_wait(&h->changed, &h->lock);
	}
	is_alone = h->is_working; /* helper_free() did not wait */
	pthread_mutex_unlock(&h->lock);
	if (is_alone)
		destroy(h);
	return NULL;
}

void helper_free(struct helper *h)
{
	bool must_wait;

	if (!h)
		return;
	pthread_mutex_lock(&h->lock);
	while (h->first) {
		struct helper_job *job = take_job(h);

		job->mail.free(&job->mail);
	}
	h->is_closed = true;
	must_wait = !h->is_working;
	if (h->has_thread && !must_wait)
		pthread_detach(h->thread);
	pthread_cond_signal(&h->changed);
	pthread_mutex_unlock(&h->lock);
	if (!must_wait)
		return;
	if (h->has_thread)
		pthread_join(h->thread, NULL);
	destroy(h);
}

/* Signals are for the main thread. */
static int start_thread(struct helper *h)
{
	sigset_t all, old;
	int err;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	err = -pthread_create(&h->thread, NULL, helper_main, h);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	if (err)
		return err;
	h->has_thread = true;
	pthread_setname_np(h->thread, "helper");
	return 0;
}

int helper_post(struct helper *h, struct helper_job *job)
{
	int err = 0;

	assert(job->work && job->mailbox && job->mail.run && job->mail.free);
	pthread_mutex_lock(&h->lock);
	if (h->n_jobs == HELPER_JOBS_MAX)
		err = -EAGAIN;
	else if (!h->has_thread)
		err = start_thread(h);
	if (!err) {
		job->next = NULL;
		*h->last = job;
		h->last = &job->next;
		h->n_jobs++;
		pthread_cond_signal(&h->changed);
	}
	pthread_mutex_unlock(&h->lock);
	return err;
}
