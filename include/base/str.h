/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SOCKD_BASE_STR_H
#define SOCKD_BASE_STR_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

/* A growing byte string. Zero-initialised is empty and valid; what it holds is
 * always followed by a NUL once anything was added. A failed allocation sets
 * `failed`, later additions do nothing: check once at the end. */
struct strbuf {
	char *data;  /* owned; NULL while empty */
	size_t len;  /* bytes without the NUL */
	size_t size; /* bytes allocated */
	bool failed; /* memory ran out: the content is not whole */
};

void strbuf_fini(struct strbuf *sb);
void strbuf_clear(struct strbuf *sb); /* keeps the memory */
void strbuf_add(struct strbuf *sb, const void *data, size_t len);
void strbuf_adds(struct strbuf *sb, const char *text);
void strbuf_addc(struct strbuf *sb, char c);
void strbuf_addf(struct strbuf *sb, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
void strbuf_vaddf(struct strbuf *sb, const char *fmt, va_list ap)
	__attribute__((format(printf, 2, 0)));
/* Makes room for `more` bytes past len, NUL included. 0 or -ENOMEM. */
int strbuf_reserve(struct strbuf *sb, size_t more);
/* Gives the string to the caller (malloc'ed, NUL-terminated, never NULL unless
 * failed) and leaves the buffer empty. */
char *strbuf_take(struct strbuf *sb);

/* A slice of somebody else's bytes, not NUL-terminated. */
struct slice {
	const char *data; /* borrowed */
	size_t len;
};

/* Without the characters of `blanks` at both ends. */
struct slice slice_trim(struct slice s, const char *blanks);

/* A list of strings. Zero-initialised is empty. */
struct strlist {
	char **items; /* owned, each owned */
	size_t n_items;
};

void strlist_fini(struct strlist *list);
/* Copies text. 0 or -ENOMEM. */
int strlist_add(struct strlist *list, const char *text);

/* The candidate nearest to `word` by edit distance (case ignored), if it is
 * near enough to be worth a "did you mean": at most a third of the word's
 * letters differ, or it begins with the word. NULL if none. candidates: n
 * borrowed strings. */
const char *str_nearest(
	const char *word, const char *const *candidates, size_t n);

/* The number of edits (insert, delete, replace, swap neighbours), ASCII case
 * ignored, never more than `limit` + 1. */
size_t str_distance(const char *a, const char *b, size_t limit);

/* Escapes for logs: printable ASCII stays, the rest becomes \n \r \t \" \\ or
 * \xNN. At most max bytes of input are shown, then "..." follows. */
void str_escape(struct strbuf *sb, const void *data, size_t len, size_t max);

/* 5312 as "5,312". Returns buf, which holds at least STR_COUNT_LEN bytes. */
#define STR_COUNT_LEN 27
char *str_count(char *buf, unsigned long long n);

#endif
