/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SOCKD_PROTO_TRACE_H
#define SOCKD_PROTO_TRACE_H

#include <stddef.h>

struct conn;

/* Logs a message of a small service at debug level, escaped and cut; costs one
 * comparison when nobody debugs. Never for chat: its text is private. */
void trace_data(struct conn *c, const void *data, size_t len);

#endif
