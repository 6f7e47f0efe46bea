/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SOCKD_PROTO_CHAT_DESK_H
#define SOCKD_PROTO_CHAT_DESK_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"
#include "chat/command.h"
#include "chat/outbox.h"
#include "net/idlist.h"
#include "net/mailbox.h"

struct audiences;
struct conn;
struct event;
struct worker;

/* A worker's end of the chat: where its letters are worked off. Private to
 * chat_port.c and chat_desk.c. */

#define CALLS_MAX 16

struct chat_item {
	enum chat_post_kind kind;
	uint32_t room, announce_ms, n_rooms;
	const uint32_t *rooms; /* in the letter */
	uint64_t conn;
	uint64_t n;           /* see enum chat_post_kind */
	struct chat_msg *msg; /* a reference; NULL: none */
	const char *bytes;    /* in the letter, and a NUL; NULL: none */
};

struct chat_desk;

struct chat_letter {
	struct mail mail;
	struct chat_desk *desk;   /* the receiver's */
	struct chat_letter *next; /* in chat_desk.first */
	size_t bytes;             /* for the bound on what waits */
	size_t n_items;
	struct chat_item items[]; /* then the room lists, or the bytes */
};

struct chat_desk {
	struct worker *worker; /* borrowed */
	struct chat_desk *all; /* every worker's, by index */
	unsigned n_all;
	struct audiences *audiences;       /* owned */
	struct event *again;               /* owned; goes on in the next turn */
	struct chat_letter *first, **last; /* to be worked off */
	size_t at;                         /* next item of first */
	bool is_active;                    /* `again` will fire */
	_Atomic size_t backlog;   /* bytes posted here, not worked off */
	_Atomic uint64_t waiters; /* workers with paused sessions; bits */
	struct idlist paused;     /* conns paused for a backlog */
	struct mail resume;       /* tells this desk to resume them */
	atomic_bool is_resuming;  /* it is on its way */
	/* For the commands that run on this worker: */
	uint64_t asleep; /* workers that got letters and must be woken; bits */
	struct chat_call calls[CALLS_MAX]; /* of one read: to be run together */
	size_t n_calls, calls_bytes, calls_weight;
	struct chat_outbox outbox;
};

/* Before the workers run. 0 or -ENOMEM. */
int desk_init(struct chat_desk *desk, struct worker *worker,
	struct chat_desk *all, unsigned n_all);
void desk_fini(struct chat_desk *desk);

/* The letter of all posts that concern this desk; adds references of its own,
 * or takes those of the outbox where no later desk is concerned: so make them
 * in the order of desks. NULL: out of memory. Any thread, under the port's
 * lock. */
struct chat_letter *letter_new(
	struct chat_desk *to, struct chat_outbox *out, size_t n_items);
/* A letter that does to one connection, after all that is before it, what needs
 * no message: the VIEW n, n BYTES, or CLOSE for the reason n, with bytes that
 * are the arg of conn_close(). Copies them. NULL: out of memory. */
struct chat_letter *letter_new_for(struct chat_desk *to,
	const struct chat_item *what, const struct slice *bytes);
/* Posts it; true if the receiver must be woken (mailbox_wake()). */
bool desk_post(struct chat_desk *to, struct chat_letter *letter);
/* Stops the reading of a conn that posts while `to` has too much waiting. */
void desk_press_back(struct chat_desk *to, struct conn *c);
/* True while it has: for who has no conn that could be stopped. */
bool desk_is_full(const struct chat_desk *desk);

#endif
