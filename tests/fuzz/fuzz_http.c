/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Any bytes as a request head, once whole and once in pieces; the first byte
 * chooses how the rest is cut.
 *
 *   - Both ways the same comes out: outcome, bytes used, all that is kept.
 *   - While a head goes on all bytes belong to it, and it ends at last.
 *   - What is kept are texts within their bounds; the path lies in the target.
 *   - What came out of a whole head is the same when it is written into another
 *     one and parsed again.
 *   - A media type is wanted between not at all and wholly.
 */
#include <assert.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "net/http_head.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct parsed {
	struct http_head head;
	enum http_outcome outcome;
	size_t used;
};

static void take(struct parsed *r, const void *data, size_t len)
{
	size_t used;

	r->outcome = http_parse(&r->head, data, len, &used);
	assert(r->outcome == HTTP_MORE ? used == len : used <= len);
	assert((r->outcome == HTTP_BAD) == (r->head.fault != NULL));
	r->used += used;
	assert(r->used <= HTTP_HEAD_MAX);
	assert(r->outcome != HTTP_MORE || r->used < HTTP_HEAD_MAX);
}

/* Pieces of the sizes that `cut` leads to, each in memory of its own size. */
static void take_pieces(
	struct parsed *r, const uint8_t *data, size_t len, unsigned cut)
{
	for (size_t at = 0, n; at < len && r->outcome == HTTP_MORE; at += n) {
		uint8_t *piece;

		cut = cut * 75 + 74;
		n = 1 + cut / 256 % 40;
		n = n < len - at ? n : len - at;
		piece = malloc(n);
		assert(piece);
		memcpy(piece, data + at, n);
		take(r, piece, n);
		free(piece);
	}
}

static void check_kept(const struct http_head *h)
{
	static const char *const types[] = {
		"text/plain", "application/openmetrics-text", "*/*", ""};
	struct slice path = http_path(h);

	assert(strlen(h->method) == h->method_len);
	assert(strlen(h->target) == h->target_len);
	assert(strlen(h->accept) == h->accept_len);
	assert(path.data >= h->target &&
		path.data + path.len <= h->target + h->target_len);
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		assert(http_quality(h->accept, types[i], "0.0.4") <= 1000);
}

static void check_same(const struct parsed *a, const struct parsed *b)
{
	assert(a->outcome == b->outcome);
	assert(strcmp(a->head.method, b->head.method) == 0);
	assert(strcmp(a->head.target, b->head.target) == 0);
	assert(strcmp(a->head.accept, b->head.accept) == 0);
	assert(a->head.minor == b->head.minor);
}

static void check_again(const struct parsed *whole)
{
	const struct http_head *h = &whole->head;
	struct parsed again = {.used = 0};
	char text[2048];
	int len = snprintf(text, sizeof(text),
		"\r\n%s %s HTTP/1.%u\nACCEPT:\t%s\r\nHost: x\n\n", h->method,
		h->target, h->minor, h->accept);

	assert(len > 0 && len < (int)sizeof(text));
	take(&again, text, (size_t)len);
	assert(again.used == (size_t)len);
	check_same(whole, &again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct parsed whole = {.used = 0}, pieces = {.used = 0};
	char more[64];

	if (size < 2)
		return 0;
	take(&whole, data + 1, size - 1);
	take_pieces(&pieces, data + 1, size - 1, data[0]);
	assert(whole.used == pieces.used);
	check_same(&whole, &pieces);
	check_kept(&whole.head);
	if (whole.outcome == HTTP_WHOLE)
		check_again(&whole);
	memset(more, 'a', sizeof(more));
	while (whole.outcome == HTTP_MORE)
		take(&whole, more, sizeof(more));
	return 0;
}
