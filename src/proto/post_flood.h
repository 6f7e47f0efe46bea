/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SOCKD_PROTO_POST_FLOOD_H
#define SOCKD_PROTO_POST_FLOOD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/rate.h"

struct flood_settings;

/* Flood control of a connection of `post`. Pure. Zero-initialised is one that
 * has said nothing. */
struct post_flood {
	struct bucket bucket;
	int64_t n_waited;    /* lines, since the bucket was full */
	bool has_waited;     /* for the turn of the next line */
	uint64_t refused_ms; /* the last time; 0: never */
	uint64_t begun_ms;   /* refusing without a pause since */
};

/* How many lines may be said now, `max` at most. 0: the next one waits or is
 * refused. */
size_t post_flood_allowed(struct post_flood *f,
	const struct flood_settings *limits, size_t max, uint64_t now_ms);
/* So many of them are said; true if they have waited. */
bool post_flood_say(struct post_flood *f, const struct flood_settings *limits,
	size_t n, uint64_t now_ms);
/* Whether the next one may wait, and if it does, until when. */
bool post_flood_may_wait(
	const struct post_flood *f, const struct flood_settings *limits);
uint64_t post_flood_wait_ms(
	struct post_flood *f, const struct flood_settings *limits);
/* Some were refused. False: that goes on for too long, close. */
bool post_flood_refuse(struct post_flood *f,
	const struct flood_settings *limits, uint64_t now_ms);

#endif
