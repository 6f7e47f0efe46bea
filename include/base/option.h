/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SOCKD_BASE_OPTION_H
#define SOCKD_BASE_OPTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"
#include "base/units.h"

struct errmsg;

/* One row per setting. A group of settings is a table of rows (ended by a row
 * without a key) that fill one struct; checking, defaults, -T and the manual
 * are made from the rows or compared with them. */

enum option_type {
	OPT_BOOL,     /* bool; true or false */
	OPT_INT,      /* int64_t; min..max */
	OPT_SIZE,     /* uint64_t bytes; "64KiB"; min..max */
	OPT_DURATION, /* uint64_t ms; "5m", "0"; min..max */
	OPT_RATE,     /* struct rate_spec; "2/s" */
	OPT_STRING,   /* char *, owned; min..max bytes */
	OPT_ENUM,     /* int, index into names */
	OPT_STRINGS,  /* struct strlist; one string or a list of strings;
	                 at most max of them */
};

enum option_flag {
	OPT_REQUIRED = 1 << 0, /* no default: must be there */
	OPT_UNBUILT = 1 << 1, /* known and checked, feature not in this build */
	OPT_INHERIT = 1 << 2, /* default is the value of another option, whose
	                          full path stands in fallback */
	OPT_ZERO = 1 << 3,    /* zero is allowed below min: never, no limit */
};

/* From when on a value counts that a reload found changed. Every row says
 * so, hence none is 0. */
enum option_reload {
	RELOAD_NOW = 1, /* at once, for all there is */
	RELOAD_NEW,     /* for connections and listeners opened from then on */
	RELOAD_RESTART, /* not before the next start */
};
#define N_OPTION_RELOADS (RELOAD_RESTART + 1)

/* A further look at one value (for OPT_STRINGS at each item), after type and
 * bounds. 0, or -errno with the reason in msg. */
typedef int (*option_check_fn)(const char *value, struct errmsg *msg);

struct option {
	const char *key;
	enum option_type type;
	size_t offset;        /* in the struct the table fills */
	int64_t min, max;     /* inclusive; both 0: the type's own range */
	const char *fallback; /* the default as written in the file: "64KiB",
	                           "true", "500", a bare string without quotes,
	                           "[ ]" or "a, b" for a list; NULL with
	                           OPT_REQUIRED */
	unsigned flags;
	enum option_reload reload;
	const char *const *names; /* OPT_ENUM: the words, ended by NULL */
	option_check_fn check;    /* may be NULL */
	const char *help;         /* one line, lower case, no full stop */
};

#define OPTION_END          \
	{                   \
		.key = NULL \
	}

/* Fills the row's field of *target from text as written in the file without
 * quotes (what `-o` and defaults use). Old content is freed. 0, or -errno with
 * what is wrong and what to write in msg, and the field as it was. */
int option_set_text(const struct option *opt, void *target, const char *text,
	struct errmsg *msg);
/* The same from a typed value of the file: a quoted string (never split into a
 * list), a whole number or a bool. */
int option_set_string(const struct option *opt, void *target, const char *text,
	struct errmsg *msg);
int option_set_int(const struct option *opt, void *target, int64_t value,
	struct errmsg *msg);
int option_set_bool(
	const struct option *opt, void *target, bool value, struct errmsg *msg);
int option_add_item(const struct option *opt, void *target, const char *item,
	struct errmsg *msg); /* OPT_STRINGS: one more */

/* Empties a list before option_add_item() fills it. */
void option_clear(const struct option *opt, void *target);
/* That a value of another type was found: `found` is "a group", "the number
 * 1.5". Always -EINVAL. */
int option_wrong_type(
	const struct option *opt, const char *found, struct errmsg *msg);

/* Copies the value of one field to another of the same type, between structs
 * of any kind: for OPT_INHERIT. 0 or -ENOMEM. */
int option_copy(const struct option *to, void *target,
	const struct option *from, const void *source);

/* The field as libconfig text, quotes and brackets included. */
void option_format(
	const struct option *opt, const void *target, struct strbuf *out);
/* Sets every row's default (rows with OPT_REQUIRED or OPT_INHERIT stay zero).
 * The table is ours: a default that does not parse is an assertion. 0 or
 * -ENOMEM. */
int option_set_defaults(const struct option *table, void *target);
/* Frees what the rows' fields own and zeroes those fields. */
void option_fini(const struct option *table, void *target);
/* True if both structs hold the same value there. */
bool option_equal(const struct option *opt, const void *a, const void *b);
/* 1 if the field holds the row's default, else 0, or -ENOMEM; not for
 * OPT_INHERIT. */
int option_is_default(const struct option *opt, const void *target);
/* The row named so, or NULL. */
const struct option *option_find(const struct option *table, const char *key);

#endif
