/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The only way from one thread into another: a queue under a mutex that is
 * held for a few instructions, and an eventfd for a receiver that sleeps.
 *
 * Whoever finds the queue idle must wake the receiver, everybody after that
 * knows it is awake: `woken` is set by the first post and cleared when the
 * receiver takes the queue. A loop that posts to itself is woken by
 * event_active() at its own priority: the letters run later in the same turn,
 * after the events that are active already, without a system call. */
#include "net/mailbox.h"

#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <event2/event.h>

struct mailbox {
	pthread_mutex_t lock;
	struct mail *first, **last; /* the queue; under lock */
	bool woken;                 /* the receiver will look; under lock */
	pthread_t reader;           /* whose loop it is; under lock */
	bool has_reader;
	int fd;
	struct event *event; /* owned; on fd */
	void *owner;         /* borrowed */
};

static struct mail *take_all(struct mailbox *mb)
{
	struct mail *first;

	pthread_mutex_lock(&mb->lock);
	if (!mb->has_reader) {
		mb->reader = pthread_self();
		mb->has_reader = true;
	}
	first = mb->first;
	mb->first = NULL;
	mb->last = &mb->first;
	mb->woken = false;
	pthread_mutex_unlock(&mb->lock);
	return first;
}

static void on_wake(evutil_socket_t fd, short what, void *arg)
{
	struct mailbox *mb = arg;
	struct mail *m, *next;
	uint64_t count;

	if (what & EV_READ)
		(void)!read((int)fd, &count, sizeof(count));
	for (m = take_all(mb); m; m = next) {
		next = m->next;
		m->run(m, mb->owner);
	}
}

int mailbox_new(struct mailbox **ret, struct event_base *base, void *owner)
{
	struct mailbox *mb = calloc(1, sizeof(*mb));

	if (!mb)
		return -ENOMEM;
	pthread_mutex_init(&mb->lock, NULL);
	mb->last = &mb->first;
	mb->owner = owner;
	mb->fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	if (mb->fd >= 0)
		mb->event = event_new(
			base, mb->fd, EV_READ | EV_PERSIST, on_wake, mb);
	if (!mb->event || event_add(mb->event, NULL)) {
		int err = mb->fd < 0 ? -errno : -ENOMEM;

		mailbox_free(mb);
		return err;
	}
	*ret = mb;
	return 0;
}

void mailbox_free(struct mailbox *mb)
{
	struct mail *m, *next;

	if (!mb)
		return;
	for (m = mb->first; m; m = next) {
		next = m->next;
		m->free(m);
	}
	if (mb->event)
		event_free(mb->event);
	if (mb->fd >= 0)
		close(mb->fd);
	pthread_mutex_destroy(&mb->lock);
	free(mb);
}

bool mailbox_post(struct mailbox *mb, struct mail *m)
{
	bool must_wake;

	assert(m->run && m->free);
	m->next = NULL;
	pthread_mutex_lock(&mb->lock);
	*mb->last = m;
	mb->last = &m->next;
	must_wake = !mb->woken;
	mb->woken = true;
	pthread_mutex_unlock(&mb->lock);
	return must_wake;
}

void mailbox_wake(struct mailbox *mb)
{
	bool own;
	uint64_t one = 1;

	pthread_mutex_lock(&mb->lock);
	own = mb->has_reader && pthread_equal(mb->reader, pthread_self());
	pthread_mutex_unlock(&mb->lock);
	if (own)
		event_active(mb->event, EV_TIMEOUT, 0);
	else
		(void)!write(mb->fd, &one, sizeof(one));
}
