/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SOCKD_BIN_SOCKLOAD_PATTERN_H
#define SOCKD_BIN_SOCKLOAD_PATTERN_H

#include <stddef.h>
#include <stdint.h>

/* The stream of a character generator (RFC 864), from whatever place of the
 * pattern the server begins at. */

/* Zero-initialised before the first byte. */
struct pattern {
	size_t start;   /* the first place that all bytes so far agree with */
	uint64_t count; /* bytes so far */
};

void pattern_init(void); /* once, before all others */
/* How many of the bytes that came next are right: len if all. Those count. */
size_t pattern_check(struct pattern *p, const void *data, size_t len);
/* The byte that should come next. */
unsigned char pattern_next(const struct pattern *p);

#endif
