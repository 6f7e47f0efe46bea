/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SOCKD_BASE_UTF8_H
#define SOCKD_BASE_UTF8_H

#include <stdbool.h>
#include <stddef.h>

#include "base/str.h"

/* Makes bytes of a peer safe for other people's terminals and for logs. The
 * output is valid UTF-8 with no control character but TAB: C0 and DEL become
 * their control pictures (U+2400+n, U+2421); C1, bidi controls (U+061C,
 * U+200E/F, U+202A-202E, U+2066-2069) and U+2028/2029 become "<U+XXXX>"; each
 * byte that is not part of valid UTF-8 (overlong forms, surrogates and values
 * past U+10FFFF are not) becomes U+FFFD. Pure; appends to out; idempotent.
 * Text that is safe already is copied in one piece. */
void utf8_make_safe(struct strbuf *out, const char *data, size_t len);

/* The first `max` characters of text made safe, and "..." if that is not all. */
void utf8_make_safe_cut(struct strbuf *out, const char *text, size_t max);

/* True if utf8_make_safe() would change nothing. */
bool utf8_is_safe(const char *data, size_t len);

/* Whatever its characters would do. */
bool utf8_is_valid(const char *data, size_t len);
/* How many code points valid UTF-8 text has. */
size_t utf8_length(const char *data, size_t len);

/* How many of the len bytes of valid UTF-8 fit into max, in whole characters. */
size_t utf8_fit(const char *data, size_t len, size_t max);

/* The bytes of the first n characters of text, or of all if it has fewer. */
size_t utf8_first(const char *text, size_t n);

#endif
