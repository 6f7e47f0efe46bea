/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SOCKD_NET_TIMERS_H
#define SOCKD_NET_TIMERS_H

#include <stddef.h>
#include <stdint.h>

/* Many deadlines in one heap: sixteen bytes in the object that has one, eight
 * in the heap, and a wake-up only when one is due. */
struct timer {
	uint64_t due_ms; /* monotonic */
	uint32_t slot;   /* 1 + place in the heap; 0: not set */
};

/* Zero-initialised is empty. */
struct timers {
	struct timer **heap; /* owned array of borrowed timers */
	size_t n, size;
};

void timers_fini(struct timers *ts);
/* So many can be set from now on, in all: to be asked for before there is one
 * more, so that setting it cannot fail. 0 or -ENOMEM. */
int timers_reserve(struct timers *ts, size_t n);
/* Sets or moves t. */
void timers_set(struct timers *ts, struct timer *t, uint64_t due_ms);
void timers_remove(struct timers *ts, struct timer *t); /* not set: fine */
/* The earliest deadline, UINT64_MAX if there is none. */
uint64_t timers_next_ms(const struct timers *ts);
/* Removes and returns one that is due at now_ms, NULL if none is. */
struct timer *timers_take_due(struct timers *ts, uint64_t now_ms);

#endif
