/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SOCKD_NET_ACCEPTOR_PRIVATE_H
#define SOCKD_NET_ACCEPTOR_PRIVATE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>
#include <sys/socket.h>

#include "net/acceptor.h"
#include "net/close.h"

struct address_pause;
struct event;
struct service;
struct waiter;
struct worker;
TAILQ_HEAD(waiter_list, waiter);
LIST_HEAD(address_pauses, address_pause);

/* What acceptor.c, admission.c and proxy_wait.c share; in worker 0. */

struct acceptor {
	struct crew *crew;      /* borrowed */
	struct worker *worker;  /* borrowed: worker 0 */
	struct accept_set *set; /* owned; NULL: not accepting */
	struct event *events;   /* owned; one per entry of set */
	struct event *resume;   /* owned; ends a pause */
	struct addrtab addresses;
	uint64_t next_id;
	unsigned next_worker;       /* where the search for the idlest begins */
	unsigned n_refusals;        /* open right now */
	struct waiter_list waiters; /* owned: their PROXY header is to come */
	atomic_uint n_waiters;
	int reserve; /* a descriptor to give up; -1: given up */
	struct address_pauses
		pauses; /* owned; the asker's thread: addresses.c */
};

/* Somebody who was accepted. All is borrowed but fd. */
struct arrival {
	struct service *service;
	int fd;
	const struct sockaddr *peer; /* whose limits count */
	socklen_t peer_len;
	const struct addr *local; /* stated by a proxy; NULL: the socket's */
	const struct addr *proxy; /* who stated both; NULL: nobody */
	bool is_check; /* of the proxy's own: not worth a line in the log */
};

/* admission.c: */

/* Lets somebody in (fd is taken), or refuses. */
void admission_decide(struct acceptor *a, const struct arrival *who);
/* Counts one more who was not let in. */
void admission_count_refused(const struct service *svc, enum close_reason why);
/* The same, and logs it; what: a few words more, or NULL. */
void admission_refused(
	const struct arrival *who, enum close_reason why, const char *what);
/* Sees that there is a descriptor left for one more, if need be by sending
 * waiters away. False: there is none. */
bool admission_make_room(struct acceptor *a);
/* worker.released, see there; on w's thread. */
bool admission_released(void *arg, struct worker *w);

/* addresses.c: at the end, those who still wait for their second look. */
void addresses_drop_pauses(struct acceptor *a);

/* proxy_wait.c: */

/* Has a proxy's connection (fd is taken) wait for its header, then decided. */
void proxy_wait_start(struct acceptor *a, const struct accept_entry *entry,
	const struct arrival *who);
/* Sends one away. False: nobody waits. */
bool proxy_wait_drop_oldest(struct acceptor *a);
/* Before set takes effect (NULL: none): who waits goes on under it if it is
 * still for the same service, else is closed. */
void proxy_wait_change(struct acceptor *a, const struct accept_set *set);

#endif
