/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Going to rooms, and what belongs to the room one is in: its topic, what was
 * said in it.
 *
 * Used under the hub's lock.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"
#include "chat/command.h"
#include "chat/settings.h"
#include "command_private.h"
#include "hub_private.h"

#define HISTORY_DEFAULT 50

/* The member is there already: says so, and how many are. */
static void tell_where(const struct turn *turn, const struct room *room)
{
	bool is_quiet = room_is_quiet(turn->hub->settings, room->n_members);

	reply_tell(turn,
		&(struct chat_msg_spec){
			.type = CHAT_YOU_JOINED,
			.flags = is_quiet ? CHAT_QUIET : 0,
			.nick = turn->member->nick,
			.room = room->name,
			.n = room->n_members,
		});
}

static const char *home_of(const struct turn *turn)
{
	const char *start = turn->member->start;

	return start ? start : turn->hub->settings->room;
}

/* True if that is where the member started: the way back is always open. */
static bool is_home(const struct turn *turn, const char *name)
{
	char home[ROOM_NAME_MAX + 1];

	return room_name_parse(home, home_of(turn)) && name_equal(name, home);
}

struct room *command_open_room(const struct turn *turn, const char *name)
{
	const struct chat_settings *settings = turn->hub->settings;
	struct room *room;
	int r;

	if (is_home(turn, name))
		r = hub_open_room(turn->hub, name, turn->now, &room);
	else
		r = rooms_open(&turn->hub->rooms, name,
			(size_t)settings->max_rooms, turn->now->mono_ms, &room);
	if (r == 0)
		return room;
	if (r == ROOMS_E_FULL)
		reply_tell(turn,
			&(struct chat_msg_spec){
				.type = CHAT_E_TOO_MANY_ROOMS,
				.text = name,
				.limit = (uint64_t)settings->max_rooms,
			});
	else
		reply_post(turn, NULL);
	return NULL;
}

static bool is_locked(const struct turn *turn, const struct room *room)
{
	return room_is_locked(room) && !turn->member->is_operator &&
		!is_home(turn, room->name);
}

/* False, and told, if the name that is to be taken as well may not be had. */
static bool may_take_nick(const struct turn *turn, struct seat_wish *wish)
{
	const char *nick = turn->call->nick, *near;
	enum chat_type error;

	if (!nick)
		return true;
	error = nick_refusal(turn, nick, &near);
	if (error != CHAT_TYPE_N) {
		reply_refuse(turn, error, nick, near);
		return false;
	}
	if (strcmp(nick, turn->member->nick) != 0)
		wish->nick = nick;
	return true;
}

bool command_may_sit(const struct turn *turn, const char *name, bool keep)
{
	const struct room *room = rooms_find(&turn->hub->rooms, name);
	size_t limit = (size_t)turn->hub->settings->rooms_per_member;

	if (room && seat_find(turn->member, room))
		return true;
	if (room && is_locked(turn, room))
		reply_tell(turn,
			&(struct chat_msg_spec){
				.type = CHAT_E_ROOM_LOCKED,
				.room = room->name,
			});
	else if (keep && member_count_seats(turn->member) >= limit)
		reply_tell(turn,
			&(struct chat_msg_spec){
				.type = CHAT_E_TOO_MANY_SEATS,
				.limit = limit,
			});
	else
		return true;
	return false;
}

static void go(const struct turn *turn, const char *text)
{
	struct seat_wish wish = {
		.hello = turn->member->is_program ? CHAT_ARRIVED
						  : CHAT_YOU_JOINED,
		.keep = turn->call->keep,
	};
	const struct membership *seat = turn->member->current;
	char name[ROOM_NAME_MAX + 1];

	if (!room_name_parse(name, text)) {
		reply_refuse(turn, CHAT_E_ROOM_INVALID, text, NULL);
		return;
	}
	if (!may_take_nick(turn, &wish) ||
		!command_may_sit(turn, name, wish.keep))
		return;
	wish.to = command_open_room(turn, name);
	if (!wish.to)
		return;
	if (seat && seat->room == wish.to && !turn->member->is_program)
		tell_where(turn, wish.to);
	else if (seat_take(turn, &wish) < 0)
		reply_post(turn, NULL);
}

void command_join(const struct turn *turn)
{
	go(turn, turn->call->args[0]);
}

/* A person is always somewhere, a program need not be. */
void command_part(const struct turn *turn)
{
	struct membership *seat;

	if (!turn->member->is_program) {
		go(turn, home_of(turn));
		return;
	}
	seat = seat_meant(turn);
	if (seat && seat_leave(turn, seat) < 0)
		reply_post(turn, NULL);
}

static void set_topic(
	const struct turn *turn, struct membership *seat, const char *topic)
{
	struct chat_msg *msg;
	char *copy;

	msg = reply_new(turn,
		&(struct chat_msg_spec){
			.type = CHAT_TOPIC_SET,
			.nick = turn->member->nick,
			.room = seat->room->name,
			.text = topic,
		});
	copy = strdup(topic);
	if (!msg || !copy) {
		chat_msg_unref(msg);
		free(copy);
		reply_post(turn, NULL);
		return;
	}
	free(seat->room->topic);
	seat->room->topic = copy;
	turn->hub->rooms.n_changes++;
	seat_announce(turn, seat);
	seat->flags |= SEAT_SHOWN;
	observe_msg(turn->hub, seat->room, msg);
	reply_room(turn, seat->room, NULL, msg);
}

void command_topic(const struct turn *turn)
{
	struct membership *seat = seat_meant(turn);
	uint64_t limit = (uint64_t)turn->hub->settings->topic;
	const char *topic = turn->call->args[0];
	size_t n;

	if (!seat)
		return;
	if (turn->call->n_args == 0) {
		reply_tell(turn,
			&(struct chat_msg_spec){
				.type = CHAT_YOU_TOPIC,
				.room = seat->room->name,
				.text = room_topic(seat->room),
			});
		return;
	}
	n = utf8_length(topic, strlen(topic));
	if (n > limit)
		reply_tell(turn,
			&(struct chat_msg_spec){
				.type = CHAT_E_TOPIC_TOO_LONG,
				.n = n,
				.limit = limit,
			});
	else
		set_topic(turn, seat, topic);
}

/* A whole number of one or more, without sign. False if text is none; one too
 * large to matter stops at a million. */
static bool parse_count(const char *text, size_t *ret)
{
	size_t n = 0;

	if (!*text || text[strspn(text, "0123456789")])
		return false;
	for (; *text && n < 1000000; text++)
		n = n * 10 + (size_t)(*text - '0');
	if (n > 0)
		*ret = n;
	return n > 0;
}

/* Only what came after the id that the call names; all of it, unless the call
 * says how many. */
static void limit_to_since(const struct turn *turn, const struct room *room,
	struct reply_range *range)
{
	range->among = history_count_since(
		&room->history, turn->call->since, &range->lost);
	if (turn->call->n_args == 0)
		range->n = range->among;
}

void command_history(const struct turn *turn)
{
	const struct membership *seat = seat_meant(turn);
	struct reply_range range = {
		.reader = turn->member,
		.among = SIZE_MAX,
		.n = HISTORY_DEFAULT,
	};
	struct chat_msg *replay;

	if (!seat)
		return;
	if (turn->call->n_args > 0 &&
		!parse_count(turn->call->args[0], &range.n)) {
		reply_refuse(
			turn, CHAT_E_NOT_A_NUMBER, turn->call->args[0], NULL);
		return;
	}
	if (turn->call->has_since)
		limit_to_since(turn, seat->room, &range);
	if (reply_make_replay(turn, seat->room, &range, &replay) < 0)
		replay = NULL;
	reply_post(turn, replay);
}
