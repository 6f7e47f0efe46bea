/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * JSON by appending. What a string may not hold as it is (quotes, backslashes,
 * control characters) is looked for first, so that the runs between are copied
 * in one piece; everything else, U+2028 too, stands for itself.
 *
 * Pure; any thread.
 */
#include "base/json_write.h"

#include <string.h>

#include "base/utf8.h"

#define LITERAL(out, text) strbuf_add((out), (text), sizeof(text) - 1)

static bool is_plain(unsigned char c)
{
	return c >= 0x20 && c != '"' && c != '\\';
}

static void add_escape(struct strbuf *out, unsigned char c)
{
	static const char from[] = "\"\\\n\t\r", to[] = "\"\\ntr";
	static const char hex[] = "0123456789abcdef";
	const char *at = c ? strchr(from, c) : NULL;
	char text[6] = {'\\', 'u', '0', '0', hex[c >> 4], hex[c & 15]};

	if (at)
		text[1] = to[at - from];
	strbuf_add(out, text, at ? 2 : sizeof(text));
}

void json_write_escaped(struct strbuf *out, const char *text, size_t len)
{
	size_t i = 0, run;

	while (i < len) {
		run = i;
		while (i < len && is_plain((unsigned char)text[i]))
			i++;
		if (i > run)
			strbuf_add(out, text + run, i - run);
		if (i < len)
			add_escape(out, (unsigned char)text[i++]);
	}
}

void json_write_quoted(struct strbuf *out, const char *text, size_t len)
{
	strbuf_addc(out, '"');
	json_write_escaped(out, text, len);
	strbuf_addc(out, '"');
}

void json_write_digits(struct strbuf *out, uint64_t n)
{
	char digits[20];
	size_t at = sizeof(digits);

	do
		digits[--at] = (char)('0' + n % 10);
	while (n /= 10);
	strbuf_add(out, digits + at, sizeof(digits) - at);
}

void json_write_begin(struct strbuf *out, const char *type)
{
	LITERAL(out, "{\"type\":\"");
	strbuf_adds(out, type);
	strbuf_addc(out, '"');
}

void json_write_key(struct strbuf *out, const char *key)
{
	LITERAL(out, ",\"");
	strbuf_adds(out, key);
	LITERAL(out, "\":");
}

void json_write_text(
	struct strbuf *out, const char *key, const char *text, size_t len)
{
	json_write_key(out, key);
	json_write_quoted(out, text, len);
}

void json_write_string(struct strbuf *out, const char *key, const char *text)
{
	json_write_text(out, key, text, strlen(text));
}

void json_write_foreign(struct strbuf *out, const char *key, const char *text)
{
	struct strbuf safe = {0};

	strbuf_adds(&safe, "");
	utf8_make_safe(&safe, text, strlen(text));
	if (safe.failed)
		out->failed = true;
	else
		json_write_text(out, key, safe.data, safe.len);
	strbuf_fini(&safe);
}

void json_write_number(struct strbuf *out, const char *key, uint64_t n)
{
	json_write_key(out, key);
	json_write_digits(out, n);
}

void json_write_time(struct strbuf *out, const char *key, int64_t ms)
{
	uint64_t n = ms > 0 ? (uint64_t)ms : 0;
	char fraction[4] = {'.', (char)('0' + n / 100 % 10),
		(char)('0' + n / 10 % 10), (char)('0' + n % 10)};

	json_write_number(out, key, n / 1000);
	strbuf_add(out, fraction, sizeof(fraction));
}

void json_write_bool(struct strbuf *out, const char *key, bool value)
{
	json_write_key(out, key);
	strbuf_adds(out, value ? "true" : "false");
}
