/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * One room: who is in it, its topic, what was said. Joining and leaving cost
 * the same in a room of three and of three thousand: members hang in a list
 * linked both ways, and the room counts them per worker, so that a post can
 * name the workers it concerns without a look at the members.
 *
 * Invariants: n_members is the sum of n_on[]; bit w of workers is set exactly
 * while n_on[w] > 0. Used under the hub's lock.
 */
#include "chat/room.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "chat/member.h"
#include "chat/settings.h"

struct room *room_new(const char *name, unsigned n_workers)
{
	struct room *room;

	assert(strlen(name) <= ROOM_NAME_MAX);
	room = calloc(1, sizeof *room + n_workers * sizeof room->n_on[0]);
	if (!room)
		return NULL;
	LIST_INIT(&room->members);
	strcpy(room->name, name);
	room_name_make_key(room->key, name);
	return room;
}

void room_free(struct room *room)
{
	if (!room)
		return;
	assert(room->n_members == 0);
	history_fini(&room->history);
	free(room->topic);
	free(room);
}

void room_add(struct room *room, struct membership *seat)
{
	uint32_t worker = seat->member->home.worker;

	assert(seat->room == room);
	LIST_INSERT_HEAD(&room->members, seat, in_room);
	room->n_members++;
	room->n_on[worker]++;
	room->workers |= UINT64_C(1) << worker;
}

void room_remove(struct room *room, struct membership *seat)
{
	uint32_t worker = seat->member->home.worker;

	assert(seat->room == room && room->n_on[worker] > 0);
	LIST_REMOVE(seat, in_room);
	room->n_members--;
	if (--room->n_on[worker] == 0)
		room->workers &= ~(UINT64_C(1) << worker);
}

uint64_t room_others_on(const struct room *room, const struct membership *but)
{
	uint32_t worker = but->member->home.worker;

	if (room->n_on[worker] > 1)
		return room->workers;
	return room->workers & ~(UINT64_C(1) << worker);
}

const char *room_topic(const struct room *room)
{
	if (room->topic)
		return room->topic;
	if (room->settings && room->settings->topic)
		return room->settings->topic;
	return "";
}

bool room_is_locked(const struct room *room)
{
	if (room->lock != ROOM_AS_CONFIGURED)
		return room->lock == ROOM_LOCKED;
	return room->settings && room->settings->locked;
}

bool room_is_quiet(const struct chat_settings *settings, uint32_t n)
{
	return n > settings->quiet_above;
}
