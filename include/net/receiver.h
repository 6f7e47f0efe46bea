/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SOCKD_NET_RECEIVER_H
#define SOCKD_NET_RECEIVER_H

#include <stddef.h>
#include <stdint.h>

#include "base/units.h"
#include "net/dgram_guard.h"

struct crew;
struct listener;
struct receive_change;
struct receiver;
struct service;
struct strbuf;

/* Receives and answers datagrams. Each socket belongs to one worker; they are
 * spread over the workers. */

/* What it works by; a reload hands over a new one. */
struct receive_entry {
	struct listener *listener; /* a reference */
	struct service *service;   /* a reference */
	unsigned worker;           /* the receiver's choice */
};
struct receive_set {
	struct receive_entry *entries; /* owned */
	size_t n_entries;
	struct rate_spec answers; /* to one address; count 0: no limit */
};

/* Since the start, all sockets together. */
struct receive_counts {
	uint64_t received, answered;
	uint64_t refused[DGRAM_N_REFUSALS];
};

/* Empty, for the caller to fill. NULL: out of memory. */
struct receive_set *receive_set_new(void);
/* Takes both references, also on failure. 0 or -ENOMEM. */
int receive_set_add(struct receive_set *set, struct listener *listener,
	struct service *service);
void receive_set_free(struct receive_set *set); /* NULL is fine */

/* All of these on the main thread. Before crew_start(): 0 or -errno. */
int receiver_new(struct receiver **ret, struct crew *crew);
/* All that may fail of a change to this set (taken, also on failure); NULL
 * stands for none. NULL: out of memory. */
struct receive_change *receiver_prepare(
	struct receiver *r, struct receive_set *set);
/* Takes change: from now on receive on its sockets; those that stay keep their
 * worker, and what waits in them is not lost. */
void receiver_commit(struct receive_change *change);
/* Not committed; NULL is fine. */
void receive_change_free(struct receive_change *change);
struct receive_counts receiver_counts(struct receiver *r); /* any thread */
/* " low_port=3 rate=200": what counts that is not 0. */
void receive_counts_format(
	const struct receive_counts *counts, struct strbuf *out);
/* After crew_stop(), before crew_fini(). */
void receiver_free(struct receiver *r);

#endif
