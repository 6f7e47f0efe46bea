/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What happens when the output of all connections together is too much: the one
 * with the most of it is closed, whichever worker has it, then the next, until
 * the rest is within the bound. What those still hold who pay already is not
 * counted: they have the time of a linger to read it.
 *
 *   idle --over the bound--> WEIGH: each worker names its largest
 *    ^                          |             ^
 *    +--- nobody need pay ------+             |
 *                               +--> SHED: the worker of the largest closes it
 *
 * Whose output grew last has nothing to do with who pays. One round is under
 * way at a time; a worker looks through its connections once in each. All of it
 * is orders, letters that lie ready, so that it works without memory. */
#include "net/conn.h"
#include "net/conn_private.h"
#include "net/worker_private.h"

#define MANY 8 /* as large as the largest, that must pay */

/* The open connection with the most output; *ret_leaving is what those hold who
 * pay already. */
static struct conn *find_largest(struct worker *w, uint64_t *ret_leaving)
{
	struct conn *c, *largest = NULL;

	*ret_leaving = 0;
	TAILQ_FOREACH (c, &w->conns, link) {
		if (c->state == CONN_OPEN && c->queued &&
			(!largest || c->queued > largest->queued))
			largest = c;
		if (c->state == CONN_DRAIN && c->why == CLOSE_MEMORY)
			*ret_leaving += c->queued;
	}
	return largest;
}

static void weigh_all(struct crew *crew);

/* When very many must pay it is not worth a look at all for each: those who
 * have nearly as much pay at once, up to `bytes`. */
static void shed_many(struct worker *w, uint32_t least, uint64_t bytes)
{
	struct conn *c, *next;
	uint64_t n = 0;

	for (c = TAILQ_FIRST(&w->conns); c && n < bytes; c = next) {
		next = TAILQ_NEXT(c, link);
		if (c->state != CONN_OPEN || c->queued < least)
			continue;
		n += c->queued;
		conn_close(c, CLOSE_MEMORY, NULL);
	}
}

static void run_shed(struct mail *m, void *owner)
{
	struct worker *w = owner;
	struct crew *crew = w->crew;
	uint64_t leaving, bound, bytes = atomic_load(&crew->output_bytes);
	struct conn *c = find_largest(w, &leaving);
	uint32_t largest = c ? c->queued : 0;

	bound = atomic_load(&crew->output_total) + leaving +
		(uint64_t)MANY * largest;
	if (c)
		conn_close(c, CLOSE_MEMORY, NULL);
	if (c && bytes > bound)
		shed_many(w, largest / 2 + 1, bytes - bound);
	weigh_all(crew);
}

/* By the worker that was the last to weigh. */
static void decide(struct crew *crew)
{
	struct worker *heaviest = crew->workers[0];
	uint64_t leaving = 0;

	for (unsigned i = 0; i < crew->n_workers; i++) {
		struct worker *w = crew->workers[i];

		leaving += atomic_load(&w->leaving_bytes);
		if (atomic_load(&w->largest_bytes) >
			atomic_load(&heaviest->largest_bytes))
			heaviest = w;
	}
	if (atomic_load(&heaviest->largest_bytes) > 0 &&
		atomic_load(&crew->output_bytes) >
			atomic_load(&crew->output_total) + leaving)
		worker_order(heaviest, ORDER_SHED, run_shed);
	else
		atomic_store(&crew->is_shedding, false);
}

static void run_weigh(struct mail *m, void *owner)
{
	struct worker *w = owner;
	uint64_t leaving;
	const struct conn *c = find_largest(w, &leaving);

	atomic_store(&w->largest_bytes, c ? c->queued : 0);
	atomic_store(&w->leaving_bytes, leaving);
	if (atomic_fetch_sub(&w->crew->n_to_weigh, 1) == 1)
		decide(w->crew);
}

static void weigh_all(struct crew *crew)
{
	atomic_store(&crew->n_to_weigh, crew->n_workers);
	for (unsigned i = 0; i < crew->n_workers; i++)
		worker_order(crew->workers[i], ORDER_WEIGH, run_weigh);
}

void worker_shed(struct worker *w)
{
	if (!atomic_exchange(&w->crew->is_shedding, true))
		weigh_all(w->crew);
}
