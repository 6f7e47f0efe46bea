/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SOCKD_NET_CONN_OPEN_H
#define SOCKD_NET_CONN_OPEN_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#include "net/close.h"

struct addr;
struct conn;
struct service;
struct service_count;
struct worker;

/* Where connections come from; apart from net/conn.h since no protocol needs
 * it. */
struct conn_origin {
	int fd;      /* taken, also on failure */
	uint64_t id; /* new, never 0 */
	/* The socket's, or what a proxy states; both borrowed. */
	const struct sockaddr *peer;
	socklen_t peer_len;
	const struct addr *local; /* NULL: the socket's own */
	bool in_address_table;    /* the acceptor counts the address */
};

/* Counts a connection that is about to be opened on w (any thread), so that
 * limits hold while it is still on its way there. count: its service's; NULL
 * for one that is refused. conn_open() and conn_open_refused() expect it; they
 * undo it on failure, the end of the connection undoes it otherwise. */
void conn_enter(struct worker *w, struct service_count *count);

/* Serves an accepted, non-blocking socket; on w's thread. Takes a reference to
 * svc of its own. NULL: out of memory (logged by the caller). */
struct conn *conn_open(
	struct worker *w, struct service *svc, const struct conn_origin *from);
/* Opens one only to tell it the reason and close it. */
struct conn *conn_open_refused(struct worker *w, struct service *svc,
	const struct conn_origin *from, enum close_reason why, const char *arg);

#endif
