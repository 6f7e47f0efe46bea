/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A binary heap of deadlines. New deadlines are mostly later than those that
 * are set, so that setting one costs a comparison; removing one costs the
 * depth of the heap. Each timer knows its slot. One worker's thread. */
#include "net/timers.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

static void put(struct timers *ts, size_t i, struct timer *t)
{
	ts->heap[i] = t;
	t->slot = (uint32_t)i + 1;
}

static void sift_up(struct timers *ts, size_t i, struct timer *t)
{
	while (i > 0) {
		size_t parent = (i - 1) / 2;

		if (ts->heap[parent]->due_ms <= t->due_ms)
			break;
		put(ts, i, ts->heap[parent]);
		i = parent;
	}
	put(ts, i, t);
}

static void sift_down(struct timers *ts, size_t i, struct timer *t)
{
	for (;;) {
		size_t child = 2 * i + 1;

		if (child >= ts->n)
			break;
		if (child + 1 < ts->n &&
			ts->heap[child + 1]->due_ms < ts->heap[child]->due_ms)
			child++;
		if (t->due_ms <= ts->heap[child]->due_ms)
			break;
		put(ts, i, ts->heap[child]);
		i = child;
	}
	put(ts, i, t);
}

/* Puts t where it belongs, starting at a slot that is free for it. */
static void settle(struct timers *ts, size_t i, struct timer *t)
{
	if (i > 0 && t->due_ms < ts->heap[(i - 1) / 2]->due_ms)
		sift_up(ts, i, t);
	else
		sift_down(ts, i, t);
}

void timers_fini(struct timers *ts)
{
	free(ts->heap);
	*ts = (struct timers){0};
}

int timers_reserve(struct timers *ts, size_t n)
{
	size_t size = ts->size ? ts->size : 64;
	struct timer **heap;

	if (n <= ts->size)
		return 0;
	while (size < n)
		size *= 2;
	heap = realloc(ts->heap, size * sizeof(struct timer *));
	if (!heap)
		return -ENOMEM;
	ts->heap = heap;
	ts->size = size;
	return 0;
}

void timers_set(struct timers *ts, struct timer *t, uint64_t due_ms)
{
	t->due_ms = due_ms;
	if (t->slot) {
		settle(ts, t->slot - 1, t);
		return;
	}
	assert(ts->n < ts->size);
	sift_up(ts, ts->n++, t);
}

void timers_remove(struct timers *ts, struct timer *t)
{
	size_t i;
	struct timer *last;

	if (!t->slot)
		return;
	i = t->slot - 1;
	assert(i < ts->n && ts->heap[i] == t);
	t->slot = 0;
	last = ts->heap[--ts->n];
	if (last != t)
		settle(ts, i, last);
}

uint64_t timers_next_ms(const struct timers *ts)
{
	return ts->n ? ts->heap[0]->due_ms : UINT64_MAX;
}

struct timer *timers_take_due(struct timers *ts, uint64_t now_ms)
{
	struct timer *t;

	if (!ts->n || ts->heap[0]->due_ms > now_ms)
		return NULL;
	t = ts->heap[0];
	timers_remove(ts, t);
	return t;
}
