/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The hub: who is here under which name, and the doors through which the
 * layers above come in. Each door is one turn: it changes plain data and
 * writes down what follows from that in the outbox. What the turn does lies in
 * seat.c (moving between rooms) and command_*.c (what people ask for).
 *
 * Invariants: every member is in `members` under the key of its nick, so no
 * two look alike; ids rise, across restarts too, since they follow the wall
 * clock and never fall behind the last one.
 *
 * Everything here runs under the lock of proto/chat_port.c.
 */
#include "chat/hub.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "chat/accounts.h"
#include "chat/command.h"
#include "chat/limits.h"
#include "chat/settings.h"
#include "command_private.h"
#include "hub_private.h"

#define ID_PER_MS   1000
#define GUEST_TRIES 1000

static void hub_see_time(struct hub *hub, const struct chat_now *now)
{
	hub->last_mono_ms = now->mono_ms;
	rooms_forget(&hub->rooms, hub->settings->room_keep_ms, now->mono_ms);
	tickets_forget(&hub->tickets, hub->settings->resume_ms, now->mono_ms);
	bans_forget(&hub->bans, now->wall_ms);
}

int hub_new(struct hub **ret, const struct chat_settings *settings,
	unsigned n_workers, const uint8_t seed[16])
{
	struct hub *hub = calloc(1, sizeof *hub);
	int r;

	assert(n_workers >= 1 && n_workers <= CHAT_WORKERS_MAX);
	if (!hub)
		return -ENOMEM;
	hub->settings = settings;
	tickets_init(&hub->tickets);
	mutes_init(&hub->mutes);
	hub->no_memory = chat_msg_new(
		&(struct chat_msg_spec){.type = CHAT_E_NO_MEMORY});
	r = hub->no_memory ? 0 : -ENOMEM;
	if (r == 0)
		r = strmap_init(&hub->members, seed);
	if (r == 0)
		r = rooms_init(&hub->rooms, n_workers, seed);
	hub->rooms.tally = &hub->tally;
	if (r == 0)
		r = bans_init(&hub->bans, seed);
	if (r == 0)
		r = code_tries_init(&hub->code_tries);
	if (r == 0)
		r = hub_configure(hub, settings);
	if (r < 0) {
		hub_free(hub);
		return r;
	}
	*ret = hub;
	return 0;
}

void hub_free(struct hub *hub)
{
	if (!hub)
		return;
	assert(hub->members.n == 0);
	tickets_fini(&hub->tickets);
	code_tries_fini(&hub->code_tries);
	rooms_fini(&hub->rooms);
	bans_fini(&hub->bans);
	mutes_fini(&hub->mutes);
	strmap_fini(&hub->members);
	chat_msg_unref(hub->no_memory);
	free(hub);
}

static const struct room_settings *find_settings(
	const struct chat_settings *settings, const char *name)
{
	const struct room_settings *row = settings->rooms;
	char row_name[ROOM_NAME_MAX + 1];

	for (size_t i = 0; i < settings->n_rooms; i++, row++)
		if (room_name_parse(row_name, row->name) &&
			name_equal(row_name, name))
			return row;
	return NULL;
}

/* Accounts may be gone, and others be operators. */
static void judge_members(struct hub *hub)
{
	struct strmap_node *node = NULL;

	while ((node = strmap_next(&hub->members, node)) != NULL)
		login_judge(hub, container_of(node, struct member, node));
}

/* What operators said holds until something else is configured. */
static void set_room(struct room *room, const struct room_settings *settings)
{
	bool was_locked = room->settings && room->settings->locked;

	if (was_locked != (settings && settings->locked))
		room->lock = ROOM_AS_CONFIGURED;
	room->settings = settings;
}

int hub_configure(struct hub *hub, const struct chat_settings *settings)
{
	struct strmap_node *node = NULL;
	char name[ROOM_NAME_MAX + 1];
	struct room *room;
	int r;

	/* rooms made before one fails are idle ones, which is harmless */
	for (size_t i = 0; i < settings->n_rooms; i++) {
		if (!room_name_parse(name, settings->rooms[i].name))
			return -EINVAL;
		r = rooms_open(
			&hub->rooms, name, SIZE_MAX, hub->last_mono_ms, &room);
		if (r < 0)
			return r;
	}
	while ((node = strmap_next(&hub->rooms.by_key, node)) != NULL) {
		room = container_of(node, struct room, node);
		set_room(room, find_settings(settings, room->name));
		rooms_update_idle(&hub->rooms, room, hub->last_mono_ms);
	}
	hub->settings = settings;
	rooms_shrink(&hub->rooms, settings);
	judge_members(hub);
	return 0;
}

struct member *hub_find_alike(const struct hub *hub, const char *nick)
{
	char key[NICK_MAX + 1];
	struct strmap_node *node;

	nick_make_key(key, nick);
	node = strmap_find(&hub->members, key);
	return node ? container_of(node, struct member, node) : NULL;
}

struct member *hub_find_member(const struct hub *hub, const char *nick)
{
	struct member *member = hub_find_alike(hub, nick);

	return member && name_equal(member->nick, nick) ? member : NULL;
}

const char *hub_find_reserved(const struct hub *hub, const char *nick)
{
	const struct strlist *reserved = &hub->settings->reserved;
	char key[NICK_MAX + 1], other[NICK_MAX + 1];

	nick_make_key(key, nick);
	for (size_t i = 0; i < reserved->n_items; i++) {
		nick_make_key(other, reserved->items[i]);
		if (strcmp(key, other) == 0)
			return reserved->items[i];
	}
	return NULL;
}

uint64_t hub_id_of_time(int64_t wall_ms)
{
	if (wall_ms <= 0 || (uint64_t)wall_ms >= HUB_ID_LIMIT / ID_PER_MS)
		return 0;
	return (uint64_t)wall_ms * ID_PER_MS;
}

uint64_t hub_next_id(struct hub *hub, const struct chat_now *now)
{
	uint64_t id = hub->last_id + 1, earliest = hub_id_of_time(now->wall_ms);

	if (earliest > id)
		id = earliest;
	hub->last_id = id;
	return id;
}

int64_t hub_time_of_id(uint64_t id)
{
	return (int64_t)(id / ID_PER_MS);
}

void hub_rename(struct hub *hub, struct member *member, const char *nick)
{
	observe_name(hub, member, nick);
	strmap_remove(&hub->members, &member->node);
	member_set_nick(member, nick);
	if (member->ticket)
		hub->tickets.n_changes++;
	strmap_add(&hub->members, &member->node, member->key);
}

/* The numbers are a hash of a counter: no pattern for people to see, and none
 * repeats soon. */
int hub_pick_guest_nick(struct hub *hub, char nick[NICK_MAX + 1])
{
	char key[NICK_MAX + 1];

	for (int i = 0; i < GUEST_TRIES; i++) {
		hub->n_guests++;
		nick_make_guest(nick,
			siphash13(hub->members.seed, &hub->n_guests,
				sizeof hub->n_guests));
		nick_make_key(key, nick);
		if (!strmap_find(&hub->members, key))
			return 0;
	}
	return -ENOMEM;
}

int hub_open_room(struct hub *hub, const char *name, const struct chat_now *now,
	struct room **ret)
{
	int r = rooms_open(&hub->rooms, name, (size_t)hub->settings->max_rooms,
		now->mono_ms, ret);

	if (r == ROOMS_E_FULL)
		r = rooms_open(&hub->rooms, name, SIZE_MAX, now->mono_ms, ret);
	return r;
}

static int welcome_to_none(const struct turn *turn)
{
	struct chat_msg *hello = reply_new(turn,
		&(struct chat_msg_spec){
			.type = CHAT_WELCOME,
			.nick = turn->member->nick,
			.text = turn->hub->settings->name,
		});

	if (hello)
		reply_post(turn, hello);
	return hello ? 0 : -ENOMEM;
}

/* Seats a new member in the room named so, or welcomes it to none. */
static int enter_room(const struct turn *turn, const char *name)
{
	char parsed[ROOM_NAME_MAX + 1];
	struct seat_wish wish = {0};
	int r;

	if (!name) {
		turn->member->is_program = true;
		return welcome_to_none(turn);
	}
	if (!room_name_parse(parsed, name))
		return -EINVAL;
	wish.hello = CHAT_WELCOME;
	r = hub_open_room(turn->hub, parsed, turn->now, &wish.to);
	return r < 0 ? r : seat_take(turn, &wish);
}

static struct turn turn_of(struct hub *hub, struct member *member,
	const struct chat_now *now, struct chat_outbox *out)
{
	return (struct turn){
		.hub = hub,
		.member = member,
		.now = now,
		.out = out,
	};
}

struct member *hub_enter(struct hub *hub, struct chat_home home,
	const char *room, const struct chat_now *now, struct chat_outbox *out)
{
	struct turn turn = {.hub = hub, .now = now, .out = out};
	char nick[NICK_MAX + 1];
	struct member *member;

	assert(home.worker < hub->rooms.n_workers && home.conn != 0);
	hub_see_time(hub, now);
	if (hub_pick_guest_nick(hub, nick) < 0)
		return NULL;
	member = turn.member = member_new(home, nick);
	if (!member)
		return NULL;
	member->start = room == hub->settings->room ? NULL : room;
	member->person = ++hub->n_persons;
	member->came_ms = member->spoke_ms = now->mono_ms;
	if (enter_room(&turn, room) < 0) {
		member_free(member);
		return NULL;
	}
	strmap_add(&hub->members, &member->node, member->key);
	return member;
}

void hub_leave(struct hub *hub, struct member *member, const char *reason,
	const struct chat_now *now, struct chat_outbox *out)
{
	const struct turn turn = turn_of(hub, member, now, out);
	struct membership *seat;

	if (reason && strlen(reason) > hub->settings->text)
		reason = NULL;
	resume_note_seats(&turn);
	while ((seat = LIST_FIRST(&member->seats)) != NULL)
		seat_vacate(&turn, seat, reason);
	strmap_remove(&hub->members, &member->node);
	login_forget(member);
	login_wake_heirs(&turn);
	if (!resume_keep(&turn))
		member_free(member);
	hub_see_time(hub, now);
}

void hub_set_unread(struct hub *hub, struct member *member, uint64_t n_bytes,
	uint64_t n_lines)
{
	if (!member->ticket)
		return;
	member->ticket->unread = n_bytes;
	member->ticket->left_out = n_lines;
}

void hub_set_told(
	struct hub *hub, struct member *member, uint32_t room, uint64_t seq)
{
	struct membership *seat;

	(void)hub;
	if (!member->ticket)
		return;
	LIST_FOREACH (seat, &member->seats, of_member)
		if (seat->room->index == room && seq < seat->room->seq)
			seat->n_untold = (uint32_t)(seat->room->seq - seq);
}

void hub_go_on(struct hub *hub, struct member *member,
	const struct chat_now *now, struct chat_outbox *out)
{
	const struct turn turn = turn_of(hub, member, now, out);

	resume_go_on(&turn);
	login_go_on(&turn);
}

int hub_make_program(struct hub *hub, struct member *member,
	const struct chat_now *now, struct chat_outbox *out)
{
	const struct turn turn = turn_of(hub, member, now, out);
	struct membership *seat;
	int r = 0;

	hub_see_time(hub, now);
	while (r == 0 && (seat = LIST_FIRST(&member->seats)) != NULL)
		r = seat_leave(&turn, seat);
	member->is_program = true;
	return r == 0 ? welcome_to_none(&turn) : r;
}

void hub_announce(struct hub *hub, struct member *member,
	const struct chat_now *now, struct chat_outbox *out)
{
	const struct turn turn = turn_of(hub, member, now, out);
	struct membership *seat;

	LIST_FOREACH (seat, &member->seats, of_member)
		seat_announce(&turn, seat);
}

void hub_run(struct hub *hub, struct member *member,
	const struct chat_call *call, const struct chat_now *now,
	struct chat_outbox *out)
{
	struct outcome outcome = {0};
	struct turn turn = turn_of(hub, member, now, out);

	turn.call = call;
	turn.outcome = &outcome;
	hub_see_time(hub, now);
	if (call->verb) {
		command_run(&turn);
		reply_done(&turn);
	} else if (call->is_error) {
		reply_tell(&turn,
			&(struct chat_msg_spec){
				.type = call->error,
				.text = call->error_text,
				.nick2 = call->error_near,
				.n = call->n,
				.limit = call->limit,
			});
	}
}

/* The room that the remark is for; NULL: no memory. */
static struct room *open_for_remark(
	const struct turn *turn, const struct chat_remark *remark)
{
	const char *name = remark->room;
	char parsed[ROOM_NAME_MAX + 1];
	struct room *room;
	bool is_name;

	if (!name || !name[0])
		name = turn->hub->settings->room;
	is_name = room_name_parse(parsed, name);
	assert(is_name);
	if (!is_name || hub_open_room(turn->hub, parsed, turn->now, &room) < 0)
		return NULL;
	rooms_touch(&turn->hub->rooms, room, turn->now->mono_ms);
	return room;
}

/* A name that equals another is the user's own all the same: the kernel says
 * so. */
static bool looks_like_another(const struct turn *turn, const char *nick)
{
	const struct hub *hub = turn->hub;
	const struct account *account = accounts_find_alike(
		hub->settings->people, nick);
	const char *others[3] = {hub_find_reserved(hub, nick)};
	const struct member *member = hub_find_alike(hub, nick);

	others[1] = account ? account->name : NULL;
	others[2] = member ? member->nick : NULL;
	for (size_t i = 0; i < 3; i++)
		if (others[i] && !name_equal(others[i], nick))
			return true;
	return false;
}

void hub_say_as(struct hub *hub, struct chat_remark *remark,
	const struct chat_now *now, struct chat_outbox *out)
{
	const struct turn turn = {.hub = hub, .now = now, .out = out};
	size_t len = strlen(remark->text);
	struct room *room;

	assert(nick_is_valid(remark->nick));
	hub_see_time(hub, now);
	remark->id = 0;
	if (remark->is_user && looks_like_another(&turn, remark->nick)) {
		remark->error = CHAT_E_NICK_LOOKS_LIKE;
		return;
	}
	if (remark->is_user &&
		bans_find_nick(&hub->bans, remark->nick, now->wall_ms)) {
		remark->error = CHAT_E_NICK_BANNED;
		return;
	}
	if (len > hub->settings->text) {
		metrics_add(&hub->tally.limits[CHAT_LIMIT_TEXT], 1);
		remark->error = CHAT_E_TEXT_TOO_LONG;
		remark->n = len;
		remark->limit = hub->settings->text;
		return;
	}
	room = open_for_remark(&turn, remark);
	if (room)
		remark->id = reply_say(&turn, room, NULL,
			&(struct chat_msg_spec){
				.type = CHAT_SAID,
				.nick = remark->nick,
				.text = remark->text,
			});
	if (!remark->id)
		remark->error = CHAT_E_NO_MEMORY;
}

size_t hub_n_members(const struct hub *hub)
{
	return hub->members.n;
}

size_t hub_n_rooms(const struct hub *hub)
{
	return hub->rooms.by_key.n;
}

void hub_levels(const struct hub *hub, struct chat_levels *ret)
{
	*ret = (struct chat_levels){
		.n_members = hub->members.n,
		.n_rooms = hub->rooms.by_key.n,
		.max_rooms = (size_t)hub->settings->max_rooms,
		.history_bytes = hub->rooms.history_bytes,
		.max_history_bytes = hub->settings->history_total,
		.n_gone = hub->tickets.n_gone,
	};
}

const struct metrics_chat *hub_tally(const struct hub *hub)
{
	return &hub->tally;
}
