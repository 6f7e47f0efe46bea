/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SOCKD_PROTO_CHAT_ADMIN_H
#define SOCKD_PROTO_CHAT_ADMIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "chat/bans.h"
#include "chat/hub_view.h"
#include "chat/observer.h"
#include "net/feed.h"

struct chat_msg;
struct errmsg;
struct chat_port;

/* The chat as whoever runs the server sees it, and what they do there. Any
 * thread but the workers: lists are made in portions with a rest between them,
 * so that nobody who wants to say something waits for long. */

void chat_admin_rooms(struct chat_port *port, struct room_views *ret);
/* Of this room; NULL: all there are. */
void chat_admin_members(
	struct chat_port *port, const char *room, struct member_views *ret);
/* False: there is none of that name. */
bool chat_admin_find_room(
	struct chat_port *port, const char *name, struct room_view *ret);
bool chat_admin_find_member(struct chat_port *port, const char *nick,
	struct member_view *ret, struct strlist *ret_rooms);
/* 0, or -EAGAIN: so much waits to be told that nothing, or only a part, was
 * told. */
int chat_admin_proclaim(struct chat_port *port, struct proclamation *p);

/* What operators do: the verb of that name, with these arguments. */
struct admin_deed {
	const char *verb;
	const char *const *args; /* anything */
	size_t n_args;
	const char *nick;     /* as the one concerned reads who did it */
	const char *known_as; /* as the list of bans has it */
};
/* The answer, a reference: a refusal from CHAT_E_FIRST on. NULL: no memory. */
struct chat_msg *chat_admin_operate(
	struct chat_port *port, const struct admin_deed *deed);

/* changed() is called from now on when the list of bans is another one: on any
 * thread, under the lock, so it must only send word. */
void chat_admin_watch_bans(
	struct chat_port *port, void (*changed)(void *arg), void *arg);
int chat_admin_bans(
	struct chat_port *port, struct ban_list *ret); /* or -ENOMEM */
size_t chat_admin_n_bans(struct chat_port *port);
/* The list as it was kept; before anybody is in. As bans_decode(). */
int chat_admin_load_bans(struct chat_port *port, const char *data, size_t len,
	struct errmsg *msg);

/* Watching: what happens goes into a feed. */
#define CHAT_WATCH_ROOMS 16

struct chat_watch {
	struct feed *feed; /* borrowed */
	bool events;       /* who comes, goes and is renamed, in all rooms */
	char rooms[CHAT_WATCH_ROOMS][ROOM_NAME_MAX + 1]; /* ... all there is */
	size_t n_rooms;
};
/* From now on this is watched; NULL: nothing, which costs nothing. */
void chat_admin_watch(struct chat_port *port, const struct chat_watch *watch);

extern const struct feed_kind chat_news_kind;
struct chat_news {
	struct feed_item item;
	int64_t wall_ms;
	bool is_event;   /* ... as above; then once, room or not */
	bool is_of_room; /* ... of a room that is watched: */
	char room[ROOM_NAME_MAX + 1];
	struct chat_msg *msg; /* a reference, see chat/observer.h */
};

#endif
