/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SOCKD_CHAT_HUB_VIEW_H
#define SOCKD_CHAT_HUB_VIEW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"
#include "base/strmap.h"
#include "chat/hub.h"
#include "chat/name.h"

/* Rooms and members as whoever runs the server sees them: copies, made in
 * portions so that the lock is never held long. */

struct room_view {
	char name[ROOM_NAME_MAX + 1];
	bool is_configured;
	uint32_t n_members;
	uint64_t n_said;
	int64_t said_ms; /* wall time of the last; 0: nothing yet */
	size_t n_lines;  /* remembered, of so many bytes: */
	uint64_t history_bytes;
	char *topic; /* owned; NULL: none */
};

#define HUB_VIEW_USER_LEN 64
struct member_view {
	char nick[NICK_MAX + 1];
	struct chat_home home;
	uint64_t here_ms, silent_ms;
	bool is_away, is_program, is_operator;
	char account[NICK_MAX + 1];   /* "": none */
	char user[HUB_VIEW_USER_LEN]; /* "": none; a long one is cut */
};

/* Zero-initialised is empty. Rows that memory did not suffice for are missing;
 * is_short says so. */
struct room_views {
	struct room_view *rows; /* owned */
	size_t n, size;
	bool is_short;
};
struct member_views {
	struct member_view *rows; /* owned */
	size_t n, size;
	bool is_short;
};
void room_view_fini(struct room_view *view);
void room_views_fini(struct room_views *views);
void member_views_fini(struct member_views *views);

#define HUB_VIEW_PORTION 256 /* looked at in one call, about */

/* Adds some rooms; true if there are more. */
bool hub_view_rooms(const struct hub *hub, struct strmap_walk *walk,
	struct room_views *views);
/* Adds some members, of this room (NULL: of all); true if there are more. A
 * room that is gone has none. */
bool hub_view_members(const struct hub *hub, struct strmap_walk *walk,
	const char *room, const struct chat_now *now,
	struct member_views *views);
/* Fills in; false: there is none of that name. */
bool hub_view_room(
	const struct hub *hub, const char *name, struct room_view *ret);
/* ret_rooms: the names of its rooms are added there; NULL: they are not. */
bool hub_view_member(const struct hub *hub, const char *nick,
	const struct chat_now *now, struct member_view *ret,
	struct strlist *ret_rooms);

/* Tells rooms something in the name of the server. */
struct proclamation {
	const char *room; /* NULL: all rooms */
	const char *text; /* safe text */
	/* How many were told, counted on: */
	size_t n_rooms, n_members;
	bool is_short; /* memory did not suffice for all */
};
/* Tells some of the rooms; true if there are more. */
bool hub_proclaim(struct hub *hub, struct strmap_walk *walk,
	struct proclamation *p, const struct chat_now *now,
	struct chat_outbox *out);

#endif
