/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SOCKD_NET_ACCEPTOR_PRIVATE_H
#define SOCKD_NET_ACCEPTOR_PRIVATE_H

#include <stdint.h>
#include <sys/socket.h>

#include "net/acceptor.h"

struct event;
struct service;
struct worker;

/* What acceptor.c and admission.c share; in worker 0. */

struct acceptor {
	struct crew *crew;      /* borrowed */
	struct worker *worker;  /* borrowed: worker 0 */
	struct accept_set *set; /* owned; NULL: not accepting */
	struct event **events;  /* owned; one per entry of set */
	struct event *resume;   /* owned; ends a pause */
	struct addrtab addresses;
	uint64_t next_id;
	unsigned next_worker; /* where the search for the idlest begins */
	unsigned n_refusals;  /* open right now */
	int reserve;          /* a descriptor to give up; -1: given up */
};

/* admission.c: */

/* Lets somebody in who was accepted (fd is taken), or refuses. */
void admission_decide(struct acceptor *a, struct service *svc, int fd,
	const struct sockaddr *peer, socklen_t peer_len);
/* worker.released: connections of w that ended; on w's thread. */
void admission_released(void *arg, struct worker *w);

#endif
