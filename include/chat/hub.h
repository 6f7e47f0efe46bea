/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SOCKD_CHAT_HUB_H
#define SOCKD_CHAT_HUB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "chat/msg.h"
#include "chat/outbox.h"

struct chat_call;
struct chat_levels;
struct chat_settings;
struct flood_settings;
struct hub;
struct member;
struct metrics_chat;

/* The hub: names, rooms, members, histories. Pure data: no I/O, no clock, no
 * thread, no log. Not safe by itself: proto/chat_port.c holds its lock around
 * every call. What is to be told goes into an outbox. A failed allocation
 * never leaves the hub inconsistent: the command is refused. */

struct chat_now {
	uint64_t mono_ms; /* for intervals */
	int64_t wall_ms;  /* for stamps and ids */
};

/* settings borrowed until hub_configure() or hub_free(). seed: 16 random bytes
 * (guest names, hashing). n_workers: 1..CHAT_WORKERS_MAX. 0 or -ENOMEM. */
int hub_new(struct hub **ret, const struct chat_settings *settings,
	unsigned n_workers, const uint8_t seed[16]);
/* Members must all have left. NULL is fine. */
void hub_free(struct hub *hub);
/* New settings from now on: configured rooms appear or lose their "always
 * exists", histories shrink to their new bounds. 0, -EINVAL (a name of a room)
 * or -ENOMEM (old ones stay). */
int hub_configure(struct hub *hub, const struct chat_settings *settings);

/* A guest enters with a nick at once and sits in `room`, to which /part leads
 * back; borrowed until it leaves, unless it is the settings' own default room.
 * NULL: a program, which sits nowhere until it joins and may sit in several
 * rooms. Posts: SEAT, WELCOME, MOTD, topic, replay, to a program WELCOME alone;
 * JOINED to the room later, see hub_announce(). The member is the hub's until
 * hub_leave(); NULL: out of memory, or `room` is no name for a room. Then
 * nothing is posted. */
struct member *hub_enter(struct hub *hub, struct chat_home home,
	const char *room, const struct chat_now *now, struct chat_outbox *out);
/* A member turns out to be a program: it sits nowhere from here on, and is
 * welcomed again. 0 or -ENOMEM (then it may still sit somewhere: hub_leave). */
int hub_make_program(struct hub *hub, struct member *member,
	const struct chat_now *now, struct chat_outbox *out);
/* The member is gone: rooms hear LEFT (if they heard JOINED), its nick is free.
 * reason: safe text, NULL or "": none. No UNSEAT is posted: whoever calls this
 * has let go of the connection. The member is no longer the caller's. */
void hub_leave(struct hub *hub, struct member *member, const char *reason,
	const struct chat_now *now, struct chat_outbox *out);
/* To be called before hub_leave(): of what the member was told, so many bytes
 * are known not to have reached it, and so many messages were left out. */
void hub_set_unread(struct hub *hub, struct member *member, uint64_t n_bytes,
	uint64_t n_lines);
/* The same for one of its rooms, by index: seq is that of the last message that
 * its worker has told there. What was said since was on its way, and is lost. */
void hub_set_told(
	struct hub *hub, struct member *member, uint32_t room, uint64_t seq);
/* What GO_ON asks for: a command that had to wait is finished. */
void hub_go_on(struct hub *hub, struct member *member,
	const struct chat_now *now, struct chat_outbox *out);
/* A guest's joining is told with its first line, or by this 2 s after SEAT.
 * Nothing to do is fine. */
void hub_announce(struct hub *hub, struct member *member,
	const struct chat_now *now, struct chat_outbox *out);
/* Runs a parsed command, or tells the member the refusal the parser found. */
void hub_run(struct hub *hub, struct member *member,
	const struct chat_call *call, const struct chat_now *now,
	struct chat_outbox *out);

/* What somebody says who is no member: a shell, a service. */
struct chat_remark {
	const char *room;     /* NULL or "": the default room */
	const char *nick;     /* its author, by value */
	const char *text;     /* safe text */
	uint64_t id;          /* filled in; 0: it was refused: */
	enum chat_type error; /* ... why, from CHAT_E_FIRST on */
	uint64_t n, limit;    /* ... and what that speaks of */
	bool is_user; /* nick is a user's name, which may look like another */
};
/* Says it to the room, which comes to be if it is not there, over the limit of
 * rooms if need be: rooms of remarks are configured, so there are few. room and
 * nick are valid names. */
void hub_say_as(struct hub *hub, struct chat_remark *remark,
	const struct chat_now *now, struct chat_outbox *out);

/* The flood control that counts for the call: that of the room where it will be
 * heard, if that has its own, and *ret_room, which names the room for ever.
 * Borrowed. NULL: no room's. */
const struct flood_settings *hub_find_flood(const struct hub *hub,
	const struct member *member, const struct chat_call *call,
	uint64_t *ret_room);

/* Borrowed, valid until the member is renamed or leaves. */
const char *member_nick(const struct member *member);
void hub_levels(const struct hub *hub, struct chat_levels *ret);
size_t hub_n_members(const struct hub *hub);
size_t hub_n_rooms(const struct hub *hub);
/* What was counted: any thread may read it, without the lock. */
const struct metrics_chat *hub_tally(const struct hub *hub);

#endif
