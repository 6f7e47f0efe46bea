/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SOCKD_PROTO_FLOOD_H
#define SOCKD_PROTO_FLOOD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/rate.h"

struct chat_call;
struct flood_late;
struct flood_room;
struct flood_settings;

/* Flood control of one connection: which lines may pass now, which wait, which
 * are dropped, and what is to be told of those. It runs nothing and tells
 * nothing itself. Pure: the clock is an argument. */

/* Zero-initialised is one that never said anything. */
struct flood {
	struct bucket bucket;     /* of what the service allows */
	struct flood_late *late;  /* owned; NULL: all passed for some time */
	struct flood_room *rooms; /* owned: those that count by themselves */
};
void flood_fini(struct flood *f);

/* What a line is measured by. */
struct flood_rule {
	const struct flood_settings *settings; /* borrowed */
	struct bucket *bucket;                 /* borrowed: in a flood */
	size_t line_max;   /* as many lines of so many bytes may wait */
	size_t least_wait; /* so many may, if the settings allow fewer */
};
/* The bucket of a room with limits of its own; valid until this is called for
 * another. NULL: no memory. */
struct bucket *flood_room_bucket(
	struct flood *f, uint64_t room, uint64_t now_ms);

/* Takes what the line costs (chat_verb_info.cost). One of cost 0 is urgent: it
 * counts as 1 but passes before its time, so often that it always works and
 * cannot be used instead of others. False: it may not pass now. */
bool flood_take(const struct flood_rule *rule, unsigned cost, uint64_t now_ms);
/* From when on it may. */
uint64_t flood_due_ms(const struct flood_rule *rule, unsigned cost);

enum flood_fate {
	FLOOD_WAITS,     /* a copy of the call does, in its turn */
	FLOOD_DROPPED,   /* counted */
	FLOOD_PATIENCE,  /* the same, and it was the last one: close */
	FLOOD_NO_MEMORY, /* neither: close */
};
/* A line that may not pass now, or comes behind one that waits. */
enum flood_fate flood_put(struct flood *f, const struct flood_rule *rule,
	const struct chat_call *call, uint64_t now_ms);
/* True if one more would be dropped. */
bool flood_is_full(const struct flood *f, const struct flood_rule *rule);
/* What waits longest; NULL: nothing does. */
const struct chat_call *flood_first(const struct flood *f);
/* That call is done with now, or passes to *to if it is not NULL. */
void flood_end_first(struct flood *f, struct chat_call *to, uint64_t now_ms);

/* Telling. */

/* True once in an episode, which ends when nothing was late for some time: the
 * person is to be told that its lines wait. */
bool flood_tell_wait(struct flood *f);
/* Counts the one that flood_end_first() ended as dropped. */
void flood_count_dropped(struct flood *f, const struct flood_rule *rule);
/* True if the last one that was dropped is told of by itself, and so counted no
 * more; `burst` of them are in an episode. */
bool flood_tell_one(struct flood *f, const struct flood_rule *rule);
/* How many were dropped and not told of, and by which limits the last one; they
 * are told now. */
struct flood_count {
	uint64_t n, burst;
	struct rate_spec rate;
};
struct flood_count flood_tell_dropped(struct flood *f);
/* When to do that, or to call flood_rest(); 0: never. */
uint64_t flood_tell_ms(const struct flood *f);
uint64_t flood_rest_ms(const struct flood *f);
/* Gives memory back if the episode is over. */
void flood_rest(struct flood *f, uint64_t now_ms);

#endif
