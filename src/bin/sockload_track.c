/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A message that is skipped is a hole; if it comes later the hole is filled
 * and it was out of order, if it never does it was lost. So the difference
 * between the two is known only at the end of a run, which asks for the holes
 * that are left. A server that loses nearly everything must not fill our
 * memory: past HOLES_MAX the missing are only counted.
 */
#include "sockload_track.h"

#include <stdlib.h>
#include <string.h>

#define HOLES_MAX ((size_t)100000)

void track_fini(struct track *t)
{
	free(t->holes);
	memset(t, 0, sizeof(*t));
}

static void hole_add(struct track *t, struct track_hole hole)
{
	if (t->n_holes == t->size) {
		size_t size = t->size ? 2 * t->size : 64;
		struct track_hole *holes = NULL;
		if (size <= HOLES_MAX)
			holes = reallocarray(t->holes, size, sizeof(*holes));
		if (!holes) {
			t->n_forgotten++;
			return;
		}
		t->holes = holes;
		t->size = size;
	}
	t->holes[t->n_holes++] = hole;
}

static enum track_outcome fill_hole(
	struct track *t, uint32_t receiver, uint32_t sender, uint64_t seq)
{
	for (size_t i = t->n_holes; i-- > 0;) {
		struct track_hole *h = &t->holes[i];
		if (h->receiver != receiver || h->sender != sender ||
			h->seq != seq)
			continue;
		t->n_holes--;
		memmove(h, h + 1, (t->n_holes - i) * sizeof(*h));
		return TRACK_LATE;
	}
	return TRACK_AGAIN;
}

enum track_outcome track_see(struct track *t, uint32_t receiver,
	uint32_t sender, uint64_t seq, uint32_t *next)
{
	if (seq == *next) {
		(*next)++;
		return TRACK_NEXT;
	}
	if (seq < *next)
		return fill_hole(t, receiver, sender, seq);
	for (; *next < seq; (*next)++)
		hole_add(t, (struct track_hole){receiver, sender, *next});
	(*next)++;
	return TRACK_GAP;
}

uint64_t track_missing(const struct track *t)
{
	return t->n_holes + t->n_forgotten;
}
