/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Any bytes through the splitter of JSON objects and the parser behind it, once
 * whole and once in pieces. The first three bytes choose the bound of an object
 * and the way the rest is cut.
 *
 *   - Both ways the same comes out: objects, lengths of those that are too long,
 *     places where there is none.
 *   - An object is never longer than the bound, and what has to be kept for
 *     later is not either. All bytes are accounted for.
 *   - What the parser reads in an object is safe text, and has no more arguments
 *     than there is room for; a refusal says what it refuses.
 */
#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "base/utf8.h"
#include "chat/command.h"
#include "net/framer_json.h"
#include "proto/dialect.h"

extern const struct dialect dialect_json;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define HEAD_LEN 3

/* Where a stream is: the bytes not done with begin at `done`. */
struct stream {
	struct framer_json framer;
	const char *data;
	size_t done, total;
	struct strbuf said;
};

/* Kept from one input to the next, as a worker does. */
static struct chat_call call;

static void check_text(const char *text)
{
	const char *end;

	for (; text; text = *end ? end + 1 : NULL) {
		end = text + strcspn(text, "\n");
		assert(utf8_is_safe(text, (size_t)(end - text)));
	}
}

static void check_call(void)
{
	assert(call.n_args <= CHAT_ARGS_MAX);
	for (size_t i = 0; i < call.n_args; i++)
		check_text(call.args[i]);
	check_text(call.room);
	check_text(call.nick);
	check_text(call.ref);
	check_text(call.error_text);
	check_text(call.error_near);
	assert(!call.verb == call.is_error);
	assert(!call.is_error || call.error >= CHAT_E_FIRST);
}

static void say(struct stream *s, enum object_event event, struct slice *object)
{
	if (event == OBJECT_WHOLE) {
		assert(object->len <= s->framer.max && object->len >= 2);
		assert(object->data[0] == '{');
		strbuf_addf(&s->said, "[%zu:", object->len);
		strbuf_add(&s->said, object->data, object->len);
		chat_call_clear(&call);
		dialect_json.parse(object->data, object->len, &call);
		check_call();
	} else if (event == OBJECT_TOO_LONG) {
		assert(object->len > s->framer.max);
		strbuf_addf(&s->said, "(%zu", object->len);
	} else if (event == OBJECT_INVALID) {
		strbuf_addc(&s->said, '?');
	}
}

/* Hands over the bytes up to `end`. */
static void feed(struct stream *s, size_t end)
{
	struct slice object = {NULL, 0};
	enum object_event event = OBJECT_SKIPPED;
	size_t used;

	while (event != OBJECT_MORE) {
		event = framer_json_next(&s->framer, s->data + s->done,
			end - s->done, &object, &used);
		assert(used <= end - s->done);
		assert((used == 0) == (event == OBJECT_MORE));
		say(s, event, &object);
		s->done += used;
	}
	assert(end - s->done <= s->framer.max);
}

/* Pieces of the sizes that `cut` leads to; 0: all at once. */
static void run(struct stream *s, size_t max, uint32_t cut)
{
	struct slice none = {NULL, 0};
	size_t end = 0, piece = s->total;

	framer_json_init(&s->framer, max);
	while (end < s->total) {
		if (cut) {
			cut = cut * 1664525 + 1013904223;
			piece = 1 + (cut >> 24) % (1 + (cut >> 16) % 64);
		}
		end = s->total - end < piece ? s->total : end + piece;
		feed(s, end);
	}
	say(s, framer_json_end(&s->framer), &none);
	assert(!s->said.failed);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct stream whole = {.done = 0}, pieces = {.done = 0};
	size_t max;

	if (size < HEAD_LEN)
		return 0;
	max = 1 + data[0];
	whole.data = pieces.data = (const char *)data + HEAD_LEN;
	whole.total = pieces.total = size - HEAD_LEN;
	run(&whole, max, 0);
	run(&pieces, max, 1 + data[1] + data[2] * 256u);
	assert(whole.said.len == pieces.said.len);
	if (whole.said.len > 0)
		assert(memcmp(whole.said.data, pieces.said.data,
			       whole.said.len) == 0);
	strbuf_fini(&whole.said);
	strbuf_fini(&pieces.said);
	return 0;
}
