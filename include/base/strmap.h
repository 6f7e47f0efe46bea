/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SOCKD_BASE_STRMAP_H
#define SOCKD_BASE_STRMAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/siphash.h"

/* From name to object, for names that peers choose: hashed with a secret seed.
 * The link lies in the object, so adding never fails. Not thread-safe. */
struct strmap_node {
	struct strmap_node *next; /* owned by the map: same bucket */
	const char *key;          /* borrowed from the object */
	uint32_t hash;
};

struct strmap {
	struct strmap_node **buckets; /* owned array of borrowed chains */
	size_t n_buckets;             /* a power of two */
	size_t n;                     /* nodes */
	uint8_t seed[SIPHASH_SEED_LEN];
};

/* 0 or -ENOMEM. */
int strmap_init(struct strmap *map, const uint8_t seed[SIPHASH_SEED_LEN]);
/* The objects are untouched. Zero-initialised is fine. */
void strmap_fini(struct strmap *map);

/* The key is borrowed until strmap_remove() and not in the map yet. Short of
 * memory the map only becomes slower. */
void strmap_add(struct strmap *map, struct strmap_node *node, const char *key);
void strmap_remove(struct strmap *map, struct strmap_node *node);
/* Borrowed, or NULL. */
struct strmap_node *strmap_find(const struct strmap *map, const char *key);
/* All nodes in no order: NULL gives the first, NULL comes after the last. The
 * map must not change meanwhile. */
struct strmap_node *strmap_next(
	const struct strmap *map, const struct strmap_node *node);

/* The same in portions between which the map may change. Zero-initialised is
 * the beginning. */
struct strmap_walk {
	size_t n_buckets, at;
};
/* Shows a few nodes; true if there are more. What is there from the first call
 * to the last is shown once. */
bool strmap_walk(const struct strmap *map, struct strmap_walk *walk,
	void (*see)(void *arg, struct strmap_node *node), void *arg);

/* The object around its embedded member. */
#define container_of(ptr, type, member) \
	((type *)(void *)((char *)(ptr)-offsetof(type, member)))

#endif
