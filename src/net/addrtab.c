/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A chained hash table of addresses, hashed with a secret since peers choose
 * them. Each new connection also looks through one bucket for entries without
 * a connection whose allowance is full again, so the table shrinks back as it
 * is used and needs no timer. What was counted is kept for a while longer as
 * long as the table is small: an attack by many addresses cannot fill it. */
#include "net/addrtab.h"

#include <assert.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "base/rate.h"

#define BUCKETS_MIN 64
#define RECALL_MAX  4096 /* entries: in a larger table none is kept for ... */
#define RECALL_MS   (10 * 60 * 1000)
#define EVICT_LOOKS 256 /* buckets */

struct addrtab_entry {
	struct addrtab_entry *next; /* owned */
	struct peer_key key;
	uint32_t n_conns;
	uint32_t counts[ADDRTAB_N_COUNTS];
	uint64_t counted_ms; /* the last time; 0: never */
	struct bucket fresh; /* allowance of new connections */
};

static size_t bucket_of(const struct addrtab *tab, const struct peer_key *key)
{
	return siphash13(tab->seed, key, sizeof(*key)) & (tab->n_buckets - 1);
}

int addrtab_init(struct addrtab *tab)
{
	*tab = (struct addrtab){.n_buckets = BUCKETS_MIN};
	if (getrandom(tab->seed, sizeof(tab->seed), 0) < 0)
		return -errno;
	tab->buckets = calloc(tab->n_buckets, sizeof(struct addrtab_entry *));
	return tab->buckets ? 0 : -ENOMEM;
}

void addrtab_fini(struct addrtab *tab)
{
	for (size_t i = 0; tab->buckets && i < tab->n_buckets; i++) {
		struct addrtab_entry *e, *next;

		for (e = tab->buckets[i]; e; e = next) {
			next = e->next;
			free(e);
		}
	}
	free(tab->buckets);
	tab->buckets = NULL;
}

static bool is_worth_keeping(const struct addrtab *tab,
	const struct addrtab_entry *e, uint64_t now_ms)
{
	if (e->n_conns > 0 || !bucket_is_full(&e->fresh, now_ms))
		return true;
	return e->counted_ms && tab->n <= RECALL_MAX &&
		now_ms < e->counted_ms + RECALL_MS;
}

static void sweep_one(struct addrtab *tab, uint64_t now_ms)
{
	struct addrtab_entry **at, *e;

	tab->sweep = (tab->sweep + 1) & (tab->n_buckets - 1);
	at = &tab->buckets[tab->sweep];
	while ((e = *at)) {
		if (is_worth_keeping(tab, e, now_ms)) {
			at = &e->next;
		} else {
			*at = e->next;
			tab->n--;
			free(e);
		}
	}
}

/* Of a full table one that has no connection goes, whatever it was owed. If
 * most have one there are as many as connections, which are bounded. */
static void make_room(struct addrtab *tab)
{
	for (int i = 0; i < EVICT_LOOKS; i++) {
		struct addrtab_entry **at, *e;

		tab->sweep = (tab->sweep + 1) & (tab->n_buckets - 1);
		for (at = &tab->buckets[tab->sweep]; (e = *at); at = &e->next) {
			if (e->n_conns > 0)
				continue;
			*at = e->next;
			tab->n--;
			free(e);
			return;
		}
	}
}

/* A table that cannot grow only becomes slower. */
static void grow(struct addrtab *tab)
{
	struct addrtab bigger = {.n_buckets = tab->n_buckets * 2};

	memcpy(bigger.seed, tab->seed, sizeof(tab->seed));
	bigger.buckets = calloc(
		bigger.n_buckets, sizeof(struct addrtab_entry *));
	if (!bigger.buckets)
		return;
	for (size_t i = 0; i < tab->n_buckets; i++) {
		struct addrtab_entry *e, *next;

		for (e = tab->buckets[i]; e; e = next) {
			size_t to = bucket_of(&bigger, &e->key);

			next = e->next;
			e->next = bigger.buckets[to];
			bigger.buckets[to] = e;
		}
	}
	free(tab->buckets);
	tab->buckets = bigger.buckets;
	tab->n_buckets = bigger.n_buckets;
}

static struct addrtab_entry *find(
	const struct addrtab *tab, const struct peer_key *key)
{
	struct addrtab_entry *e = tab->buckets[bucket_of(tab, key)];

	while (e && memcmp(&e->key, key, sizeof(*key)) != 0)
		e = e->next;
	return e;
}

static struct addrtab_entry *find_or_add(
	struct addrtab *tab, const struct peer_key *key)
{
	struct addrtab_entry *e = find(tab, key);
	size_t i;

	if (e)
		return e;
	e = calloc(1, sizeof(*e));
	if (!e)
		return NULL;
	if (tab->n >= ADDRTAB_MAX)
		make_room(tab);
	if (tab->n >= tab->n_buckets)
		grow(tab);
	i = bucket_of(tab, key);
	e->key = *key;
	e->next = tab->buckets[i];
	tab->buckets[i] = e;
	tab->n++;
	return e;
}

int addrtab_enter(struct addrtab *tab, const struct sockaddr *peer,
	const struct addrtab_limits *limits, uint64_t now_ms)
{
	struct peer_key key = peer_key_of(peer);
	struct addrtab_entry *e;

	sweep_one(tab, now_ms);
	e = find_or_add(tab, &key);
	if (!e)
		return -ENOMEM;
	if (e->n_conns >= limits->connections)
		return ADDRTAB_E_FULL;
	if (!bucket_take(&e->fresh, &limits->rate, limits->rate.count, now_ms))
		return ADDRTAB_E_RATE;
	e->n_conns++;
	return ADDRTAB_OK;
}

void addrtab_leave(struct addrtab *tab, const struct sockaddr *peer)
{
	struct peer_key key = peer_key_of(peer);
	struct addrtab_entry *e = find(tab, &key);

	assert(e && e->n_conns > 0);
	e->n_conns--;
}

void addrtab_count(struct addrtab *tab, const struct sockaddr *peer,
	enum addrtab_count what, uint64_t now_ms)
{
	struct peer_key key = peer_key_of(peer);
	struct addrtab_entry *e;

	sweep_one(tab, now_ms);
	e = find_or_add(tab, &key);
	if (!e)
		return;
	e->counts[what]++;
	e->counted_ms = now_ms;
}

static void show(const struct addrtab_entry *e, addrtab_see_fn *see, void *arg)
{
	struct addrtab_row row = {.key = e->key};

	memcpy(row.counts, e->counts, sizeof(row.counts));
	see(arg, &row);
}

/* A table that grew has the entries of its former bucket i in i, i + n, ... */
bool addrtab_walk(const struct addrtab *tab, struct addrtab_walk *walk,
	addrtab_see_fn *see, void *arg)
{
	const struct addrtab_entry *e;

	if (!walk->n_buckets)
		walk->n_buckets = tab->n_buckets;
	for (size_t i = walk->at; i < tab->n_buckets; i += walk->n_buckets)
		for (e = tab->buckets[i]; e; e = e->next)
			show(e, see, arg);
	return ++walk->at < walk->n_buckets;
}
