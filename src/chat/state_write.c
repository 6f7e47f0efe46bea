/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * From what was taken to bytes, see state_private.h for how they lie.
 *
 * Any thread, but for state_put_person(), which is used under the hub's lock.
 */
#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/le.h"
#include "chat/member.h"
#include "chat/msg.h"
#include "chat/room.h"
#include "chat/state.h"
#include "chat/ticket.h"
#include "state_private.h"

const enum chat_type state_msgs[STATE_N_MSGS] = {
	[1] = CHAT_SAID,
	[2] = CHAT_ACTION,
};

void state_put(struct strbuf *out, uint64_t value, size_t n_bytes)
{
	uint8_t bytes[8];

	le_put(bytes, value, n_bytes);
	strbuf_add(out, bytes, n_bytes);
}

void state_put_text(struct strbuf *out, const char *text, size_t n_bytes)
{
	size_t len = text ? strlen(text) : 0;

	assert(n_bytes == 8 || len >> (8 * n_bytes) == 0);
	state_put(out, len, n_bytes);
	strbuf_add(out, text ? text : "", len + 1);
}

/* People. */

static void put_ignores(struct strbuf *out, const struct member *member)
{
	const struct ignore *ignores[IGNORES_MAX], *ignore;
	size_t n = 0;

	LIST_FOREACH (ignore, &member->ignores, of_member)
		ignores[n++] = ignore;
	state_put(out, n, 2);
	while (n-- > 0) { /* the first one first, as they are added */
		state_put(out, ignores[n]->person, 8);
		state_put_text(out, ignore_nick(ignores[n]), 1);
	}
}

static void put_seat(
	struct strbuf *out, const char *name, uint64_t serial, uint64_t seq)
{
	state_put_text(out, name, 1);
	state_put(out, serial, 8);
	state_put(out, seq, 8);
}

/* Where it was, or, if it is still there, where it is. */
static void put_seats(struct strbuf *out, const struct ticket *ticket)
{
	const struct member *member = ticket->member;
	const struct membership *seat;

	if (ticket->has_left) {
		state_put(out, ticket->n_seats, 4);
		for (size_t i = 0; i < ticket->n_seats; i++)
			put_seat(out, ticket->seats[i].name,
				ticket->seats[i].room, ticket->seats[i].seq);
		return;
	}
	state_put(out, member_count_seats(member), 4);
	LIST_FOREACH (seat, &member->seats, of_member)
		put_seat(out, seat->room->name, seat->room->serial,
			seat->room->seq);
}

/* One that no account can have is none. */
static const char *account_of(const struct member *member)
{
	bool is_one = member->account && nick_is_valid(member->account);

	return is_one ? member->account : NULL;
}

void state_put_person(struct strbuf *out, const struct ticket *ticket,
	uint32_t code, uint64_t now_ms)
{
	const struct member *member = ticket->member;

	state_put(out, code, 4);
	state_put(out, state_gone(ticket, now_ms), 8);
	state_put_text(out, member->nick, 1);
	state_put(out, member->person, 8);
	state_put_text(out, account_of(member), 1);
	state_put(out, member->wants, 1);
	state_put(out, member->hints, 4);
	state_put(out, member->away ? STATE_IS_AWAY : 0, 1);
	state_put(out, member->away_serial, 4);
	state_put_text(out, member->away, 2);
	for (size_t i = 0; i < AWAYS_TOLD; i++)
		state_put(out, member->aways_told[i], 4);
	state_put(out, member->reply_to ? member->reply_person : 0, 8);
	state_put_text(out, member->reply_to, 1);
	put_ignores(out, member);
	put_seats(out, ticket);
	state_put(out, state_left(member->muted_ms, now_ms), 8);
}

uint64_t state_gone(const struct ticket *ticket, uint64_t now_ms)
{
	return ticket->has_left ? now_ms - ticket->left_ms : 0;
}

uint64_t state_left(uint64_t until_ms, uint64_t now_ms)
{
	if (until_ms == UINT64_MAX)
		return until_ms;
	return until_ms > now_ms ? until_ms - now_ms : 0;
}

/* Who left first comes first, of whom no more are kept than is allowed. */
static int compare_persons(const void *a, const void *b)
{
	const struct state_person *x = a, *y = b;

	if (x->gone_ms != y->gone_ms)
		return x->gone_ms > y->gone_ms ? -1 : 1;
	return x->code < y->code ? -1 : x->code > y->code;
}

static void put_people(struct strbuf *out, struct chat_state *state)
{
	size_t n = state->n_persons, first;

	if (n > 0)
		qsort(state->persons, n, sizeof *state->persons,
			compare_persons);
	first = n > TICKETS_GONE ? n - TICKETS_GONE : 0;
	state_put(out, n - first, 4);
	for (size_t i = first; i < n; i++)
		strbuf_add(out, state->people.data + state->persons[i].at,
			state->persons[i].len);
}

/* Rooms. */

/* 0: it has no place in a history. */
static unsigned number_of(enum chat_type type)
{
	unsigned n = STATE_N_MSGS;

	while (--n > 0 && state_msgs[n] != type)
		;
	return n;
}

static void put_msg(struct strbuf *out, const struct chat_msg *msg)
{
	int64_t wall_ms = msg->wall_ms;

	if (wall_ms < 0 || wall_ms > STATE_WALL_MAX)
		wall_ms = 0; /* of a clock that was wrong */
	state_put(out, number_of(msg->type), 1);
	state_put(out, msg->id, 8);
	state_put(out, msg->seq, 8);
	state_put(out, msg->author, 8);
	state_put(out, (uint64_t)wall_ms, 8);
	state_put_text(out, msg->nick, 1);
	state_put_text(out, msg->text, 4);
}

static void put_msgs(struct strbuf *out, const struct state_room *room)
{
	uint32_t n = 0;

	for (size_t i = 0; i < room->n_msgs; i++)
		n += number_of(room->msgs[i]->type) != 0;
	state_put(out, n, 4);
	for (size_t i = 0; i < room->n_msgs; i++)
		if (number_of(room->msgs[i]->type))
			put_msg(out, room->msgs[i]);
}

static void put_room(struct strbuf *out, const struct state_room *room)
{
	state_put_text(out, room->name, 1);
	state_put(out, room->serial, 8);
	state_put(out, room->seq, 8);
	state_put(out, room->last_id, 8);
	state_put(out, room->idle_ms, 8);
	state_put(out, (room->topic ? STATE_HAS_TOPIC : 0) | room->lock, 1);
	state_put_text(out, room->topic, 2);
	state_put(out, room->n_marks, 4);
	for (size_t i = 0; i < room->n_marks; i++) {
		state_put(out, room->marks[i].id, 8);
		state_put(out, room->marks[i].seq, 8);
	}
	put_msgs(out, room);
}

static int compare_rooms(const void *a, const void *b)
{
	const struct state_room *x = a, *y = b;

	if (x->idle_ms != y->idle_ms)
		return x->idle_ms > y->idle_ms ? -1 : 1;
	return x->serial < y->serial ? -1 : x->serial > y->serial;
}

static void put_rooms(struct strbuf *out, struct chat_state *state)
{
	uint32_t n = 0;

	for (size_t i = 0; i < state->n_rooms; i++)
		n += state->rooms[i].is_taken;
	if (n > 0)
		qsort(state->rooms, state->n_rooms, sizeof *state->rooms,
			compare_rooms);
	state_put(out, n, 4);
	for (size_t i = 0; i < state->n_rooms; i++)
		if (state->rooms[i].is_taken)
			put_room(out, &state->rooms[i]);
}

int chat_state_encode(struct chat_state *state, struct strbuf *out)
{
	int64_t wall_ms = state->wall_ms;

	if (wall_ms < 0 || wall_ms > STATE_WALL_MAX)
		wall_ms = 0;
	state_put(out, state->is_last ? STATE_LAST : 0, 1);
	state_put(out, (uint64_t)wall_ms, 8);
	state_put(out, state->last_id, 8);
	state_put(out, state->n_people_ever, 8);
	state_put(out, state->n_rooms_ever, 8);
	state_put(out, state->n_aways, 4);
	put_rooms(out, state);
	put_people(out, state);
	state_put(out, state->n_mutes, 4);
	strbuf_add(out, state->mutes.data, state->mutes.len);
	return state->failed || state->people.failed || state->mutes.failed ||
			out->failed
		? -ENOMEM
		: 0;
}
