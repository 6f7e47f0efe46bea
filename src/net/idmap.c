/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Open addressing with linear probing and backward shift: ids count up, so a
 * multiplicative hash spreads them evenly, and nobody outside chooses them. At
 * most three quarters full. */
#include "net/idmap.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

#include "net/conn.h"

static size_t home_of(const struct idmap *map, uint64_t id)
{
	return (size_t)((id * 0x9E3779B97F4A7C15u) >> 20) & (map->size - 1);
}

static void place(struct idmap *map, struct conn *c)
{
	size_t i = home_of(map, conn_id(c));

	while (map->slots[i])
		i = (i + 1) & (map->size - 1);
	map->slots[i] = c;
}

static int grow(struct idmap *map)
{
	struct idmap bigger = {.size = map->size ? map->size * 2 : 64};

	bigger.slots = calloc(bigger.size, sizeof(struct conn *));
	if (!bigger.slots)
		return -ENOMEM;
	for (size_t i = 0; i < map->size; i++)
		if (map->slots[i])
			place(&bigger, map->slots[i]);
	bigger.n = map->n;
	free(map->slots);
	*map = bigger;
	return 0;
}

void idmap_fini(struct idmap *map)
{
	free(map->slots);
	*map = (struct idmap){0};
}

int idmap_add(struct idmap *map, struct conn *c)
{
	if ((map->n + 1) * 4 > map->size * 3) {
		int err = grow(map);

		if (err)
			return err;
	}
	place(map, c);
	map->n++;
	return 0;
}

static size_t slot_of(const struct idmap *map, uint64_t id)
{
	size_t i = home_of(map, id);

	while (map->slots[i] && conn_id(map->slots[i]) != id)
		i = (i + 1) & (map->size - 1);
	return i;
}

void idmap_remove(struct idmap *map, const struct conn *c)
{
	size_t mask = map->size - 1;
	size_t hole = slot_of(map, conn_id(c));

	assert(map->slots[hole] == c);
	map->slots[hole] = NULL;
	map->n--;
	for (size_t i = (hole + 1) & mask; map->slots[i]; i = (i + 1) & mask) {
		size_t home = home_of(map, conn_id(map->slots[i]));

		/* May it move back to the hole without passing its home? */
		if (((i - home) & mask) < ((i - hole) & mask))
			continue;
		map->slots[hole] = map->slots[i];
		map->slots[i] = NULL;
		hole = i;
	}
}

struct conn *idmap_find(const struct idmap *map, uint64_t id)
{
	return map->n ? map->slots[slot_of(map, id)] : NULL;
}
