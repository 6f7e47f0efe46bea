/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Closing all connections of one service while the others go on.
 *
 * One letter goes to worker 0, where connections are accepted, and from there
 * one to each worker: so it comes behind those that were being handed over when
 * it was posted. All letters are made first, so that it is all or nothing. */
#include <assert.h>
#include <errno.h>
#include <stdlib.h>

#include "net/conn.h"
#include "net/conn_private.h"
#include "net/service.h"
#include "net/worker_private.h"

struct close_order {
	struct mail mail;
	struct service *service; /* a reference */
	enum close_reason why;
	struct close_order *next; /* owned: for the next worker */
};

static void order_free(struct mail *m)
{
	struct close_order *order = (struct close_order *)m, *next;

	for (; order; order = next) {
		next = order->next;
		service_unref(order->service);
		free(order);
	}
}

static void run_order(struct mail *m, void *owner)
{
	struct close_order *order = (struct close_order *)m;
	struct worker *w = owner;
	struct conn *c, *next;

	for (c = TAILQ_FIRST(&w->conns); c; c = next) {
		next = TAILQ_NEXT(c, link);
		if (conn_service(c)->count == order->service->count)
			conn_close(c, order->why, NULL);
	}
	order_free(m);
}

/* In worker 0: the first order is for this worker, the next for the next. */
static void run_first(struct mail *m, void *owner)
{
	struct close_order *order = (struct close_order *)m;
	struct worker *w = owner;
	unsigned i = 1;

	while (order->next) {
		struct close_order *next = order->next;

		order->next = next->next;
		next->next = NULL;
		worker_post(w->crew->workers[i++], &next->mail);
	}
	run_order(m, owner);
}

int crew_close_service(
	struct crew *crew, struct service *svc, enum close_reason why)
{
	struct close_order *first = NULL;

	for (unsigned i = 0; i < crew->n_workers; i++) {
		struct close_order *order = calloc(1, sizeof(*order));

		if (!order) {
			order_free((struct mail *)first);
			return -ENOMEM;
		}
		order->mail.run = run_order;
		order->mail.free = order_free;
		order->service = service_ref(svc);
		order->why = why;
		order->next = first;
		first = order;
	}
	assert(first); /* there is a worker */
	first->mail.run = run_first;
	worker_post(crew->workers[0], &first->mail);
	return 0;
}
