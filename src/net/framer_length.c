/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Messages behind their lengths. All that is decided of a message before it is
 * whole is decided by its four bytes of length, so the result is the same
 * however the bytes were cut into reads, and whoever gathers a message never
 * holds more than the bound and a length.
 *
 * A length that is too large is mostly none: somebody typed text into a netcat,
 * or a program speaks something else. No bound is ever so large that a length
 * might be one of those, so that they can be told by name. Pure. */
#include "net/framer_length.h"

#include <assert.h>
#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "base/errmsg.h"

#define BOUND_MAX (UINT32_C(16) << 20)

void framer_length_init(struct framer_length *f, size_t max)
{
	assert(max > 0 && max <= BOUND_MAX);
	f->max = (uint32_t)max;
}

static uint32_t decode(const char *head)
{
	const unsigned char *b = (const unsigned char *)head;

	return (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 |
		(uint32_t)b[2] << 8 | b[3];
}

void framer_length_encode(char head[FRAMER_LENGTH_HEAD], size_t len)
{
	assert(len <= UINT32_MAX);
	for (int i = 0; i < FRAMER_LENGTH_HEAD; i++)
		head[i] = (char)(len >> (24 - 8 * i) & 0xff);
}

enum length_event framer_length_next(const struct framer_length *f,
	const char *data, size_t len, struct slice *ret_message,
	size_t *ret_used)
{
	uint32_t n;

	*ret_used = 0;
	if (len < FRAMER_LENGTH_HEAD)
		return LENGTH_MORE;
	n = decode(data);
	*ret_message = (struct slice){data + FRAMER_LENGTH_HEAD, n};
	if (n > f->max)
		return LENGTH_TOO_LARGE;
	if (len - FRAMER_LENGTH_HEAD < n)
		return LENGTH_MORE;
	*ret_used = FRAMER_LENGTH_HEAD + n;
	return LENGTH_WHOLE;
}

/* What four bytes are that are no length. */

static bool is_text(const char *head)
{
	static const char blanks[] = {'\t', '\r', '\n'};

	for (int i = 0; i < FRAMER_LENGTH_HEAD; i++)
		if ((head[i] < ' ' || head[i] > '~') &&
			!memchr(blanks, head[i], sizeof(blanks)))
			return false;
	return true;
}

/* What begins like that; the first row that fits. */
static const struct mistake {
	const char *begin;
	const char *hint;
} mistakes[] = {
	{"GET ", "this is no web server"},
	{"HEAD", "this is no web server"},
	{"POST", "this is no web server"},
	{"PUT ", "this is no web server"},
	{"{", "JSON begins like that, its length is missing"},
	{"[", "JSON begins like that, its length is missing"},
	{"\x16\x03", "TLS begins like that, and this port is without"},
};
#define N_MISTAKES (sizeof(mistakes) / sizeof(mistakes[0]))

static const char *hint_of(const char *head)
{
	for (size_t i = 0; i < N_MISTAKES; i++)
		if (!memcmp(head, mistakes[i].begin, strlen(mistakes[i].begin)))
			return mistakes[i].hint;
	return is_text(head) ? "did you type text?" : NULL;
}

/* " (...)" about a length that no bound allows; "" if it is just large. */
static void add_hint(
	struct strbuf *out, const struct framer_length *f, const char *head)
{
	const char *hint = hint_of(head);
	uint32_t reversed = __builtin_bswap32(decode(head));
	char count[STR_COUNT_LEN];

	if (hint) {
		strbuf_adds(out, " (\"");
		str_escape(out, head, FRAMER_LENGTH_HEAD, FRAMER_LENGTH_HEAD);
		strbuf_addf(out, "\": %s)", hint);
	} else if (reversed <= f->max) {
		strbuf_addf(out, " (%s in reverse: the highest comes first)",
			str_count(count, reversed));
	}
}

void framer_length_refusal(
	const struct framer_length *f, const char *head, struct errmsg *ret)
{
	uint32_t n = decode(head);
	char count[STR_COUNT_LEN], max[STR_COUNT_LEN];
	struct strbuf hint = {0};

	str_count(count, n);
	str_count(max, f->max);
	if (n > BOUND_MAX) {
		strbuf_adds(&hint,
			"; this port wants 4 bytes of length before each "
			"message");
		add_hint(&hint, f, head);
	}
	errmsg_set(ret, EMSGSIZE,
		"that is a length of %s bytes, %s are allowed%s", count, max,
		hint.len > 0 && !hint.failed ? hint.data : "");
	strbuf_fini(&hint);
}

void framer_length_cut(const char *data, size_t len, struct errmsg *ret)
{
	char came[STR_COUNT_LEN], whole[STR_COUNT_LEN];

	assert(len > 0);
	if (len < FRAMER_LENGTH_HEAD)
		errmsg_set(ret, EPROTO,
			"the input ended after %zu of the 4 bytes of a length",
			len);
	else
		errmsg_set(ret, EPROTO,
			"the input ended after %s of the %s bytes of a message",
			str_count(came, len - FRAMER_LENGTH_HEAD),
			str_count(whole, decode(data)));
}
