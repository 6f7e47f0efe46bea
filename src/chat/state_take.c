/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Taking what is to be saved out of the hub. The hub may hold 64 MiB of what
 * was said, and its lock must never be held for long: messages never change,
 * so references to them are enough, and those are taken a portion at a time.
 *
 *	people ──▶ names of rooms ──▶ rooms, one after another ──▶ numbers
 *
 * Between portions the hub goes on. What comes of that is a state that may
 * never have been, and is sound all the same: people come before the rooms, so
 * none has read more than a room holds; numbers that are given out come last,
 * so none is too low; and what was dropped from a history while that was being
 * taken is left out. Who has a code and is still there is saved as if it left
 * now.
 *
 * Used under the hub's lock, but for making and freeing.
 */
#include "chat/state.h"

#include <stdlib.h>
#include <string.h>

#include "base/rows.h"
#include "chat/settings.h"
#include "hub_private.h"
#include "state_private.h"

/* Of all kinds together about so many pieces of memory are touched by one
 * portion: a fifth of a millisecond if each is far away. */
#define PORTION     2000
#define ROOM_COST   4
#define PERSON_COST 8

enum step { TAKE_PEOPLE, TAKE_NAMES, TAKE_ROOMS, TAKE_NUMBERS, TAKEN };

struct chat_state *chat_state_new(bool is_last)
{
	struct chat_state *state = calloc(1, sizeof *state);

	if (state)
		state->is_last = is_last;
	return state;
}

static void room_fini(struct state_room *room)
{
	for (size_t i = 0; i < room->n_msgs; i++)
		chat_msg_unref(room->msgs[i]);
	free(room->msgs);
	free(room->marks);
	free(room->topic);
}

void chat_state_free(struct chat_state *state)
{
	if (!state)
		return;
	for (size_t i = 0; i < state->n_rooms; i++)
		room_fini(&state->rooms[i]);
	free(state->rooms);
	free(state->persons);
	strbuf_fini(&state->people);
	strbuf_fini(&state->mutes);
	free(state);
}

/* People. */

static void take_person(struct chat_state *state, const struct hub *hub,
	const struct ticket *ticket, const struct chat_now *now)
{
	uint64_t gone_ms = state_gone(ticket, now->mono_ms);
	uint32_t code = ticket_code(&hub->tickets, ticket);
	size_t at = state->people.len;
	void *rows = state->persons;

	if (!rows_make_room(&rows, &state->persons_size, state->n_persons,
		    sizeof *state->persons)) {
		state->failed = true;
		return;
	}
	state->persons = rows;
	state_put_person(&state->people, ticket, code, now->mono_ms);
	state->persons[state->n_persons++] = (struct state_person){
		.gone_ms = gone_ms,
		.code = code,
		.at = at,
		.len = state->people.len - at,
	};
}

/* From the last row down: a row that is dropped meanwhile is filled by the last
 * one, which is known by its number if it is met again. */
static size_t take_people(struct chat_state *state, const struct hub *hub,
	const struct chat_now *now)
{
	const struct tickets *tickets = &hub->tickets;
	size_t cost = 0;

	if (state->left > tickets->n)
		state->left = tickets->n;
	while (state->left > 0 && cost < PORTION) {
		struct ticket *ticket = tickets->rows[--state->left];

		cost += PERSON_COST + ticket->n_seats;
		if (ticket->saved == state->number)
			continue;
		ticket->saved = state->number;
		take_person(state, hub, ticket, now);
	}
	if (state->left == 0)
		state->step = TAKE_NAMES;
	return cost;
}

/* Rooms. */

static void see_room(void *arg, struct strmap_node *node)
{
	const struct room *room = container_of(node, struct room, node);
	struct chat_state *state = arg;
	void *rows = state->rooms;

	if (!rows_make_room(&rows, &state->rooms_size, state->n_rooms,
		    sizeof *state->rooms)) {
		state->failed = true;
		return;
	}
	state->rooms = rows;
	state->rooms[state->n_rooms] = (struct state_room){{0}};
	strcpy(state->rooms[state->n_rooms].name, room->name);
	state->n_rooms++;
}

/* A walk shows each name once, whatever becomes of its room meanwhile. */
static size_t take_names(struct chat_state *state, const struct hub *hub)
{
	size_t cost = 0, before = state->n_rooms;
	bool is_more = true;

	while (is_more &&
		cost + ROOM_COST * (state->n_rooms - before) < PORTION) {
		is_more = strmap_walk(
			&hub->rooms.by_key, &state->walk, see_room, state);
		cost++;
	}
	if (!is_more)
		state->step = TAKE_ROOMS;
	return cost + ROOM_COST * (state->n_rooms - before);
}

/* Takes it from the beginning, or again, since it is another room by now. */
static void begin_room(struct state_room *to, const struct room *room)
{
	room_fini(to);
	to->topic = NULL;
	to->marks = NULL;
	to->msgs = NULL;
	to->n_marks = to->n_msgs = to->size = 0;
	to->serial = room->serial;
	to->is_begun = true;
}

/* References to the next messages; how many. */
static size_t take_msgs(struct chat_state *state, struct state_room *to,
	const struct history *h, size_t max)
{
	uint64_t last = to->n_msgs ? to->msgs[to->n_msgs - 1]->id : 0, lost;
	size_t n = history_count_since(h, last, &lost), i = 0;
	void *rows = to->msgs;

	for (; i < n && i < max; i++) {
		if (!rows_make_room(
			    &rows, &to->size, to->n_msgs, sizeof *to->msgs)) {
			state->failed = true;
			return n;
		}
		to->msgs = rows;
		to->msgs[to->n_msgs++] = chat_msg_ref(
			history_at(h, h->n - n + i));
	}
	return i;
}

static unsigned lock_of(const struct room *room)
{
	static const unsigned bits[] = {
		[ROOM_LOCKED] = STATE_IS_LOCKED,
		[ROOM_OPEN] = STATE_IS_OPEN,
	};
	bool was = room->settings && room->settings->locked;

	return bits[room->lock] | (was ? STATE_WAS_LOCKED : 0);
}

/* All messages are taken: what else there is, as of now. */
static bool end_room(struct state_room *to, const struct room *room,
	const struct chat_now *now)
{
	const struct history *h = &room->history;

	to->lock = lock_of(room);
	to->seq = room->seq;
	to->last_id = room->last_id;
	to->idle_ms = room->is_idle ? now->mono_ms - room->idle_since_ms : 0;
	if (room->topic && !(to->topic = strdup(room->topic)))
		return false;
	if (h->n_gone > 0) {
		to->marks = calloc(HISTORY_MARKS, sizeof *to->marks);
		if (!to->marks)
			return false;
		to->n_marks = history_copy_marks(h, to->marks);
	}
	to->is_taken = true;
	return true;
}

/* What was taken and has been dropped since is not kept twice. */
static void drop_marked(struct state_room *to)
{
	uint64_t gone = to->n_marks ? to->marks[to->n_marks - 1].id : 0;
	size_t n = 0;

	while (n < to->n_msgs && to->msgs[n]->id <= gone)
		chat_msg_unref(to->msgs[n++]);
	to->n_msgs -= n;
	if (n > 0)
		memmove(to->msgs, to->msgs + n, to->n_msgs * sizeof *to->msgs);
}

/* Some of the room that is to be taken, or the rest of it. */
static size_t take_room(struct chat_state *state, const struct hub *hub,
	const struct chat_now *now, size_t max)
{
	struct state_room *to = &state->rooms[state->at];
	const struct room *room = rooms_find(&hub->rooms, to->name);
	size_t n;

	if (!room) {
		state->at++;
		return 1;
	}
	if (!to->is_begun || to->serial != room->serial)
		begin_room(to, room);
	n = take_msgs(state, to, &room->history, max);
	if (n == max && !state->failed)
		return n;
	if (!end_room(to, room, now))
		state->failed = true;
	drop_marked(to);
	state->at++;
	return n + ROOM_COST + to->n_marks / 8;
}

static size_t take_rooms(struct chat_state *state, const struct hub *hub,
	const struct chat_now *now)
{
	size_t cost = 0;

	while (state->at < state->n_rooms && cost < PORTION)
		cost += take_room(state, hub, now, PORTION - cost);
	if (state->at == state->n_rooms)
		state->step = TAKE_NUMBERS;
	return cost;
}

struct mute_sight {
	struct chat_state *state;
	uint64_t now_ms;
};

static void see_mute(void *arg, const char *account, uint64_t until_ms)
{
	struct mute_sight *sight = arg;
	uint64_t left_ms = state_left(until_ms, sight->now_ms);

	if (left_ms == 0 || !nick_is_valid(account))
		return;
	state_put_text(&sight->state->mutes, account, 1);
	state_put(&sight->state->mutes, left_ms, 8);
	sight->state->n_mutes++;
}

static void take_numbers(struct chat_state *state, const struct hub *hub,
	const struct chat_now *now)
{
	struct mute_sight sight = {state, now->mono_ms};

	mutes_see(&hub->mutes, see_mute, &sight);
	state->wall_ms = now->wall_ms;
	state->last_id = hub->last_id;
	state->n_people_ever = hub->n_persons;
	state->n_rooms_ever = hub->rooms.n_made;
	state->n_aways = hub->n_aways;
	state->step = TAKEN;
}

bool hub_save(
	struct hub *hub, struct chat_state *state, const struct chat_now *now)
{
	size_t cost = 0;

	if (state->number == 0) {
		state->number = ++hub->n_saves;
		state->left = hub->tickets.n;
	}
	while (state->step != TAKEN && cost < PORTION && !state->failed) {
		if (state->step == TAKE_PEOPLE)
			cost += take_people(state, hub, now);
		else if (state->step == TAKE_NAMES)
			cost += take_names(state, hub);
		else if (state->step == TAKE_ROOMS)
			cost += take_rooms(state, hub, now);
		else
			take_numbers(state, hub, now);
	}
	return state->step != TAKEN && !state->failed;
}

uint64_t hub_n_changes(const struct hub *hub)
{
	return hub->n_changes + hub->rooms.n_changes + hub->tickets.n_changes;
}
