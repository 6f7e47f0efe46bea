/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Letters that go from one thread to each worker and back.
 *
 *   asker: start --mail--> worker: visit, visit, ... --mail--> asker: done
 *
 * Its connections are walked along by a cursor in the worker, which one that
 * ends moves on (worker_reap()); new ones are put at the end of the list.
 *
 * The survey is written to by the asker's thread alone; a part belongs to its
 * worker while it is there. At the end of the daemon letters are freed where
 * they lie, by the main thread after the workers were joined: a part that was
 * freed counts as back, and the last one ends the survey without done(). */
#include "net/survey.h"

#include <errno.h>
#include <stdlib.h>

#include <event2/event.h>

#include "base/strmap.h"
#include "net/conn.h"
#include "net/conn_private.h"
#include "net/mailbox.h"
#include "net/survey_private.h"
#include "net/worker_private.h"

static void free_parts(struct survey *s)
{
	for (unsigned i = 0; s->parts && i < s->n_parts; i++)
		free(s->parts[i]);
	free(s->parts);
	s->parts = NULL;
}

static void end(struct survey *s)
{
	struct survey_part **parts = s->parts;
	unsigned n = s->n_parts;

	s->ops->free(s);
	while (n > 0)
		free(parts[--n]);
	free(parts);
}

static struct survey_part *part_of(struct mail *m)
{
	return container_of(m, struct survey_part, mail);
}

/* It will not come back, or never got there. */
static void drop(struct mail *m)
{
	struct survey *s = part_of(m)->survey;

	s->is_cut = true;
	if (++s->n_back == s->n_parts)
		end(s);
}

static void run_back(struct mail *m, void *owner)
{
	struct survey *s = part_of(m)->survey;

	if (++s->n_back < s->n_parts)
		return;
	if (s->ops->done && !s->is_cut)
		s->ops->done(s);
	end(s);
}

static void come_again(struct worker *w)
{
	static const struct timeval at_once = {0, 0};

	if (event_add(w->visit_event, &at_once))
		event_active(w->visit_event, EV_TIMEOUT, 0);
}

static void run_arrival(struct mail *m, void *owner)
{
	struct worker *w = owner;
	struct survey_part *part = part_of(m);

	part->next = NULL;
	*w->visits_end = part;
	w->visits_end = &part->next;
	if (w->visits == part)
		come_again(w);
}

struct conn *survey_next_conn(struct worker *w)
{
	struct survey_part *part = w->visits;
	struct conn *c = part->is_walking ? w->cursor : TAILQ_FIRST(&w->conns);

	part->is_walking = true;
	w->cursor = c ? TAILQ_NEXT(c, link) : NULL;
	if (w->cursor)
		conn_prefetch(w->cursor);
	return c;
}

void survey_on_visit(struct worker *w)
{
	struct survey_part *part = w->visits;
	struct survey *s = part->survey;

	if (s->ops->visit(s, w, part->data)) {
		w->cursor = NULL;
		w->visits = part->next;
		if (!w->visits)
			w->visits_end = &w->visits;
		part->mail.run = run_back;
		if (mailbox_post(s->to, &part->mail))
			mailbox_wake(s->to);
	}
	if (w->visits)
		come_again(w);
}

void survey_drop_visits(struct worker *w)
{
	struct survey_part *part, *next;

	for (part = w->visits; part; part = next) {
		next = part->next;
		drop(&part->mail);
	}
	w->visits = NULL;
}

int survey_start(struct survey *s, const struct survey_ops *ops,
	struct crew *crew, unsigned n, struct mailbox *to)
{
	*s = (struct survey){.ops = ops, .to = to, .n_parts = n};
	s->parts = calloc(n, sizeof(struct survey_part *));
	if (!s->parts)
		return -ENOMEM;
	for (unsigned i = 0; i < n; i++) {
		s->parts[i] = calloc(
			1, sizeof(struct survey_part) + ops->part_size);
		if (!s->parts[i]) {
			free_parts(s);
			return -ENOMEM;
		}
		s->parts[i]->survey = s;
		s->parts[i]->mail.run = run_arrival;
		s->parts[i]->mail.free = drop;
	}
	for (unsigned i = 0; i < n; i++)
		worker_post(crew->workers[i], &s->parts[i]->mail);
	return 0;
}

void *survey_part_data(const struct survey *s, unsigned i)
{
	return s->parts[i]->data;
}
