/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The pattern of RFC 864: 95 lines of 72 characters, CR and LF, over and over.
 * One period lies in a table with a piece more behind it, so that what follows
 * any place is compared where it lies.
 *
 * Where a server begins is not known. Characters alone do not tell, since each
 * line holds those of the one before, shifted; the first line end does. Until
 * then the first place that fits is taken for the start, and the next one when
 * it no longer fits: what came so far is still there to be compared, as the
 * table holds it at the start that was taken.
 */
#include "sockload_pattern.h"

#include <stdbool.h>
#include <string.h>

#define CHARS  95
#define WIDTH  72
#define LINE   (WIDTH + 2)
#define PERIOD (CHARS * LINE)
#define PIECE  ((size_t)65536)

static char table[PERIOD + PIECE];

void pattern_init(void)
{
	char *p = table;

	for (int line = 0; line < CHARS; line++) {
		for (int i = 0; i < WIDTH; i++)
			*p++ = (char)(' ' + (line + i) % CHARS);
		*p++ = '\r';
		*p++ = '\n';
	}
	for (size_t i = PERIOD; i < sizeof(table); i++)
		table[i] = table[i - PERIOD];
}

static const char *place(const struct pattern *p, size_t further)
{
	return table + (p->start + p->count + further) % PERIOD;
}

static size_t same_bytes(const char *a, const char *b, size_t len)
{
	size_t i = 0;

	while (i < len && a[i] == b[i])
		i++;
	return i;
}

static size_t count_right(const struct pattern *p, const char *data, size_t len)
{
	for (size_t done = 0; done < len;) {
		size_t n = len - done < PIECE ? len - done : PIECE;
		const char *want = place(p, done);
		if (memcmp(data + done, want, n) != 0)
			return done + same_bytes(data + done, want, n);
		done += n;
	}
	return len;
}

/* Another start with which everything so far and these bytes agree. */
static bool find_start(struct pattern *p, const char *data, size_t len)
{
	size_t before = (size_t)p->count;

	for (size_t at = p->start + 1; at < PERIOD; at++) {
		if (memcmp(table + at, table + p->start, before) == 0 &&
			memcmp(table + at + before, data, len) == 0) {
			p->start = at;
			return true;
		}
	}
	return false;
}

size_t pattern_check(struct pattern *p, const void *data, size_t len)
{
	size_t right = count_right(p, data, len);

	while (right < len && p->count + right < LINE &&
		find_start(p, data, right + 1))
		right = count_right(p, data, len);
	p->count += right;
	return right;
}

unsigned char pattern_next(const struct pattern *p)
{
	return (unsigned char)*place(p, 0);
}
