/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SOCKD_BIN_SOCKLOAD_TRACK_H
#define SOCKD_BIN_SOCKLOAD_TRACK_H

#include <stddef.h>
#include <stdint.h>

/* Which messages of which sender reached which receiver, and in which order.
 * Each pair keeps the number it waits for (with the caller, as there may be
 * millions); what is out of the ordinary is kept here. */

enum track_outcome {
	TRACK_NEXT,  /* the one waited for */
	TRACK_GAP,   /* a later one: those between are missing for now */
	TRACK_LATE,  /* one that was missing: out of order, not lost */
	TRACK_AGAIN, /* one that was here already */
};

struct track_hole {
	uint32_t receiver, sender;
	uint64_t seq;
};

/* Zero-initialised is empty. */
struct track {
	struct track_hole *holes; /* owned; the missing, oldest first */
	size_t n_holes, size;
	uint64_t n_forgotten; /* missing ones that were not kept: too many */
};

void track_fini(struct track *t);
/* Message seq came; *next is what the pair waits for and moves on. */
enum track_outcome track_see(struct track *t, uint32_t receiver,
	uint32_t sender, uint64_t seq, uint32_t *next);
/* All missing, forgotten ones included. */
uint64_t track_missing(const struct track *t);

#endif
