/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SOCKD_PROTO_FRAMED_H
#define SOCKD_PROTO_FRAMED_H

#include <stddef.h>

struct conn;
struct framer;
struct service;
struct slice;

/* `framing = "line"` and "length" for the raw protocols: their data() gets one
 * whole message at a time instead of one read, and what they answer by the
 * functions here goes out as a message too. Without a framing the same
 * functions send the bytes as they are, so a protocol is written once. */

/* Puts framer (NULL: none) before the protocol of svc, which has limits by now
 * and is not shared yet. Of the protocol's hooks open(), data() and closed()
 * are called then; conn_state() is not its own. */
void framed_setup(struct service *svc, const struct framer *framer);

/* Sends a message exactly as it is. In open() and data(). */
void framed_send(struct conn *c, const void *data, size_t len);
/* Answers the message that data() was called with, by one of these parts, and
 * ends it as that one ended. */
#define FRAMED_PARTS_MAX 4
void framed_answer(struct conn *c, const struct slice *parts, size_t n_parts);

#endif
