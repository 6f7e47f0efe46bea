/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Flood control: `burst` lines pass at once, the next `queue` wait for their
 * turn at `rate`, and the rest are dropped and counted.
 *
 *   passes <-- has a token --- line --- none, or others wait ---> waits
 *                                            queue is full -----> dropped
 *
 * Whoever never sends too fast has a bucket, which is one number, and no more.
 * The rest is there from the first line that is late until nothing was late for
 * CALM_MS: that is an episode, in which somebody is told once that lines wait.
 *
 * Dropping has begun with the first line dropped and pauses when none was for
 * PAUSE_MS; who does not pause for `patience` is closed. What was dropped is
 * told at a pause, and every TELL_MS while there is none.
 *
 * A room with limits of its own has a bucket of its own, so that what is used
 * up there is not missing elsewhere; it is kept until it is full, also when the
 * room has been left. Its worker's thread only. */
#include "proto/flood.h"

#include <assert.h>
#include <stdlib.h>

#include "chat/command.h"
#include "chat/settings.h"

#define PAUSE_MS 2000
#define TELL_MS  5000
#define CALM_MS  10000
#define URGENT   32 /* lines that pass before their time */

struct flood_line {
	struct flood_line *next;
	struct chat_call call; /* owned */
};

struct flood_late {
	struct flood_line *first, **last; /* owned list */
	size_t n_lines, bytes;
	uint64_t late_ms;           /* the last time that any line was */
	uint64_t begun_ms;          /* dropping without a pause since */
	uint64_t dropped_ms;        /* the last time; 0: never */
	struct flood_count dropped; /* not told */
	uint64_t untold_ms;         /* the first of those */
	int64_t n_told;             /* told one by one */
	bool is_told;               /* that lines wait */
};

struct flood_room {
	struct flood_room *next;
	uint64_t room;
	struct bucket bucket;
};

static void drop_first(struct flood_late *late, struct chat_call *to)
{
	struct flood_line *line = late->first;

	late->first = line->next;
	if (!late->first)
		late->last = &late->first;
	late->n_lines--;
	late->bytes -= line->call.buf.len;
	if (to)
		*to = line->call;
	else
		chat_call_fini(&line->call);
	free(line);
}

static void free_late(struct flood *f)
{
	while (f->late && f->late->first)
		drop_first(f->late, NULL);
	free(f->late);
	f->late = NULL;
}

void flood_fini(struct flood *f)
{
	struct flood_room *room;

	free_late(f);
	while ((room = f->rooms)) {
		f->rooms = room->next;
		free(room);
	}
}

struct bucket *flood_room_bucket(
	struct flood *f, uint64_t room, uint64_t now_ms)
{
	struct flood_room **at = &f->rooms, *found = NULL;

	while (*at) {
		struct flood_room *one = *at;

		if (one->room == room)
			found = one;
		if (one->room != room && bucket_is_full(&one->bucket, now_ms)) {
			*at = one->next;
			free(one);
		} else {
			at = &one->next;
		}
	}
	if (!found && (found = calloc(1, sizeof(*found)))) {
		found->room = room;
		*at = found;
	}
	return found ? &found->bucket : NULL;
}

/* The bucket must be able to hold what a line costs. */
static uint32_t burst_for(const struct flood_rule *rule, unsigned cost)
{
	uint32_t burst = (uint32_t)rule->settings->burst;

	if (cost == 0)
		return burst + URGENT;
	return burst < cost ? cost : burst;
}

bool flood_take(const struct flood_rule *rule, unsigned cost, uint64_t now_ms)
{
	if (bucket_take_many(rule->bucket, &rule->settings->rate,
		    burst_for(rule, cost), cost > 0 ? cost : 1, now_ms))
		return true;
	/* What is owed may be of a rate that was slower. */
	bucket_bound(rule->bucket, &rule->settings->rate, burst_for(rule, 0),
		now_ms);
	return false;
}

uint64_t flood_due_ms(const struct flood_rule *rule, unsigned cost)
{
	return bucket_due_ms(rule->bucket, &rule->settings->rate,
		burst_for(rule, cost), cost > 0 ? cost : 1);
}

static size_t queue_of(const struct flood_rule *rule)
{
	size_t queue = (size_t)rule->settings->queue;

	return queue > rule->least_wait ? queue : rule->least_wait;
}

static bool is_full(
	const struct flood_late *late, const struct flood_rule *rule)
{
	size_t queue = queue_of(rule);

	return late->n_lines >= queue || late->bytes >= queue * rule->line_max;
}

bool flood_is_full(const struct flood *f, const struct flood_rule *rule)
{
	return f->late ? is_full(f->late, rule) : queue_of(rule) == 0;
}

static struct flood_late *begin_late(struct flood *f, uint64_t now_ms)
{
	if (!f->late) {
		f->late = calloc(1, sizeof(*f->late));
		if (!f->late)
			return NULL;
		f->late->last = &f->late->first;
	}
	f->late->late_ms = now_ms;
	return f->late;
}

static enum flood_fate append(
	struct flood_late *late, const struct chat_call *call)
{
	struct flood_line *line = calloc(1, sizeof(*line));

	if (!line || chat_call_copy(&line->call, call)) {
		free(line);
		return FLOOD_NO_MEMORY;
	}
	*late->last = line;
	late->last = &line->next;
	late->n_lines++;
	late->bytes += line->call.buf.len;
	return FLOOD_WAITS;
}

static void count_dropped(
	struct flood_late *late, const struct flood_rule *rule, uint64_t now_ms)
{
	if (late->dropped.n++ == 0)
		late->untold_ms = now_ms;
	late->dropped.burst = (uint64_t)rule->settings->burst;
	late->dropped.rate = rule->settings->rate;
}

enum flood_fate flood_put(struct flood *f, const struct flood_rule *rule,
	const struct chat_call *call, uint64_t now_ms)
{
	struct flood_late *late = begin_late(f, now_ms);

	if (!late)
		return FLOOD_NO_MEMORY;
	if (!is_full(late, rule))
		return append(late, call);
	count_dropped(late, rule, now_ms);
	if (!late->dropped_ms || now_ms - late->dropped_ms >= PAUSE_MS)
		late->begun_ms = now_ms;
	late->dropped_ms = now_ms;
	return now_ms - late->begun_ms >= rule->settings->patience_ms
		? FLOOD_PATIENCE
		: FLOOD_DROPPED;
}

const struct chat_call *flood_first(const struct flood *f)
{
	return f->late && f->late->first ? &f->late->first->call : NULL;
}

void flood_end_first(struct flood *f, struct chat_call *to, uint64_t now_ms)
{
	assert(f->late && f->late->first);
	f->late->late_ms = now_ms;
	drop_first(f->late, to);
}

bool flood_tell_wait(struct flood *f)
{
	bool is_new = f->late && !f->late->is_told;

	if (is_new)
		f->late->is_told = true;
	return is_new;
}

void flood_count_dropped(struct flood *f, const struct flood_rule *rule)
{
	assert(f->late);
	count_dropped(f->late, rule, f->late->late_ms);
}

bool flood_tell_one(struct flood *f, const struct flood_rule *rule)
{
	assert(f->late && f->late->dropped.n > 0);
	if (f->late->n_told >= rule->settings->burst)
		return false;
	f->late->n_told++;
	f->late->dropped.n--;
	return true;
}

struct flood_count flood_tell_dropped(struct flood *f)
{
	struct flood_count count = {0};

	if (f->late) {
		count = f->late->dropped;
		f->late->dropped.n = 0;
	}
	return count;
}

static uint64_t earlier(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

uint64_t flood_tell_ms(const struct flood *f)
{
	const struct flood_late *late = f->late;

	if (!late || !late->dropped.n)
		return 0;
	return earlier(late->dropped_ms + PAUSE_MS, late->untold_ms + TELL_MS);
}

uint64_t flood_rest_ms(const struct flood *f)
{
	const struct flood_late *late = f->late;

	if (!late || late->n_lines || late->dropped.n)
		return 0;
	return late->late_ms + CALM_MS;
}

void flood_rest(struct flood *f, uint64_t now_ms)
{
	uint64_t rest_ms = flood_rest_ms(f);

	if (rest_ms && rest_ms <= now_ms)
		free_late(f);
}
