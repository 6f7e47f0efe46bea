/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SOCKD_CHAT_MSG_H
#define SOCKD_CHAT_MSG_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include "chat/msg_type.h"

/* A fact that members are told: what somebody said, what happened in a room,
 * the outcome of a command. Chat knows no text: each dialect has one table from
 * the type to its words. Immutable and counted once made, so any thread may
 * read and share it. */

enum chat_msg_flag {
	CHAT_QUIET = 1 << 0, /* joins and leaves of this room are not shown */
	CHAT_AWAY = 1 << 1,  /* nick is away */
	CHAT_OPERATOR = 1 << 2, /* nick, or whoever is told, is one */
};

struct chat_msg {
	atomic_uint refs;
	enum chat_type type;
	unsigned flags;
	uint64_t id;     /* of what is kept in history; else 0 */
	uint64_t seq;    /* of those, in its room: 1, 2, 3 ... */
	uint64_t author; /* who said it, see member.person; 0: nobody */
	int64_t wall_ms;
	uint64_t n, limit;
	const char *nick, *nick2, *room, *text; /* in this block, never NULL */
	const char *ref; /* the same; of the command that this answers */
	size_t text_len;
	struct chat_msg **items; /* in this block; each a reference of ours */
	size_t n_items;
	size_t bytes; /* this block's memory, items not counted */
};

/* What a new message says; NULL strings stand for "". Strings are copied; the
 * references in items pass to the message (also on failure they are gone). */
struct chat_msg_spec {
	enum chat_type type;
	unsigned flags;
	uint64_t id, seq, author;
	int64_t wall_ms;
	uint64_t n, limit;
	const char *nick, *nick2, *room, *text, *ref;
	struct chat_msg **items;
	size_t n_items;
};

struct chat_msg *chat_msg_new(const struct chat_msg_spec *spec); /* or NULL */
struct chat_msg *chat_msg_ref(struct chat_msg *msg);
void chat_msg_unref(struct chat_msg *msg); /* NULL is fine */

#endif
