/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Any bytes through the line framer, once whole and once in pieces. The first
 * four bytes choose the bound of a line, the way the rest is cut, and how long
 * a line without an end is borne: not for 64 KiB, so that it comes up often.
 *
 *   - Both ways the same comes out: lines, how they ended, lengths of lines
 *     that are too long, the word that no end will come.
 *   - The end of a line stands behind it, as it is told.
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
#define MOST     128 /* bytes: more of them show nothing new */
#define SAID_LEN (MOST * 5)

/* Where a stream is: the bytes not done with begin at `done`. */
struct stream {
	struct framer_line framer;
	const char *data;
	size_t done, total;
	char *end; /* of memory in which nothing follows the bytes given */
	char said[SAID_LEN];
	size_t said_len;
	bool is_over; /* no end will come */
};

static void add(struct stream *s, const void *data, size_t len)
{
	assert(len <= SAID_LEN - s->said_len);
	memcpy(s->said + s->said_len, data, len);
	s->said_len += len;
}

static void check_line(
	const struct stream *s, const struct slice *line, size_t used)
{
	struct slice end = framer_line_ending(&s->framer);

	assert(line->len + end.len == used);
	assert(memcmp(line->data + line->len, end.data, end.len) == 0);
	assert(line->len <= s->framer.max);
	assert(!memchr(line->data, '\n', line->len));
	assert(!memmem(line->data, line->len, "\r", 2));
}

static void say(struct stream *s, enum line_event event, struct slice *line)
{
	const uint16_t len = (uint16_t)line->len;

	if (event == LINE_MORE || event == LINE_SKIPPED)
		return;
	add(s, &(char){(char)event}, 1);
	if (event == LINE_ENDLESS)
		return;
	add(s, &s->framer.ending, 1);
	add(s, &len, sizeof(len));
	if (event == LINE_WHOLE)
		add(s, line->data, len);
	if (event == LINE_TOO_LONG)
		assert(len > s->framer.max && len < s->framer.endless);
}

/* Hands over the bytes up to `end`, with nothing behind them, so that a
 * sanitizer sees who looks past them. */
static void feed(struct stream *s, size_t end)
{
	struct slice line = {NULL, 0};
	enum line_event event = LINE_SKIPPED;
	size_t used, left = end - s->done;
	char *at = s->end - left;

	memcpy(at, s->data + s->done, left);
	while (event != LINE_MORE && event != LINE_ENDLESS) {
		size_t seen = s->framer.seen;

		event = framer_line_next(&s->framer, at, left, &line, &used);
		assert(used <= left && (used == 0 || used >= seen));
		assert((used == 0) ==
			(event == LINE_MORE || event == LINE_ENDLESS));
		if (event == LINE_WHOLE)
			check_line(s, &line, used);
		say(s, event, &line);
		at += used;
		left -= used;
	}
	s->done = end - left;
	s->is_over = event == LINE_ENDLESS;
	assert(s->is_over || left <= (size_t)s->framer.max + 1);
}

/* Pieces of the sizes that `cut` leads to; 0: all at once. */
static void run(struct stream *s, uint32_t cut)
{
	struct slice line = {NULL, 0};
	char *memory = malloc(s->total + 1);
	size_t end = 0;

	assert(memory);
	s->end = memory + s->total + 1;
	while (end < s->total && !s->is_over) {
		size_t piece = s->total;

		if (cut) {
			cut = cut * 1664525 + 1013904223;
			piece = 1 + (cut >> 24) % (1 + (cut >> 16) % 64);
		}
		end = s->total - end < piece ? s->total : end + piece;
		feed(s, end);
	}
	if (!s->is_over)
		say(s,
			framer_line_end(&s->framer, s->data + s->done,
				s->total - s->done, &line),
			&line);
	free(memory);
}

static void start(struct stream *s, const uint8_t *data, size_t size)
{
	framer_line_init(&s->framer, 1 + data[0] % 32);
	s->framer.endless = s->framer.max + 2 + data[3] % 64;
	s->data = (const char *)data + HEAD_LEN;
	s->total = size - HEAD_LEN < MOST ? size - HEAD_LEN : MOST;
	s->said_len = s->done = 0;
	s->is_over = false;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct stream whole, pieces;

	if (size < HEAD_LEN)
		return 0;
	start(&whole, data, size);
	run(&whole, 0);
	start(&pieces, data, size);
	run(&pieces, 1 + data[1] + data[2] * 256u);
	assert(whole.said_len == pieces.said_len);
	assert(memcmp(whole.said, pieces.said, whole.said_len) == 0);
	return 0;
}
