/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SOCKD_NET_MAILBOX_H
#define SOCKD_NET_MAILBOX_H

#include <stdbool.h>

struct event_base;
struct mailbox;

/* A letter to another thread. Whoever posts hands it over; the receiver's loop
 * calls run() once, which frees it or keeps it; a letter that is never run
 * (the receiver ended) gets free() instead. Letters carry ids, never pointers
 * to what another thread may free. */
struct mail {
	struct mail *next; /* in mailbox.queue */
	void (*run)(struct mail *m, void *owner);
	void (*free)(struct mail *m);
};

/* owner is handed to run(). The thread that runs base is told apart from
 * others once its loop has looked into the mailbox for the first time. 0 or
 * -errno. */
int mailbox_new(struct mailbox **ret, struct event_base *base, void *owner);
void mailbox_free(struct mailbox *mb); /* frees what was not run */

/* Any thread. Keeps the order of posts. Returns true if the receiver must be
 * woken with mailbox_wake() (which may wait until locks are released). */
bool mailbox_post(struct mailbox *mb, struct mail *m);
/* Any thread; the receiver's own loop is woken without a system call. */
void mailbox_wake(struct mailbox *mb);
#endif
