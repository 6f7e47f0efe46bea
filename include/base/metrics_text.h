/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SOCKD_BASE_METRICS_TEXT_H
#define SOCKD_BASE_METRICS_TEXT_H

#include <stdint.h>

#include "base/metrics.h"

struct strbuf;

/* Rows and their values as Prometheus reads them. Each row once, its values
 * behind it; the end at the end. Numbers are in parts, as the row says. */

enum metrics_format {
	METRICS_FORMAT_TEXT,        /* the text format, version 0.0.4 */
	METRICS_FORMAT_OPENMETRICS, /* OpenMetrics 1.0.0 */
	METRICS_FORMATS
};
/* The Content-Type of each. */
extern const char *const metrics_content_types[METRICS_FORMATS];

struct metrics_text {
	struct strbuf *out; /* borrowed */
	enum metrics_format format;
};

void metrics_text_row(const struct metrics_text *text, enum metrics_id id);
/* values: of the row's labels, in their order; NULL if it has none. */
void metrics_text_value(const struct metrics_text *text, enum metrics_id id,
	const char *const *values, uint64_t n);
/* Of a row without labels. cells: METRICS_HIST_CELLS. */
void metrics_text_histogram(const struct metrics_text *text, enum metrics_id id,
	const uint64_t *cells);
void metrics_text_end(const struct metrics_text *text);

#endif
