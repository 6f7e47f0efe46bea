/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The verb `save`, for whoever is about to copy the state, or to do something
 * that the daemon may not survive. Main thread. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "app/keeper.h"
#include "app/server_private.h"

#include "control_private.h"

/* Who waits until it is written. */
struct waiter {
	struct control *control; /* borrowed: lives until the keeper stops */
	uint64_t request;
};

static void on_saved(const char *error, size_t n_bytes, void *arg)
{
	struct waiter *w = arg;
	struct control_request *req = control_find(w->control, w->request);
	int err = 0;

	if (req) {
		if (error)
			err = errmsg_set(&req->error, EIO, "%s", error);
		else
			report_bytes(req->report, "saved", n_bytes);
		control_done(req, err);
	}
	free(w);
}

int control_save(struct control_request *req)
{
	struct keeper *keeper = req->server->keeper;
	struct waiter *w = malloc(sizeof(*w));
	const char *why_not = keeper_why_not(keeper);
	int err = w ? 0 : -ENOMEM;

	if (w && !why_not) {
		*w = (struct waiter){req->control, req->id};
		err = keeper_ask(keeper, on_saved, w);
		if (!err)
			return CONTROL_PENDING;
	}
	free(w);
	if (why_not)
		return errmsg_set(&req->error, EOPNOTSUPP,
			"the state of the chat is not kept: %s", why_not);
	return errmsg_set(&req->error, -err, "%s",
		err == -ECANCELED ? "the daemon stops" : strerror(-err));
}
