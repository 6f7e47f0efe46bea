/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The rows, and how their cells are added up.
 *
 * Each cell has one writer, a thread or whoever holds a lock, so counting takes
 * no locked instruction: it is stored with release and read with acquire. So
 * whoever has read a cell also sees all that its writer counted before that,
 * and reads right if it reads the effect before the cause.
 *
 * This is why accepted = open + closed holds in every reading. A connection is
 * counted as accepted and, later, as closed by the same worker in the same
 * block. Of a block `closed` is read first, then `accepted`: each end that is
 * seen had its beginning seen, so accepted is never less; and what is open is
 * not counted at all but is the difference of these two. The blocks of other
 * workers have no part in that, whatever happens in them meanwhile. */
#include "base/metrics.h"

#include <assert.h>

const struct metrics_row metrics_rows[METRICS_N] = {
#define METRICS_ROW(id, type, per_unit, n_cells, labels, name, help) \
	[METRICS_ID_##id] = {name, labels, help, METRICS_##type, per_unit},
	METRICS_TABLE(METRICS_ROW)
#undef METRICS_ROW
};

/* 100 us to 5 s; and numbers of people. */
static const uint64_t times_us[METRICS_BOUNDS] = {100, 500, 1000, 2500, 5000,
	10000, 20000, 25000, 50000, 100000, 250000, 1000000, 5000000};
static const uint64_t sizes[METRICS_BOUNDS] = {
	1, 2, 5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10000};

const uint64_t *metrics_bounds(enum metrics_id id)
{
	assert(metrics_rows[id].type == METRICS_HISTOGRAM);
	return metrics_rows[id].per_unit == 1 ? sizes : times_us;
}

void metrics_observe(
	_Atomic uint64_t *cells, enum metrics_id id, uint64_t value)
{
	const uint64_t *bounds = metrics_bounds(id);
	size_t i = 0;

	while (i < METRICS_BOUNDS && value > bounds[i])
		i++;
	metrics_add(&cells[i], 1);
	metrics_add(&cells[METRICS_BOUNDS + 1], value);
}

static void sum(uint64_t *sums, const _Atomic uint64_t *cells, size_t n)
{
	for (size_t i = 0; i < n; i++)
		sums[i] += atomic_load_explicit(
			&cells[i], memory_order_acquire);
}

#define SUM(id, type, per_unit, n_cells, ...) sum(to->id, from->id, n_cells);

void metrics_sum_service(
	struct metrics_service_sum *to, const struct metrics_service *from)
{
	/* First of all: see above. The rest in the order of the table. */
	sum(to->closed, from->closed, METRICS_REASONS * METRICS_TRANSPORTS);
	sum(to->accepted, from->accepted, METRICS_TRANSPORTS);
	sum(to->rejected, from->rejected, METRICS_REASONS);
	sum(to->lines_delayed, from->lines_delayed, 1);
	sum(to->lines_dropped, from->lines_dropped, 1);
	sum(to->received_bytes, from->received_bytes, 1);
	sum(to->sent_bytes, from->sent_bytes, 1);
}

void metrics_sum_worker(
	struct metrics_worker_sum *to, const struct metrics_worker *from)
{
	METRICS_WORKER(SUM)
}

void metrics_sum_chat(struct metrics_chat_sum *to,
	const struct metrics_chat *from){METRICS_CHAT(SUM)}

uint64_t metrics_n_closed(const struct metrics_service_sum *of, unsigned reason)
{
	uint64_t n = 0;

	assert(reason < METRICS_REASONS);
	for (size_t i = 0; i < METRICS_TRANSPORTS; i++)
		n += of->closed[reason * METRICS_TRANSPORTS + i];
	return n;
}

uint64_t metrics_n_open(
	const struct metrics_service_sum *of, enum metrics_transport transport)
{
	uint64_t n = of->accepted[transport];

	for (unsigned why = 0; why < METRICS_REASONS; why++)
		n -= of->closed[metrics_closed_cell(why, transport)];
	return n;
}
