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

#include "chat/settings.h"
#include "hub_private.h"

#define ANNOUNCE_MS    2000
#define POSTS_PER_MOVE 8

struct move {
	struct membership *from, *to;   /* from: NULL if it sat nowhere */
	struct chat_msg *left, *joined; /* NULL: not shown */
	struct chat_msg *hello;
	struct chat_msg *motd, *topic, *replay; /* NULL: there is none */
};

static void move_fini(struct move *move)
{
	chat_msg_unref(move->left);
	chat_msg_unref(move->joined);
	chat_msg_unref(move->hello);
	chat_msg_unref(move->motd);
	chat_msg_unref(move->topic);
	chat_msg_unref(move->replay);
	free(move->to);
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

static int make_joined(
	const struct turn *turn, const struct room *room, struct chat_msg **ret)
{
	return make(turn, ret,
		&(struct chat_msg_spec){
			.type = CHAT_JOINED,
			.nick = turn->member->nick,
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

/* What the mover is shown on arriving. */
static int make_arrival(
	const struct turn *turn, struct move *move, enum chat_type hello)
{
	const struct chat_settings *settings = turn->hub->settings;
	const struct room *room = move->to->room;
	uint32_t n_here = room->n_members + 1;
	bool is_quiet = room_is_quiet(settings, n_here);
	const char *motd = settings->motd ? settings->motd : "";
	int64_t n_replay = room->settings ? room->settings->replay
					  : settings->replay;
	int r;

	r = make(turn, &move->hello,
		&(struct chat_msg_spec){
			.type = hello,
			.flags = is_quiet ? CHAT_QUIET : 0,
			.nick = turn->member->nick,
			.room = room->name,
			.n = n_here,
			.text = settings->name,
		});
	if (r == 0 && hello == CHAT_WELCOME && motd[0])
		r = make(turn, &move->motd,
			&(struct chat_msg_spec){
				.type = CHAT_MOTD,
				.text = motd,
			});
	if (r == 0 && room_topic(room)[0])
		r = make(turn, &move->topic,
			&(struct chat_msg_spec){
				.type = CHAT_YOU_TOPIC,
				.room = room->name,
				.text = room_topic(room),
			});
	if (r == 0 && n_replay > 0 && room->history.n > 0)
		r = reply_make_replay(
			turn, room, (size_t)n_replay, &move->replay);
	return r;
}

static int move_prepare(const struct turn *turn, struct move *move,
	struct room *to, enum chat_type hello)
{
	bool is_quiet = room_is_quiet(turn->hub->settings, to->n_members + 1);
	int r = 0;

	*move = (struct move){.from = turn->member->current};
	move->to = calloc(1, sizeof *move->to);
	if (!move->to || outbox_reserve(turn->out, POSTS_PER_MOVE, 0) < 0)
		return -ENOMEM;
	move->to->member = turn->member;
	move->to->room = to;
	if (move->from && is_told_leaving(turn, move->from))
		r = make_left(turn, move->from, NULL, &move->left);
	if (r == 0 && !is_quiet && nick_is_guest(turn->member->nick))
		move->to->flags = SEAT_PENDING;
	else if (r == 0 && !is_quiet) {
		move->to->flags = SEAT_SHOWN;
		r = make_joined(turn, to, &move->joined);
	}
	return r == 0 ? make_arrival(turn, move, hello) : r;
}

static void post_seat(const struct turn *turn, enum chat_post_kind kind,
	const struct membership *seat)
{
	bool is_pending = kind == CHAT_POST_SEAT && seat->flags & SEAT_PENDING;
	const struct chat_post post = {
		.kind = kind,
		.room = seat->room->index,
		.announce_ms = is_pending ? ANNOUNCE_MS : 0,
		.workers = UINT64_C(1) << seat->member->home.worker,
		.home = seat->member->home,
	};

	(void)outbox_add(turn->out, &post);
}

/* Posts one of the messages and forgets it: the outbox owns it now. */
static void post_if_any(const struct turn *turn, struct chat_msg **msg)
{
	if (*msg)
		reply_post(turn, *msg);
	*msg = NULL;
}

/* Takes the member out of the room and frees the seat. */
static void unlink_seat(const struct turn *turn, struct membership *seat)
{
	struct room *room = seat->room;

	room_remove(room, seat);
	rooms_update_idle(&turn->hub->rooms, room, turn->now->mono_ms);
	LIST_REMOVE(seat, of_member);
	if (seat->member->current == seat)
		seat->member->current = NULL;
	free(seat);
}

static void link_seat(const struct turn *turn, struct membership *seat)
{
	room_add(seat->room, seat);
	rooms_update_idle(&turn->hub->rooms, seat->room, turn->now->mono_ms);
	LIST_INSERT_HEAD(&seat->member->seats, seat, of_member);
	seat->member->current = seat;
}

int seat_move(const struct turn *turn, struct room *to, enum chat_type hello)
{
	struct membership *seat;
	struct move move;
	int r;

	r = move_prepare(turn, &move, to, hello);
	if (r < 0) {
		move_fini(&move);
		return r;
	}
	if (move.from) {
		if (move.left)
			reply_room(turn, move.from->room, move.from, move.left);
		post_seat(turn, CHAT_POST_UNSEAT, move.from);
		unlink_seat(turn, move.from);
	}
	seat = move.to;
	link_seat(turn, seat);
	post_seat(turn, CHAT_POST_SEAT, seat);
	post_if_any(turn, &move.hello);
	post_if_any(turn, &move.motd);
	post_if_any(turn, &move.topic);
	post_if_any(turn, &move.replay);
	if (move.joined)
		reply_room(turn, to, seat, move.joined);
	return 0;
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
	if (make_joined(turn, seat->room, &joined) == 0)
		reply_room(turn, seat->room, seat, joined);
}

void seat_vacate(
	const struct turn *turn, struct membership *seat, const char *reason)
{
	struct chat_msg *left;

	if (is_told_leaving(turn, seat) &&
		make_left(turn, seat, reason, &left) == 0)
		reply_room(turn, seat->room, seat, left);
	unlink_seat(turn, seat);
}
