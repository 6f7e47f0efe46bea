/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Lines. A line within the bound stays in the caller's buffer until it is
 * whole; of a longer one the bytes are let go as they come and only counted,
 * so that no line costs more memory than the bound. A CR that is the last byte
 * so far is looked at again with its successor, so the result is the same
 * however the bytes were cut into reads. */
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
}

/* Where the line ends: *ret_len bytes of text, then the end; returns the whole
 * length, 0 if it does not end here. */
static size_t find_end(const char *data, size_t len, size_t *ret_len)
{
	const char *lf = memchr(data, '\n', len);
	size_t bound = lf ? (size_t)(lf - data) : len;
	const char *cr = data;

	while ((cr = memchr(cr, '\r', bound - (size_t)(cr - data)))) {
		size_t at = (size_t)(cr - data);

		if (at + 1 < bound && cr[1] == '\0') {
			*ret_len = at;
			return at + 2;
		}
		cr++;
	}
	if (!lf)
		return 0;
	*ret_len = bound > 0 && data[bound - 1] == '\r' ? bound - 1 : bound;
	return bound + 1;
}

static enum line_event skip(struct framer_line *f, const char *data, size_t len,
	struct slice *ret_line, size_t *ret_used)
{
	size_t text_len, whole = find_end(data, len, &text_len);

	/* Also if the end is in sight: how the bytes were cut must not tell. */
	if (whole && f->skipped + text_len >= f->endless)
		return LINE_ENDLESS;
	if (whole) {
		*ret_used = whole;
		*ret_line = (struct slice){NULL, f->skipped + text_len};
		f->skipped = 0;
		return LINE_TOO_LONG;
	}
	/* A CR at the end may be half of the line's end. */
	if (len > 0 && data[len - 1] == '\r')
		len--;
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
	whole = find_end(data, len, &text_len);
	if (!whole && len <= (size_t)f->max + 1)
		return LINE_MORE;
	if (!whole || text_len > f->max)
		return skip(f, data, len, ret_line, ret_used);
	*ret_used = whole;
	*ret_line = (struct slice){data, text_len};
	return LINE_WHOLE;
}

enum line_event framer_line_end(struct framer_line *f, const char *data,
	size_t len, struct slice *ret_line)
{
	if (len > 0 && data[len - 1] == '\r')
		len--;
	if (f->skipped || len > f->max) {
		*ret_line = (struct slice){NULL, f->skipped + len};
		f->skipped = 0;
		return LINE_TOO_LONG;
	}
	*ret_line = (struct slice){data, len};
	return len > 0 ? LINE_WHOLE : LINE_MORE;
}
