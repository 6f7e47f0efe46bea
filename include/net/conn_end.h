/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SOCKD_NET_CONN_END_H
#define SOCKD_NET_CONN_END_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "net/close.h"
#include "net/peer.h"

struct conn;
struct crew;
struct mailbox;

/* The last connections that ended: each worker keeps so many of its own. */
#define CONN_ENDS_KEPT   200

#define CONN_NICK_LEN    25 /* with the NUL; a longer one is cut */
#define CONN_SERVICE_LEN 33

/* A connection as it began or ended; nothing in it is borrowed. */
struct conn_end {
	uint64_t id;
	int64_t wall_ms; /* when */
	uint64_t lived_ms;
	uint64_t in_bytes, out_bytes;
	union peer peer;
	uint8_t why;     /* enum close_reason; CLOSE_N: it has begun */
	bool is_refusal; /* never let in */
	char service[CONN_SERVICE_LEN];
	char nick[CONN_NICK_LEN]; /* "": none */
};

/* An end is logged for everybody if the peer has sent something, or was sent
 * what it came for; else only at level debug. If the protocol greets, what it
 * sends is that from here on. On the conn's worker. */
void conn_set_used(struct conn *c);

/* Who is told of the last n of all workers, the latest first: in the thread of
 * the mailbox, ends borrowed for the call; NULL: there was no memory for them.
 * ref as in net/census.h. */
struct conn_ends_asker {
	void (*done)(
		void *arg, uint64_t ref, const struct conn_end *ends, size_t n);
	void *arg;
	uint64_t ref;
};
/* Called by the thread of `to`. 0 or -ENOMEM; then, and if the daemon ends
 * before, done() is not called. */
int conn_ends_ask(struct crew *crew, struct mailbox *to,
	const struct conn_ends_asker *asker);

/* Who watches connections begin and end, as it happens: see() is called on
 * their workers' threads. */
struct conn_watcher {
	void (*see)(void *arg, const struct conn_end *end);
	void *arg;
};
/* Any thread. watcher is borrowed until crew_stop(); NULL: nobody watches, but
 * see() may still be running. */
void conn_ends_watch(struct crew *crew, const struct conn_watcher *watcher);

#endif
