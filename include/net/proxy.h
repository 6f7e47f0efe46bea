/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SOCKD_NET_PROXY_H
#define SOCKD_NET_PROXY_H

#include <stddef.h>
#include <stdint.h>

#include "net/addr.h"

/* The header by which a proxy says for whom it connects, in both versions of
 * the PROXY protocol. Pure: bytes in, outcome out, however they were cut. */

enum proxy_outcome {
	PROXY_MORE,     /* the header goes on */
	PROXY_STATED,   /* whole, and the addresses are filled in */
	PROXY_UNSTATED, /* whole, without addresses of use: the socket's count */
	PROXY_LOCAL,   /* the same: it is the proxy itself, to see if we live */
	PROXY_INVALID, /* no header, or a bad one: `fault` says in what */
};

#define PROXY_LINE_MAX 107 /* version 1, with its CR LF */

/* Zero-initialised is before the first byte. */
struct proxy_parser {
	uint8_t head[PROXY_LINE_MAX]; /* what has to be kept of the header */
	uint8_t n_head;
	uint8_t head_len;  /* version 2: of head when it is whole; 0: unknown */
	uint8_t outcome;   /* version 2: enum proxy_outcome, once whole */
	uint32_t n_skip;   /* version 2: bytes behind head that nobody needs */
	const char *fault; /* static */
};

struct proxy_addresses {
	struct addr source, destination; /* of one family, IPv4 or IPv6 */
};

/* Takes the next bytes. *ret_used is how many of them belong to the header: all
 * while it goes on; what follows it is never touched. Not to be called again
 * after another outcome than PROXY_MORE. */
enum proxy_outcome proxy_parse(struct proxy_parser *p, const void *data,
	size_t len, size_t *ret_used, struct proxy_addresses *ret);

#endif
