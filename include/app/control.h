/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SOCKD_APP_CONTROL_H
#define SOCKD_APP_CONTROL_H

struct control;
struct errmsg;
struct plan;
struct server;

/* The control socket: what sockctl(1) talks to. On the main thread. */

/* Descriptors that are kept for it, so that one may ask what is going on while
 * connections have all others. */
#define CONTROL_FDS 2

/* Listens as `control` of the plan's configuration says. 0 and *ret (NULL if
 * there is to be none), or -errno with msg. */
int control_new(struct control **ret, struct server *server,
	const struct plan *plan, struct errmsg *msg);
/* Answers who waits, as far as that goes at once, and closes. The loop has
 * ended. NULL is fine. */
void control_free(struct control *c);

#endif
