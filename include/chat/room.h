/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SOCKD_CHAT_ROOM_H
#define SOCKD_CHAT_ROOM_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include "base/strmap.h"
#include "chat/history.h"
#include "chat/name.h"

struct chat_settings;
struct membership;
struct room_settings;

LIST_HEAD(room_members, membership);

/* Whether only operators may join. */
enum room_lock {
	ROOM_AS_CONFIGURED, /* until an operator says: */
	ROOM_LOCKED,
	ROOM_OPEN,
};

/* A room, for chat's own files; other layers know its index. Owned by the
 * table of rooms. */
struct room {
	struct strmap_node node;     /* rooms.by_key */
	TAILQ_ENTRY(room) idle_link; /* rooms.idle while is_idle */
	bool is_idle;
	uint32_t index;  /* names the room in posts */
	uint64_t serial; /* names it for ever */
	uint32_t n_members;
	uint64_t idle_since_ms;
	struct room_members members;          /* membership.in_room */
	const struct room_settings *settings; /* borrowed; NULL: by joining */
	enum room_lock lock;
	char *topic;           /* owned; NULL: that of settings */
	uint64_t seq, last_id; /* of the last message kept */
	struct history history;
	uint64_t workers;             /* bit per worker with members here */
	char name[ROOM_NAME_MAX + 1]; /* as first spelt, without "#" */
	char key[ROOM_NAME_MAX + 1];
	uint32_t n_on[]; /* members per worker */
};

/* NULL: out of memory. */
struct room *room_new(const char *name, unsigned n_workers);
void room_free(struct room *room); /* nobody is in it; NULL is fine */

/* Links and unlinks a membership of this room; counts it. */
void room_add(struct room *room, struct membership *seat);
void room_remove(struct room *room, struct membership *seat);

/* The workers that have members other than this one. */
uint64_t room_others_on(const struct room *room, const struct membership *but);
const char *room_topic(const struct room *room); /* "": none */
bool room_is_locked(const struct room *room);
/* True if joins and leaves are not shown in a room of n members. */
bool room_is_quiet(const struct chat_settings *settings, uint32_t n);

#endif
