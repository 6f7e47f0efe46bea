/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a client would like to read (RFC 9110, 12.5.1): a list of media types,
 * each with parameters, of which q says how much. Ranges like text/plain are
 * looked for by name; those with an asterisk say nothing about a preference.
 * Pure. */
#include "net/http_head.h"

#include <string.h>
#include <strings.h>

#define QUALITY_ONE 1000

static size_t blanks(const char *text, size_t len)
{
	size_t n = 0;

	while (n < len && (text[n] == ' ' || text[n] == '\t'))
		n++;
	return n;
}

/* Takes what stands before the next `end` that is in no quotes, without blanks
 * around it; *rest is what follows. */
static struct slice take(struct slice *rest, char end)
{
	struct slice part = *rest;
	bool quoted = false;
	size_t i = 0;

	for (; i < rest->len && (quoted || rest->data[i] != end); i++) {
		quoted ^= rest->data[i] == '"';
		if (quoted && rest->data[i] == '\\' && i + 1 < rest->len)
			i++;
	}
	part.len = i;
	i += i < rest->len;
	rest->data += i;
	rest->len -= i;
	i = blanks(part.data, part.len);
	part.data += i;
	part.len -= i;
	while (part.len && strchr(" \t", part.data[part.len - 1]))
		part.len--;
	return part;
}

static bool is(struct slice part, const char *word)
{
	return part.len == strlen(word) &&
		strncasecmp(part.data, word, part.len) == 0;
}

/* "0.75" is 750. What is no such number wants nothing. */
static unsigned parse_quality(struct slice text)
{
	unsigned n = 0, place = QUALITY_ONE;

	for (size_t i = 0; i < text.len; i++) {
		char c = text.data[i];

		if (i == 1 ? c != '.' : c < '0' || c > '9' || place == 0)
			return 0;
		if (i == 1)
			continue;
		n += (unsigned)(c - '0') * place;
		place /= 10;
	}
	return n <= QUALITY_ONE ? n : 0;
}

static struct slice unquoted(struct slice text)
{
	if (text.len >= 2 && text.data[0] == '"') {
		text.data++;
		text.len -= 2;
	}
	return text;
}

/* Of one member of the list. */
static unsigned quality_of(
	struct slice range, const char *type, const char *version)
{
	unsigned quality = QUALITY_ONE;

	if (!is(take(&range, ';'), type))
		return 0;
	while (range.len) {
		struct slice value = take(&range, ';');
		struct slice name = take(&value, '=');

		if (is(name, "q"))
			quality = parse_quality(value);
		else if (is(name, "version") && !is(unquoted(value), version))
			return 0;
	}
	return quality;
}

unsigned http_quality(const char *accept, const char *type, const char *version)
{
	struct slice rest = {accept, strlen(accept)};
	unsigned best = 0;

	while (rest.len) {
		unsigned quality = quality_of(take(&rest, ','), type, version);

		best = quality > best ? quality : best;
	}
	return best;
}
