/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The table of rooms.
 *
 *            open                  first member
 *   (none) --------> idle <=========================> occupied
 *                     |        last one left
 *     keep_ms over, or the place is needed: forgotten
 *
 * A configured room is neither idle nor forgotten while it is configured. Idle
 * rooms hang in the order in which they became so: the first is the one to be
 * forgotten, and looking costs nothing, so that no timer is needed. If the time
 * of thousands comes at once each look forgets a few.
 *
 * Indexes are small numbers by which the workers find their audience of a
 * room; they are dense because the last one given back is given out first. The
 * stack of free ones always has room for all of them: giving back never fails.
 *
 * Used under the hub's lock.
 */
#include "chat/rooms.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

#include "base/metrics.h"
#include "chat/limits.h"
#include "chat/msg.h"
#include "chat/settings.h"

#define FORGET_MAX 16 /* rooms at one time */

static void count(struct rooms *rooms, enum chat_limit limit, uint64_t n)
{
	if (rooms->tally)
		metrics_add(&rooms->tally->limits[limit], n);
}

int rooms_init(struct rooms *rooms, unsigned n_workers,
	const uint8_t seed[SIPHASH_SEED_LEN])
{
	*rooms = (struct rooms){.n_workers = n_workers};
	TAILQ_INIT(&rooms->idle);
	return strmap_init(&rooms->by_key, seed);
}

void rooms_fini(struct rooms *rooms)
{
	struct strmap_node *node;

	while (rooms->by_key.n > 0) {
		node = strmap_next(&rooms->by_key, NULL);
		rooms_close(rooms, container_of(node, struct room, node));
	}
	strmap_fini(&rooms->by_key);
	free(rooms->free_indexes);
}

struct room *rooms_find(const struct rooms *rooms, const char *name)
{
	char key[ROOM_NAME_MAX + 1];
	struct strmap_node *node;

	room_name_make_key(key, name);
	node = strmap_find(&rooms->by_key, key);
	return node ? container_of(node, struct room, node) : NULL;
}

static int take_index(struct rooms *rooms, uint32_t *ret)
{
	if (rooms->n_free > 0) {
		*ret = rooms->free_indexes[--rooms->n_free];
		return 0;
	}
	if (rooms->n_indexes == rooms->indexes_size) {
		size_t size = rooms->indexes_size > 0 ? 2 * rooms->indexes_size
						      : 16;
		uint32_t *wider = realloc(
			rooms->free_indexes, size * sizeof *wider);

		if (!wider)
			return -ENOMEM;
		rooms->free_indexes = wider;
		rooms->indexes_size = size;
	}
	*ret = (uint32_t)rooms->n_indexes++;
	return 0;
}

int rooms_open(struct rooms *rooms, const char *name, size_t max,
	uint64_t now_ms, struct room **ret)
{
	struct room *room = rooms_find(rooms, name);

	if (room) {
		*ret = room;
		return 0;
	}
	if (rooms->by_key.n >= max && TAILQ_EMPTY(&rooms->idle))
		return ROOMS_E_FULL;
	room = room_new(name, rooms->n_workers);
	if (!room)
		return -ENOMEM;
	if (rooms->by_key.n >= max) {
		rooms_close(rooms, TAILQ_FIRST(&rooms->idle));
		count(rooms, CHAT_LIMIT_ROOMS, 1);
	}
	if (take_index(rooms, &room->index) < 0) {
		room_free(room);
		return -ENOMEM;
	}
	room->serial = ++rooms->n_made;
	rooms->n_changes++;
	strmap_add(&rooms->by_key, &room->node, room->key);
	rooms_update_idle(rooms, room, now_ms);
	*ret = room;
	return 0;
}

void rooms_close(struct rooms *rooms, struct room *room)
{
	if (room->is_idle)
		TAILQ_REMOVE(&rooms->idle, room, idle_link);
	strmap_remove(&rooms->by_key, &room->node);
	rooms->free_indexes[rooms->n_free++] = room->index;
	rooms->history_bytes -= room->history.bytes;
	rooms->n_changes++;
	room_free(room);
}

void rooms_forget(struct rooms *rooms, uint64_t keep_ms, uint64_t now_ms)
{
	struct room *room;

	if (keep_ms == 0)
		return;
	for (int n = 0; n < FORGET_MAX; n++) {
		room = TAILQ_FIRST(&rooms->idle);
		if (!room || now_ms < room->idle_since_ms + keep_ms)
			break;
		rooms_close(rooms, room);
	}
}

void rooms_update_idle(struct rooms *rooms, struct room *room, uint64_t now_ms)
{
	bool is_idle = room->n_members == 0 && !room->settings;

	if (is_idle == room->is_idle)
		return;
	room->is_idle = is_idle;
	if (is_idle) {
		room->idle_since_ms = now_ms;
		TAILQ_INSERT_TAIL(&rooms->idle, room, idle_link);
	} else {
		TAILQ_REMOVE(&rooms->idle, room, idle_link);
	}
}

void rooms_touch(struct rooms *rooms, struct room *room, uint64_t now_ms)
{
	if (!room->is_idle)
		return;
	TAILQ_REMOVE(&rooms->idle, room, idle_link);
	TAILQ_INSERT_TAIL(&rooms->idle, room, idle_link);
	room->idle_since_ms = now_ms;
}

/* Shrinks one history and keeps the sum. Returns how many messages less. */
static size_t shrink_room(struct rooms *rooms, struct room *room,
	const struct history_bounds *bounds)
{
	uint64_t before = room->history.bytes;
	size_t n_before = room->history.n;

	history_shrink(&room->history, bounds);
	rooms->history_bytes -= before - room->history.bytes;
	return n_before - room->history.n;
}

static struct room *find_largest(const struct rooms *rooms)
{
	struct room *largest = NULL;
	struct strmap_node *node = NULL;

	while ((node = strmap_next(&rooms->by_key, node)) != NULL) {
		struct room *room = container_of(node, struct room, node);

		if (!largest || room->history.bytes > largest->history.bytes)
			largest = room;
	}
	return largest;
}

/* The largest history pays, so that a noisy room cannot push out what quiet
 * ones remember. It gives an eighth at a time: looking for it is a walk over
 * all rooms, which must not happen with every line. */
static void shrink_total(struct rooms *rooms, uint64_t total)
{
	while (rooms->history_bytes > total) {
		struct room *room = find_largest(rooms);
		uint64_t bytes = room->history.bytes;
		struct history_bounds bounds = {
			.lines = room->history.n,
			.bytes = bytes - bytes / 8 - 1,
		};

		count(rooms, CHAT_LIMIT_HISTORY_TOTAL,
			shrink_room(rooms, room, &bounds));
	}
}

static struct history_bounds bounds_of(const struct chat_settings *settings)
{
	return (struct history_bounds){
		.lines = (size_t)settings->history,
		.bytes = settings->history_bytes,
	};
}

int rooms_record(struct rooms *rooms, struct room *room, struct chat_msg *msg,
	const struct chat_settings *settings)
{
	struct history_bounds bounds = bounds_of(settings);
	uint64_t before = room->history.bytes;
	size_t n_before = room->history.n;
	int err;

	room->last_id = msg->id;
	rooms->n_changes++;
	/* without memory the line is said and not remembered */
	err = history_append(&room->history, msg, &bounds);
	if (!err)
		count(rooms, CHAT_LIMIT_HISTORY,
			n_before + 1 - room->history.n);
	rooms->history_bytes += room->history.bytes - before;
	shrink_total(rooms, settings->history_total);
	return err;
}

void rooms_shrink(struct rooms *rooms, const struct chat_settings *settings)
{
	struct history_bounds bounds = bounds_of(settings);
	struct strmap_node *node = NULL;

	while ((node = strmap_next(&rooms->by_key, node)) != NULL)
		(void)shrink_room(
			rooms, container_of(node, struct room, node), &bounds);
	shrink_total(rooms, settings->history_total);
}
