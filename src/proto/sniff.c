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

/* Of the object that the data begins with, perhaps behind blanks: MORE if it
 * is not whole, or there is none. */
static enum sniff sniff_object(struct slice data)
{
	struct framer_json framer;
	struct slice object;
	size_t used;

	while (data.len > 0 && is_blank(data.data[0])) {
		data.data++;
		data.len--;
	}
	if (data.len == 0 || data.data[0] != '{')
		return SNIFF_MORE;
	framer_json_init(&framer, data.len);
	if (framer_json_next(&framer, data.data, data.len, &object, &used) !=
		OBJECT_WHOLE)
		return SNIFF_MORE;
	return dialect_json_is_request(object.data, object.len) ? SNIFF_JSON
								: SNIFF_PERSON;
}

/* Where the first LF, CR LF or CR NUL begins; NULL: it is not there yet. */
static const char *find_end(const struct slice *data)
{
	const char *lf = memchr(data->data, '\n', data->len);
	size_t len = lf ? (size_t)(lf - data->data) : data->len;
	const char *crnul = memmem(data->data, len, "\r\0", 2);

	if (crnul)
		return crnul;
	return lf && len > 0 && lf[-1] == '\r' ? lf - 1 : lf;
}

/* Whatever comes first of these decides, so that it does not matter how much is
 * there already: a whole object, which need not have the end of a line behind
 * it; a byte 0xFF, of a telnet, who wants an answer now; the end of the line;
 * more bytes than a line may have with its end. */
static enum sniff sniff_lines(const struct slice *data, size_t line_max)
{
	struct slice line = {data->data,
		data->len < line_max + 2 ? data->len : line_max + 2};
	const char *end = find_end(&line), *iac;
	enum sniff sniff;

	if (end)
		line.len = (size_t)(end - line.data);
	iac = memchr(line.data, 0xFF, line.len);
	if (iac)
		line.len = (size_t)(iac - line.data);
	sniff = sniff_object(line);
	if (sniff != SNIFF_MORE)
		return sniff;
	if (iac || (!end && data->len > line_max + 1))
		return SNIFF_PERSON;
	if (!end)
		return SNIFF_MORE;
	return line.len <= line_max && is_http(line) ? SNIFF_HTTP
						     : SNIFF_PERSON;
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

enum sniff sniff_end(enum sniff sniff, const struct slice *data)
{
	struct slice line = *data;

	if (sniff != SNIFF_MORE || data->len == 0)
		return sniff;
	if (line.len > 0 && line.data[line.len - 1] == '\r')
		line.len--;
	return is_http(line) ? SNIFF_HTTP : SNIFF_PERSON;
}
