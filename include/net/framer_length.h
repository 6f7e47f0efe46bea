/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SOCKD_NET_FRAMER_LENGTH_H
#define SOCKD_NET_FRAMER_LENGTH_H

#include <stddef.h>
#include <stdint.h>

#include "base/str.h"

struct errmsg;

/* Cuts a stream of bytes into messages that each follow their length, which is
 * four bytes, the highest first; 0 is a length like any other. Pure: no socket,
 * no memory but its bound. */
struct framer_length {
	uint32_t max; /* bytes of a message that are let through */
};
#define FRAMER_LENGTH_HEAD 4

enum length_event {
	LENGTH_MORE,      /* not whole: come again with these and more bytes */
	LENGTH_WHOLE,     /* ret_message is one, without its length */
	LENGTH_TOO_LARGE, /* ret_message->len is more than the bound: close */
};

void framer_length_init(struct framer_length *f, size_t max);
/* Looks at the next bytes. *ret_used of them are done with (0 unless WHOLE);
 * the message points into data. The length alone decides if it is TOO_LARGE. */
enum length_event framer_length_next(const struct framer_length *f,
	const char *data, size_t len, struct slice *ret_message,
	size_t *ret_used);
/* Says what is wrong with a length that is too large, and what its four bytes
 * look like: some are sent by mistake, by people and programs alike. */
void framer_length_refusal(
	const struct framer_length *f, const char *head, struct errmsg *ret);
/* Says what is missing when the stream ended with these len bytes, which are
 * not whole; at least one. */
void framer_length_cut(const char *data, size_t len, struct errmsg *ret);
/* The bytes before a message of len bytes. */
void framer_length_encode(char head[FRAMER_LENGTH_HEAD], size_t len);

#endif
