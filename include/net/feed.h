/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SOCKD_NET_FEED_H
#define SOCKD_NET_FEED_H

#include <stddef.h>
#include <stdint.h>

struct mailbox;

/* News on their way from any thread to one that shows them to somebody: a
 * bounded queue. When it is full news are dropped and counted; whoever has news
 * never waits. */
struct feed;

struct feed_item;
struct feed_kind {
	void (*free)(struct feed_item *item);
};
/* Embedded in what is new; the kind says in what. */
struct feed_item {
	const struct feed_kind *kind;
	struct feed_item *next;
	size_t bytes; /* what it counts for */
};

/* ready() is called in the thread of `to` when there is something to take; not
 * again before feed_take(). 0 or -ENOMEM. */
int feed_new(struct feed **ret, struct mailbox *to, size_t max_bytes,
	void (*ready)(void *arg), void *arg);
/* After the mailbox and all that put. NULL is fine. */
void feed_free(struct feed *f);

/* Any thread; takes the item. NULL counts as one that was dropped. */
void feed_put(struct feed *f, struct feed_item *item);
/* The receiver: all that lie there, the oldest first, now the caller's; what is
 * put from here on is for the next time, so that nobody takes for ever.
 * *ret_lost: how many were dropped since the last time. */
struct feed_item *feed_take(struct feed *f, uint64_t *ret_lost);

#endif
