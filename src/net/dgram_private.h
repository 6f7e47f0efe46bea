/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SOCKD_NET_DGRAM_PRIVATE_H
#define SOCKD_NET_DGRAM_PRIVATE_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <event2/event_struct.h>

#include "base/units.h"
#include "net/dgram_guard.h"
#include "net/dgram_limit.h"

/* What receiver.c shares with dgram.c. */

struct dgram_batch;
struct listener;
struct receiver_seat;
struct service;

/* What the sockets of all workers have in common. */
struct dgram_shared {
	pthread_mutex_t lock; /* of limit: it counts an address, not a socket */
	struct dgram_limit limit;
	_Atomic uint64_t received, answered;
	_Atomic uint64_t refused[DGRAM_N_REFUSALS];
};

struct dgram_socket {
	struct event event; /* assigned while its part is in use */
	struct dgram_part *part;
	struct listener *listener; /* a reference */
	struct service *service;   /* a reference */
	bool has_every_address;    /* each datagram tells where it was sent */
};

/* The sockets of one worker. The main thread makes it; then it is the
 * worker's, until it is replaced by another. */
struct dgram_part {
	struct dgram_shared *shared; /* borrowed */
	struct receiver_seat *seat;  /* borrowed; where it is in use */
	struct dgram_batch *batch;   /* owned */
	struct rate_spec answers;
	struct portset own; /* the ports of all parts */
	size_t n_sockets;
	struct dgram_socket sockets[];
};

/* Buffers for what one call receives and sends. NULL: out of memory. */
struct dgram_batch *dgram_batch_new(void);
void dgram_batch_free(struct dgram_batch *b); /* NULL is fine */
/* Answers what has come, a bounded part of it. True if something was refused.
 * On the worker's thread. */
bool dgram_serve(struct dgram_socket *s);

#endif
