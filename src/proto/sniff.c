/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Telling clients apart by what they send first. The less is read into it the
 * better: whatever is not clearly something else is a person.
 *
 * Pure; used by all workers.
 */
#include "sniff.h"

#include <string.h>

#include "base/str.h"
#include "dialect_json_private.h"
#include "net/framer_json.h"

/* A record of TLS: a handshake, of version 3.0 to 3.4 as it is counted. */
static enum sniff sniff_tls(const struct slice *data)
{
	if (data->len > 1 && data->data[1] != 3)
		return SNIFF_PERSON;
	if (data->len < 3)
		return SNIFF_MORE;
	return (unsigned char)data->data[2] <= 4 ? SNIFF_TLS : SNIFF_PERSON;
}

/* METHOD TARGET HTTP/1.x */
static bool is_http(struct slice line)
{
	static const char version[] = " HTTP/1.";
	const size_t len = sizeof(version) - 1;
	const char *at;

	if (line.len > 0 && line.data[line.len - 1] == '\r')
		line.len--;
	if (line.len < len + 2)
		return false;
	at = line.data + line.len - len - 1;
	return memcmp(at, version, len) == 0 && at[len] >= '0' &&
		at[len] <= '9';
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* True if the data begins with an object that is a request. */
static bool is_request(struct slice data)
{
	struct framer_json framer;
	struct slice object;
	size_t used;

	while (data.len > 0 && is_blank(data.data[0])) {
		data.data++;
		data.len--;
	}
	while (data.len > 0 && is_blank(data.data[data.len - 1]))
		data.len--;
	if (data.len == 0 || data.data[0] != '{' ||
		data.data[data.len - 1] != '}')
		return false;
	framer_json_init(&framer, data.len);
	if (framer_json_next(&framer, data.data, data.len, &object, &used) !=
		OBJECT_WHOLE)
		return false;
	return dialect_json_is_request(object.data, object.len);
}

static enum sniff sniff_line(struct slice line)
{
	if (is_http(line))
		return SNIFF_HTTP;
	return is_request(line) ? SNIFF_JSON : SNIFF_PERSON;
}

/* An object need not have the end of a line behind it. A byte 0xFF is of a
 * telnet, who wants an answer now. */
static enum sniff sniff_lines(const struct slice *data, size_t line_max)
{
	const char *lf = memchr(data->data, '\n', data->len);

	if (lf)
		return sniff_line(
			(struct slice){data->data, (size_t)(lf - data->data)});
	if (data->len > line_max || memchr(data->data, 0xFF, data->len))
		return SNIFF_PERSON;
	return is_request(*data) ? SNIFF_JSON : SNIFF_MORE;
}

enum sniff sniff_greeted(const struct slice *data, size_t line_max)
{
	if (data->len == 0)
		return SNIFF_MORE;
	if (data->data[0] == '\0')
		return SNIFF_FRAME;
	if (data->data[0] == 0x16 && sniff_tls(data) != SNIFF_PERSON)
		return sniff_tls(data);
	return sniff_lines(data, line_max);
}

enum sniff sniff_first(const struct slice *data, size_t line_max)
{
	if (data->len > 0 && data->data[0] == '{')
		return SNIFF_JSON;
	return sniff_greeted(data, line_max);
}

enum sniff sniff_all(const struct slice *data)
{
	enum sniff sniff = sniff_first(data, data->len);

	return sniff == SNIFF_MORE && data->len > 0 ? sniff_line(*data) : sniff;
}
