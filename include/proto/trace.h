/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SOCKD_PROTO_TRACE_H
#define SOCKD_PROTO_TRACE_H

#include <stddef.h>

struct conn;
struct datagram;

/* Logs a message of a small service at debug level, escaped and cut; costs one
 * comparison when nobody debugs. Never for chat: its text is private. */
void trace_data(struct conn *c, const void *data, size_t len);
/* The same of a datagram. */
void trace_datagram(const struct datagram *in);

#endif
