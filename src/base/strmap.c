/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A chained hash table with the links inside the objects.
 *
 * The one property that matters to its users: once the map exists, adding and
 * removing cannot fail. A rename takes a node out and puts it back under
 * another key, and there is no way back if the second half fails. So the
 * bucket array doubles when memory allows, and when it does not the chains
 * grow longer. A node costs 24 bytes, a third of what the generic handle of
 * uthash takes in every member.
 *
 * Invariants: n_buckets is a power of two; a node hangs in the bucket its hash
 * names; keys differ. Used under the lock of whoever owns the map.
 */
#include "base/strmap.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define FIRST_BUCKETS 16

int strmap_init(struct strmap *map, const uint8_t seed[SIPHASH_SEED_LEN])
{
	*map = (struct strmap){.n_buckets = FIRST_BUCKETS};
	memcpy(map->seed, seed, SIPHASH_SEED_LEN);
	map->buckets = calloc(FIRST_BUCKETS, sizeof *map->buckets);
	return map->buckets ? 0 : -ENOMEM;
}

void strmap_fini(struct strmap *map)
{
	free(map->buckets);
	map->buckets = NULL;
	map->n = 0;
}

static uint32_t hash_of(const struct strmap *map, const char *key)
{
	return (uint32_t)siphash13(map->seed, key, strlen(key));
}

static struct strmap_node **bucket_of(const struct strmap *map, uint32_t hash)
{
	return &map->buckets[hash & (map->n_buckets - 1)];
}

static void grow(struct strmap *map)
{
	size_t n_old = map->n_buckets;
	struct strmap_node **old = map->buckets, **wider, **bucket, *node;

	wider = calloc(2 * n_old, sizeof *wider);
	if (!wider)
		return;
	map->buckets = wider;
	map->n_buckets = 2 * n_old;
	for (size_t i = 0; i < n_old; i++) {
		while ((node = old[i]) != NULL) {
			old[i] = node->next;
			bucket = bucket_of(map, node->hash);
			node->next = *bucket;
			*bucket = node;
		}
	}
	free(old);
}

void strmap_add(struct strmap *map, struct strmap_node *node, const char *key)
{
	struct strmap_node **bucket;

	assert(!strmap_find(map, key));
	if (map->n >= map->n_buckets)
		grow(map);
	node->key = key;
	node->hash = hash_of(map, key);
	bucket = bucket_of(map, node->hash);
	node->next = *bucket;
	*bucket = node;
	map->n++;
}

void strmap_remove(struct strmap *map, struct strmap_node *node)
{
	struct strmap_node **link = bucket_of(map, node->hash);

	while (*link != node) {
		assert(*link);
		link = &(*link)->next;
	}
	*link = node->next;
	node->next = NULL;
	map->n--;
}

struct strmap_node *strmap_find(const struct strmap *map, const char *key)
{
	uint32_t hash = hash_of(map, key);
	struct strmap_node *node = *bucket_of(map, hash);

	while (node && (node->hash != hash || strcmp(node->key, key) != 0))
		node = node->next;
	return node;
}

struct strmap_node *strmap_next(
	const struct strmap *map, const struct strmap_node *node)
{
	size_t i = 0;

	if (node) {
		if (node->next)
			return node->next;
		i = (node->hash & (map->n_buckets - 1)) + 1;
	}
	for (; i < map->n_buckets; i++)
		if (map->buckets[i])
			return map->buckets[i];
	return NULL;
}

/* A map only grows, by doubling: what hung in bucket i hangs in i, i + n, ...
 * where n is the number of buckets there were. */
bool strmap_walk(const struct strmap *map, struct strmap_walk *walk,
	void (*see)(void *arg, struct strmap_node *node), void *arg)
{
	struct strmap_node *node;

	if (!walk->n_buckets)
		walk->n_buckets = map->n_buckets;
	for (size_t i = walk->at; i < map->n_buckets; i += walk->n_buckets)
		for (node = map->buckets[i]; node; node = node->next)
			see(arg, node);
	return ++walk->at < walk->n_buckets;
}
