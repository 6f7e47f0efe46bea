/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Any bytes through the line framer, once whole and once in pieces. The first
 * four bytes choose the bound of a line, the way the rest is cut, and whether
 * its first line is stretched, so that lines without end come up too.
 *
 *   - Both ways the same comes out: lines, lengths of lines that are too long,
 *     the word that no end will come.
 *   - A line is never longer than the bound, and has no line end in it.
 *   - What has to be kept for later is never more than the bound and a CR.
 *   - All bytes are accounted for.
 */
#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "net/framer_line.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define HEAD_LEN 4
#define ENDLESS  65536

/* Where a stream is: the bytes not done with begin at `done`. */
struct stream {
	struct framer_line framer;
	const char *data;
	size_t done, total;
	struct strbuf said;
	bool is_over; /* no end will come */
};

static void check_line(const struct stream *s, const struct slice *line)
{
	assert(line->len <= s->framer.max);
	assert(!memchr(line->data, '\n', line->len));
	for (size_t i = 0; i + 1 < line->len; i++)
		assert(line->data[i] != '\r' || line->data[i + 1] != '\0');
}

static void say(struct stream *s, enum line_event event, struct slice *line)
{
	if (event == LINE_WHOLE) {
		check_line(s, line);
		strbuf_addf(&s->said, "[%zu:", line->len);
		strbuf_add(&s->said, line->data, line->len);
	} else if (event == LINE_TOO_LONG) {
		assert(line->len > s->framer.max);
		assert(line->len < s->framer.endless);
		strbuf_addf(&s->said, "(%zu", line->len);
	} else if (event == LINE_ENDLESS) {
		strbuf_adds(&s->said, "endless");
	}
}

/* Hands over the bytes up to `end`, in memory of their own size, so that a
 * sanitizer sees who looks past them. */
static void feed(struct stream *s, size_t end)
{
	struct slice line = {NULL, 0};
	enum line_event event = LINE_SKIPPED;
	size_t used, left = end - s->done;
	char *exact = malloc(left > 0 ? left : 1), *at = exact;

	assert(exact);
	memcpy(exact, s->data + s->done, left);
	while (event != LINE_MORE && event != LINE_ENDLESS) {
		event = framer_line_next(&s->framer, at, left, &line, &used);
		assert(used <= left);
		assert((used == 0) ==
			(event == LINE_MORE || event == LINE_ENDLESS));
		say(s, event, &line);
		at += used;
		left -= used;
	}
	free(exact);
	s->done = end - left;
	s->is_over = event == LINE_ENDLESS;
	assert(s->is_over || left <= (size_t)s->framer.max + 1);
}

/* Pieces of the sizes that `cut` leads to; 0: all at once. */
static void run(struct stream *s, size_t max, uint32_t cut)
{
	struct slice line = {NULL, 0};
	size_t end = 0;

	framer_line_init(&s->framer, max);
	while (end < s->total && !s->is_over) {
		size_t piece = s->total;

		if (cut) {
			cut = cut * 1664525 + 1013904223;
			piece = 1 + (cut >> 24) % (1 + (cut >> 16) % 64);
			if (s->total > 10000)
				piece *= 100;
		}
		end = s->total - end < piece ? s->total : end + piece;
		feed(s, end);
	}
	if (!s->is_over)
		say(s,
			framer_line_end(&s->framer, s->data + s->done,
				s->total - s->done, &line),
			&line);
	assert(!s->said.failed);
}

/* With the first line said over and over until it is endless, or nearly. */
static void stretch(struct strbuf *all, const char *data, size_t len)
{
	const char *lf = memchr(data, '\n', len);
	size_t first = lf ? (size_t)(lf - data) : len;

	while (first > 0 && all->len + first <= ENDLESS)
		strbuf_add(all, data, first);
	strbuf_add(all, data, len);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct stream whole = {.done = 0}, pieces = {.done = 0};
	struct strbuf all = {0};
	const char *text = (const char *)data + HEAD_LEN;
	size_t max;

	if (size < HEAD_LEN)
		return 0;
	max = 1 + data[0] % 32;
	strbuf_adds(&all, ""); /* a place, even if nothing is there */
	if (data[3] < 250)
		strbuf_add(&all, text, size - HEAD_LEN);
	else
		stretch(&all, text, size - HEAD_LEN);
	assert(!all.failed);
	whole.data = pieces.data = all.data;
	whole.total = pieces.total = all.len;
	run(&whole, max, 0);
	run(&pieces, max, 1 + data[1] + data[2] * 256u);
	assert(whole.said.len == pieces.said.len);
	if (whole.said.len > 0)
		assert(memcmp(whole.said.data, pieces.said.data,
			       whole.said.len) == 0);
	strbuf_fini(&all);
	strbuf_fini(&whole.said);
	strbuf_fini(&pieces.said);
	return 0;
}
