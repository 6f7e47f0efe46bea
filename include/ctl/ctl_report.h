/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SOCKD_CTL_CTL_REPORT_H
#define SOCKD_CTL_CTL_REPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct strbuf;

/* What a control verb has to say: values with names, and tables of them. It is
 * filled once and then written as aligned text for people or as JSON for
 * programs. One thread at a time. */
struct report;

enum report_type {
	REPORT_TEXT,
	REPORT_LIST,    /* of texts; JSON: an array */
	REPORT_ID,      /* a number that counts nothing: 5312 */
	REPORT_COUNT,   /* 5,312 */
	REPORT_BYTES,   /* 64 KiB */
	REPORT_AGE,     /* milliseconds: 3h 12m; JSON: seconds */
	REPORT_TIME,    /* wall milliseconds; JSON: seconds since 1970 */
	REPORT_BOOL,    /* yes, no */
	REPORT_DECIMAL, /* a number that is written already: 0.25 */
};

struct report_column {
	const char *key; /* snake_case; people read it without underscores */
	enum report_type type;
	unsigned width; /* characters that it is made wide for; 0: 48 */
};

struct report *report_new(void); /* NULL: out of memory */
void report_free(struct report *r);

/* A table: from here to report_end() each value is the next cell of it, row
 * after row. Columns and every key are borrowed for the report's life; key is
 * in the plural ("services"). */
void report_begin(struct report *r, const char *key,
	const struct report_column *columns, size_t n_columns);
void report_end(struct report *r);

/* One value; in a table its key and type are those of the column. Text is
 * copied and made safe to show. */
void report_text(struct report *r, const char *key, const char *text);
void report_list(struct report *r, const char *key, const char *const *items,
	size_t n_items);
void report_id(struct report *r, const char *key, uint64_t id);
void report_count(struct report *r, const char *key, uint64_t n);
void report_bytes(struct report *r, const char *key, uint64_t n);
void report_age(struct report *r, const char *key, uint64_t ms);
void report_time(struct report *r, const char *key, int64_t wall_ms);
/* Of digits, with a sign, fraction or exponent as JSON has them. */
void report_decimal(struct report *r, const char *key, const char *digits);
void report_bool(struct report *r, const char *key, bool value);
void report_none(struct report *r, const char *key); /* "-"; JSON: null */

/* Rows are left out, and counted, once all texts together have so many bytes,
 * or a report has so many values. */
#define REPORT_BYTES_MAX  ((size_t)2 * 1024 * 1024)
#define REPORT_VALUES_MAX ((size_t)256 * 1024)

/* Appends the report as it goes over the socket, outside a table. As text its
 * lines and then "ok" or "error: TEXT" alone on the last; as JSON one object in
 * one line, which begins with "error" if there is one. error NULL: none.
 * out->failed if memory ran out, now or while the report was filled. */
void report_write(const struct report *r, bool is_json, const char *error,
	struct strbuf *out);

/* Appends a time as people read it: "3h 12m", "12.5s", "250ms". */
void report_add_age(struct strbuf *out, uint64_t ms);

#endif
