/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The two formats. They differ in that OpenMetrics names a counter without the
 * _total of its value, and ends with a line that says so. Numbers are written
 * from integers, so no locale and no rounding gets in between. Pure. */
#include "base/metrics_text.h"

#include <assert.h>
#include <inttypes.h>
#include <string.h>

#include "base/str.h"

#define TOTAL "_total"

const char *const metrics_content_types[METRICS_FORMATS] = {
	[METRICS_FORMAT_TEXT] = "text/plain; version=0.0.4; charset=utf-8",
	[METRICS_FORMAT_OPENMETRICS] = "application/openmetrics-text; "
				       "version=1.0.0; charset=utf-8",
};

static const char *const type_names[] = {
	[METRICS_COUNTER] = "counter",
	[METRICS_GAUGE] = "gauge",
	[METRICS_HISTOGRAM] = "histogram",
};

/* The length of the name that the row goes by. */
static int name_len(const struct metrics_text *text, enum metrics_id id)
{
	const struct metrics_row *row = &metrics_rows[id];
	size_t len = strlen(row->name);

	if (text->format == METRICS_FORMAT_OPENMETRICS &&
		row->type == METRICS_COUNTER)
		len -= strlen(TOTAL);
	return (int)len;
}

void metrics_text_row(const struct metrics_text *text, enum metrics_id id)
{
	const struct metrics_row *row = &metrics_rows[id];
	int len = name_len(text, id);

	strbuf_addf(text->out, "# HELP %.*s %s\n# TYPE %.*s %s\n", len,
		row->name, row->help, len, row->name, type_names[row->type]);
}

static void add_number(struct strbuf *out, uint64_t n, uint32_t per_unit)
{
	int digits = 0;

	for (uint32_t parts = per_unit; parts > 1; parts /= 10)
		digits++;
	strbuf_addf(out, "%" PRIu64, n / per_unit);
	if (digits)
		strbuf_addf(out, ".%0*" PRIu64, digits, n % per_unit);
}

static void add_escaped(struct strbuf *out, const char *value)
{
	for (; *value; value++) {
		if (*value == '\\' || *value == '"')
			strbuf_addc(out, '\\');
		if (*value == '\n')
			strbuf_adds(out, "\\n");
		else
			strbuf_addc(out, *value);
	}
}

static void add_labels(struct strbuf *out, const struct metrics_row *row,
	const char *const *values)
{
	const char *name = row->labels;

	assert(!*name == !values);
	for (size_t i = 0; *name; i++) {
		size_t len = strcspn(name, ",");

		strbuf_addf(out, "%c%.*s=\"", i ? ',' : '{', (int)len, name);
		add_escaped(out, values[i]);
		strbuf_addc(out, '"');
		name += len + (name[len] != '\0');
	}
	if (values)
		strbuf_addc(out, '}');
}

void metrics_text_value(const struct metrics_text *text, enum metrics_id id,
	const char *const *values, uint64_t n)
{
	const struct metrics_row *row = &metrics_rows[id];

	assert(row->type != METRICS_HISTOGRAM);
	strbuf_adds(text->out, row->name);
	add_labels(text->out, row, values);
	strbuf_addc(text->out, ' ');
	add_number(text->out, n, row->per_unit);
	strbuf_addc(text->out, '\n');
}

/* 2500 us as 0.0025, 5 as 5.0: the shortest that both formats agree upon. */
static void add_bound(struct strbuf *out, uint64_t bound, uint32_t per_unit)
{
	size_t start = out->len;

	add_number(out, bound, per_unit);
	if (per_unit == 1)
		strbuf_adds(out, ".0");
	while (!out->failed && out->len > start &&
		out->data[out->len - 1] == '0' &&
		out->data[out->len - 2] != '.')
		out->data[--out->len] = '\0';
}

void metrics_text_histogram(const struct metrics_text *text, enum metrics_id id,
	const uint64_t *cells)
{
	const struct metrics_row *row = &metrics_rows[id];
	const uint64_t *bounds = metrics_bounds(id);
	struct strbuf *out = text->out;
	uint64_t n = 0;

	for (size_t i = 0; i <= METRICS_BOUNDS; i++) {
		n += cells[i];
		strbuf_addf(out, "%s_bucket{le=\"", row->name);
		if (i < METRICS_BOUNDS)
			add_bound(out, bounds[i], row->per_unit);
		else
			strbuf_adds(out, "+Inf");
		strbuf_addf(out, "\"} %" PRIu64 "\n", n);
	}
	strbuf_addf(out, "%s_sum ", row->name);
	add_number(out, cells[METRICS_BOUNDS + 1], row->per_unit);
	strbuf_addf(out, "\n%s_count %" PRIu64 "\n", row->name, n);
}

void metrics_text_end(const struct metrics_text *text)
{
	if (text->format == METRICS_FORMAT_OPENMETRICS)
		strbuf_adds(text->out, "# EOF\n");
}
