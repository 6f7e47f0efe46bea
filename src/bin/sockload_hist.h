/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SOCKD_BIN_SOCKLOAD_HIST_H
#define SOCKD_BIN_SOCKLOAD_HIST_H

#include <stdint.h>

/* How often each latency was seen, in microseconds. Up to 255 µs exact, above
 * within 0.8 %, up to 12 days; longer ones count as that. */

#define HIST_SUB_BITS 7
#define HIST_TOP_BIT  39
#define HIST_CELLS    ((HIST_TOP_BIT - HIST_SUB_BITS + 2) << HIST_SUB_BITS)

struct hist {
	uint64_t cells[HIST_CELLS];
	uint64_t n;
	uint64_t sum_us, max_us;
};

void hist_clear(struct hist *h);
void hist_add(struct hist *h, uint64_t us);
/* The latency that `percent` of all did not exceed; 0 if there are none. */
uint64_t hist_percentile(const struct hist *h, double percent);
double hist_mean(const struct hist *h);

#endif
