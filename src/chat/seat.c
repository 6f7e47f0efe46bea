/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Taking and leaving seats: how a member gets from one room to another.
 *
 * The order of the posts is the order in which everybody sees it:
 *
 *   old room   LEFT          while the mover is left out already
 *   mover      UNSEAT, SEAT  no line of the old room can follow
 *              YOU_JOINED    (or WELCOME), message of the day, topic, replay
 *   new room   JOINED
 *
 * A guest's JOINED waits for its first line or for hub_announce(): whoever
 * only looks in, or takes a name first, causes no noise. Until then the seat
 * is PENDING; once the room has been told or has heard the member it is SHOWN,
 * and only who was shown is seen leaving. Rooms above the mark show neither.
 *
 * Who leaves the server gets no UNSEAT: its worker has unlinked the connection
 * by itself, at once.
 *
 * All messages are made and the outbox is made large enough before anything
 * changes: a move happens as a whole or is refused.
 *
 * Used under the hub's lock.
 */
#include <errno.h>
#include <stdlib.h>

#include "chat/command.h"
#include "chat/settings.h"
#include "hub_private.h"

#define ANNOUNCE_MS    2000
#define POSTS_PER_MOVE 9

struct move {
	const struct seat_wish *wish;
	struct membership *to;  /* NULL: it sits there already */
	struct chat_msg **left; /* owned array, for the seats in their order */
	uint32_t *rooms;        /* owned; for who hears of a new name */
	size_t n_seats;
	struct chat_msg *joined, *renamed; /* NULL: not shown */
	struct chat_msg *hello;
	/* NULL: there is none */
	struct chat_msg *first, *motd, *topic, *replay;
};

static void move_fini(struct move *move)
{
	for (size_t i = 0; move->left && i < move->n_seats; i++)
		chat_msg_unref(move->left[i]);
	free(move->left);
	free(move->rooms);
	chat_msg_unref(move->joined);
	chat_msg_unref(move->renamed);
	chat_msg_unref(move->first);
	chat_msg_unref(move->hello);
	chat_msg_unref(move->motd);
	chat_msg_unref(move->topic);
	chat_msg_unref(move->replay);
	free(move->to);
}

struct membership *seat_find(
	const struct member *member, const struct room *room)
{
	struct membership *seat;

	LIST_FOREACH (seat, &member->seats, of_member)
		if (seat->room == room)
			return seat;
	return NULL;
}

static struct membership *seat_in(
	const struct hub *hub, const struct member *member, const char *asked)
{
	char name[ROOM_NAME_MAX + 1];
	const struct room *room = NULL;

	if (room_name_parse(name, asked))
		room = rooms_find(&hub->rooms, name);
	return room ? seat_find(member, room) : NULL;
}

static struct membership *only_seat(const struct member *member)
{
	struct membership *seat = LIST_FIRST(&member->seats);

	return seat && !LIST_NEXT(seat, of_member) ? seat : NULL;
}

struct membership *seat_meant(const struct turn *turn)
{
	const char *asked = turn->call->room;
	struct membership *seat = asked
		? seat_in(turn->hub, turn->member, asked)
		: only_seat(turn->member);

	if (!seat && !asked && LIST_FIRST(&turn->member->seats))
		reply_refuse(turn, CHAT_E_WHICH_ROOM, NULL, NULL);
	else if (!seat)
		reply_refuse(turn, CHAT_E_NOT_IN_ROOM, asked, NULL);
	return seat;
}

const struct flood_settings *hub_find_flood(const struct hub *hub,
	const struct member *member, const struct chat_call *call,
	uint64_t *ret_room)
{
	const struct membership *seat;

	if (!call->verb || !chat_verb_is_heard(call->verb))
		return NULL;
	seat = call->room ? seat_in(hub, member, call->room)
			  : only_seat(member);
	if (!seat || !seat->room->settings || !seat->room->settings->has_flood)
		return NULL;
	*ret_room = seat->room->serial;
	return &seat->room->settings->flood;
}

static bool is_told_leaving(
	const struct turn *turn, const struct membership *seat)
{
	return (seat->flags & SEAT_SHOWN) &&
		!room_is_quiet(turn->hub->settings, seat->room->n_members);
}

static int make(const struct turn *turn, struct chat_msg **ret,
	const struct chat_msg_spec *spec)
{
	*ret = reply_new(turn, spec);
	return *ret ? 0 : -ENOMEM;
}

static int make_joined(const struct turn *turn, const struct room *room,
	const char *nick, struct chat_msg **ret)
{
	return make(turn, ret,
		&(struct chat_msg_spec){
			.type = CHAT_JOINED,
			.nick = nick,
			.room = room->name,
		});
}

static int make_left(const struct turn *turn, const struct membership *seat,
	const char *reason, struct chat_msg **ret)
{
	return make(turn, ret,
		&(struct chat_msg_spec){
			.type = CHAT_LEFT,
			.nick = seat->member->nick,
			.room = seat->room->name,
			.text = reason,
		});
}

static const char *nick_of(const struct turn *turn, const struct move *move)
{
	return move->wish->nick ? move->wish->nick : turn->member->nick;
}

static int make_hello(const struct turn *turn, struct move *move)
{
	const struct chat_settings *settings = turn->hub->settings;
	const struct room *room = move->wish->to;
	uint32_t n_here = room->n_members + (move->to != NULL);
	bool is_program = move->wish->hello == CHAT_ARRIVED;
	char code[TICKET_CODE_LEN] = "";

	/* who comes back has been told the next one */
	if (is_program && !move->wish->is_back)
		resume_code(turn, nick_of(turn, move), code);
	return make(turn, &move->hello,
		&(struct chat_msg_spec){
			.type = move->wish->hello,
			.flags = room_is_quiet(settings, n_here) ? CHAT_QUIET
								 : 0,
			.nick = nick_of(turn, move),
			.nick2 = code,
			.room = room->name,
			.n = n_here,
			.id = is_program ? room->last_id : 0,
			.text = is_program ? room_topic(room) : settings->name,
		});
}

/* What was said before the mover came. */
static int make_replay(const struct turn *turn, struct move *move)
{
	const struct room *room = move->wish->to;
	int64_t n = room->settings ? room->settings->replay
				   : turn->hub->settings->replay;

	if (move->wish->missed)
		move->replay = chat_msg_ref(move->wish->missed);
	if (move->wish->is_back || turn->member->is_program || n <= 0 ||
		room->history.n == 0)
		return 0;
	return reply_make_replay(turn, room,
		&(struct reply_range){
			.reader = turn->member,
			.among = SIZE_MAX,
			.n = (size_t)n,
		},
		&move->replay);
}

/* What the mover is shown on arriving; a program asks for what it wants. */
static int make_arrival(const struct turn *turn, struct move *move)
{
	const struct chat_settings *settings = turn->hub->settings;
	const struct room *room = move->wish->to;
	const char *motd = settings->motd ? settings->motd : "";
	bool is_program = turn->member->is_program;
	int r = make_hello(turn, move);

	if (move->wish->first)
		move->first = chat_msg_ref(move->wish->first);
	if (r == 0 && move->wish->hello == CHAT_WELCOME && motd[0])
		r = make(turn, &move->motd,
			&(struct chat_msg_spec){
				.type = CHAT_MOTD,
				.text = motd,
			});
	if (r == 0 && !is_program && room_topic(room)[0])
		r = make(turn, &move->topic,
			&(struct chat_msg_spec){
				.type = CHAT_YOU_TOPIC,
				.room = room->name,
				.text = room_topic(room),
			});
	return r == 0 ? make_replay(turn, move) : r;
}

static bool is_left(const struct move *move, const struct membership *seat)
{
	return !move->wish->keep && seat->room != move->wish->to;
}

static int make_departures(const struct turn *turn, struct move *move)
{
	const struct membership *seat;
	size_t i = 0;
	int r = 0;

	LIST_FOREACH (seat, &turn->member->seats, of_member) {
		if (r == 0 && is_left(move, seat) &&
			is_told_leaving(turn, seat))
			r = make_left(turn, seat, NULL, &move->left[i]);
		i++;
	}
	if (r == 0 && move->wish->nick)
		r = make(turn, &move->renamed,
			&(struct chat_msg_spec){
				.type = CHAT_RENAMED,
				.nick = turn->member->nick,
				.nick2 = move->wish->nick,
			});
	return r;
}

/* The new seat, and what its room hears. */
static int make_seat(const struct turn *turn, struct move *move)
{
	struct room *to = move->wish->to;
	const char *nick = nick_of(turn, move);

	move->to = calloc(1, sizeof *move->to);
	if (!move->to)
		return -ENOMEM;
	move->to->member = turn->member;
	move->to->room = to;
	if (room_is_quiet(turn->hub->settings, to->n_members + 1))
		return 0;
	if (nick_is_guest(nick)) {
		move->to->flags = SEAT_PENDING;
		return 0;
	}
	move->to->flags = SEAT_SHOWN;
	return make_joined(turn, to, nick, &move->joined);
}

static int move_prepare(const struct turn *turn, struct move *move,
	const struct seat_wish *wish)
{
	size_t n_seats = member_count_seats(turn->member);
	int r;

	*move = (struct move){.wish = wish, .n_seats = n_seats};
	move->left = calloc(n_seats + 1, sizeof(struct chat_msg *));
	move->rooms = calloc(n_seats + 1, sizeof *move->rooms);
	if (!move->left || !move->rooms)
		return -ENOMEM;
	r = outbox_reserve(turn->out, POSTS_PER_MOVE + 2 * n_seats, n_seats);
	if (r == 0)
		r = make_departures(turn, move);
	if (r == 0 && !seat_find(turn->member, wish->to))
		r = make_seat(turn, move);
	return r == 0 ? make_arrival(turn, move) : r;
}

static void post_seat(const struct turn *turn, enum chat_post_kind kind,
	const struct membership *seat)
{
	bool is_pending = kind == CHAT_POST_SEAT && seat->flags & SEAT_PENDING;
	const struct chat_post post = {
		.kind = kind,
		.room = seat->room->index,
		.announce_ms = is_pending ? ANNOUNCE_MS : 0,
		.n = seat->room->seq,
		.home = seat->member->home,
	};

	(void)outbox_add_home(turn->out, &post);
}

/* Posts one of the messages and forgets it: the outbox owns it now. */
static void post_if_any(const struct turn *turn, struct chat_msg **msg)
{
	if (*msg)
		reply_post(turn, *msg);
	*msg = NULL;
}

/* Where somebody is who may come back later. */
static void note_change(const struct turn *turn, const struct membership *seat)
{
	if (seat->member->ticket)
		turn->hub->tickets.n_changes++;
}

/* Takes the member out of the room and frees the seat. */
static void unlink_seat(
	const struct turn *turn, struct membership *seat, const char *reason)
{
	struct room *room = seat->room;

	observe_seat(turn->hub, seat, CHAT_LEFT, reason);
	note_change(turn, seat);
	room_remove(room, seat);
	rooms_update_idle(&turn->hub->rooms, room, turn->now->mono_ms);
	LIST_REMOVE(seat, of_member);
	if (seat->member->current == seat)
		seat->member->current = LIST_FIRST(&seat->member->seats);
	free(seat);
}

static void link_seat(const struct turn *turn, struct membership *seat)
{
	room_add(seat->room, seat);
	rooms_update_idle(&turn->hub->rooms, seat->room, turn->now->mono_ms);
	LIST_INSERT_HEAD(&seat->member->seats, seat, of_member);
	seat->member->current = seat;
	observe_seat(turn->hub, seat, CHAT_JOINED, NULL);
	note_change(turn, seat);
}

/* Takes a seat away from a member who stays; left: what the room hears, or
 * NULL. */
static void give_up(
	const struct turn *turn, struct membership *seat, struct chat_msg *left)
{
	if (left)
		reply_room(turn, seat->room, seat, left);
	post_seat(turn, CHAT_POST_UNSEAT, seat);
	unlink_seat(turn, seat, NULL);
}

static void leave_others(const struct turn *turn, struct move *move)
{
	struct membership *seat = LIST_FIRST(&turn->member->seats), *next;

	for (size_t i = 0; seat; seat = next, i++) {
		next = LIST_NEXT(seat, of_member);
		if (!is_left(move, seat))
			continue;
		give_up(turn, seat, move->left[i]);
		move->left[i] = NULL;
	}
}

static void take_nick(const struct turn *turn, struct move *move)
{
	if (!move->renamed)
		return;
	hub_rename(turn->hub, turn->member, move->wish->nick);
	reply_neighbours(turn, move->renamed, move->rooms);
	move->renamed = NULL;
}

int seat_take(const struct turn *turn, const struct seat_wish *wish)
{
	struct membership *seat;
	struct move move;
	int r;

	r = move_prepare(turn, &move, wish);
	if (r < 0) {
		move_fini(&move);
		return r;
	}
	leave_others(turn, &move);
	take_nick(turn, &move);
	seat = move.to;
	move.to = NULL;
	if (seat) {
		link_seat(turn, seat);
		post_seat(turn, CHAT_POST_SEAT, seat);
	}
	turn->member->current = seat_find(turn->member, wish->to);
	post_if_any(turn, &move.first);
	post_if_any(turn, &move.hello);
	post_if_any(turn, &move.motd);
	post_if_any(turn, &move.topic);
	post_if_any(turn, &move.replay);
	if (move.joined)
		reply_room(turn, wish->to, seat, move.joined);
	move.joined = NULL;
	move_fini(&move);
	return 0;
}

int seat_leave(const struct turn *turn, struct membership *seat)
{
	struct chat_msg *left = NULL;
	int r = outbox_reserve(turn->out, 2, 0);

	if (r == 0 && is_told_leaving(turn, seat))
		r = make_left(turn, seat, NULL, &left);
	if (r == 0)
		give_up(turn, seat, left);
	return r;
}

void seat_announce(const struct turn *turn, struct membership *seat)
{
	struct chat_msg *joined;

	if (!(seat->flags & SEAT_PENDING))
		return;
	seat->flags &= ~(unsigned)SEAT_PENDING;
	if (room_is_quiet(turn->hub->settings, seat->room->n_members))
		return;
	seat->flags |= SEAT_SHOWN;
	if (make_joined(turn, seat->room, seat->member->nick, &joined) == 0)
		reply_room(turn, seat->room, seat, joined);
}

void seat_vacate(
	const struct turn *turn, struct membership *seat, const char *reason)
{
	struct chat_msg *left;

	if (is_told_leaving(turn, seat) &&
		make_left(turn, seat, reason, &left) == 0)
		reply_room(turn, seat->room, seat, left);
	unlink_seat(turn, seat, reason);
}
