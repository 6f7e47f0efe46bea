/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Lines. A line within the bound stays in the caller's buffer until it is
 * whole; of a longer one the bytes are let go as they come and only counted,
 * so that no line costs more memory than the bound. A CR that is the last byte
 * so far is looked at again with its successor, so the result is the same
 * however the bytes were cut into reads; no other byte is looked at twice. Nor
 * does a line cost more than its own length if many follow it at once.
 *
 * A step is a line of the bound with its end, also of a line that is too long:
 * so whatever is done with has all been seen, as its callers rely on. */
#include "net/framer_line.h"

#include <assert.h>
#include <string.h>

#define ENDLESS_MIN (64 * 1024)

void framer_line_init(struct framer_line *f, size_t max)
{
	assert(max > 0 && max < UINT32_MAX);
	f->max = (uint32_t)max;
	f->endless = f->max > ENDLESS_MIN ? f->max : ENDLESS_MIN;
	f->skipped = 0;
	f->seen = 0;
	f->ending = LINE_END_NONE;
}

struct slice framer_line_ending(const struct framer_line *f)
{
	static const struct slice endings[] = {
		[LINE_END_NONE] = {"", 0},
		[LINE_END_LF] = {"\n", 1},
		[LINE_END_CRLF] = {"\r\n", 2},
		[LINE_END_CRNUL] = {"\r\0", 2},
	};

	return endings[f->ending];
}

static size_t smaller(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* The length of the line with its end, which is not before `from`; 0 if it does
 * not end here. *ret_len are the bytes before the end. */
static size_t find_end(struct framer_line *f, const char *data, size_t len,
	size_t from, size_t *ret_len)
{
	const char *lf = memchr(data + from, '\n', len - from);
	size_t bound = lf ? (size_t)(lf - data) : len;
	const char *cr = data + from;

	while ((cr = memchr(cr, '\r', bound - (size_t)(cr - data)))) {
		size_t at = (size_t)(cr - data);

		if (at + 1 < bound && cr[1] == '\0') {
			f->ending = LINE_END_CRNUL;
			*ret_len = at;
			return at + 2;
		}
		cr++;
	}
	if (!lf)
		return 0;
	f->ending = bound > 0 && data[bound - 1] == '\r' ? LINE_END_CRLF
							 : LINE_END_LF;
	*ret_len = f->ending == LINE_END_CRLF ? bound - 1 : bound;
	return bound + 1;
}

/* A CR that comes last may be half of the line's end. */
static size_t without_last_cr(const char *data, size_t len)
{
	return len > 0 && data[len - 1] == '\r' ? len - 1 : len;
}

static size_t step_of(const struct framer_line *f)
{
	return (size_t)f->max + 2;
}

static enum line_event skip(struct framer_line *f, const char *data, size_t len,
	struct slice *ret_line, size_t *ret_used)
{
	size_t text_len, whole;
	uint8_t last = f->ending;

	len = smaller(len, step_of(f));
	whole = find_end(f, data, len, 0, &text_len);
	/* Also if the end is in sight: how the bytes were cut must not tell. */
	if (whole && f->skipped + text_len >= f->endless) {
		f->ending = last;
		return LINE_ENDLESS;
	}
	if (whole) {
		*ret_used = whole;
		*ret_line = (struct slice){NULL, f->skipped + text_len};
		f->skipped = 0;
		return LINE_TOO_LONG;
	}
	len = without_last_cr(data, len);
	if (f->skipped + len >= f->endless)
		return LINE_ENDLESS;
	if (len == 0)
		return LINE_MORE;
	f->skipped += (uint32_t)len;
	*ret_used = len;
	return LINE_SKIPPED;
}

enum line_event framer_line_next(struct framer_line *f, const char *data,
	size_t len, struct slice *ret_line, size_t *ret_used)
{
	size_t text_len, whole;

	*ret_used = 0;
	if (f->skipped)
		return skip(f, data, len, ret_line, ret_used);
	assert(f->seen <= len);
	whole = find_end(f, data, smaller(len, step_of(f)), f->seen, &text_len);
	if (!whole && len <= (size_t)f->max + 1) {
		f->seen = (uint32_t)without_last_cr(data, len);
		return LINE_MORE;
	}
	f->seen = 0;
	if (!whole || text_len > f->max)
		return skip(f, data, len, ret_line, ret_used);
	*ret_used = whole;
	*ret_line = (struct slice){data, text_len};
	return LINE_WHOLE;
}

enum line_event framer_line_end(struct framer_line *f, const char *data,
	size_t len, struct slice *ret_line)
{
	len = without_last_cr(data, len);
	f->seen = 0;
	f->ending = LINE_END_NONE;
	if (f->skipped || len > f->max) {
		*ret_line = (struct slice){NULL, f->skipped + len};
		f->skipped = 0;
		return LINE_TOO_LONG;
	}
	*ret_line = (struct slice){data, len};
	return len > 0 ? LINE_WHOLE : LINE_MORE;
}
