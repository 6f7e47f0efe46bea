/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SOCKD_NET_USER_H
#define SOCKD_NET_USER_H

#include <stdbool.h>
#include <sys/types.h>

struct conn;
struct gid_list;

/* Who connected over a unix socket, by the kernel's word. On the conn's worker
 * only. */

bool conn_is_unix(const struct conn *c); /* the peer came by one */
/* 0, or -ENOTSUP: it is no unix socket. */
int user_of(const struct conn *c, uid_t *ret);
/* The user's groups, the first one included, which *ret then owns. 0 or
 * -errno, and *ret is empty. */
int user_groups_of(const struct conn *c, struct gid_list *ret);
/* True if nobody can read on its way what it sends: over a unix socket, or from
 * this machine. Behind a proxy: as that states it. */
bool user_is_local(const struct conn *c);
/* Looks up the name of a user, off the loop since that may take any time (name
 * servers). told() is called later if c is open then; name NULL: there is none.
 * 0, or -errno: told() is not called. */
int user_find_name(struct conn *c, uid_t uid,
	void (*told)(struct conn *c, const char *name));

#endif
