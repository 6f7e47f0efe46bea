/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Text safety: what one peer sent becomes something another person's terminal
 * and our log can show without being steered by it.
 *
 * The input is cut into runs: a run of bytes that need no change is copied in
 * one piece, then one offending character is replaced, and so on. Nearly all
 * chat is printable ASCII, so a run is looked for eight bytes at a time first.
 *
 * Everything here is pure and may be called by any thread.
 */
#include "base/utf8.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <utf8proc.h>

#define ONES  0x0101010101010101u
#define HIGHS 0x8080808080808080u

/* Code points over ASCII that steer a terminal or reorder what is shown. */
static const struct {
	int32_t first, last;
} unsafe_ranges[] = {
	{0x0080, 0x009F}, /* C1 */
	{0x061C, 0x061C}, /* arabic letter mark */
	{0x200E, 0x200F}, /* left-to-right and right-to-left mark */
	{0x2028, 0x202E}, /* line and paragraph separator, bidi embeddings */
	{0x2066, 0x2069}, /* bidi isolates */
};

static bool is_unsafe(int32_t cp)
{
	size_t n = sizeof unsafe_ranges / sizeof unsafe_ranges[0];

	for (size_t i = 0; i < n; i++)
		if (cp >= unsafe_ranges[i].first && cp <= unsafe_ranges[i].last)
			return true;
	return false;
}

/* True if all eight bytes at p are 0x20..0x7E. Borrows and carries cross into
 * a neighbour only from a byte that fails the test itself. */
static inline bool eight_printable(const char *p)
{
	uint64_t w;

	memcpy(&w, p, sizeof w);
	return ((w | (w - ONES * 0x20) | (w + ONES)) & HIGHS) == 0;
}

/* The character at p: its length, and the code point in *ret_cp. A byte that
 * begins none is a "character" of length 1 with code point -1. */
static size_t decode(const char *p, size_t len, int32_t *ret_cp)
{
	utf8proc_ssize_t n;

	n = utf8proc_iterate((const utf8proc_uint8_t *)p,
		(utf8proc_ssize_t)(len < 4 ? len : 4), ret_cp);
	if (n > 0)
		return (size_t)n;
	*ret_cp = -1;
	return 1;
}

/* How many bytes from p on need no change. */
static size_t safe_run(const char *p, size_t len)
{
	size_t i = 0;

	while (i < len) {
		unsigned char c = (unsigned char)p[i];
		int32_t cp;
		size_t n;

		if (len - i >= 8 && eight_printable(p + i)) {
			i += 8;
		} else if ((c >= 0x20 && c < 0x7F) || c == '\t') {
			i++;
		} else {
			if (c < 0x80)
				break;
			n = decode(p + i, len - i, &cp);
			if (cp < 0 || is_unsafe(cp))
				break;
			i += n;
		}
	}
	return i;
}

/* Appends what stands for the first character at p, which is not safe.
 * Returns how many bytes it had. */
static size_t add_replacement(struct strbuf *out, const char *p, size_t len)
{
	unsigned char c = (unsigned char)p[0];
	unsigned char picture[3] = {0xE2, 0x90, 0x80};
	char name[16];
	int32_t cp;
	size_t n;

	if (c < 0x80) {
		picture[2] |= c == 0x7F ? 0x21 : c;
		strbuf_add(out, picture, sizeof picture);
		return 1;
	}
	n = decode(p, len, &cp);
	if (cp < 0) {
		strbuf_add(out, "\xEF\xBF\xBD", 3);
		return n;
	}
	snprintf(name, sizeof name, "<U+%04X>", (unsigned)cp);
	strbuf_adds(out, name);
	return n;
}

void utf8_make_safe(struct strbuf *out, const char *data, size_t len)
{
	size_t i = 0, run;

	while (i < len) {
		run = safe_run(data + i, len - i);
		if (run > 0)
			strbuf_add(out, data + i, run);
		i += run;
		if (i < len)
			i += add_replacement(out, data + i, len - i);
	}
}

bool utf8_is_safe(const char *data, size_t len)
{
	return safe_run(data, len) == len;
}

bool utf8_is_valid(const char *data, size_t len)
{
	int32_t cp = 0;

	for (size_t i = 0; i < len && cp >= 0;)
		i += decode(data + i, len - i, &cp);
	return cp >= 0;
}

size_t utf8_length(const char *data, size_t len)
{
	size_t n = 0;

	for (size_t i = 0; i < len; i++)
		n += ((unsigned char)data[i] & 0xC0) != 0x80;
	return n;
}

size_t utf8_fit(const char *data, size_t len, size_t max)
{
	if (len <= max)
		return len;
	while (max > 0 && ((unsigned char)data[max] & 0xc0) == 0x80)
		max--;
	return max;
}

size_t utf8_first(const char *text, size_t n)
{
	size_t len = 0;

	for (; text[len] && n > 0; n--) {
		len++;
		while (((unsigned char)text[len] & 0xC0) == 0x80)
			len++;
	}
	return len;
}

void utf8_make_safe_cut(struct strbuf *out, const char *text, size_t max)
{
	size_t len = utf8_first(text, max);

	utf8_make_safe(out, text, len);
	if (text[len])
		strbuf_adds(out, "...");
}
