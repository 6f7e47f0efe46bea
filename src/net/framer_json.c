/* SPDX-License-Identifier: GPL-3.0-or-later */
/* JSON objects out of a stream. An object within the bound stays in the
 * caller's buffer until it is whole, and each byte is looked at once, however
 * the bytes were cut: `seen` says where to go on. Of a longer one the bytes are
 * let go as they come, so that no object costs more memory than the bound.
 *
 *            {                  last }              other byte: INVALID
 *   between ----> in an object -------> between    ---------------------> junk
 *                  |                                junk: to LF, or up to {
 *                  +-- LF in a string: INVALID ---> junk
 *                  +-- framer_json_give_up() -----> line: to LF
 *
 * A string cannot hold a raw LF, so one tells that the object before it was cut
 * off: what follows may be an object again. */
#include "net/framer_json.h"

#include <assert.h>
#include <string.h>

enum framer_json_skip {
	SKIP_NOTHING,
	SKIP_JUNK, /* to an LF, or up to a { */
	SKIP_LINE, /* the bytes in `seen`, then to an LF */
};

/* What a byte of an object does. */
enum class {
	PLAIN,
	QUOTE = 1,
	OPEN = 2,
	SHUT = 3,
	ESCAPE = 4,
	NEWLINE = 5,
};
static const uint8_t classes[256] = {
	['"'] = QUOTE,
	['{'] = OPEN,
	['['] = OPEN,
	['}'] = SHUT,
	[']'] = SHUT,
	['\\'] = ESCAPE,
	['\n'] = NEWLINE,
};

void framer_json_init(struct framer_json *f, size_t max)
{
	assert(max > 0 && max < UINT32_MAX / 2);
	*f = (struct framer_json){.max = (uint32_t)max};
}

bool framer_json_is_within(const struct framer_json *f)
{
	return f->depth > 0;
}

static bool is_space(char c)
{
	return c == ' ' || c == '\n' || c == '\r' || c == '\t';
}

static size_t count_spaces(const char *data, size_t len)
{
	size_t n = 0;

	while (n < len && is_space(data[n]))
		n++;
	return n;
}

static void forget_object(struct framer_json *f)
{
	*f = (struct framer_json){.max = f->max};
}

/* One byte of a string. False: it cannot be in one. */
static bool step_string(struct framer_json *f, uint8_t class)
{
	if (class == NEWLINE)
		return false;
	if (f->is_escaped)
		f->is_escaped = false;
	else if (class == ESCAPE)
		f->is_escaped = true;
	else if (class == QUOTE)
		f->in_string = false;
	return true;
}

static void step(struct framer_json *f, uint8_t class)
{
	if (class == QUOTE)
		f->in_string = true;
	else if (class == SHUT)
		f->depth--;
	else if (class == OPEN && ++f->depth > FRAMER_JSON_DEPTH)
		f->is_deep = true;
}

/* Goes on from `seen` to the end of the object or of the data, and leaves the
 * index there. False: at `seen` is a byte that cannot be. */
static bool scan(struct framer_json *f, const char *data, size_t len)
{
	size_t i = f->seen;
	bool is_sound = true;

	while (i < len && f->depth > 0 && is_sound) {
		uint8_t class = classes[(unsigned char)data[i]];

		if (class == PLAIN && !f->is_escaped) {
			i++;
			continue;
		}
		if (!f->in_string)
			step(f, class);
		else
			is_sound = step_string(f, class);
		i += is_sound;
	}
	f->seen = (uint32_t)i;
	return is_sound;
}

/* It ended, at `seen`. */
static enum object_event judge(
	struct framer_json *f, const char *data, struct slice *ret_object)
{
	uint64_t whole = f->gone + f->seen;
	bool is_deep = f->is_deep;

	forget_object(f);
	*ret_object = (struct slice){data, (size_t)whole};
	if (is_deep)
		return OBJECT_INVALID;
	return whole > f->max ? OBJECT_TOO_LONG : OBJECT_WHOLE;
}

static enum object_event go_on(struct framer_json *f, const char *data,
	size_t len, struct slice *ret_object, size_t *ret_used)
{
	if (!scan(f, data, len)) {
		*ret_used = f->seen + 1; /* with the LF */
		forget_object(f);
		f->skip = SKIP_JUNK;
		return OBJECT_INVALID;
	}
	if (f->depth == 0) {
		*ret_used = f->seen;
		*ret_used += count_spaces(data + f->seen, len - f->seen);
		return judge(f, data, ret_object);
	}
	if (f->gone + f->seen <= f->max)
		return OBJECT_MORE;
	f->gone += f->seen;
	f->seen = 0;
	*ret_used = len;
	return OBJECT_SKIPPED;
}

static enum object_event skip(
	struct framer_json *f, const char *data, size_t len, size_t *ret_used)
{
	size_t at = f->seen < len ? f->seen : len; /* 0 for SKIP_JUNK */
	bool is_over = false;

	f->seen -= (uint32_t)at;
	for (; at < len && !is_over; at++) {
		is_over = data[at] == '\n';
		if (f->skip == SKIP_JUNK && data[at] == '{')
			break;
	}
	if (is_over || at < len)
		f->skip = SKIP_NOTHING;
	*ret_used = at;
	return OBJECT_SKIPPED;
}

enum object_event framer_json_next(struct framer_json *f, const char *data,
	size_t len, struct slice *ret_object, size_t *ret_used)
{
	size_t n;

	*ret_used = 0;
	if (len == 0)
		return OBJECT_MORE;
	if (f->depth > 0)
		return go_on(f, data, len, ret_object, ret_used);
	if (f->skip != SKIP_NOTHING &&
		!(f->skip == SKIP_JUNK && data[0] == '{'))
		return skip(f, data, len, ret_used);
	f->skip = SKIP_NOTHING;
	n = count_spaces(data, len);
	if (n > 0) {
		*ret_used = n;
		return OBJECT_SKIPPED;
	}
	if (data[0] != '{') {
		*ret_used = 1;
		f->skip = SKIP_JUNK;
		return OBJECT_INVALID;
	}
	f->depth = 1;
	f->seen = 1;
	return go_on(f, data, len, ret_object, ret_used);
}

enum object_event framer_json_end(struct framer_json *f)
{
	bool is_cut = f->depth > 0;

	forget_object(f);
	return is_cut ? OBJECT_INVALID : OBJECT_MORE;
}

void framer_json_give_up(struct framer_json *f)
{
	uint32_t seen = f->seen;

	assert(f->depth > 0);
	forget_object(f);
	f->seen = seen;
	f->skip = SKIP_LINE;
}
