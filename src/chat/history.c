/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The memory of a room. It subscribes to what is said there (append) and is
 * asked for pages going back in time (read); nothing else in chat knows how it
 * is kept, so that one on disk can take its place.
 *
 * The ring starts small, since most rooms say little, and doubles until it
 * holds the lines that are allowed. Bytes are those of the messages, which may
 * live longer in mailboxes than here.
 *
 * Used under the hub's lock.
 */
#include "chat/history.h"

#include <errno.h>
#include <stdlib.h>

#include "chat/msg.h"

#define FIRST_SIZE 8

static struct chat_msg **slot(const struct history *h, size_t i)
{
	return &h->ring[(h->first + i) & (h->size - 1)];
}

/* Without memory for marks what was missed is counted too high. */
void history_add_mark(struct history *h, const struct history_mark *mark)
{
	if (!h->gone)
		h->gone = calloc(HISTORY_MARKS, sizeof *h->gone);
	if (h->gone)
		h->gone[h->n_gone++ % HISTORY_MARKS] = *mark;
}

size_t history_copy_marks(const struct history *h, struct history_mark *ret)
{
	size_t n = h->n_gone < HISTORY_MARKS ? h->n_gone : HISTORY_MARKS;

	for (size_t i = 0; i < n; i++)
		ret[i] = h->gone[(h->n_gone - n + i) % HISTORY_MARKS];
	return n;
}

static void mark(struct history *h, const struct chat_msg *msg)
{
	const struct history_mark last = {msg->id, msg->seq};

	history_add_mark(h, &last);
}

static void let_go(struct history *h)
{
	struct chat_msg *msg = *slot(h, 0);

	h->bytes -= msg->bytes;
	h->first = (h->first + 1) & (h->size - 1);
	h->n--;
	chat_msg_unref(msg);
}

static void drop_oldest(struct history *h)
{
	mark(h, *slot(h, 0));
	let_go(h);
}

void history_fini(struct history *h)
{
	while (h->n > 0)
		let_go(h);
	free(h->ring);
	free(h->gone);
	*h = (struct history){0};
}

static int grow(struct history *h)
{
	size_t wider = h->size > 0 ? 2 * h->size : FIRST_SIZE;
	struct chat_msg **ring = calloc(wider, sizeof *ring);

	if (!ring)
		return -ENOMEM;
	for (size_t i = 0; i < h->n; i++)
		ring[i] = *slot(h, i);
	free(h->ring);
	h->ring = ring;
	h->size = wider;
	h->first = 0;
	return 0;
}

void history_shrink(struct history *h, const struct history_bounds *bounds)
{
	while (h->n > 0 && (h->n > bounds->lines || h->bytes > bounds->bytes))
		drop_oldest(h);
}

int history_append(struct history *h, struct chat_msg *msg,
	const struct history_bounds *bounds)
{
	if (bounds->lines == 0) {
		mark(h, msg);
		return 0;
	}
	if (h->n >= bounds->lines)
		drop_oldest(h);
	if (h->n == h->size && grow(h) < 0)
		return -ENOMEM;
	h->n++;
	*slot(h, h->n - 1) = chat_msg_ref(msg);
	h->bytes += msg->bytes;
	history_shrink(h, bounds);
	return 0;
}

struct chat_msg *history_at(const struct history *h, size_t i)
{
	return *slot(h, i);
}

/* How many messages have ids below `before`. */
static size_t count_before(const struct history *h, uint64_t before)
{
	size_t low = 0, high = h->n;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if ((*slot(h, mid))->id < before)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

size_t history_read(const struct history *h, uint64_t before, size_t n,
	struct chat_msg **ret)
{
	size_t end = before > 0 ? count_before(h, before) : h->n;

	if (n > end)
		n = end;
	for (size_t i = 0; i < n; i++)
		ret[i] = chat_msg_ref(*slot(h, end - n + i));
	return n;
}

/* The number of the last message up to `id` that was dropped; 0: not known. */
static uint64_t seq_of_gone(const struct history *h, uint64_t id)
{
	size_t n = h->n_gone < HISTORY_MARKS ? h->n_gone : HISTORY_MARKS;
	const struct history_mark *last;

	for (size_t i = 1; i <= n; i++) {
		last = &h->gone[(h->n_gone - i) % HISTORY_MARKS];
		if (last->id <= id)
			return last->seq;
	}
	return 0;
}

size_t history_count_since(
	const struct history *h, uint64_t id, uint64_t *ret_lost)
{
	size_t n_older = id < UINT64_MAX ? count_before(h, id + 1) : h->n;
	uint64_t n_dropped = 0;

	if (h->n_gone > 0)
		n_dropped = h->gone[(h->n_gone - 1) % HISTORY_MARKS].seq;
	*ret_lost = n_older > 0 ? 0 : n_dropped - seq_of_gone(h, id);
	return h->n - n_older;
}
