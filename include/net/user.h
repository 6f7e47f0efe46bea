/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SOCKD_NET_USER_H
#define SOCKD_NET_USER_H

#include <sys/types.h>

struct conn;

/* Who connected over a unix socket, by the kernel's word. On the conn's worker
 * only. */

/* 0, or -ENOTSUP: it is no unix socket. */
int user_of(const struct conn *c, uid_t *ret);
/* Looks up the name of a user, off the loop since that may take any time (name
 * servers). told() is called later if c is open then; name NULL: there is none.
 * 0, or -errno: told() is not called. */
int user_find_name(struct conn *c, uid_t uid,
	void (*told)(struct conn *c, const char *name));

#endif
