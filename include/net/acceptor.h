/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SOCKD_NET_ACCEPTOR_H
#define SOCKD_NET_ACCEPTOR_H

#include <stddef.h>
#include <stdint.h>

#include "net/addr.h"
#include "net/addrtab.h"

struct accept_change;
struct acceptor;
struct crew;
struct listener;
struct service;

/* Accepts on all listeners, in worker 0, and gives each connection to the
 * worker with the fewest. */

/* What it works by; a reload hands over a new one. */
struct accept_entry {
	struct listener *listener; /* a reference */
	struct service *service;   /* a reference */
};
struct accept_set {
	struct accept_entry *entries; /* owned */
	size_t n_entries;
	uint32_t max_connections; /* all services together */
	uint32_t max_refusals;    /* besides: at once, to be told why not */
	struct addrtab_limits per_address;
	struct netlist exempt; /* owned; not counted per address */
};

/* Empty, for the caller to fill. NULL: out of memory. */
struct accept_set *accept_set_new(void);
/* Takes both references, also on failure. 0 or -ENOMEM. */
int accept_set_add(struct accept_set *set, struct listener *listener,
	struct service *service);
void accept_set_free(struct accept_set *set); /* NULL is fine */

/* Before crew_start(). 0 or -errno. */
int acceptor_new(struct acceptor **ret, struct crew *crew);
/* Any thread: all that may fail of a change to this set (taken, also on
 * failure); NULL stands for not accepting at all. NULL: out of memory. */
struct accept_change *acceptor_prepare(
	struct acceptor *a, struct accept_set *set);
/* Any thread, takes change: from now on accept by its set; listeners that are
 * not in it close, connections stay. */
void acceptor_commit(struct accept_change *change);
void accept_change_free(struct accept_change *change); /* not committed */
/* Any thread: how many addresses it keeps count of, and how many connections
 * wait for their PROXY header. */
void acceptor_levels(const struct acceptor *a, uint64_t *ret_addresses,
	uint64_t *ret_waiters);
/* After crew_stop(), before crew_fini(). */
void acceptor_free(struct acceptor *a);

#endif
