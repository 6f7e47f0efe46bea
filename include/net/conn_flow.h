/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SOCKD_NET_CONN_FLOW_H
#define SOCKD_NET_CONN_FLOW_H

#include <stdbool.h>
#include <stdint.h>

struct conn;
struct strlist;

/* For protocols that look at what a peer sends while it does not read, and at
 * how much it sends. On the conn's worker. */

/* True from when the queue is over output_soft until writable(). Whoever has
 * conn_type.reads_choked is offered input meanwhile, and must see to it that
 * what follows from it is bounded. */
bool conn_is_choked(const struct conn *c);
/* Does nothing unless c is choked: no input until writable() then, which stays
 * where it is; for one who can take no more. */
void conn_hold(struct conn *c);
/* When the last byte came or went, monotonic: never later than now. */
uint64_t conn_last_ms(const struct conn *c);
/* True if the peer is in one of these networks. */
bool conn_is_from(const struct conn *c, const struct strlist *networks);

#endif
