/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SOCKD_NET_FRAMER_JSON_H
#define SOCKD_NET_FRAMER_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"

/* Cuts a stream of bytes into JSON objects by their brackets and strings, with
 * nothing or white space between them, however the bytes come. What is inside
 * is left to a parser. Pure: no socket, no memory of its own but numbers. */
struct framer_json {
	uint64_t gone;   /* bytes of the object let go: it is too long */
	uint32_t max;    /* bytes of an object that are let through */
	uint32_t seen;   /* bytes looked at that come again */
	uint32_t depth;  /* open brackets, 0: between objects */
	uint8_t skip;    /* enum framer_json_skip */
	bool in_string;  /* the object goes on inside one */
	bool is_escaped; /* ... behind a backslash */
	bool is_deep;    /* the object has more brackets in each other */
};
#define FRAMER_JSON_DEPTH 32 /* than these */

enum object_event {
	OBJECT_MORE,     /* not whole: come again with these and more bytes */
	OBJECT_WHOLE,    /* ret_object is one, from { to } */
	OBJECT_TOO_LONG, /* one ended that was longer; ret_object->len: so long */
	OBJECT_INVALID, /* what came is no object; the next may be one */
	OBJECT_SKIPPED, /* bytes between objects, or of one that is refused */
};

void framer_json_init(struct framer_json *f, size_t max);
/* Looks at the next bytes. *ret_used of them are done with (0 for MORE); the
 * object points into data. */
enum object_event framer_json_next(struct framer_json *f, const char *data,
	size_t len, struct slice *ret_object, size_t *ret_used);
/* The stream ended. INVALID: within an object; MORE: between two. */
enum object_event framer_json_end(struct framer_json *f);
/* True while an object has begun and not ended. */
bool framer_json_is_within(const struct framer_json *f);
/* The object that has begun took too long: it is let go, and what follows of it
 * up to the end of a line. */
void framer_json_give_up(struct framer_json *f);

#endif
