/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SOCKD_NET_CONN_LOSS_H
#define SOCKD_NET_CONN_LOSS_H

#include <stdbool.h>
#include <stdint.h>

struct conn;

/* Bytes sent that the peer is not known to have. is_gone: the peer has ended or
 * the socket failed; else what is just under way to a peer that answers does
 * not count. A unix socket's peer has what the kernel took. Also for a conn
 * that is closing. Its worker's thread only. */
uint64_t conn_undelivered(const struct conn *c, bool is_gone);

#endif
