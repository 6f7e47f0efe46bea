/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SOCKD_BASE_METRICS_H
#define SOCKD_BASE_METRICS_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include "base/metrics_table.h"

/* Counters: plain memory that one thread writes and any may read, see the head
 * of metrics.c for what a reader can rely on. */

enum metrics_type { METRICS_COUNTER, METRICS_GAUGE, METRICS_HISTOGRAM };

enum metrics_transport { METRICS_TCP, METRICS_UNIX, METRICS_TRANSPORTS };

enum metrics_id {
#define METRICS_ID(id, ...) METRICS_ID_##id,
	METRICS_TABLE(METRICS_ID)
#undef METRICS_ID
		METRICS_N
};

struct metrics_row {
	const char *name, *labels, *help;
	enum metrics_type type;
	uint32_t per_unit;
};
extern const struct metrics_row metrics_rows[METRICS_N];

/* The cells of one writer. Those of several may lie side by side: `apart` keeps
 * them out of each other's lines of the cache. */
#define METRICS_CELLS(id, type, per_unit, n_cells, ...) \
	_Atomic uint64_t id[n_cells];
struct metrics_service {
	METRICS_SERVICE(METRICS_CELLS)
	char apart[64];
};
struct metrics_worker {
	METRICS_WORKER(METRICS_CELLS)
};
struct metrics_chat {
	METRICS_CHAT(METRICS_CELLS)
};
#undef METRICS_CELLS

/* Where a reader adds them up. Zero-initialised is nothing. */
#define METRICS_SUMS(id, type, per_unit, n_cells, ...) uint64_t id[n_cells];
struct metrics_service_sum {
	METRICS_SERVICE(METRICS_SUMS)
};
struct metrics_worker_sum {
	METRICS_WORKER(METRICS_SUMS)
};
struct metrics_chat_sum {
	METRICS_CHAT(METRICS_SUMS)
};
#undef METRICS_SUMS

/* By the cell's only writer: two moves and an addition, nothing locked. */
static inline void metrics_add(_Atomic uint64_t *cell, uint64_t n)
{
	atomic_store_explicit(cell,
		atomic_load_explicit(cell, memory_order_relaxed) + n,
		memory_order_release);
}

/* By the writer of a histogram's cells. value in parts, as the row says. */
void metrics_observe(
	_Atomic uint64_t *cells, enum metrics_id id, uint64_t value);
/* The upper bounds of the buckets of a histogram, in parts. */
const uint64_t *metrics_bounds(enum metrics_id id);

/* Any thread: adds what the writer has counted to the sums. */
void metrics_sum_service(
	struct metrics_service_sum *sum, const struct metrics_service *from);
void metrics_sum_worker(
	struct metrics_worker_sum *sum, const struct metrics_worker *from);
void metrics_sum_chat(
	struct metrics_chat_sum *sum, const struct metrics_chat *from);

/* Of `closed`, which is kept by transport too. */
static inline size_t metrics_closed_cell(
	unsigned reason, enum metrics_transport transport)
{
	return reason * METRICS_TRANSPORTS + transport;
}
/* From one sum: how many ended for that reason, and how many are there. */
uint64_t metrics_n_closed(
	const struct metrics_service_sum *sum, unsigned reason);
uint64_t metrics_n_open(const struct metrics_service_sum *sum,
	enum metrics_transport transport);

#endif
