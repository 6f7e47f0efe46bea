/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SOCKD_NET_DGRAM_PRIVATE_H
#define SOCKD_NET_DGRAM_PRIVATE_H

#include <netinet/in.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include <event2/event_struct.h>

#include "base/units.h"
#include "net/dgram_guard.h"
#include "net/dgram_limit.h"

/* What receiver.c, dgram.c and dgram_addr.c share. */

struct dgram_batch;
struct listener;
struct receiver_seat;
struct service;
struct worker;

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
	struct worker *worker;       /* borrowed; whose it is */
	struct dgram_batch *batch;   /* owned */
	struct rate_spec answers;
	struct portset own; /* the ports of all parts */
	size_t n_sockets;
	struct dgram_socket sockets[];
};

union dgram_addr { /* the port is at the same place in both */
	struct sockaddr sa;
	struct sockaddr_in in;
	struct sockaddr_in6 in6;
};

/* dgram_addr.c: the address of ours that a datagram was sent to. */
struct dgram_asked {
	union dgram_addr to; /* without a port */
	unsigned interface;  /* by which it came */
	bool to_many;        /* the kernel says: it is a broadcast address */
};
#define DGRAM_CONTROL_LEN                        \
	(CMSG_SPACE(sizeof(struct in_pktinfo)) + \
		CMSG_SPACE(sizeof(struct in6_pktinfo)))
/* False: it is not told. */
bool dgram_read_asked(struct dgram_asked *asked, struct msghdr *in);
/* Has out leave from there. out->msg_control holds DGRAM_CONTROL_LEN. */
void dgram_put_asked(const struct dgram_asked *asked, struct msghdr *out);

/* dgram.c: buffers for what one call receives and sends. NULL: out of memory. */
struct dgram_batch *dgram_batch_new(void);
void dgram_batch_free(struct dgram_batch *b); /* NULL is fine */
/* Answers what has come, a bounded part of it. True if something was refused.
 * On the worker's thread. */
bool dgram_serve(struct dgram_socket *s);

#endif
