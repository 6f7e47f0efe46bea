/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Growing byte strings, lists of strings, edit distance, escapes.
 *
 * A strbuf remembers that memory ran out instead of reporting it at every
 * addition, so that text can be built in a row of calls and judged once.
 * Invariant: data is NULL, or data[len] is NUL and len < size.
 *
 * Pure; any thread, each object by one thread at a time.
 */
#include "base/str.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void strbuf_fini(struct strbuf *sb)
{
	free(sb->data);
	*sb = (struct strbuf){0};
}

void strbuf_clear(struct strbuf *sb)
{
	sb->len = 0;
	sb->failed = false;
	if (sb->data)
		sb->data[0] = '\0';
}

int strbuf_reserve(struct strbuf *sb, size_t more)
{
	size_t size = sb->size ? sb->size : 64;
	char *data;

	if (sb->failed)
		return -ENOMEM;
	if (more <= sb->size - sb->len)
		return 0;
	if (more > SIZE_MAX / 2 - sb->len) {
		sb->failed = true;
		return -ENOMEM;
	}
	while (size < sb->len + more)
		size *= 2;
	data = realloc(sb->data, size);
	if (!data) {
		sb->failed = true;
		return -ENOMEM;
	}
	sb->data = data;
	sb->size = size;
	return 0;
}

void strbuf_add(struct strbuf *sb, const void *data, size_t len)
{
	if (len == SIZE_MAX || strbuf_reserve(sb, len + 1) < 0) {
		sb->failed = true;
		return;
	}
	if (len > 0)
		memcpy(sb->data + sb->len, data, len);
	sb->len += len;
	sb->data[sb->len] = '\0';
}

void strbuf_adds(struct strbuf *sb, const char *text)
{
	strbuf_add(sb, text, strlen(text));
}

void strbuf_addc(struct strbuf *sb, char c)
{
	strbuf_add(sb, &c, 1);
}

void strbuf_vaddf(struct strbuf *sb, const char *fmt, va_list ap)
{
	char stack[256];
	va_list again;
	int len;

	va_copy(again, ap);
	len = vsnprintf(stack, sizeof(stack), fmt, ap);
	if (len < 0) {
		sb->failed = true;
	} else if ((size_t)len < sizeof(stack)) {
		strbuf_add(sb, stack, (size_t)len);
	} else if (strbuf_reserve(sb, (size_t)len + 1) == 0) {
		vsnprintf(sb->data + sb->len, (size_t)len + 1, fmt, again);
		sb->len += (size_t)len;
	}
	va_end(again);
}

void strbuf_addf(struct strbuf *sb, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	strbuf_vaddf(sb, fmt, ap);
	va_end(ap);
}

char *strbuf_take(struct strbuf *sb)
{
	char *data;

	/* An empty buffer has no memory yet; its string is "". */
	strbuf_add(sb, "", 0);
	if (sb->failed) {
		strbuf_fini(sb);
		return NULL;
	}
	data = sb->data;
	*sb = (struct strbuf){0};
	return data;
}

static bool is_among(char c, const char *set)
{
	return c && strchr(set, c);
}

struct slice slice_trim(struct slice s, const char *blanks)
{
	while (s.len > 0 && is_among(s.data[0], blanks)) {
		s.data++;
		s.len--;
	}
	while (s.len > 0 && is_among(s.data[s.len - 1], blanks))
		s.len--;
	return s;
}

void strlist_fini(struct strlist *list)
{
	for (size_t i = 0; i < list->n_items; i++)
		free(list->items[i]);
	free(list->items);
	*list = (struct strlist){0};
}

int strlist_add(struct strlist *list, const char *text)
{
	size_t n = list->n_items;
	char *copy = strdup(text);
	char **items = list->items;

	if (!copy)
		return -ENOMEM;
	/* Grows at 0 and at each power of two, so no size is kept. */
	if ((n & (n - 1)) == 0) {
		items = reallocarray(items, n ? n * 2 : 1, sizeof(*items));
		if (!items) {
			free(copy);
			return -ENOMEM;
		}
		list->items = items;
	}
	items[n] = copy;
	list->n_items = n + 1;
	return 0;
}

static char fold(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static size_t min3(size_t a, size_t b, size_t c)
{
	size_t m = a < b ? a : b;

	return m < c ? m : c;
}

/* Longer words are never near: names in sockd are far shorter. */
#define DISTANCE_MAX 128

/* One row of the table of distances: a[i] against all of b, from the rows of
 * a[i-1] and a[i-2]. Returns the least of the row. */
static size_t distance_row(const char *a, size_t i, const char *b,
	size_t rows[3][DISTANCE_MAX + 1])
{
	size_t *row = rows[i % 3];
	const size_t *up = rows[(i + 2) % 3], *up2 = rows[(i + 1) % 3];
	size_t least = row[0] = i;

	for (size_t j = 1; b[j - 1]; j++) {
		char x = fold(a[i - 1]), y = fold(b[j - 1]);

		row[j] = min3(up[j] + 1, row[j - 1] + 1, up[j - 1] + (x != y));
		if (i > 1 && j > 1 && x == fold(b[j - 2]) &&
			y == fold(a[i - 2]) && up2[j - 2] + 1 < row[j])
			row[j] = up2[j - 2] + 1;
		if (row[j] < least)
			least = row[j];
	}
	return least;
}

size_t str_distance(const char *a, const char *b, size_t limit)
{
	size_t rows[3][DISTANCE_MAX + 1] = {{0}};
	size_t a_len = strnlen(a, DISTANCE_MAX + 1);
	size_t b_len = strnlen(b, DISTANCE_MAX + 1);
	size_t last = 0, least;

	if (a_len > DISTANCE_MAX || b_len > DISTANCE_MAX)
		return limit + 1;
	for (size_t j = 0; j <= b_len; j++)
		rows[0][j] = j;
	for (size_t i = 1; i <= a_len; i++) {
		least = distance_row(a, i, b, rows);
		/* A swap reaches back two rows, so two must be too far. */
		if (least > limit && last > limit)
			return limit + 1;
		last = least;
	}
	least = rows[a_len % 3][b_len];
	return least > limit ? limit + 1 : least;
}

/* Two letters or more of what somebody was about to write. */
static bool is_beginning(const char *word, const char *of)
{
	size_t len = strlen(word);

	return len >= 2 && strncasecmp(word, of, len) == 0;
}

const char *str_nearest(
	const char *word, const char *const *candidates, size_t n)
{
	size_t limit = strlen(word) / 3, nearest = SIZE_MAX;
	const char *best = NULL;

	for (size_t i = 0; i < n; i++) {
		size_t d = str_distance(word, candidates[i], limit);

		if (d > limit)
			d = is_beginning(word, candidates[i]) ? limit + 1
							      : SIZE_MAX;
		if (d < nearest) {
			nearest = d;
			best = candidates[i];
		}
	}
	return best;
}

void str_escape(struct strbuf *sb, const void *data, size_t len, size_t max)
{
	const unsigned char *bytes = data;
	size_t n = len < max ? len : max;

	for (size_t i = 0; i < n; i++) {
		unsigned char c = bytes[i];

		if (c == '\n')
			strbuf_adds(sb, "\\n");
		else if (c == '\r')
			strbuf_adds(sb, "\\r");
		else if (c == '\t')
			strbuf_adds(sb, "\\t");
		else if (c == '"' || c == '\\')
			strbuf_addf(sb, "\\%c", c);
		else if (c >= 0x20 && c < 0x7f)
			strbuf_addc(sb, (char)c);
		else
			strbuf_addf(sb, "\\x%02x", c);
	}
	if (n < len)
		strbuf_adds(sb, "...");
}

char *str_count(char *buf, unsigned long long n)
{
	char digits[STR_COUNT_LEN];
	int len = snprintf(digits, sizeof(digits), "%llu", n);
	char *out = buf;

	for (int i = 0; i < len; i++) {
		if (i > 0 && (len - i) % 3 == 0)
			*out++ = ',';
		*out++ = digits[i];
	}
	*out = '\0';
	return buf;
}
