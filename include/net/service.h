/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SOCKD_NET_SERVICE_H
#define SOCKD_NET_SERVICE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/metrics.h"
#include "base/units.h"
#include "net/addr.h"
#include "net/worker.h"

struct conn_ops;
struct datagram;
struct datagram_answer;
struct framer;

/* What a protocol is to the net layer. Constant. */
struct conn_type {
	const struct conn_ops *ops;
	bool raw; /* reads by the raw path: ops->data, not ops->input */
	bool reads_choked; /* not raw: reads on, see conn_is_choked() */
	bool greets; /* whoever comes: no use of it yet, see conn_set_used() */
	size_t state_size; /* of conn_state(), zeroed */
	/* Answers one datagram (net/dgram.h); out comes empty. False: not at
	 * all. On the socket's worker. NULL: the protocol is not for UDP. */
	bool (*datagram)(
		const struct datagram *in, struct datagram_answer *out);
};

/* One service of the configuration as its connections see it: settings that
 * never change once made. A reload makes new ones; connections keep the one
 * they were opened with. Counted, shared among threads. */
struct service {
	atomic_uint refs;
	char *name; /* owned */
	const struct conn_type *type;
	const struct framer *framer;   /* how messages are cut; NULL: not */
	const struct conn_type *inner; /* what stands behind it; NULL: none */
	const void *options;           /* the protocol's own; kept by owner */
	void *owner;                   /* a reference, given back by release */
	void (*release)(void *owner);  /* any thread; NULL: no owner */
	void *context;                 /* what the protocol serves; borrowed */

	uint64_t idle_ms;     /* 0: never */
	size_t line_max;      /* bytes of one line of a person */
	size_t message_max;   /* bytes of one message of another kind */
	size_t output_soft;   /* over it the peer's input is paused */
	size_t output_hard;   /* over it: collapsed or closed */
	uint64_t patience_ms; /* over output_hard for so long: closed */
	uint64_t linger_ms;
	uint64_t drain_ms;        /* bounds unsent output at a stop */
	uint32_t max_connections; /* of this service; 0: no limit of its own */
	struct netlist allow;     /* empty: everybody */
	struct netlist proxies;   /* they begin with a PROXY header ... */
	uint64_t handshake_ms;    /* ... which is whole after so long */
	struct service_count *count; /* shared with the services of this name
	                                before and after a reload */
};

/* What is counted of a service. Counted like the service. */
struct service_count {
	atomic_uint refs;
	atomic_uint n_conns; /* places taken, of max_connections */
	/* By worker, which alone writes; owned, NULL until it is needed. */
	_Atomic(struct metrics_service *) tallies[WORKERS_MAX];
	_Atomic uint64_t lines_ns; /* a bucket: what datagrams say */
};

/* On the worker's thread: what it counts in. That of worker 0 is always there.
 * NULL: out of memory. */
struct metrics_service *service_tally(
	struct service_count *count, unsigned worker);
/* Any thread: one line more by a datagram. False, and nothing is counted, if
 * that is too fast. A rate of count 0 always passes. */
bool service_take_line(struct service_count *count,
	const struct rate_spec *rate, uint32_t burst, uint64_t now_ms);
/* Any thread: all of it since the service was new. */
void service_sum(
	const struct service_count *count, struct metrics_service_sum *ret);

/* Takes nothing but copies name; type borrowed for ever; count may be NULL
 * (then a new one). The caller fills in the rest before sharing it. NULL: out
 * of memory. */
struct service *service_new(const char *name, const struct conn_type *type,
	struct service_count *count);
struct service *service_ref(struct service *svc); /* returns svc */
void service_unref(struct service *svc);          /* NULL is fine */

#endif
