/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SOCKD_CHAT_HISTORY_H
#define SOCKD_CHAT_HISTORY_H

#include <stddef.h>
#include <stdint.h>

struct chat_msg;

/* The last things said in one room: a ring of references, oldest first, ids
 * rising. Zero-initialised is empty. */
struct history {
	struct chat_msg **ring; /* owned */
	size_t size, first, n;
	uint64_t bytes;            /* memory of the messages */
	struct history_mark *gone; /* owned ring of HISTORY_MARKS, or NULL */
	size_t n_gone;             /* so many were ever put there */
};

/* A message that was dropped: enough to count what somebody missed. */
struct history_mark {
	uint64_t id, seq;
};
#define HISTORY_MARKS 512 /* that are remembered */

struct history_bounds {
	size_t lines;
	uint64_t bytes;
};

void history_fini(struct history *h);
/* Keeps a reference of its own to msg and drops the oldest beyond the bounds.
 * 0, or -ENOMEM: msg is not kept. */
int history_append(struct history *h, struct chat_msg *msg,
	const struct history_bounds *bounds);
/* Drops the oldest until the bounds hold. */
void history_shrink(struct history *h, const struct history_bounds *bounds);
/* The marks, oldest first, into ret, which has place for HISTORY_MARKS; how
 * many. */
size_t history_copy_marks(const struct history *h, struct history_mark *ret);
/* That a message was dropped, or never kept: newer than all before. */
void history_add_mark(struct history *h, const struct history_mark *mark);
/* Number i from the oldest, 0 up to n - 1; borrowed. */
struct chat_msg *history_at(const struct history *h, size_t i);
/* The last n with ids below `before` (0: of all), oldest first: fills ret with
 * references that pass to the caller. Returns how many. */
size_t history_read(const struct history *h, uint64_t before, size_t n,
	struct chat_msg **ret);
/* How many are kept with ids above `id`. *ret_lost: how many more there were
 * that are not kept, by the numbers of their sequence; if `id` is older than
 * all that is remembered, how many ever were. */
size_t history_count_since(
	const struct history *h, uint64_t id, uint64_t *ret_lost);

#endif
