/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Prints the table of metrics, a row a line: name, type, labels and help. The
 * test metrics.py compares.
 */
#include <stdio.h>

#include "base/metrics.h"

static const char *const type_words[] = {
	[METRICS_COUNTER] = "Counter",
	[METRICS_GAUGE] = "Gauge",
	[METRICS_HISTOGRAM] = "Histogram",
};

int main(void)
{
	for (int i = 0; i < METRICS_N; i++) {
		const struct metrics_row *row = &metrics_rows[i];

		printf("%s\t%s\t%s\t%s\n", row->name, type_words[row->type],
			row->labels, row->help);
	}
	return 0;
}
