/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SOCKD_PROTO_POST_LINES_H
#define SOCKD_PROTO_POST_LINES_H

#include <stdbool.h>
#include <stddef.h>

#include "base/str.h"
#include "chat/hub.h"
#include "net/framer_line.h"

/* What `post` reads and answers, without sockets and hub: bytes become remarks
 * and what came of those becomes text. Pure. Private to post.c and tests. */

#define POST_LINES_MAX 16

/* Zero-initialised is empty. */
struct post_lines {
	/* text is in `texts`; room and nick are for others to fill in. One that
	 * is no line to say is refused already. */
	struct chat_remark remarks[POST_LINES_MAX];
	size_t starts[POST_LINES_MAX];
	bool ends_in_cr[POST_LINES_MAX]; /* CR LF, CR NUL: so its answer */
	size_t n;
	size_t max;          /* that are read; 0: POST_LINES_MAX */
	struct strbuf texts; /* owned */
};
void post_lines_clear(struct post_lines *lines); /* keeps the memory */
void post_lines_fini(struct post_lines *lines);

enum post_lines_end {
	POST_LINES_MORE,    /* nothing whole is left in data */
	POST_LINES_FULL,    /* as many as it may: there may be more */
	POST_LINES_ENDLESS, /* no line will end: close */
};
/* Fills lines, which are empty; data moves on behind what is done with. is_end:
 * nothing follows data, so what is left counts as a line. */
enum post_lines_end post_lines_read(struct post_lines *lines,
	struct framer_line *framer, struct slice *data, bool is_end);
/* Appends a line for each remark. */
void post_lines_answer(const struct post_lines *lines, struct strbuf *out);

#endif
