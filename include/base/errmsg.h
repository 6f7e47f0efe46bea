/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SOCKD_BASE_ERRMSG_H
#define SOCKD_BASE_ERRMSG_H

/* One sentence for a person: what is wrong and what to write instead.
 * Functions that fail for reasons a person can mend fill one of these beside
 * their -errno; the caller adds where (file and line) and prints it. */

#define ERRMSG_LEN 512

struct errmsg {
	char text[ERRMSG_LEN]; /* NUL-terminated; too long a text is cut */
};

/* Sets the text. Always returns -err (pass a positive errno), so that
 * `return errmsg_set(msg, EINVAL, "...")` reads well. msg may be NULL. */
int errmsg_set(struct errmsg *msg, int err, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* Puts text in front of what is there: "prefix: old text". */
void errmsg_prefix(struct errmsg *msg, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

#endif
