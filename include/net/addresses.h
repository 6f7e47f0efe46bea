/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SOCKD_NET_ADDRESSES_H
#define SOCKD_NET_ADDRESSES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "net/addr.h"
#include "net/addrtab.h"
#include "net/peer.h"

struct acceptor;
struct event_base;
struct mailbox;

/* What comes from each address: the acceptor's table and a look at all
 * connections, taken twice to see what happens between the looks. Nothing runs
 * while nobody asks. */

#define ADDRESSES_WINDOW_MS 500

struct address_row {
	struct peer_key key;
	uint32_t n_open;
	uint32_t counts[ADDRTAB_N_COUNTS]; /* of the last minutes */
	/* Between the looks: */
	uint32_t n_messages, n_accepted, n_refused;
	uint64_t in_bytes;
};

struct addresses {
	const struct address_row *rows; /* who does most comes first */
	size_t n_rows;
	size_t n_found; /* so many there are, shown or not */
	uint64_t window_ms;
	bool is_short; /* some are missing: memory, or too many */
};

struct addresses_query {
	bool has_network; /* only these: */
	struct network network;
	size_t limit; /* above 0 */
};

struct addresses_asker {
	/* As in net/census.h; NULL: out of memory. */
	void (*done)(void *arg, uint64_t ref, const struct addresses *found);
	void *arg;
	uint64_t ref;
	struct event_base *base; /* of the thread that asks */
	struct mailbox *to;      /* ... which is this one's */
};
/* Answers after ADDRESSES_WINDOW_MS. 0 or -ENOMEM; then, and if the daemon ends
 * before, done() is not called. */
int addresses_ask(struct acceptor *a, const struct addresses_query *query,
	const struct addresses_asker *asker);

#endif
