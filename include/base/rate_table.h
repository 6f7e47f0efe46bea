/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SOCKD_BASE_RATE_TABLE_H
#define SOCKD_BASE_RATE_TABLE_H

#include <stddef.h>
#include <stdint.h>

#include "base/rate.h"
#include "base/siphash.h"

/* The token buckets of many keys, of addresses say. The table has one size for
 * ever, whatever comes: keys can be invented in any number. What is forgotten
 * for want of room is who owes least, and nobody owes more because of others.
 * Not locked. */
struct rate_table {
	struct rate_table_row *rows; /* owned */
	size_t n_rows;
	uint8_t seed[SIPHASH_SEED_LEN];
};

/* n_rows: a power of 2; eight keys in each, 16 bytes a key. 0 or -errno. */
int rate_table_init(struct rate_table *table, size_t n_rows);
void rate_table_fini(struct rate_table *table); /* zero-initialised is fine */
/* The key's bucket, a full one if it is new or forgotten. Borrowed, until the
 * next call. */
struct bucket *rate_table_find(struct rate_table *table, uint64_t key);

#endif
