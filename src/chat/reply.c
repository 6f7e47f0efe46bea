/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * How commands speak: to the member who asked, to a room. A message that
 * cannot be made for want of memory becomes the one refusal that is kept
 * ready, so that a person is not left without an answer.
 *
 * Used under the hub's lock.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "chat/command.h"
#include "chat/limits.h"
#include "chat/operate.h"
#include "chat/proof.h"
#include "hub_private.h"

static void count_refusal(struct hub *hub, enum chat_type type)
{
#define LIMIT(name) offsetof(struct metrics_chat, limits[CHAT_LIMIT_##name])
#define PROOF(name) offsetof(struct metrics_chat, proofs[CHAT_PROOF_##name])
	static const struct {
		enum chat_type type;
		size_t cell;
	} rows[] = {
		{CHAT_E_LINE_TOO_LONG, LIMIT(TEXT)},
		{CHAT_E_TEXT_TOO_LONG, LIMIT(TEXT)},
		{CHAT_E_TOPIC_TOO_LONG, LIMIT(TOPIC)},
		{CHAT_E_AWAY_TOO_LONG, LIMIT(AWAY)},
		{CHAT_E_TOO_MANY_ROOMS, LIMIT(ROOMS)},
		{CHAT_E_TOO_MANY_SEATS, LIMIT(ROOMS_PER_MEMBER)},
		{CHAT_E_IGNORE_FULL, LIMIT(IGNORES)},
		{CHAT_E_LOGIN_WRONG, PROOF(PASSWORD_WRONG)},
		{CHAT_E_LOGIN_TRIES, PROOF(PASSWORD_REFUSED)},
		{CHAT_E_LOGIN_BUSY, PROOF(PASSWORD_REFUSED)},
		{CHAT_E_LOGIN_FAST, PROOF(PASSWORD_REFUSED)},
		{CHAT_E_CODE_UNKNOWN, PROOF(CODE_WRONG)},
		{CHAT_E_CODE_TRIES, PROOF(CODE_REFUSED)},
		{CHAT_E_CODE_BUSY, PROOF(CODE_REFUSED)},
	};
#undef LIMIT
#undef PROOF

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		if (rows[i].type == type)
			metrics_add((_Atomic uint64_t *)((char *)&hub->tally +
					    rows[i].cell),
				1);
}

struct chat_msg *reply_new(
	const struct turn *turn, const struct chat_msg_spec *spec)
{
	struct chat_msg_spec dated = *spec;

	dated.wall_ms = turn->now->wall_ms;
	if (spec->type >= CHAT_E_FIRST)
		count_refusal(turn->hub, spec->type);
	if (spec->type >= CHAT_E_FIRST && turn->outcome) {
		dated.ref = turn->call->ref;
		turn->outcome->is_told = true;
	}
	return chat_msg_new(&dated);
}

void reply_post(const struct turn *turn, struct chat_msg *msg)
{
	struct chat_post post = {
		.kind = CHAT_POST_MEMBER,
		.msg = msg ? msg : chat_msg_ref(turn->hub->no_memory),
	};

	if (turn->member)
		post.home = turn->member->home;
	if (!msg && turn->outcome)
		turn->outcome->is_told = true;
	if (turn->operation) {
		chat_msg_unref(turn->operation->answer);
		turn->operation->answer = post.msg;
	} else {
		(void)outbox_add_home(turn->out, &post);
	}
}

void reply_tell(const struct turn *turn, const struct chat_msg_spec *spec)
{
	reply_post(turn, reply_new(turn, spec));
}

void reply_refuse(const struct turn *turn, enum chat_type error,
	const char *text, const char *near)
{
	reply_tell(turn,
		&(struct chat_msg_spec){
			.type = error,
			.text = text,
			.nick2 = near,
		});
}

void reply_done(const struct turn *turn)
{
	if (!turn->call->ref || turn->outcome->is_told)
		return;
	turn->outcome->is_told = true;
	reply_tell(turn,
		&(struct chat_msg_spec){
			.type = CHAT_OK,
			.id = turn->outcome->id,
			.ref = turn->call->ref,
		});
}

void reply_room(const struct turn *turn, const struct room *room,
	const struct membership *but, struct chat_msg *msg)
{
	struct chat_post post = {
		.kind = CHAT_POST_ROOM,
		.room = room->index,
		.workers = room->workers,
		.msg = msg,
	};

	if (but) {
		post.home = but->member->home;
		post.workers = room_others_on(room, but);
	}
	(void)outbox_add(turn->out, &post);
}

uint64_t reply_say(const struct turn *turn, struct room *room,
	const struct membership *but, const struct chat_msg_spec *line)
{
	struct chat_msg_spec spec = *line;
	struct chat_msg *msg;

	if (outbox_reserve(turn->out, 1, 0) < 0)
		return 0;
	spec.id = hub_next_id(turn->hub, turn->now);
	spec.seq = room->seq + 1;
	spec.room = room->name;
	msg = reply_new(turn, &spec);
	if (!msg)
		return 0;
	room->seq++;
	metrics_add(turn->hub->tally.said, 1);
	metrics_observe(turn->hub->tally.recipients, METRICS_ID_recipients,
		room->n_members - (but != NULL));
	/* without memory the line is said and not remembered */
	(void)rooms_record(&turn->hub->rooms, room, msg, turn->hub->settings);
	observe_msg(turn->hub, room, msg);
	reply_room(turn, room, but, msg);
	return spec.id;
}

void reply_neighbours(
	const struct turn *turn, struct chat_msg *renamed, uint32_t *rooms)
{
	struct chat_post post = {
		.kind = CHAT_POST_NEIGHBOURS,
		.home = turn->member->home,
		.msg = renamed,
	};
	struct membership *seat;
	size_t n = 0;

	LIST_FOREACH (seat, &turn->member->seats, of_member) {
		if (seat->flags & SEAT_PENDING) {
			seat_announce(turn, seat);
			continue;
		}
		post.workers |= room_others_on(seat->room, seat);
		rooms[n++] = seat->room->index;
	}
	(void)outbox_add_neighbours(turn->out, &post, rooms, n);
}

/* Whether somebody is to be shown the message, its own ones or not. */
static bool is_for(
	const struct member *reader, const struct chat_msg *msg, bool but_own)
{
	if (but_own && msg->author == reader->person)
		return false;
	return !ignore_find(reader, msg->author);
}

/* Fills items from the end; returns how many places are left free there. */
static size_t read_for(const struct reply_range *range, const struct history *h,
	size_t n, struct chat_msg **items)
{
	size_t first = h->n - (range->among < h->n ? range->among : h->n);
	size_t free_n = n;

	for (size_t i = h->n; i-- > first && free_n > 0;)
		if (is_for(range->reader, history_at(h, i), range->but_own))
			items[--free_n] = chat_msg_ref(history_at(h, i));
	return free_n;
}

int reply_make_replay(const struct turn *turn, const struct room *room,
	const struct reply_range *range, struct chat_msg **ret)
{
	const struct history *h = &room->history;
	size_t n = range->n < h->n ? range->n : h->n, free_n;
	struct chat_msg **items = calloc(n > 0 ? n : 1, sizeof *items);
	struct chat_msg_spec spec = {
		.type = CHAT_REPLAY,
		.room = room->name,
		.n = range->lost,
	};

	if (!items)
		return -ENOMEM;
	free_n = read_for(range, h, n, items);
	spec.items = items + free_n;
	spec.n_items = n - free_n;
	*ret = reply_new(turn, &spec);
	free(items);
	return *ret ? 0 : -ENOMEM;
}

void reply_count_gap(const struct room *room, const struct member *reader,
	struct reply_gap *gap)
{
	const struct history *h = &room->history;
	size_t n = 0;

	gap->kept = 0;
	while (n < h->n && history_at(h, h->n - 1 - n)->seq > gap->seen) {
		gap->kept += is_for(reader, history_at(h, h->n - 1 - n), true);
		n++;
	}
	gap->lost = room->seq - gap->seen - n;
}
