/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SOCKD_CTL_CTL_CLIENT_H
#define SOCKD_CTL_CTL_CLIENT_H

struct errmsg;

/* The other end of the control socket: how a program reaches the daemon. */

/* The socket of the daemon that this user means who names none: that of
 * $RUNTIME_DIRECTORY, else the system's if there is one, else the user's own.
 * Owned by the caller; NULL: out of memory. */
char *ctl_find_socket(void);

/* Connects. The descriptor, or -errno with msg: -ENOENT and -ECONNREFUSED if no
 * daemon runs, -EACCES with whose group to join. */
int ctl_connect(const char *path, struct errmsg *msg);

#endif
