/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SOCKD_APP_BAN_KEEPER_H
#define SOCKD_APP_BAN_KEEPER_H

#include <stdint.h>

struct ban_keeper;
struct server;
struct state_dir;

/* Sees to it that the bans of the chat's list are in force in all services, and
 * that they outlive the daemon. Main thread. */

/* Before crew_start(): reads the list as it was kept. dir: borrowed, for good;
 * NULL: nothing is kept. A file that cannot be read is put aside, which the log
 * says, and nobody is banned. 0 or -ENOMEM. */
int ban_keeper_new(
	struct ban_keeper **ret, struct server *s, const struct state_dir *dir);
/* The configuration is another one: who is exempt may be, too. NULL is fine. */
void ban_keeper_apply(struct ban_keeper *k);
/* Has done() called when what the list is now is in force in all workers, with
 * how many connections were closed for it; or with -ENOMEM when that failed,
 * then it will be so later. Not at all if the daemon ends before. 0 or -ENOMEM.
 */
typedef void (*ban_settled_fn)(
	void *arg, uint64_t ref, int err, uint64_t n_closed);
int ban_keeper_await(
	struct ban_keeper *k, ban_settled_fn done, void *arg, uint64_t ref);
/* After crew_stop(): writes what is not written yet. */
void ban_keeper_stop(struct ban_keeper *k);
/* After the mailbox of the main thread is gone. NULL is fine, as above. */
void ban_keeper_free(struct ban_keeper *k);

#endif
