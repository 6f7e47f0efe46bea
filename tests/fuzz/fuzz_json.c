/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Any bytes through the splitter of JSON objects, once whole and once in
 * pieces. The first three bytes choose the bound of an object and the way the
 * rest is cut.
 *
 *   - Both ways the same comes out: objects, lengths of those that are too
 *     long, places where there is none.
 *   - An object is never longer than the bound, and what has to be kept for
 *     later is not either. All bytes are accounted for, and none is looked at
 *     that is not there yet.
 *
 * What objects lead to is the business of fuzz_program.
 */
#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "net/framer_json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define HEAD_LEN  3
#define SIZE_MAX_ 512 /* twice the largest bound: longer finds nothing more */

/* Where a stream is: the bytes not done with begin at `done`. */
struct stream {
	struct framer_json framer;
	const char *data;
	size_t done, total;
	uint64_t said; /* a hash of all that came out */
};

static void put(struct stream *s, char tag, size_t n)
{
	s->said = (s->said ^ (unsigned char)tag ^ (uint64_t)n << 8) *
		UINT64_C(0x9E3779B97F4A7C15);
	s->said ^= s->said >> 29;
}

static void say(struct stream *s, enum object_event event, struct slice *object)
{
	if (event == OBJECT_WHOLE) {
		assert(object->len <= s->framer.max && object->len >= 2);
		assert(object->data[0] == '{');
		put(s, 'o', object->len);
		put(s, '@', (size_t)(object->data - s->data));
	} else if (event == OBJECT_TOO_LONG) {
		assert(object->len > s->framer.max);
		put(s, 'l', object->len);
	} else if (event == OBJECT_INVALID) {
		put(s, '?', 0);
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
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct stream whole = {.done = 0}, pieces = {.done = 0};
	size_t max;

	if (size < HEAD_LEN || size > SIZE_MAX_)
		return 0;
	max = 1 + data[0];
	whole.data = pieces.data = (const char *)data + HEAD_LEN;
	whole.total = pieces.total = size - HEAD_LEN;
	run(&whole, max, 0);
	run(&pieces, max, 1 + data[1] + data[2] * 256u);
	assert(whole.said == pieces.said);
	return 0;
}
