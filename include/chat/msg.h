/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SOCKD_CHAT_MSG_H
#define SOCKD_CHAT_MSG_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

/* A fact that members are told: what somebody said, what happened in a room,
 * the outcome of a command. Chat knows no text: each dialect has one table from
 * the type to its words. Immutable and counted once made, so any thread may
 * read and share it. */

/* X(NAME): what the fields mean. Types from CHAT_E_FIRST on are refusals. */
#define CHAT_TYPES(X)                                                           \
	X(SAID)         /* nick said text in room */                            \
	X(ACTION)       /* nick does text in room */                            \
	X(PRIVATE)      /* nick to nick2: text (the receiver's copy) */         \
	X(PRIVATE_COPY) /* the sender's own copy of it */                       \
	X(JOINED)       /* nick joined room */                                  \
	X(LEFT)         /* nick left room; text: reason, may be "" */           \
	X(RENAMED)      /* nick is now nick2 */                                 \
	X(TOPIC_SET)    /* nick set the topic of room to text */                \
	X(WELCOME)      /* you are nick in room, n here; text: server name */   \
	X(MOTD)         /* text, may have lines; "": none */                    \
	X(YOU_JOINED) /* you are in room, n here; CHAT_QUIET: over the mark */  \
	X(ARRIVED) /* a program did; text: topic, id: last said, nick2: code */ \
	X(YOU_TOPIC) /* the topic of room is text; "": none */                  \
	X(REPLAY) /* n lost; items: SAID, ... of room, oldest first; or none */ \
	X(YOU_RENAMED) /* you are now nick */                                   \
	X(WHO) /* n members of room; items: 50 WHO_ITEM at most, sorted */      \
	X(WHO_ITEM)  /* nick */                                                 \
	X(ROOMS)     /* n rooms; items: 50 ROOM_ITEM at most, fullest first */  \
	X(ROOM_ITEM) /* room, n, text: topic */                                 \
	X(HELP)      /* text: a verb, or "" for the list */                     \
	X(SAID_WORD) /* you said the bare word text to room: a hint */          \
	X(PONG)      /* the answer to ping */                                   \
	X(VERSION)   /* of the server */                                        \
	X(BYE)       /* you asked to leave; text: reason */                     \
	X(OK)        /* what ref asks is done; id: of what was said, or 0 */    \
	X(E_UNKNOWN_COMMAND)   /* text: the word; nick2: the nearest, or "" */  \
	X(E_AMBIGUOUS_COMMAND) /* text: the word; nick2: two that it may be */  \
	X(E_MISSING_ARGUMENT)  /* text: the verb; nick2: what it takes */       \
	X(E_LINE_TOO_LONG)     /* n bytes, limit allowed */                     \
	X(E_TEXT_TOO_LONG)     /* n bytes, limit allowed */                     \
	X(E_TOPIC_TOO_LONG)    /* n characters, limit allowed */                \
	X(E_NICK_INVALID)      /* text: the nick asked for */                   \
	X(E_NICK_TAKEN)        /* text */                                       \
	X(E_NICK_LOOKS_LIKE)   /* text; nick2: whom it looks like */            \
	X(E_NICK_RESERVED)     /* text: guest-*; or nick2: its service */       \
	X(E_ROOM_INVALID)      /* text: the room asked for */                   \
	X(E_NO_SUCH_ROOM)      /* text; nick2: the nearest, or "" */            \
	X(E_NO_SUCH_NICK)      /* text; nick2: the nearest, or "" */            \
	X(E_NO_REPLY)          /* nobody to reply to yet */                     \
	X(E_NOT_IN_ROOM)       /* not in any room */                            \
	X(E_TOO_MANY_ROOMS)    /* limit: of the server */                       \
	X(E_ROOM_LOCKED)       /* room */                                       \
	X(E_NOT_A_NUMBER)      /* text */                                       \
	X(E_INVALID_INPUT)     /* what came cannot be read */                   \
	X(E_BAD_FIELD)         /* text: a field; nick2: what it must be */      \
	X(E_ROOM_AND_NICK)     /* to join takes both */                         \
	X(E_WHICH_ROOM)        /* in several rooms one must be named */         \
	X(E_TOO_MANY_SEATS)    /* limit: rooms that one member is in */         \
	X(E_NO_MEMORY)         /* the server is short of memory */

enum chat_type {
#define CHAT_TYPE_ENUM(name) CHAT_##name,
	CHAT_TYPES(CHAT_TYPE_ENUM)
#undef CHAT_TYPE_ENUM
		CHAT_TYPE_N
};
#define CHAT_E_FIRST CHAT_E_UNKNOWN_COMMAND

enum chat_msg_flag {
	CHAT_QUIET = 1 << 0, /* joins and leaves of this room are not shown */
};

struct chat_msg {
	atomic_uint refs;
	enum chat_type type;
	unsigned flags;
	uint64_t id;  /* of what is kept in history; else 0 */
	uint64_t seq; /* of those, in its room: 1, 2, 3 ... */
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
	uint64_t id, seq;
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
