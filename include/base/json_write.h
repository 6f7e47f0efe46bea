/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SOCKD_BASE_JSON_WRITE_H
#define SOCKD_BASE_JSON_WRITE_H

#include <stddef.h>
#include <stdint.h>

#include "base/str.h"

/* JSON objects appended to a buffer, member by member, as they are to be read.
 * Whoever writes sees to the brackets and that the text is valid UTF-8. */

/* {"type":"TYPE" */
void json_write_begin(struct strbuf *out, const char *type);
/* Each begins with a comma; the key is written as it is. */
void json_write_text(
	struct strbuf *out, const char *key, const char *text, size_t len);
void json_write_string(struct strbuf *out, const char *key, const char *text);
/* The same made safe first (utf8_make_safe()): of a configuration, say. */
void json_write_foreign(struct strbuf *out, const char *key, const char *text);
void json_write_number(struct strbuf *out, const char *key, uint64_t n);
/* Milliseconds as seconds: 1700000000.123 */
void json_write_time(struct strbuf *out, const char *key, int64_t ms);
void json_write_bool(struct strbuf *out, const char *key, bool value);
/* ,"KEY": and what the caller then adds. */
void json_write_key(struct strbuf *out, const char *key);

/* A string between quotes, and what is between them. */
void json_write_quoted(struct strbuf *out, const char *text, size_t len);
void json_write_escaped(struct strbuf *out, const char *text, size_t len);
/* Digits. */
void json_write_digits(struct strbuf *out, uint64_t n);

#endif
