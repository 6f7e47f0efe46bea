/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A table in rows of eight. A key hashes to a row, with a secret since peers
 * choose their addresses, and is looked for there alone; if it is not there it
 * takes the place of the one that owes least. So whoever took much is
 * remembered as long as that counts, and what a flood of invented addresses
 * pushes out, having taken once or twice, is forgotten at no loss. */
#include "base/rate_table.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/random.h>

#define N_WAYS 8

/* An unused place is that of key 0 with a full bucket. */
struct rate_table_row {
	struct {
		uint64_t key;
		struct bucket bucket;
	} ways[N_WAYS];
};

int rate_table_init(struct rate_table *table, size_t n_rows)
{
	assert(n_rows && !(n_rows & (n_rows - 1)));
	*table = (struct rate_table){.n_rows = n_rows};
	if (getrandom(table->seed, sizeof(table->seed), 0) < 0)
		return -errno;
	table->rows = calloc(n_rows, sizeof(*table->rows));
	return table->rows ? 0 : -ENOMEM;
}

void rate_table_fini(struct rate_table *table)
{
	free(table->rows);
	table->rows = NULL;
}

struct bucket *rate_table_find(struct rate_table *table, uint64_t key)
{
	struct rate_table_row
		*row = &table->rows[siphash13(table->seed, &key, sizeof(key)) &
			(table->n_rows - 1)];
	size_t least = 0;

	for (size_t i = 0; i < N_WAYS; i++) {
		if (row->ways[i].key == key)
			return &row->ways[i].bucket;
		if (row->ways[i].bucket.full_ns <
			row->ways[least].bucket.full_ns)
			least = i;
	}
	row->ways[least].key = key;
	row->ways[least].bucket = (struct bucket){0};
	return &row->ways[least].bucket;
}
