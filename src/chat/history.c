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

static void drop_oldest(struct history *h)
{
	struct chat_msg *msg = *slot(h, 0);

	h->bytes -= msg->bytes;
	h->first = (h->first + 1) & (h->size - 1);
	h->n--;
	chat_msg_unref(msg);
}

void history_fini(struct history *h)
{
	while (h->n > 0)
		drop_oldest(h);
	free(h->ring);
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
	if (bounds->lines == 0)
		return 0;
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
