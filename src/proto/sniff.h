/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SOCKD_PROTO_SNIFF_H
#define SOCKD_PROTO_SNIFF_H

#include <stdbool.h>
#include <stddef.h>

struct slice;

/* What the first bytes of a client say it is. */
enum sniff {
	SNIFF_MORE,   /* cannot tell yet */
	SNIFF_PERSON, /* lines */
	SNIFF_JSON,   /* objects */
	SNIFF_FRAME,  /* objects behind their lengths */
	SNIFF_TLS,    /* a handshake */
	SNIFF_HTTP,   /* a request for a page */
};

/* By the first byte, and of what may be a line, by the whole of it, if that has
 * no more than line_max bytes. What is said of some bytes is said of all that
 * begin with them, but for MORE. Pure. */
enum sniff sniff_first(const struct slice *data, size_t line_max);
/* The same of one who was greeted as a person: JSON takes a whole object, and a
 * string "type" in it, since people write braces too. */
enum sniff sniff_greeted(const struct slice *data, size_t line_max);
/* One of these said that, and nothing more will come: never MORE, but for no
 * bytes at all. */
enum sniff sniff_end(enum sniff sniff, const struct slice *data);

#endif
