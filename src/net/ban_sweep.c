/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Workers and bans: each has a reference of its own to the set in force, which
 * the acceptor, the receiver and the handing over of connections look at. A new
 * set comes by a survey, whose first step takes it and whose others walk along
 * the worker's connections, in slices. Nobody slips through: who is handed over
 * to a worker that has the set already is looked at on arrival, and who came
 * before that is on the walk. Main thread and workers. */
#include <errno.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/str.h"
#include "base/strmap.h"
#include "net/banset.h"
#include "net/conn.h"
#include "net/conn_private.h"
#include "net/survey.h"
#include "net/worker_private.h"

#define CONNS_PER_CLOCK 16

struct sweep {
	struct survey survey;
	struct ban_sweep what;
};

struct part {
	bool has_begun;
	uint64_t n_closed;
};

static struct sweep *sweep_of(struct survey *s)
{
	return container_of(s, struct sweep, survey);
}

/* As long as nobody is banned, looking costs one comparison. */
static void take_set(struct worker *w, struct banset *set)
{
	banset_unref(w->bans);
	w->bans = banset_is_empty(set) ? NULL : banset_ref(set);
}

void crew_init_bans(struct crew *crew, struct banset *set)
{
	for (unsigned i = 0; set && i < crew->n_workers; i++)
		take_set(crew->workers[i], set);
	banset_unref(set);
}

const struct banset *worker_bans(const struct worker *w)
{
	return w->bans;
}

bool conn_check_ban(struct conn *c, int64_t now_ms)
{
	const struct banset_row *ban = banset_find(
		c->worker->bans, &c->peer.sa, now_ms);
	struct strbuf words = {0};

	if (!ban || c->state != CONN_OPEN)
		return false;
	ban_add_words(&words, ban->until_ms, ban->reason, now_ms);
	conn_close(c, CLOSE_BANNED, words.failed ? NULL : words.data);
	strbuf_fini(&words);
	return true;
}

static bool visit(struct survey *s, struct worker *w, void *data)
{
	uint64_t until_us = clock_mono_us() + SURVEY_SLICE_US;
	int64_t now_ms = clock_wall_ms();
	struct part *part = data;
	struct conn *c;

	if (!part->has_begun)
		take_set(w, sweep_of(s)->what.set);
	part->has_begun = true;
	for (size_t n = 1; (c = survey_next_conn(w)); n++) {
		part->n_closed += conn_check_ban(c, now_ms);
		if (n % CONNS_PER_CLOCK == 0 && clock_mono_us() >= until_us)
			return false;
	}
	return true;
}

static void done(struct survey *s)
{
	const struct ban_sweep *what = &sweep_of(s)->what;
	uint64_t n_closed = 0;

	for (unsigned i = 0; i < s->n_parts; i++)
		n_closed += ((const struct part *)survey_part_data(s, i))
				    ->n_closed;
	what->done(what->arg, n_closed);
}

static void sweep_free(struct survey *s)
{
	banset_unref(sweep_of(s)->what.set);
	free(sweep_of(s));
}

static const struct survey_ops sweep_ops = {
	.visit = visit,
	.done = done,
	.free = sweep_free,
	.part_size = sizeof(struct part),
};

int crew_set_bans(
	struct crew *crew, struct mailbox *to, const struct ban_sweep *what)
{
	struct sweep *sweep = calloc(1, sizeof(*sweep));

	if (sweep)
		sweep->what = *what;
	if (sweep &&
		survey_start(&sweep->survey, &sweep_ops, crew, crew->n_workers,
			to) == 0)
		return 0;
	banset_unref(what->set);
	free(sweep);
	return -ENOMEM;
}
