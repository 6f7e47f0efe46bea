/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A list under a mutex that is held for a few instructions, and one letter that
 * lies ready: it is on its way from the first news until all was taken. */
#include "net/feed.h"

#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>

#include "base/strmap.h"
#include "net/mailbox.h"

struct feed {
	pthread_mutex_t lock;
	struct feed_item *first, **last; /* owned; under lock, likewise: */
	size_t bytes, max_bytes;
	uint64_t n_lost;
	bool is_told;       /* the letter is on its way, or being read */
	struct mail letter; /* ready while not is_told */
	struct mailbox *to; /* borrowed */
	void (*ready)(void *arg);
	void *arg;
};

static void run_letter(struct mail *m, void *owner)
{
	struct feed *f = container_of(m, struct feed, letter);

	f->ready(f->arg);
}

static void letter_free(struct mail *m)
{
}

int feed_new(struct feed **ret, struct mailbox *to, size_t max_bytes,
	void (*ready)(void *arg), void *arg)
{
	struct feed *f = calloc(1, sizeof(*f));

	if (!f)
		return -ENOMEM;
	pthread_mutex_init(&f->lock, NULL);
	f->last = &f->first;
	f->max_bytes = max_bytes;
	f->letter.run = run_letter;
	f->letter.free = letter_free;
	f->to = to;
	f->ready = ready;
	f->arg = arg;
	*ret = f;
	return 0;
}

void feed_free(struct feed *f)
{
	struct feed_item *item, *next;

	if (!f)
		return;
	for (item = f->first; item; item = next) {
		next = item->next;
		item->kind->free(item);
	}
	pthread_mutex_destroy(&f->lock);
	free(f);
}

/* Under the lock. False: there is no room for it. */
static bool append(struct feed *f, struct feed_item *item)
{
	if (!item || f->bytes + item->bytes > f->max_bytes) {
		f->n_lost++;
		return false;
	}
	item->next = NULL;
	*f->last = item;
	f->last = &item->next;
	f->bytes += item->bytes;
	return true;
}

void feed_put(struct feed *f, struct feed_item *item)
{
	bool is_kept, must_tell;

	pthread_mutex_lock(&f->lock);
	is_kept = append(f, item);
	must_tell = !f->is_told;
	f->is_told = true;
	pthread_mutex_unlock(&f->lock);
	if (item && !is_kept)
		item->kind->free(item);
	if (must_tell && mailbox_post(f->to, &f->letter))
		mailbox_wake(f->to);
}

struct feed_item *feed_take(struct feed *f, uint64_t *ret_lost)
{
	struct feed_item *first;

	pthread_mutex_lock(&f->lock);
	first = f->first;
	f->first = NULL;
	f->last = &f->first;
	f->bytes = 0;
	f->is_told = false;
	*ret_lost = f->n_lost;
	f->n_lost = 0;
	pthread_mutex_unlock(&f->lock);
	return first;
}
