/* SPDX-License-Identifier: GPL-3.0-or-later */
/* How connections begin and end, for who looks at it later or just then. A
 * worker writes each end into its ring, which costs it the copying of a few
 * words; the rings are brought together when somebody asks. Whoever watches is
 * told on the worker's thread, which looks at one pointer when nobody does. */
#include "net/conn_end.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/strmap.h"
#include "net/conn_private.h"
#include "net/service.h"
#include "net/survey.h"
#include "net/worker_private.h"

void conn_set_used(struct conn *c)
{
	c->used = true;
}

/* What fits. */
static void copy_text(char *to, const char *from, size_t size)
{
	size_t len = strnlen(from, size - 1);

	memcpy(to, from, len);
	to[len] = '\0';
}

void conn_copy_names(const struct conn *c, char service[CONN_SERVICE_LEN],
	char nick[CONN_NICK_LEN])
{
	copy_text(service, c->service->name, CONN_SERVICE_LEN);
	copy_text(nick, c->nick ? c->nick : "", CONN_NICK_LEN);
}

static void fill(struct conn_end *end, const struct conn *c, uint64_t now_ms)
{
	end->id = c->id;
	end->lived_ms = now_ms - c->opened_ms;
	end->in_bytes = c->in_bytes;
	end->out_bytes = c->out_bytes - c->queued;
	end->peer = c->peer;
	end->why = c->state == CONN_OPEN ? CLOSE_N : c->why;
	end->is_refusal = c->is_refusal;
	conn_copy_names(c, end->service, end->nick);
}

static void tell(const struct conn *c, const struct conn_end *end)
{
	const struct conn_watcher *watcher = atomic_load_explicit(
		&c->worker->crew->watcher, memory_order_acquire);
	struct conn_end dated;

	if (!watcher)
		return;
	dated = *end;
	dated.wall_ms = clock_wall_ms();
	watcher->see(watcher->arg, &dated);
}

void conn_note_begin(const struct conn *c)
{
	struct conn_end begin;

	if (!atomic_load_explicit(
		    &c->worker->crew->watcher, memory_order_relaxed))
		return;
	fill(&begin, c, c->opened_ms);
	tell(c, &begin);
}

void conn_note_end(const struct conn *c)
{
	struct conn_ring *ring = &c->worker->ends;
	struct conn_end *end = &ring->ends[ring->n++ % CONN_ENDS_KEPT];
	uint64_t now_ms = worker_now_ms(c->worker);

	fill(end, c, now_ms);
	end->wall_ms = (int64_t)now_ms; /* turned into that when it is read */
	tell(c, end);
}

void conn_ends_watch(struct crew *crew, const struct conn_watcher *watcher)
{
	atomic_store_explicit(&crew->watcher, watcher, memory_order_release);
}

/* Asking. */

struct asking {
	struct survey survey;
	struct conn_ends_asker asker;
};

struct part {
	struct conn_end *ends; /* owned; NULL: no memory */
	size_t n;
};

static struct asking *asking_of(struct survey *s)
{
	return container_of(s, struct asking, survey);
}

static bool visit(struct survey *s, struct worker *w, void *data)
{
	struct part *part = data;
	const struct conn_ring *ring = &w->ends;
	size_t n = ring->n < CONN_ENDS_KEPT ? ring->n : CONN_ENDS_KEPT;
	int64_t epoch_ms = clock_wall_ms() - (int64_t)worker_now_ms(w);

	part->ends = calloc(n ? n : 1, sizeof(*part->ends));
	part->n = part->ends ? n : 0;
	for (size_t i = 0; i < part->n; i++) {
		part->ends[i] = ring->ends[i];
		part->ends[i].wall_ms += epoch_ms;
	}
	return true;
}

static int compare(const void *a, const void *b)
{
	const struct conn_end *left = a, *right = b;

	if (left->wall_ms != right->wall_ms)
		return left->wall_ms > right->wall_ms ? -1 : 1;
	return (left->id < right->id) - (left->id > right->id);
}

/* The ends of all parts; NULL: there was no memory for them. */
static struct conn_end *gather(const struct survey *s, size_t *ret_n)
{
	struct conn_end *all = calloc(
		s->n_parts * (size_t)CONN_ENDS_KEPT, sizeof(*all));

	*ret_n = 0;
	for (unsigned i = 0; all && i < s->n_parts; i++) {
		const struct part *part = survey_part_data(s, i);

		if (!part->ends) {
			free(all);
			return NULL;
		}
		memcpy(all + *ret_n, part->ends, part->n * sizeof(*all));
		*ret_n += part->n;
	}
	return all;
}

static void done(struct survey *s)
{
	const struct conn_ends_asker *asker = &asking_of(s)->asker;
	size_t n;
	struct conn_end *all = gather(s, &n);

	if (all)
		qsort(all, n, sizeof(*all), compare);
	asker->done(asker->arg, asker->ref, all,
		n < CONN_ENDS_KEPT ? n : CONN_ENDS_KEPT);
	free(all);
}

static void asking_free(struct survey *s)
{
	for (unsigned i = 0; i < s->n_parts; i++)
		free(((struct part *)survey_part_data(s, i))->ends);
	free(asking_of(s));
}

static const struct survey_ops ends_ops = {
	.visit = visit,
	.done = done,
	.free = asking_free,
	.part_size = sizeof(struct part),
};

int conn_ends_ask(struct crew *crew, struct mailbox *to,
	const struct conn_ends_asker *asker)
{
	struct asking *asking = calloc(1, sizeof(*asking));

	if (!asking)
		return -ENOMEM;
	asking->asker = *asker;
	if (survey_start(
		    &asking->survey, &ends_ops, crew, crew->n_workers, to)) {
		free(asking);
		return -ENOMEM;
	}
	return 0;
}
