/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A census is a survey (net/survey.h) whose visits go through the worker's
 * connections.
 *
 * Filters and the limit are applied in the worker: what travels is what is
 * shown, CENSUS_MAX rows at most however many connections there are. */
#include "net/census.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/clock.h"
#include "base/shortlist.h"
#include "base/strmap.h"
#include "net/conn.h"
#include "net/conn_private.h"
#include "net/service.h"
#include "net/survey.h"
#include "net/user.h"
#include "net/worker_private.h"

#define ROWS_PER_CLOCK 16

struct asking {
	struct survey survey;
	struct census_query query;
	struct census_asker asker;
};

struct part {
	struct shortlist rows;
	size_t n_found;
	bool is_short;
	char local[ADDR_LEN];
	bool has_uid;
	uid_t uid;
};

static struct asking *asking_of(struct survey *s)
{
	return container_of(s, struct asking, survey);
}

void census_count_messages(struct conn *c, size_t n)
{
	c->n_messages += (uint32_t)n;
}

/* Order. */

static uint64_t weight(const struct census_row *row, enum census_key key)
{
	switch (key) {
	case CENSUS_BY_AGE:
		return row->age_ms;
	case CENSUS_BY_IDLE:
		return row->idle_ms;
	case CENSUS_BY_IN:
		return row->in_bytes;
	case CENSUS_BY_OUT:
		return row->out_bytes;
	case CENSUS_BY_QUEUED:
		return row->queued;
	case CENSUS_BY_MESSAGES:
		return row->n_messages;
	case CENSUS_BY_ID:
		break;
	}
	return 0;
}

static int compare(const void *a, const void *b, void *arg)
{
	const struct census_row *left = a, *right = b;
	const struct census_query *query = arg;
	uint64_t l = weight(left, query->key), r = weight(right, query->key);

	if (l != r)
		return l > r ? -1 : 1;
	return (left->id > right->id) - (left->id < right->id);
}

static void init_rows(struct shortlist *rows, struct census_query *query)
{
	*rows = (struct shortlist){
		.max = query->limit && query->limit < CENSUS_MAX ? query->limit
								 : CENSUS_MAX,
		.size = sizeof(struct census_row),
		.compare = compare,
		.arg = query,
	};
}

/* In a worker. */

static enum census_state state_of(const struct conn *c)
{
	if (c->state != CONN_OPEN)
		return CENSUS_CLOSING;
	if (c->flooded)
		return CENSUS_FLOODED;
	return c->paused || c->choked ? CENSUS_PAUSED : CENSUS_OPEN;
}

static bool has_text(const struct conn *c, const char *text)
{
	char peer[ADDR_LEN];

	return strcasestr(c->service->name, text) ||
		(c->nick && strcasestr(c->nick, text)) ||
		strcasestr(conn_peer_text(c, peer), text);
}

static bool has_network(const struct conn *c, const struct network *network)
{
	struct network net = *network;
	const struct netlist list = {.nets = &net, .n_nets = 1};

	return netlist_has(&list, &c->peer.sa);
}

static bool is_asked_for(const struct conn *c, const struct census_query *query)
{
	if (query->service[0] && strcmp(c->service->name, query->service) != 0)
		return false;
	if (query->nick[0] &&
		(!c->nick || strcasecmp(c->nick, query->nick) != 0))
		return false;
	if (query->has_state && state_of(c) != query->state)
		return false;
	if (query->has_network && !has_network(c, &query->network))
		return false;
	return !query->text[0] || has_text(c, query->text);
}

static void fill_row(
	struct census_row *row, const struct conn *c, uint64_t now_ms)
{
	*row = (struct census_row){
		.id = c->id,
		.age_ms = now_ms - c->opened_ms,
		.idle_ms = now_ms - c->last_ms,
		.in_bytes = c->in_bytes,
		.out_bytes = c->out_bytes - c->queued,
		.queued = c->queued,
		.n_messages = c->n_messages,
		.peer = c->peer,
		.worker = (uint16_t)c->worker->index,
		.state = (uint8_t)state_of(c),
		.why = c->why,
	};
	conn_copy_names(c, row->service, row->nick);
}

static void take(struct part *part, const struct conn *c, uint64_t now_ms)
{
	struct census_row row;

	part->n_found++;
	fill_row(&row, c, now_ms);
	if (shortlist_offer(&part->rows, &row))
		part->is_short = true;
}

static bool visit_one(struct worker *w, struct part *part, uint64_t id)
{
	struct conn *c = worker_find_conn(w, id);

	if (c) {
		take(part, c, worker_now_ms(w));
		conn_local_text(c, part->local);
		part->has_uid = user_of(c, &part->uid) == 0;
	}
	return true;
}

static bool visit_all(
	struct worker *w, struct part *part, const struct census_query *query)
{
	uint64_t until_us = clock_mono_us() + SURVEY_SLICE_US;
	uint64_t now_ms = worker_now_ms(w);
	struct conn *c;

	for (size_t n = 1; (c = survey_next_conn(w)); n++) {
		if (is_asked_for(c, query))
			take(part, c, now_ms);
		if (n % ROWS_PER_CLOCK == 0 && clock_mono_us() >= until_us)
			return false;
	}
	return true;
}

static bool visit(struct survey *s, struct worker *w, void *data)
{
	struct asking *asking = asking_of(s);
	struct part *part = data;

	if (!part->rows.max)
		init_rows(&part->rows, &asking->query);
	if (asking->query.id)
		return visit_one(w, part, asking->query.id);
	return visit_all(w, part, &asking->query);
}

/* In the asker's thread. */

static void add_part(
	struct census *census, struct shortlist *all, const struct part *part)
{
	const struct shortlist *rows = &part->rows;

	census->n_found += part->n_found;
	census->is_short = census->is_short || part->is_short;
	for (size_t i = 0; i < rows->n; i++)
		if (shortlist_offer(all, rows->items + i * rows->size))
			census->is_short = true;
	if (!part->local[0])
		return;
	memcpy(census->local, part->local, sizeof(census->local));
	census->has_uid = part->has_uid;
	census->uid = part->uid;
}

static void done(struct survey *s)
{
	struct asking *asking = asking_of(s);
	struct census census = {NULL};
	struct shortlist all;

	init_rows(&all, &asking->query);
	for (unsigned i = 0; i < s->n_parts; i++)
		add_part(&census, &all, survey_part_data(s, i));
	shortlist_sort(&all);
	census.rows = (const struct census_row *)(void *)all.items;
	census.n_rows = all.n;
	asking->asker.done(asking->asker.arg, asking->asker.ref, &census);
	shortlist_fini(&all);
}

static void asking_free(struct survey *s)
{
	for (unsigned i = 0; s->parts && i < s->n_parts; i++)
		shortlist_fini(&((struct part *)survey_part_data(s, i))->rows);
	free(asking_of(s));
}

static const struct survey_ops census_ops = {
	.visit = visit,
	.done = done,
	.free = asking_free,
	.part_size = sizeof(struct part),
};

int census_ask(struct crew *crew, struct mailbox *to,
	const struct census_query *query, const struct census_asker *asker)
{
	struct asking *asking = calloc(1, sizeof(*asking));

	if (!asking)
		return -ENOMEM;
	asking->query = *query;
	asking->asker = *asker;
	if (survey_start(
		    &asking->survey, &census_ops, crew, crew->n_workers, to)) {
		free(asking);
		return -ENOMEM;
	}
	return 0;
}
