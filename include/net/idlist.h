/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SOCKD_NET_IDLIST_H
#define SOCKD_NET_IDLIST_H

#include <stddef.h>
#include <stdint.h>

/* Connections to come back to, by id, since they may be gone by then.
 * Zero-initialised is empty. */
struct idlist {
	uint64_t *ids; /* owned */
	uint32_t n, size;
};

int idlist_add(struct idlist *list, uint64_t id); /* 0 or -ENOMEM */
/* Moves all to the caller's hands and leaves the list empty, so that ids may be
 * added while these are worked off. */
struct idlist idlist_take(struct idlist *list);
void idlist_fini(struct idlist *list);

#endif
