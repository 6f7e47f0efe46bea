/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Two surveys with a pause between them:
 *
 *   ask --> look at all --> pause --> look at all --> fold --> done
 *           (workers)       (timer)   (workers)
 *
 * A look is what each connection and each entry of the acceptor's table had
 * counted by then. Connections of both looks are compared one by one, since a
 * sum over an address would fall when one of them ends; what those did that
 * came between the looks counts in full, what those did that went is lost.
 *
 * Sorted arrays are all it takes: by id and by address to find what was before,
 * by address to bring together what comes from one. The thread that asks, but
 * for visit(). */
#include "net/addresses.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <event2/event.h>

#include "base/clock.h"
#include "base/shortlist.h"
#include "base/strmap.h"
#include "net/acceptor_private.h"
#include "net/conn_private.h"
#include "net/survey.h"
#include "net/worker_private.h"

#define LOOK_MAX       100000 /* connections and entries of one look */
#define ROWS_PER_CLOCK 16

struct conn_look {
	uint64_t id;
	struct peer_key key;
	uint32_t n_messages;
	uint64_t in_bytes;
};

struct array {
	char *items; /* owned */
	size_t n, room;
};

struct look {
	struct array conns;   /* of struct conn_look, by id once sorted */
	struct array entries; /* of struct addrtab_row, by key */
	uint64_t at_ms;
	bool is_short;
};

struct asking {
	struct survey survey;
	struct acceptor *acceptor; /* borrowed */
	struct addresses_query query;
	struct addresses_asker asker;
	struct look before; /* owned; at_ms 0: this is the first look */
};

struct part {
	struct look look;
	struct addrtab_walk walk;
};

/* Between the looks. */
struct address_pause {
	LIST_ENTRY(address_pause) link; /* acceptor.pauses */
	struct event *timer;            /* owned */
	struct asking *next;            /* owned: what comes then */
};

static struct asking *asking_of(struct survey *s)
{
	return container_of(s, struct asking, survey);
}

/* Looks. */

/* Copies n items to the end. False: there is no room for them. */
static bool append(struct array *to, const void *items, size_t n, size_t size)
{
	size_t room = to->room ? to->room : 64;
	char *wider;

	while (room < to->n + n)
		room *= 2;
	if (to->n + n > LOOK_MAX)
		return false;
	if (room > to->room || !to->items) {
		wider = reallocarray(to->items, room, size);
		if (!wider)
			return false;
		to->items = wider;
		to->room = room;
	}
	if (n)
		memcpy(to->items + to->n * size, items, n * size);
	to->n += n;
	return true;
}

static void look_fini(struct look *look)
{
	free(look->conns.items);
	free(look->entries.items);
	*look = (struct look){.at_ms = 0};
}

static int compare_ids(const void *a, const void *b)
{
	const struct conn_look *left = a, *right = b;

	return (left->id > right->id) - (left->id < right->id);
}

static int compare_keys(const void *a, const void *b)
{
	const struct addrtab_row *left = a, *right = b;

	return memcmp(&left->key, &right->key, sizeof(left->key));
}

/* In a worker. */

static bool is_asked_for(
	const struct addresses_query *query, const struct peer_key *key)
{
	struct network net = query->network;
	const struct netlist list = {.nets = &net, .n_nets = 1};
	struct sockaddr_in6 in6 = {.sin6_family = AF_INET6};

	memcpy(&in6.sin6_addr, key, sizeof(in6.sin6_addr));
	return !query->has_network ||
		(!peer_key_is_unix(key) &&
			netlist_has(&list, (const struct sockaddr *)&in6));
}

static void look_at(
	struct part *part, const struct addresses_query *query, struct conn *c)
{
	const struct conn_look look = {
		.id = c->id,
		.key = peer_key_of(&c->peer.sa),
		.n_messages = c->n_messages,
		.in_bytes = c->in_bytes,
	};

	if (!c->is_refusal && is_asked_for(query, &look.key) &&
		!append(&part->look.conns, &look, 1, sizeof(look)))
		part->look.is_short = true;
}

/* False: time is up. */
static bool look_at_conns(struct worker *w, struct part *part,
	const struct addresses_query *query, uint64_t until_us)
{
	struct conn *c;

	for (size_t n = 1; (c = survey_next_conn(w)); n++) {
		look_at(part, query, c);
		if (n % ROWS_PER_CLOCK == 0 && clock_mono_us() >= until_us)
			return false;
	}
	return true;
}

struct entry_sight {
	struct part *part;
	const struct addresses_query *query;
};

static void see_entry(void *arg, const struct addrtab_row *row)
{
	const struct entry_sight *sight = arg;
	struct look *look = &sight->part->look;

	if (is_asked_for(sight->query, &row->key) &&
		!append(&look->entries, row, 1, sizeof(*row)))
		look->is_short = true;
}

static bool look_at_entries(struct acceptor *a, struct part *part,
	const struct addresses_query *query, uint64_t until_us)
{
	struct entry_sight sight = {part, query};
	size_t n = 0;

	while (addrtab_walk(&a->addresses, &part->walk, see_entry, &sight))
		if (++n % ROWS_PER_CLOCK == 0 && clock_mono_us() >= until_us)
			return false;
	return true;
}

static bool visit(struct survey *s, struct worker *w, void *data)
{
	struct asking *asking = asking_of(s);
	struct part *part = data;
	uint64_t until_us = clock_mono_us() + SURVEY_SLICE_US;

	if (!look_at_conns(w, part, &asking->query, until_us))
		return false;
	return w != asking->acceptor->worker ||
		look_at_entries(
			asking->acceptor, part, &asking->query, until_us);
}

/* Folding. */

/* What compares like key; NULL: nothing, as in an array that got no memory. */
static const void *find(const struct array *in, const void *key, size_t size,
	int (*compare)(const void *a, const void *b))
{
	return in->n ? bsearch(key, in->items, in->n, size, compare) : NULL;
}

static struct address_row row_of_conn(
	const struct conn_look *c, const struct look *before)
{
	const struct conn_look *was = find(
		&before->conns, c, sizeof(*c), compare_ids);

	return (struct address_row){
		.key = c->key,
		.n_open = 1,
		.n_messages = c->n_messages - (was ? was->n_messages : 0),
		.in_bytes = c->in_bytes - (was ? was->in_bytes : 0),
	};
}

/* Forgotten and known again meanwhile, it begins at nothing. */
static uint32_t increase(uint32_t now, uint32_t was)
{
	return now >= was ? now - was : now;
}

static struct address_row row_of_entry(
	const struct addrtab_row *e, const struct look *before)
{
	static const struct addrtab_row none;
	const struct addrtab_row *was = find(
		&before->entries, e, sizeof(*e), compare_keys);
	struct address_row row = {.key = e->key};

	if (!was)
		was = &none;
	memcpy(row.counts, e->counts, sizeof(row.counts));
	row.n_accepted = increase(
		e->counts[ADDRTAB_ACCEPTED], was->counts[ADDRTAB_ACCEPTED]);
	for (int i = ADDRTAB_ACCEPTED + 1; i < ADDRTAB_N_COUNTS; i++)
		row.n_refused += increase(e->counts[i], was->counts[i]);
	return row;
}

static int compare_rows(const void *a, const void *b)
{
	const struct address_row *left = a, *right = b;

	return memcmp(&left->key, &right->key, sizeof(left->key));
}

static void add_row(struct address_row *to, const struct address_row *row)
{
	to->n_open += row->n_open;
	for (int i = 0; i < ADDRTAB_N_COUNTS; i++)
		to->counts[i] += row->counts[i];
	to->n_messages += row->n_messages;
	to->n_accepted += row->n_accepted;
	to->n_refused += row->n_refused;
	to->in_bytes += row->in_bytes;
}

/* One row for each address; returns how many. */
static size_t fold(struct address_row *rows, size_t n)
{
	size_t last = 0;

	if (n == 0)
		return 0;
	qsort(rows, n, sizeof(*rows), compare_rows);
	for (size_t i = 1; i < n; i++) {
		if (compare_rows(&rows[last], &rows[i]) == 0)
			add_row(&rows[last], &rows[i]);
		else
			rows[++last] = rows[i];
	}
	return last + 1;
}

static uint64_t trouble(const struct address_row *row)
{
	return (uint64_t)row->n_messages + row->n_accepted + row->n_refused;
}

static int compare_trouble(const void *a, const void *b, void *arg)
{
	const struct address_row *left = a, *right = b;

	if (trouble(left) != trouble(right))
		return trouble(left) > trouble(right) ? -1 : 1;
	if (left->in_bytes != right->in_bytes)
		return left->in_bytes > right->in_bytes ? -1 : 1;
	if (left->n_open != right->n_open)
		return left->n_open > right->n_open ? -1 : 1;
	return compare_rows(left, right);
}

static struct address_row *rows_of(
	const struct look *look, const struct look *before, size_t *ret_n)
{
	size_t n = look->conns.n + look->entries.n;
	struct address_row *rows = calloc(n ? n : 1, sizeof(*rows));
	const struct conn_look *c = (const void *)look->conns.items;
	const struct addrtab_row *e = (const void *)look->entries.items;

	if (!rows)
		return NULL;
	for (size_t i = 0; i < look->conns.n; i++)
		rows[i] = row_of_conn(&c[i], before);
	for (size_t i = 0; i < look->entries.n; i++)
		rows[look->conns.n + i] = row_of_entry(&e[i], before);
	*ret_n = fold(rows, n);
	return rows;
}

static void tell(const struct asking *asking, const struct addresses *found)
{
	asking->asker.done(asking->asker.arg, asking->asker.ref, found);
}

static void report(const struct asking *asking, const struct look *look)
{
	struct shortlist list = {.max = asking->query.limit,
		.size = sizeof(struct address_row),
		.compare = compare_trouble};
	struct addresses found = {
		.window_ms = look->at_ms - asking->before.at_ms,
		.is_short = look->is_short || asking->before.is_short,
	};
	struct address_row *rows = rows_of(
		look, &asking->before, &found.n_found);

	if (!rows) {
		tell(asking, NULL);
		return;
	}
	for (size_t i = 0; i < found.n_found; i++)
		if (shortlist_offer(&list, &rows[i]))
			found.is_short = true;
	free(rows);
	shortlist_sort(&list);
	found.rows = (const struct address_row *)(void *)list.items;
	found.n_rows = list.n;
	tell(asking, &found);
	shortlist_fini(&list);
}

/* The two surveys. */

static void gather(const struct survey *s, struct look *look)
{
	*look = (struct look){.at_ms = clock_mono_ms()};
	for (unsigned i = 0; i < s->n_parts; i++) {
		const struct part *part = survey_part_data(s, i);
		const struct look *from = &part->look;

		if (from->is_short ||
			!append(&look->conns, from->conns.items, from->conns.n,
				sizeof(struct conn_look)) ||
			!append(&look->entries, from->entries.items,
				from->entries.n, sizeof(struct addrtab_row)))
			look->is_short = true;
	}
	if (look->conns.n)
		qsort(look->conns.items, look->conns.n,
			sizeof(struct conn_look), compare_ids);
	if (look->entries.n)
		qsort(look->entries.items, look->entries.n,
			sizeof(struct addrtab_row), compare_keys);
}

static void asking_drop(struct asking *asking)
{
	look_fini(&asking->before);
	free(asking);
}

static int begin_pause(const struct asking *asking, struct look *before);

static void done(struct survey *s)
{
	struct asking *asking = asking_of(s);
	struct look look;

	gather(s, &look);
	if (asking->before.at_ms) {
		report(asking, &look);
		look_fini(&look);
	} else if (begin_pause(asking, &look)) {
		look_fini(&look);
		tell(asking, NULL);
	}
}

static void asking_free(struct survey *s)
{
	for (unsigned i = 0; i < s->n_parts; i++)
		look_fini(&((struct part *)survey_part_data(s, i))->look);
	asking_drop(asking_of(s));
}

static const struct survey_ops look_ops = {
	.visit = visit,
	.done = done,
	.free = asking_free,
	.part_size = sizeof(struct part),
};

static int start(struct asking *asking)
{
	struct crew *crew = asking->acceptor->crew;

	return survey_start(&asking->survey, &look_ops, crew, crew->n_workers,
		asking->asker.to);
}

static void pause_free(struct address_pause *pause)
{
	if (pause->timer)
		event_free(pause->timer);
	if (pause->next)
		asking_drop(pause->next);
	free(pause);
}

static void on_pause_over(evutil_socket_t fd, short what, void *arg)
{
	struct address_pause *pause = arg;
	struct asking *next = pause->next;

	pause->next = NULL;
	LIST_REMOVE(pause, link);
	pause_free(pause);
	if (start(next)) {
		tell(next, NULL);
		asking_drop(next);
	}
}

/* Takes what `before` holds, but not on failure. */
static int begin_pause(const struct asking *asking, struct look *before)
{
	static const struct timeval wait = {
		.tv_usec = ADDRESSES_WINDOW_MS * 1000};
	struct address_pause *pause = calloc(1, sizeof(*pause));

	if (!pause)
		return -ENOMEM;
	pause->next = calloc(1, sizeof(*pause->next));
	pause->timer = evtimer_new(asking->asker.base, on_pause_over, pause);
	if (!pause->next || !pause->timer || event_add(pause->timer, &wait)) {
		pause_free(pause);
		return -ENOMEM;
	}
	pause->next->acceptor = asking->acceptor;
	pause->next->query = asking->query;
	pause->next->asker = asking->asker;
	pause->next->before = *before;
	LIST_INSERT_HEAD(&asking->acceptor->pauses, pause, link);
	return 0;
}

void addresses_drop_pauses(struct acceptor *a)
{
	struct address_pause *pause;

	while ((pause = LIST_FIRST(&a->pauses))) {
		LIST_REMOVE(pause, link);
		pause_free(pause);
	}
}

int addresses_ask(struct acceptor *a, const struct addresses_query *query,
	const struct addresses_asker *asker)
{
	struct asking *asking = calloc(1, sizeof(*asking));

	assert(query->limit > 0);
	if (!asking)
		return -ENOMEM;
	asking->acceptor = a;
	asking->query = *query;
	peer_key_widen(&asking->query.network);
	asking->asker = *asker;
	if (start(asking)) {
		free(asking);
		return -ENOMEM;
	}
	return 0;
}
