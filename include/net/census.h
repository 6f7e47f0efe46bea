/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SOCKD_NET_CENSUS_H
#define SOCKD_NET_CENSUS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "net/addr.h"
#include "net/conn_end.h"
#include "net/peer.h"

struct conn;
struct crew;
struct errmsg;
struct mailbox;

/* Who is connected: a look at all connections of all workers, taken in slices
 * between their other work. */

/* The most connections that one answer holds. */
#define CENSUS_MAX 20000

enum census_state {
	CENSUS_OPEN,
	CENSUS_PAUSED,
	CENSUS_FLOODED,
	CENSUS_CLOSING
};
/* "open", "paused", "flooded", "closing"; NULL after the last. */
extern const char *const census_state_names[];

/* id first; of all others the largest first. */
enum census_key {
	CENSUS_BY_ID,
	CENSUS_BY_AGE,
	CENSUS_BY_IDLE,
	CENSUS_BY_IN,
	CENSUS_BY_OUT,
	CENSUS_BY_QUEUED,
	CENSUS_BY_MESSAGES,
};

/* Which of them, zero-initialised all; in which order, and how many. */
struct census_query {
	uint64_t id;                    /* this one alone, at once; 0: any */
	char service[CONN_SERVICE_LEN]; /* "": any; likewise: */
	char nick[CONN_NICK_LEN];
	char text[64]; /* is in the service, the address or the nick */
	bool has_network, has_state;
	struct network network;
	enum census_state state;
	enum census_key key;
	size_t limit; /* 0: CENSUS_MAX */
};
/* Reads one word: "service=NAME", "address=NETWORK", "nick=NAME",
 * "state=NAME", "sort=KEY", "limit=N"; without such a name it is an address or
 * network if it reads as one, else text to look for. 0, or -EINVAL and msg. */
int census_query_add(
	struct census_query *query, const char *word, struct errmsg *msg);

struct census_row {
	uint64_t id;
	uint64_t age_ms, idle_ms;
	uint64_t in_bytes, out_bytes; /* out: taken by the kernel */
	uint32_t queued;
	uint32_t n_messages; /* that came; where there are none, reads */
	union peer peer;
	uint16_t worker;
	uint8_t state; /* enum census_state */
	uint8_t why;   /* enum close_reason, if closing */
	char service[CONN_SERVICE_LEN];
	char nick[CONN_NICK_LEN]; /* "": none */
};

struct census {
	const struct census_row *rows; /* in the order that was asked for */
	size_t n_rows;
	size_t n_found; /* so many there were for the query, shown or not */
	bool is_short;  /* memory was, so some are missing */
	/* If asked by id: where it connected to, and who did, if known. */
	char local[ADDR_LEN];
	bool has_uid;
	uid_t uid;
};

/* Who is told: in the thread of the mailbox, the census borrowed for the call.
 * ref names what it is for, which may be gone by then. */
struct census_asker {
	void (*done)(void *arg, uint64_t ref, const struct census *census);
	void *arg;
	uint64_t ref;
};
/* Called by the thread of `to`. 0 or -ENOMEM; then, and if the daemon ends
 * before, done() is not called. */
int census_ask(struct crew *crew, struct mailbox *to,
	const struct census_query *query, const struct census_asker *asker);

/* On c's worker: messages of its protocol have come. Raw protocols without a
 * framing need not say so: what they read counts. */
void census_count_messages(struct conn *c, size_t n);

#endif
