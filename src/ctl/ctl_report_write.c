/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Reports, written for people or for programs from the same values.
 *
 * A column is as wide as its widest cell, up to a bound: what is wider pushes
 * only its own row. Widths are counted in code points. Pure but for the time
 * zone; any thread.
 */
#include "ctl/ctl_report.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/json_write.h"
#include "base/str.h"
#include "base/units.h"
#include "base/utf8.h"

#include "ctl_report_private.h"

#define ALIGN_MAX 48 /* characters that a column is made wide for by itself */

/* Text. */

void report_add_age(struct strbuf *out, uint64_t ms)
{
	static const struct {
		uint64_t secs;
		char letter;
	} units[] = {{86400, 'd'}, {3600, 'h'}, {60, 'm'}, {1, 's'}};
	uint64_t secs = ms / 1000;

	if (secs < 60) {
		if (secs < 1)
			strbuf_addf(out, "%ums", (unsigned)ms);
		else if (secs < 10)
			strbuf_addf(out, "%u.%us", (unsigned)secs,
				(unsigned)(ms % 1000 / 100));
		else
			strbuf_addf(out, "%us", (unsigned)secs);
		return;
	}
	for (size_t i = 0; i < 3; i++) { /* the two that say most */
		uint64_t rest = secs % units[i].secs / units[i + 1].secs;

		if (secs < units[i].secs)
			continue;
		strbuf_addf(out, "%llu%c",
			(unsigned long long)(secs / units[i].secs),
			units[i].letter);
		if (rest)
			strbuf_addf(out, " %u%c", (unsigned)rest,
				units[i + 1].letter);
		return;
	}
}

static void add_time(struct strbuf *out, uint64_t wall_ms)
{
	time_t secs = (time_t)(wall_ms / 1000);
	struct tm tm;
	char buf[32];

	if (localtime_r(&secs, &tm) &&
		strftime(buf, sizeof(buf), "%Y-%m-%d %H:%M:%S", &tm))
		strbuf_adds(out, buf);
}

static void add_items(struct strbuf *out, const struct value *v)
{
	assert(v->text);
	for (const char *p = v->text; *p; p++) {
		if (*p != '\n')
			strbuf_addc(out, *p);
		else if (p[1])
			strbuf_addc(out, ' ');
	}
}

static void add_words(struct strbuf *out, const struct value *v)
{
	char buf[UNITS_LEN > STR_COUNT_LEN ? UNITS_LEN : STR_COUNT_LEN];

	if (v->is_none || (v->text && !v->text[0]))
		strbuf_addc(out, '-');
	else if (v->type == REPORT_TEXT || v->type == REPORT_DECIMAL)
		strbuf_adds(out, v->text);
	else if (v->type == REPORT_LIST)
		add_items(out, v);
	else if (v->type == REPORT_ID)
		json_write_digits(out, v->n);
	else if (v->type == REPORT_COUNT)
		strbuf_adds(out, str_count(buf, v->n));
	else if (v->type == REPORT_BYTES)
		strbuf_adds(out, size_words(buf, v->n));
	else if (v->type == REPORT_AGE)
		report_add_age(out, v->n);
	else if (v->type == REPORT_TIME)
		add_time(out, v->n);
	else
		strbuf_adds(out, v->n ? "yes" : "no");
}

static void add_label(struct strbuf *out, const char *key)
{
	for (; *key; key++)
		strbuf_addc(out, *key == '_' ? ' ' : *key);
}

/* A cell or label as it is written, and its width, for columns. */
struct measure {
	struct strbuf text;
	size_t width;
};

static void measure_value(struct measure *m, const struct value *v)
{
	strbuf_clear(&m->text);
	add_words(&m->text, v);
	m->width = m->text.failed ? 0 : utf8_length(m->text.data, m->text.len);
}

static void measure_label(struct measure *m, const char *key)
{
	strbuf_clear(&m->text);
	add_label(&m->text, key);
	m->width = m->text.len;
}

static void add_blanks(struct strbuf *out, size_t n)
{
	while (n-- > 0)
		strbuf_addc(out, ' ');
}

static bool is_right(enum report_type type)
{
	return type == REPORT_COUNT || type == REPORT_BYTES ||
		type == REPORT_AGE;
}

static void add_cell(struct strbuf *out, const struct measure *m, size_t width,
	bool right, bool is_last)
{
	size_t blanks = width > m->width ? width - m->width : 0;

	if (m->text.failed)
		out->failed = true;
	if (right)
		add_blanks(out, blanks);
	strbuf_add(out, m->text.data, m->text.len);
	if (!is_last)
		add_blanks(out, 2 + (right ? 0 : blanks));
}

static size_t column_width(
	const struct report *r, const struct part *part, size_t column)
{
	const struct report_column *c = &part->columns[column];
	size_t most = c->width ? c->width : ALIGN_MAX;
	struct measure m = {{0}, 0};
	size_t width;

	measure_label(&m, c->key);
	width = m.width;
	for (size_t i = column; i < part->n; i += part->n_columns) {
		measure_value(&m, &r->values[part->first + i]);
		if (m.width > width)
			width = m.width < most ? m.width : most;
	}
	strbuf_fini(&m.text);
	return width;
}

static void add_left_out(struct strbuf *out, const struct part *part)
{
	char buf[STR_COUNT_LEN];

	if (part->n_left_out)
		strbuf_addf(out, "(%s more left out)\n",
			str_count(buf, part->n_left_out));
}

static void write_rows(const struct report *r, const struct part *part,
	const size_t *widths, struct strbuf *out)
{
	struct measure m = {{0}, 0};

	for (size_t i = 0; i < part->n_columns + part->n; i++) {
		size_t column = i % part->n_columns;
		const struct report_column *c = &part->columns[column];
		bool is_last = column + 1 == part->n_columns;

		if (i < part->n_columns)
			measure_label(&m, c->key);
		else
			measure_value(&m,
				&r->values[part->first + i - part->n_columns]);
		add_cell(out, &m, widths[column], is_right(c->type), is_last);
		if (is_last)
			strbuf_addc(out, '\n');
	}
	strbuf_fini(&m.text);
}

static void write_table(
	const struct report *r, const struct part *part, struct strbuf *out)
{
	size_t *widths;

	if (part->n == 0) {
		strbuf_adds(out, "no ");
		add_label(out, part->key);
		strbuf_addc(out, '\n');
		return;
	}
	widths = calloc(part->n_columns, sizeof(*widths));
	if (!widths) {
		out->failed = true;
		return;
	}
	for (size_t i = 0; i < part->n_columns; i++)
		widths[i] = column_width(r, part, i);
	write_rows(r, part, widths, out);
	add_left_out(out, part);
	free(widths);
}

static void write_values(
	const struct report *r, const struct part *part, struct strbuf *out)
{
	const struct value *values = r->values + part->first;
	struct measure m = {{0}, 0};
	size_t width = 0;

	for (size_t i = 0; i < part->n; i++)
		if (strlen(values[i].key) > width)
			width = strlen(values[i].key);
	for (size_t i = 0; i < part->n; i++) {
		measure_label(&m, values[i].key);
		add_cell(out, &m, width, false, false);
		add_words(out, &values[i]);
		strbuf_addc(out, '\n');
	}
	strbuf_fini(&m.text);
}

static void write_text(
	const struct report *r, const char *error, struct strbuf *out)
{
	for (size_t i = 0; i < r->n_parts && !out->failed; i++) {
		if (i)
			strbuf_addc(out, '\n');
		if (r->parts[i].key)
			write_table(r, &r->parts[i], out);
		else
			write_values(r, &r->parts[i], out);
	}
	strbuf_adds(out, error ? "error: " : "ok");
	strbuf_adds(out, error ? error : "");
	strbuf_addc(out, '\n');
}

/* JSON. */

static void json_items(struct strbuf *out, const struct value *v)
{
	const char *at = v->text, *end;

	strbuf_addc(out, '[');
	for (; (end = strchr(at, '\n')); at = end + 1) {
		if (at != v->text)
			strbuf_addc(out, ',');
		json_write_quoted(out, at, (size_t)(end - at));
	}
	strbuf_addc(out, ']');
}

static void json_seconds(struct strbuf *out, uint64_t ms)
{
	json_write_digits(out, ms / 1000);
	if (ms % 1000)
		strbuf_addf(out, ".%03u", (unsigned)(ms % 1000));
}

static void json_value(struct strbuf *out, const struct value *v)
{
	if (v->is_none)
		strbuf_adds(out, "null");
	else if (v->type == REPORT_TEXT)
		json_write_quoted(out, v->text, strlen(v->text));
	else if (v->type == REPORT_DECIMAL)
		strbuf_adds(out, v->text);
	else if (v->type == REPORT_LIST)
		json_items(out, v);
	else if (v->type == REPORT_AGE || v->type == REPORT_TIME)
		json_seconds(out, v->n);
	else if (v->type == REPORT_BOOL)
		strbuf_adds(out, v->n ? "true" : "false");
	else
		json_write_digits(out, v->n);
}

static void json_key(struct strbuf *out, const char *key, bool is_first)
{
	strbuf_addf(out, "%s\"%s\":", is_first ? "" : ",", key);
}

static void json_table(
	const struct report *r, const struct part *part, struct strbuf *out)
{
	strbuf_addc(out, '[');
	for (size_t i = 0; i < part->n; i++) {
		size_t column = i % part->n_columns;

		if (column == 0)
			strbuf_adds(out, i ? ",{" : "{");
		json_key(out, part->columns[column].key, column == 0);
		json_value(out, &r->values[part->first + i]);
		if (column + 1 == part->n_columns)
			strbuf_addc(out, '}');
	}
	strbuf_addc(out, ']');
	if (part->n_left_out) {
		strbuf_addf(out, ",\"%s_left_out\":", part->key);
		json_write_digits(out, part->n_left_out);
	}
}

static void json_part(const struct report *r, const struct part *part,
	bool is_first, struct strbuf *out)
{
	if (part->key) {
		json_key(out, part->key, is_first);
		json_table(r, part, out);
		return;
	}
	for (size_t i = 0; i < part->n; i++) {
		const struct value *v = &r->values[part->first + i];

		json_key(out, v->key, is_first && i == 0);
		json_value(out, v);
	}
}

static void write_json(
	const struct report *r, const char *error, struct strbuf *out)
{
	strbuf_addc(out, '{');
	if (error) {
		json_key(out, "error", true);
		json_write_quoted(out, error, strlen(error));
	}
	for (size_t i = 0; i < r->n_parts && !out->failed; i++)
		json_part(r, &r->parts[i], !error && i == 0, out);
	strbuf_adds(out, "}\n");
}

void report_write(const struct report *r, bool is_json, const char *error,
	struct strbuf *out)
{
	struct strbuf safe = {0};

	assert(!r->is_table);
	if (error) {
		strbuf_adds(&safe, "");
		utf8_make_safe(&safe, error, strlen(error));
	}
	if (r->failed || safe.failed)
		out->failed = true;
	else if (is_json)
		write_json(r, error ? safe.data : NULL, out);
	else
		write_text(r, error ? safe.data : NULL, out);
	strbuf_fini(&safe);
}
