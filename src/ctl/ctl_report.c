/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Reports as the daemon's verbs fill them; ctl_report_write.c writes them.
 *
 * A report is a row of parts: a run of single values, or a table. All values
 * lie in one array; a part has its share of it. Text is made safe as it comes
 * in, so nothing that is written can steer a terminal or look like a line of
 * its own. Short of memory a report is marked as failed and takes nothing more.
 * One thread at a time.
 */
#include "ctl/ctl_report.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "base/utf8.h"

#include "ctl_report_private.h"

struct report *report_new(void)
{
	return calloc(1, sizeof(struct report));
}

void report_free(struct report *r)
{
	if (!r)
		return;
	for (size_t i = 0; i < r->n_values; i++)
		free(r->values[i].text);
	free(r->values);
	free(r->parts);
	free(r);
}

/* Filling. */

static struct part *add_part(struct report *r)
{
	struct part *parts = reallocarray(
		r->parts, r->n_parts + 1, sizeof(*parts));

	if (!parts) {
		r->failed = true;
		return NULL;
	}
	r->parts = parts;
	parts[r->n_parts] = (struct part){.first = r->n_values};
	return &parts[r->n_parts++];
}

void report_begin(struct report *r, const char *key,
	const struct report_column *columns, size_t n_columns)
{
	struct part *part;

	assert(!r->is_table && n_columns > 1 && strcmp(key, "error") != 0);
	part = add_part(r);
	r->is_table = true;
	if (!part)
		return;
	part->key = key;
	part->columns = columns;
	part->n_columns = n_columns;
}

void report_end(struct report *r)
{
	assert(r->is_table);
	assert(r->failed || r->n_skip == 0);
	assert(r->failed ||
		r->parts[r->n_parts - 1].n %
				r->parts[r->n_parts - 1].n_columns ==
			0);
	r->is_table = false;
}

static bool is_full(const struct report *r)
{
	return r->n_bytes >= REPORT_BYTES_MAX ||
		r->n_values >= REPORT_VALUES_MAX;
}

/* The part that the next value belongs to; NULL: it is left out. */
static struct part *part_of(
	struct report *r, const char *key, enum report_type type)
{
	struct part *part = r->n_parts ? &r->parts[r->n_parts - 1] : NULL;
	size_t at;

	if (!r->is_table)
		return part && !part->key ? part : add_part(r);
	if (r->n_skip) {
		r->n_skip--;
		return NULL;
	}
	assert(part);
	at = part->n % part->n_columns;
	assert(!strcmp(part->columns[at].key, key));
	assert(part->columns[at].type == type);
	if (at || !is_full(r))
		return part;
	part->n_left_out++;
	r->n_skip = part->n_columns - 1;
	return NULL;
}

static int grow(struct report *r)
{
	size_t size = r->size ? r->size * 2 : 32;
	struct value *values;

	if (r->n_values < r->size)
		return 0;
	values = reallocarray(r->values, size, sizeof(*values));
	if (!values)
		return -1;
	r->values = values;
	r->size = size;
	return 0;
}

static struct value *add_value(
	struct report *r, const char *key, enum report_type type)
{
	struct part *part = r->failed ? NULL : part_of(r, key, type);

	assert(r->is_table || strcmp(key, "error") != 0);
	if (!part)
		return NULL;
	if (grow(r)) {
		r->failed = true;
		return NULL;
	}
	part->n++;
	r->values[r->n_values] = (struct value){.key = key, .type = type};
	return &r->values[r->n_values++];
}

/* The type that a value without content has to have here. */
static enum report_type type_here(const struct report *r)
{
	const struct part *part = r->n_parts ? &r->parts[r->n_parts - 1] : NULL;

	if (!r->is_table || !part || r->n_skip)
		return REPORT_TEXT;
	return part->columns[part->n % part->n_columns].type;
}

static void set_text(struct report *r, struct value *v, struct strbuf *text)
{
	r->n_bytes += text->len;
	v->text = text->failed ? NULL : strbuf_take(text);
	if (!v->text)
		r->failed = true;
	strbuf_fini(text);
}

/* A blank is as good as a tab, and does not spoil the columns. */
static void add_safe(struct strbuf *out, const char *text)
{
	size_t from = out->len;

	strbuf_adds(out, "");
	utf8_make_safe(out, text, strlen(text));
	for (; !out->failed && from < out->len; from++)
		if (out->data[from] == '\t')
			out->data[from] = ' ';
}

void report_text(struct report *r, const char *key, const char *text)
{
	struct value *v = add_value(r, key, REPORT_TEXT);
	struct strbuf safe = {0};

	if (!v)
		return;
	add_safe(&safe, text);
	set_text(r, v, &safe);
}

void report_list(struct report *r, const char *key, const char *const *items,
	size_t n_items)
{
	struct value *v = add_value(r, key, REPORT_LIST);
	struct strbuf safe = {0};

	if (!v)
		return;
	strbuf_adds(&safe, "");
	for (size_t i = 0; i < n_items; i++) {
		add_safe(&safe, items[i]);
		strbuf_addc(&safe, '\n');
	}
	v->n = n_items;
	set_text(r, v, &safe);
}

static bool is_decimal(const char *text)
{
	static const char digits[] = "0123456789";
	size_t n;

	text += *text == '-';
	n = strspn(text, digits);
	if (n == 0 || (n > 1 && *text == '0'))
		return false;
	text += n;
	if (*text == '.') {
		n = strspn(text + 1, digits);
		text += 1 + n;
	}
	if (n && (*text == 'e' || *text == 'E')) {
		text += text[1] == '+' || text[1] == '-' ? 2 : 1;
		n = strspn(text, digits);
		text += n;
	}
	return n && !*text;
}

void report_decimal(struct report *r, const char *key, const char *digits)
{
	struct value *v = add_value(r, key, REPORT_DECIMAL);
	struct strbuf text = {0};

	assert(is_decimal(digits));
	if (!v)
		return;
	strbuf_adds(&text, digits);
	set_text(r, v, &text);
}

static void add_number(
	struct report *r, const char *key, enum report_type type, uint64_t n)
{
	struct value *v = add_value(r, key, type);

	if (v)
		v->n = n;
}

void report_id(struct report *r, const char *key, uint64_t id)
{
	add_number(r, key, REPORT_ID, id);
}

void report_count(struct report *r, const char *key, uint64_t n)
{
	add_number(r, key, REPORT_COUNT, n);
}

void report_bytes(struct report *r, const char *key, uint64_t n)
{
	add_number(r, key, REPORT_BYTES, n);
}

void report_age(struct report *r, const char *key, uint64_t ms)
{
	add_number(r, key, REPORT_AGE, ms);
}

void report_time(struct report *r, const char *key, int64_t wall_ms)
{
	add_number(r, key, REPORT_TIME, wall_ms > 0 ? (uint64_t)wall_ms : 0);
}

void report_bool(struct report *r, const char *key, bool value)
{
	add_number(r, key, REPORT_BOOL, value);
}

void report_none(struct report *r, const char *key)
{
	struct value *v = add_value(r, key, type_here(r));

	if (v)
		v->is_none = true;
}
