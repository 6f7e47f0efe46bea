/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SOCKD_NET_FRAMER_LINE_H
#define SOCKD_NET_FRAMER_LINE_H

#include <stddef.h>
#include <stdint.h>

#include "base/str.h"

/* Cuts a stream of bytes into lines that end with LF, CR LF or CR NUL. Pure:
 * no socket, no memory of its own but some numbers. */
struct framer_line {
	uint32_t max;     /* bytes of a line that are let through */
	uint32_t endless; /* so many without an end: LINE_ENDLESS */
	uint32_t skipped; /* bytes of the line that were too many already */
	uint32_t seen;    /* bytes looked at that come again: no end there */
	uint8_t ending;   /* enum line_ending of the last line */
};

enum line_ending {
	LINE_END_NONE, /* the input ended */
	LINE_END_LF,
	LINE_END_CRLF,
	LINE_END_CRNUL,
};

enum line_event {
	LINE_MORE,     /* no whole line: come again with these and more bytes */
	LINE_WHOLE,    /* ret_line is one, without its end */
	LINE_TOO_LONG, /* one ended that was longer; ret_len is how long */
	LINE_ENDLESS,  /* none will end: close */
	LINE_SKIPPED,  /* these bytes belong to a line that is too long */
};

void framer_line_init(struct framer_line *f, size_t max);
/* Looks at the next bytes. *ret_used of them are done with: none for MORE, else
 * all that were `seen`, and at least one; the line points into data.
 * ret_line->len is the length for TOO_LONG. */
enum line_event framer_line_next(struct framer_line *f, const char *data,
	size_t len, struct slice *ret_line, size_t *ret_used);
/* The stream ended: what is left counts as a line. MORE: nothing is left. */
enum line_event framer_line_end(struct framer_line *f, const char *data,
	size_t len, struct slice *ret_line);
/* The bytes that the last line, whole or too long, ended with. */
struct slice framer_line_ending(const struct framer_line *f);

#endif
