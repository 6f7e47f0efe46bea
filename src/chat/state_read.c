/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * From bytes to a hub, see state_private.h for how they lie. They were written
 * by this program and are whole, by their checksum; they are looked at as if
 * by a stranger all the same, for what is wrong here would be told to people,
 * or would be numbers that others count on.
 *
 * The settings may have changed meanwhile: histories shrink to what they allow
 * now, the rooms that are idle the longest go if they are too many. The time
 * while nobody could come back counts for nothing: whoever had left for a
 * minute when the state was saved has left for a minute now.
 *
 * Used under the hub's lock, or before anybody else knows of the hub.
 */
#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/errmsg.h"
#include "base/le.h"
#include "base/utf8.h"
#include "chat/settings.h"
#include "chat/state.h"
#include "hub_private.h"
#include "state_private.h"

/* What is said after the state was saved is lost if the daemon is killed, but
 * its ids were given: they begin so much later. */
#define UNSAVED_MS 120000

int state_bad(const struct state_reading *r, const char *fmt, ...)
{
	char text[200];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	return errmsg_set(r->msg, EBADMSG, "it is not consistent: %s", text);
}

int state_no_memory(const struct state_reading *r)
{
	return errmsg_set(r->msg, ENOMEM, "out of memory");
}

/* Pieces. */

static const uint8_t *take(struct state_reading *r, size_t n)
{
	const uint8_t *at = r->at;

	if (n > r->left) {
		r->is_short = true;
		r->left = 0;
		return NULL;
	}
	r->at += n;
	r->left -= n;
	return at;
}

uint64_t state_get(struct state_reading *r, size_t n_bytes)
{
	const uint8_t *at = take(r, n_bytes);

	return at ? le_get(at, n_bytes) : 0;
}

/* Borrowed; "" if there is none. */
const char *state_get_text(struct state_reading *r, size_t n_bytes)
{
	size_t len = (size_t)state_get(r, n_bytes);
	const char *text = (const char *)take(r, len + 1);

	if (!text)
		return "";
	if (memchr(text, '\0', len + 1) == text + len)
		return text;
	r->is_odd = true;
	return "";
}

/* How many of something follow; none of them is shorter than that. */
size_t state_get_count(struct state_reading *r, size_t least)
{
	uint64_t n = state_get(r, 4);

	if (n <= r->left / least)
		return (size_t)n;
	r->is_short = true;
	return 0;
}

/* 0 if all that was got was there. */
int state_check_got(const struct state_reading *r, const char *what)
{
	if (r->is_short)
		return state_bad(r, "it ends in the middle of %s", what);
	if (r->is_odd)
		return state_bad(r, "a text of %s has no end", what);
	return 0;
}

bool state_is_room(const char *text)
{
	char name[ROOM_NAME_MAX + 1];

	return text[0] != '#' && room_name_parse(name, text);
}

bool state_is_safe(const char *text)
{
	return utf8_is_safe(text, strlen(text));
}

/* What was said may have several lines. */
static bool is_safe_lines(const char *text)
{
	size_t len;

	for (;; text += len + 1) {
		len = strcspn(text, "\n");
		if (!utf8_is_safe(text, len))
			return false;
		if (!text[len])
			return true;
	}
}

/* So long ago, by a clock that may not have run for so long. */
uint64_t state_ago(const struct state_reading *r, uint64_t ms)
{
	return r->now->mono_ms > ms ? r->now->mono_ms - ms : 0;
}

uint64_t state_until(const struct state_reading *r, uint64_t left_ms)
{
	if (left_ms == 0 || left_ms >= UINT64_MAX - r->now->mono_ms)
		return left_ms == 0 ? 0 : UINT64_MAX;
	return r->now->mono_ms + left_ms;
}

/* Rooms. */

#define ROOM_FLAGS \
	(STATE_HAS_TOPIC | STATE_IS_LOCKED | STATE_IS_OPEN | STATE_WAS_LOCKED)

struct saved_room {
	const char *name, *topic; /* NULL: none of its own */
	uint64_t serial, seq, last_id, idle_ms;
	unsigned flags;
	uint64_t id, past; /* id and sequence of the message before */
	struct room *to;   /* NULL: there is no place for it */
};

static int get_room_head(struct state_reading *r, struct saved_room *room)
{
	bool has_topic;
	int err;

	room->name = state_get_text(r, 1);
	room->serial = state_get(r, 8);
	room->seq = state_get(r, 8);
	room->last_id = state_get(r, 8);
	room->idle_ms = state_get(r, 8);
	room->flags = (unsigned)state_get(r, 1);
	has_topic = room->flags & STATE_HAS_TOPIC;
	room->topic = state_get_text(r, 2);
	err = state_check_got(r, "a room");
	if (err)
		return err;
	if (!state_is_room(room->name))
		return state_bad(r, "a room has a name that no room can have");
	if (room->flags & ~ROOM_FLAGS)
		return state_bad(r, "room %s has unknown flags", room->name);
	if (!state_is_safe(room->topic) || (!has_topic && room->topic[0]))
		return state_bad(r, "the topic of room %s is none", room->name);
	if (room->serial < 1 || room->serial > r->n_rooms_ever ||
		room->last_id > r->last_id)
		return state_bad(r, "the numbers of room %s are out of range",
			room->name);
	if (room->idle_ms > r->idle_ms)
		return state_bad(r, "room %s is out of order", room->name);
	r->idle_ms = room->idle_ms;
	if (!has_topic)
		room->topic = NULL;
	return 0;
}

/* What operators said holds until something else is configured. */
static enum room_lock lock_of(
	const struct saved_room *room, const struct room *to)
{
	bool was_locked = room->flags & STATE_WAS_LOCKED;

	if (was_locked != (to->settings && to->settings->locked))
		return ROOM_AS_CONFIGURED;
	return room->flags & STATE_IS_LOCKED  ? ROOM_LOCKED
		: room->flags & STATE_IS_OPEN ? ROOM_OPEN
					      : ROOM_AS_CONFIGURED;
}

/* Those that are configured are there already; they have numbers from beyond
 * those of the file. */
static int open_room(struct state_reading *r, struct saved_room *room)
{
	struct rooms *rooms = &r->hub->rooms;
	struct room *to;
	int err = rooms_open(rooms, room->name,
		(size_t)r->hub->settings->max_rooms,
		state_ago(r, room->idle_ms), &to);

	if (err == ROOMS_E_FULL)
		return 0;
	if (err < 0)
		return state_no_memory(r);
	if (to->serial <= r->n_rooms_ever)
		return state_bad(r, "room %s is there twice", room->name);
	to->serial = room->serial;
	to->seq = room->seq;
	to->lock = lock_of(room, to);
	if (room->topic) {
		to->topic = strdup(room->topic);
		if (!to->topic)
			return state_no_memory(r);
	}
	room->to = to;
	return 0;
}

/* The next message, remembered or not, has these numbers. */
static int check_next(struct state_reading *r, struct saved_room *room,
	uint64_t id, uint64_t seq)
{
	if (id <= room->id || id > room->last_id || seq <= room->past ||
		seq > room->seq)
		return state_bad(r, "the messages of room %s are out of order",
			room->name);
	room->id = id;
	room->past = seq;
	return 0;
}

static int get_marks(struct state_reading *r, struct saved_room *room)
{
	size_t n = state_get_count(r, 16);
	struct history_mark mark;
	int err = n > HISTORY_MARKS ? state_bad(r, "too many marks") : 0;

	for (size_t i = 0; i < n && !err; i++) {
		mark.id = state_get(r, 8);
		mark.seq = state_get(r, 8);
		err = check_next(r, room, mark.id, mark.seq);
		if (!err && room->to)
			history_add_mark(&room->to->history, &mark);
	}
	return err ? err : state_check_got(r, "a room");
}

static int check_msg(struct state_reading *r, struct saved_room *room,
	unsigned what, const struct chat_msg_spec *spec)
{
	int err = state_check_got(r, "a message");

	if (err)
		return err;
	if (what < 1 || what >= STATE_N_MSGS)
		return state_bad(r, "a message of room %s is of no known kind",
			room->name);
	if (!nick_is_valid(spec->nick) || !is_safe_lines(spec->text))
		return state_bad(r,
			"a message of room %s has no text that is fit "
			"to be shown",
			room->name);
	if (spec->author > r->n_persons || spec->wall_ms < 0 ||
		spec->wall_ms > STATE_WALL_MAX)
		return state_bad(r,
			"the numbers of a message of room %s are out "
			"of range",
			room->name);
	return check_next(r, room, spec->id, spec->seq);
}

static int get_msg(struct state_reading *r, struct saved_room *room)
{
	unsigned what = (unsigned)state_get(r, 1);
	struct chat_msg_spec spec = {0};
	struct chat_msg *msg;
	int err;

	spec.id = state_get(r, 8);
	spec.seq = state_get(r, 8);
	spec.author = state_get(r, 8);
	spec.wall_ms = (int64_t)state_get(r, 8);
	spec.nick = state_get_text(r, 1);
	spec.text = state_get_text(r, 4);
	err = check_msg(r, room, what, &spec);
	if (err || !room->to)
		return err;
	spec.type = state_msgs[what];
	spec.room = room->to->name;
	msg = chat_msg_new(&spec);
	if (!msg)
		return state_no_memory(r);
	err = rooms_record(&r->hub->rooms, room->to, msg, r->hub->settings);
	chat_msg_unref(msg);
	return err ? state_no_memory(r) : 0;
}

#define MSG_LEAST 40 /* bytes of a message without texts */

static int get_room(struct state_reading *r)
{
	struct saved_room room = {0};
	int err = get_room_head(r, &room);
	size_t n;

	if (!err)
		err = open_room(r, &room);
	if (!err)
		err = get_marks(r, &room);
	if (err)
		return err;
	n = state_get_count(r, MSG_LEAST);
	for (size_t i = 0; i < n && !err; i++)
		err = get_msg(r, &room);
	if (!err)
		err = state_check_got(r, "a room");
	if (!err && room.to)
		room.to->last_id = room.last_id;
	return err;
}

/* All of it. */

static int get_head(struct state_reading *r)
{
	uint64_t flags = state_get(r, 1), wall_ms = state_get(r, 8), first;
	int err;

	r->last_id = state_get(r, 8);
	r->n_persons = state_get(r, 8);
	r->n_rooms_ever = state_get(r, 8);
	r->hub->n_aways = (uint32_t)state_get(r, 4);
	err = state_check_got(r, "its numbers");
	if (err)
		return err;
	if (flags & ~(uint64_t)STATE_LAST || wall_ms > STATE_WALL_MAX ||
		r->last_id >= HUB_ID_LIMIT || r->n_persons > INT64_MAX ||
		r->n_rooms_ever > INT64_MAX)
		return state_bad(r, "its numbers are out of range");
	first = hub_id_of_time((int64_t)wall_ms + UNSAVED_MS);
	r->hub->last_id = r->last_id;
	if (!(flags & STATE_LAST) && first > r->last_id)
		r->hub->last_id = first;
	r->hub->n_persons = r->n_persons;
	r->counts->saved_ms = (int64_t)wall_ms;
	return 0;
}

/* Rooms that are configured get numbers that none in the file has. */
static void renumber(const struct state_reading *r)
{
	struct rooms *rooms = &r->hub->rooms;
	struct strmap_node *node = NULL;

	while ((node = strmap_next(&rooms->by_key, node)) != NULL)
		container_of(node, struct room, node)
			->serial += r->n_rooms_ever;
	rooms->n_made += r->n_rooms_ever;
}

#define ROOM_LEAST   46 /* bytes without texts and messages */
#define PERSON_LEAST 77 /* bytes without texts and lists */

static int get_all(struct state_reading *r)
{
	int err = get_head(r);
	uint64_t n_made;
	size_t n;

	if (err)
		return err;
	renumber(r);
	n_made = r->hub->rooms.n_made;
	r->idle_ms = r->gone_ms = UINT64_MAX;
	n = state_get_count(r, ROOM_LEAST);
	for (size_t i = 0; i < n && !err; i++)
		err = get_room(r);
	r->hub->rooms.n_made = n_made;
	if (err)
		return err;
	n = state_get_count(r, PERSON_LEAST);
	if (n > TICKETS_GONE)
		return state_bad(r, "there are too many people");
	for (size_t i = 0; i < n && !err; i++)
		err = state_get_person(r);
	if (!err)
		err = state_get_mutes(r);
	if (!err)
		err = state_check_got(r, "its lists");
	if (!err && r->left > 0)
		err = state_bad(r, "more follows behind its end");
	return err ? err : state_link_ignores(r);
}

static void count(struct state_reading *r)
{
	const struct rooms *rooms = &r->hub->rooms;
	struct strmap_node *node = NULL;

	while ((node = strmap_next(&rooms->by_key, node)) != NULL)
		r->counts->n_messages += container_of(node, struct room, node)
						 ->history.n;
	r->counts->n_rooms = rooms->by_key.n;
	r->counts->n_people = r->hub->tickets.n;
}

int hub_restore(struct hub *hub, const struct slice *data,
	const struct chat_now *now, struct chat_state_counts *ret,
	struct errmsg *msg)
{
	struct state_reading r = {
		.hub = hub,
		.now = now,
		.at = (const uint8_t *)data->data,
		.left = data->len,
		.counts = ret,
		.msg = msg,
	};
	int err;

	assert(hub->members.n == 0 && hub->tickets.n == 0);
	*ret = (struct chat_state_counts){0};
	err = get_all(&r);
	if (!err)
		count(&r);
	return err;
}
