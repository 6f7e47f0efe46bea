/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SOCKD_APP_KEEPER_H
#define SOCKD_APP_KEEPER_H

#include <stddef.h>
#include <stdint.h>

struct chat_port;
struct event_base;
struct keeper;
struct mailbox;
struct monitor;
struct state_dir;

/* Keeps the state of the chat in a file over a restart: read at the start,
 * written while it changes and at the end. Main thread; taking the state and
 * writing it happen on a thread of the keeper's own. */

#define KEEPER_EVERY_MS 60000

struct keeper_world {
	struct event_base *base;     /* borrowed, as are all of these */
	struct mailbox *mailbox;     /* of base */
	struct chat_port *chat;      /* as chat_port_new() made it */
	struct monitor *monitor;     /* is told what is kept; NULL: nobody */
	const struct state_dir *dir; /* NULL: nothing is kept, since: */
	const char *why_not;
	uint64_t every_ms; /* it is written so often, if it has changed */
};

/* Reads the state into the chat, before crew_start() and before anything else
 * is put into it: what the chat held until then is gone. A state that cannot be
 * read is put aside, with an error in the log, and the chat begins anew. 0 or
 * -ENOMEM. */
int keeper_new(struct keeper **ret, const struct keeper_world *world);
void keeper_free(struct keeper *k); /* before the mailbox; NULL is fine */

/* Why nothing is kept; NULL: it is. */
const char *keeper_why_not(const struct keeper *k);
/* What came of it: so many bytes are on the disk, or why not (else NULL). */
typedef void (*keeper_fn)(const char *error, size_t n_bytes, void *arg);
/* Has the state written as it is now. done is called once, later, from the loop
 * or by keeper_stop(). 0, or -errno and nothing happens. */
int keeper_ask(struct keeper *k, keeper_fn done, void *arg);
/* A stop has begun: those who wait are told so, nobody else may ask. */
void keeper_stop(struct keeper *k);
/* Nobody is there any more, and the loop does not run: writes the state for the
 * last time. Waits for the disk for so long at most. */
void keeper_finish(struct keeper *k, uint64_t patience_ms);

#endif
