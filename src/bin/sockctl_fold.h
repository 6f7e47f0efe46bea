/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SOCKD_BIN_SOCKCTL_FOLD_H
#define SOCKD_BIN_SOCKCTL_FOLD_H

#include <stdbool.h>
#include <stddef.h>

struct strbuf;

/* Lines of an answer as a terminal has room for them. An answer has parts with
 * an empty line between; each begins with the line by which the others are
 * aligned: the labels of a table, or the first of some values. */
struct fold {
	size_t columns; /* of the terminal; 0: lines stay whole */
	bool cuts;      /* what has no room; else it goes on below */
	bool is_inside; /* a part, whose first line said... */
	size_t hang;    /* ...where its last column begins */
};

/* The columns of the terminal that fd is; 0: it is none. */
size_t fold_columns(int fd);
/* Appends one line, given without its end, as one or more. */
void fold_line(
	struct fold *f, const char *line, size_t len, struct strbuf *out);

#endif
