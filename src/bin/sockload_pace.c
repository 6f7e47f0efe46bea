/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The timetable of a run at a fixed rate: pure arithmetic, no clock, no state,
 * so that no queue of messages that are due but unsent has to be kept. A
 * product of messages and microseconds passes 64 bits after months only. */
#include "sockload_pace.h"

#include <assert.h>

#define SECOND_US UINT64_C(1000000)

uint64_t pace_due_all(const struct pace *p, uint64_t now_us)
{
	if (p->rate == 0)
		return UINT64_MAX;
	if (now_us < p->start_us)
		return 0;
	return (now_us - p->start_us) * p->rate / SECOND_US + 1;
}

uint64_t pace_due(const struct pace *p, uint32_t lane, uint64_t now_us)
{
	assert(lane < p->n_lanes);
	uint64_t all = pace_due_all(p, now_us);
	if (all == UINT64_MAX)
		return all;
	return (all + p->n_lanes - 1 - lane) / p->n_lanes;
}

uint64_t pace_time_all(const struct pace *p, uint64_t i)
{
	if (p->rate == 0)
		return p->start_us;
	return p->start_us + (i * SECOND_US + p->rate - 1) / p->rate;
}

uint64_t pace_time(const struct pace *p, uint32_t lane, uint64_t nth)
{
	assert(lane < p->n_lanes);
	return pace_time_all(p, nth * p->n_lanes + lane);
}
