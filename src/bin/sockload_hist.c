/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A histogram of latencies with a bounded relative error. A value below 2^8
 * has a cell of its own; of a larger one the top eight bits count. So every
 * power of two is cut into 128 cells, whose number is found by a shift:
 *
 *	cell = (shift << 7) + (us >> shift),  shift = (highest bit) - 7
 *
 * A percentile is answered with the upper end of its cell, so it is never
 * better than the truth; the largest value is kept exactly and bounds it.
 */
#include "sockload_hist.h"

#include <string.h>

static unsigned cell_of(uint64_t us)
{
	if (us >> HIST_SUB_BITS == 0)
		return (unsigned)us;
	unsigned shift = 63 - (unsigned)__builtin_clzll(us) - HIST_SUB_BITS;
	return (shift << HIST_SUB_BITS) + (unsigned)(us >> shift);
}

static uint64_t cell_end(unsigned cell)
{
	if (cell >> (HIST_SUB_BITS + 1) == 0)
		return cell;
	unsigned shift = (cell >> HIST_SUB_BITS) - 1;
	uint64_t top = cell - (shift << HIST_SUB_BITS);
	return ((top + 1) << shift) - 1;
}

void hist_clear(struct hist *h)
{
	memset(h, 0, sizeof(*h));
}

void hist_add(struct hist *h, uint64_t us)
{
	const uint64_t top = (UINT64_C(1) << (HIST_TOP_BIT + 1)) - 1;

	if (us > top)
		us = top;
	h->cells[cell_of(us)]++;
	h->n++;
	h->sum_us += us;
	if (us > h->max_us)
		h->max_us = us;
}

uint64_t hist_percentile(const struct hist *h, double percent)
{
	uint64_t rank = (uint64_t)(percent / 100.0 * (double)h->n + 0.5);
	uint64_t seen = 0;
	unsigned i;

	if (rank == 0)
		rank = 1;
	for (i = 0; i < HIST_CELLS - 1; i++) {
		seen += h->cells[i];
		if (seen >= rank)
			break;
	}
	return cell_end(i) < h->max_us ? cell_end(i) : h->max_us;
}

double hist_mean(const struct hist *h)
{
	return h->n ? (double)h->sum_us / (double)h->n : 0;
}
