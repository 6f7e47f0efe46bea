/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SOCKD_CHAT_ROOMS_H
#define SOCKD_CHAT_ROOMS_H

#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

#include "base/strmap.h"
#include "chat/room.h"

struct chat_msg;
struct chat_settings;
struct metrics_chat;

TAILQ_HEAD(room_queue, room);

/* All rooms: found by name, numbered, forgotten when nobody comes back. */
struct rooms {
	struct strmap by_key;   /* owns the rooms */
	struct room_queue idle; /* empty, not configured; the longest first */
	uint32_t *free_indexes; /* owned; room for all n_indexes */
	size_t n_free, n_indexes, indexes_size;
	unsigned n_workers;
	uint64_t n_made;            /* rooms, up to now */
	uint64_t history_bytes;     /* in all rooms */
	struct metrics_chat *tally; /* borrowed; NULL: nobody counts */
	uint64_t n_changes;         /* of what outlives the daemon */
};

enum rooms_outcome {
	ROOMS_E_FULL = 1,
};

int rooms_init(struct rooms *rooms, unsigned n_workers,
	const uint8_t seed[SIPHASH_SEED_LEN]); /* 0 or -ENOMEM */
void rooms_fini(struct rooms *rooms);          /* frees all rooms */

struct room *rooms_find(const struct rooms *rooms, const char *name);
/* Finds the room or makes it; a new one is idle since now_ms. With `max` rooms
 * there already, the longest idle one makes way. 0, ROOMS_E_FULL, -ENOMEM. */
int rooms_open(struct rooms *rooms, const char *name, size_t max,
	uint64_t now_ms, struct room **ret);
/* Forgets the room: nobody is in it. */
void rooms_close(struct rooms *rooms, struct room *room);
/* Forgets some of the rooms that are idle for keep_ms (0: for ever is fine). */
void rooms_forget(struct rooms *rooms, uint64_t keep_ms, uint64_t now_ms);

/* To be called when members or settings of a room changed: it becomes idle or
 * is so no longer. */
void rooms_update_idle(struct rooms *rooms, struct room *room, uint64_t now_ms);

/* Something happened in the room: if it is idle its time begins anew. */
void rooms_touch(struct rooms *rooms, struct room *room, uint64_t now_ms);

/* Adds to the room's history, within the bounds of it and of all. 0, or
 * -ENOMEM: it is not remembered. */
int rooms_record(struct rooms *rooms, struct room *room, struct chat_msg *msg,
	const struct chat_settings *settings);
/* Applies new bounds to all histories. */
void rooms_shrink(struct rooms *rooms, const struct chat_settings *settings);

#endif
