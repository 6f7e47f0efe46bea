/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SOCKD_NET_IDMAP_H
#define SOCKD_NET_IDMAP_H

#include <stddef.h>
#include <stdint.h>

struct conn;

/* Connections of one worker by id: mail names them so, since a pointer may be
 * stale by the time it arrives. Zero-initialised is empty. One thread. */
struct idmap {
	struct conn **slots; /* owned array, borrowed conns */
	size_t n, size;      /* size is a power of two */
};

void idmap_fini(struct idmap *map);
int idmap_add(struct idmap *map, struct conn *c); /* 0 or -ENOMEM */
void idmap_remove(struct idmap *map, const struct conn *c);
struct conn *idmap_find(const struct idmap *map, uint64_t id); /* or NULL */

#endif
