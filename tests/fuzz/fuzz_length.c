/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Any bytes through the framer of lengths, once whole and once in pieces. The
 * first three bytes choose the bound of a message and the way the rest is cut.
 *
 *   - Both ways the same comes out: messages, and the sentence about a length
 *     that is too large or a message that was cut short.
 *   - A message lies behind its length, as encoded, and is never longer than
 *     the bound.
 *   - What has to be kept for later is less than the bound and a length.
 *   - Sentences are for people: printable, one line, and of bounded length.
 */
#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "net/framer.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define HEAD_LEN     3
#define MOST         128 /* bytes: more of them show nothing new */
#define SENTENCE_LEN 300
#define SAID_LEN     (MOST + SENTENCE_LEN)

/* Where a stream is: the bytes not done with begin at `done`. */
struct stream {
	const struct framer *framer;
	union framer_state state;
	const char *data;
	size_t done, total;
	char *end; /* of memory in which nothing follows the bytes given */
	char said[SAID_LEN];
	size_t said_len;
	size_t sentence; /* where it begins in what was said */
	bool is_over;    /* no message will come */
};

static void add(struct stream *s, const void *data, size_t len)
{
	assert(len <= SAID_LEN - s->said_len);
	memcpy(s->said + s->said_len, data, len);
	s->said_len += len;
}

static void check_sentence(const char *text, size_t len)
{
	assert(len > 20 && len < SENTENCE_LEN);
	for (size_t i = 0; i < len; i++)
		assert(text[i] >= ' ' && text[i] <= '~');
}

static void check_message(const struct stream *s, const struct frame *frame)
{
	struct frame_wrap wrap;

	assert(frame->message.len <= s->state.length.max);
	assert(frame->used == FRAMER_LENGTH_HEAD + frame->message.len);
	s->framer->wrap(&s->state, frame->message.len, &wrap);
	assert(wrap.head_len == FRAMER_LENGTH_HEAD && wrap.tail.len == 0);
	assert(memcmp(frame->message.data - FRAMER_LENGTH_HEAD, wrap.head,
		       FRAMER_LENGTH_HEAD) == 0);
}

static void say(
	struct stream *s, enum framer_event event, const struct frame *frame)
{
	if (event == FRAMER_WHOLE) {
		check_message(s, frame);
		add(s, "[", 1);
		add(s, frame->message.data, frame->message.len);
	} else if (event == FRAMER_BROKEN) {
		s->sentence = s->said_len;
		add(s, frame->why.text, strlen(frame->why.text));
		s->is_over = true;
	} else {
		assert(event == FRAMER_MORE);
	}
}

/* Hands over the bytes up to `end`, with nothing behind them, so that a
 * sanitizer sees who looks past them. */
static void feed(struct stream *s, size_t end)
{
	size_t left = end - s->done;
	struct slice in = {s->end - left, left};
	enum framer_event event = FRAMER_WHOLE;
	struct frame frame;

	memcpy(s->end - left, s->data + s->done, left);
	while (event == FRAMER_WHOLE) {
		event = s->framer->next(&s->state, &in, &frame);
		assert(frame.used <= in.len);
		assert((frame.used > 0) == (event == FRAMER_WHOLE));
		say(s, event, &frame);
		in.data += frame.used;
		in.len -= frame.used;
	}
	s->done = end - in.len;
	assert(s->is_over ||
		in.len < FRAMER_LENGTH_HEAD + (size_t)s->state.length.max);
}

static void finish(struct stream *s)
{
	struct slice rest = {s->data + s->done, s->total - s->done};
	struct frame frame;
	enum framer_event event = s->framer->end(&s->state, &rest, &frame);

	assert((event == FRAMER_MORE) == (rest.len == 0));
	say(s, event, &frame);
}

/* Pieces of the sizes that `cut` leads to; 0: all at once. */
static void run(struct stream *s, uint32_t cut)
{
	size_t end = 0;

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
		finish(s);
}

static void start(
	struct stream *s, char *memory, const uint8_t *data, size_t size)
{
	const struct framer_limits limits = {
		.line = 1, .message = 1 + data[0] % 64};

	s->framer = framer_find("length");
	s->framer->init(&s->state, &limits);
	s->data = (const char *)data + HEAD_LEN;
	s->total = size - HEAD_LEN;
	s->end = memory + s->total + 1;
	s->said_len = s->done = 0;
	s->is_over = false;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct stream whole, pieces;
	char *memory;

	if (size < HEAD_LEN)
		return 0;
	if (size > HEAD_LEN + MOST)
		size = HEAD_LEN + MOST;
	memory = malloc(size - HEAD_LEN + 1);
	assert(memory);
	start(&whole, memory, data, size);
	run(&whole, 0);
	start(&pieces, memory, data, size);
	run(&pieces, 1 + data[1] + data[2] * 256u);
	assert(whole.said_len == pieces.said_len);
	assert(memcmp(whole.said, pieces.said, whole.said_len) == 0);
	if (whole.is_over)
		check_sentence(whole.said + whole.sentence,
			whole.said_len - whole.sentence);
	free(memory);
	return 0;
}
