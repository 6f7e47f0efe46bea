/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SOCKD_APP_LOADER_H
#define SOCKD_APP_LOADER_H

#include "app/config.h"

struct config_ref;
struct mailbox;
struct plan;
struct proto_context;

/* Reads configurations on a thread of its own, so that neither a disk nor a
 * name server that does not answer holds up the loop that asked. All of this on
 * the thread of that loop; one after another, in the order asked for. */
struct loader;

/* What came of it. The receiver sets to NULL what it takes. */
struct loaded {
	struct config_errors errors; /* why there is no cfg; warnings */
	struct config_ref *cfg;      /* a reference; NULL: it cannot be used */
	struct plan *plan;           /* owned; if one was asked for */
};
/* Called exactly once, from the loop. l is borrowed. */
typedef void (*loader_fn)(struct loaded *l, void *arg);

/* What a new plan is opened beside. */
struct loader_world {
	const struct plan *old; /* borrowed: stays as it is until then */
	const struct proto_context *ctx; /* borrowed */
};

/* src (borrowed) is read; results come through home (borrowed). NULL: out of
 * memory. */
struct loader *loader_new(
	const struct config_source *src, struct mailbox *home);
/* Reads and checks the configuration; with a world, makes and opens a plan of
 * it. 0, or -errno and done is not called: too many wait, or no thread. */
int loader_start(struct loader *l, const struct loader_world *world,
	loader_fn done, void *arg);
/* Ends it: calls each done() that waits, from here, with an error that says so;
 * what was opened is closed. Does not wait for a lookup that is stuck. */
void loader_stop(struct loader *l);
/* Stops it too; before home is freed. NULL is fine. */
void loader_free(struct loader *l);

#endif
