/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A chained hash table of addresses, hashed with a secret since peers choose
 * them. Each new connection also looks through one bucket for entries without
 * a connection whose allowance is full again, so the table shrinks back as it
 * is used and needs no timer. */
#include "net/addrtab.h"

#include <assert.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "base/rate.h"

#define BUCKETS_MIN 64

struct key {
	uint8_t bytes[16];
};

struct addrtab_entry {
	struct addrtab_entry *next; /* owned */
	struct key key;
	uint32_t n_conns;
	struct bucket fresh; /* allowance of new connections */
};

static struct key key_of(const struct sockaddr *sa)
{
	struct key key = {{0}};

	if (sa->sa_family == AF_INET) {
		key.bytes[10] = key.bytes[11] = 0xff;
		memcpy(key.bytes + 12,
			&((const struct sockaddr_in *)(const void *)sa)
				 ->sin_addr,
			4);
	} else if (sa->sa_family == AF_INET6) {
		const struct in6_addr *in6 = &(
			(const struct sockaddr_in6 *)(const void *)sa)
						      ->sin6_addr;

		memcpy(key.bytes, in6, IN6_IS_ADDR_V4MAPPED(in6) ? 16 : 8);
	}
	return key;
}

static size_t bucket_of(const struct addrtab *tab, const struct key *key)
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

static void sweep_one(struct addrtab *tab, uint64_t now_ms)
{
	struct addrtab_entry **at, *e;

	tab->sweep = (tab->sweep + 1) & (tab->n_buckets - 1);
	at = &tab->buckets[tab->sweep];
	while ((e = *at)) {
		if (e->n_conns == 0 && bucket_is_full(&e->fresh, now_ms)) {
			*at = e->next;
			tab->n--;
			free(e);
		} else {
			at = &e->next;
		}
	}
}

/* A table that cannot grow only becomes slower. */
static void grow(struct addrtab *tab)
{
	struct addrtab bigger = *tab;

	bigger.n_buckets = tab->n_buckets * 2;
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
	*tab = bigger;
}

static struct addrtab_entry *find(
	const struct addrtab *tab, const struct key *key)
{
	struct addrtab_entry *e = tab->buckets[bucket_of(tab, key)];

	while (e && memcmp(&e->key, key, sizeof(*key)) != 0)
		e = e->next;
	return e;
}

static struct addrtab_entry *find_or_add(
	struct addrtab *tab, const struct key *key)
{
	struct addrtab_entry *e = find(tab, key);
	size_t i;

	if (e)
		return e;
	e = calloc(1, sizeof(*e));
	if (!e)
		return NULL;
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
	struct key key = key_of(peer);
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
	struct key key = key_of(peer);
	struct addrtab_entry *e = find(tab, &key);

	assert(e && e->n_conns > 0);
	e->n_conns--;
}
