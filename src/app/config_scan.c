/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Reads the bytes of a configuration before libconfig does.
 *
 * libconfig 1.5 takes an unclosed comment for the end of the file, wraps whole
 * numbers beyond 32 bits without a word, lets a text run over lines until the
 * next quote, and reads includes relative to one directory. So this scanner
 * goes first. It copies the text without comments, puts what @include names in
 * its place, gives large numbers the L that keeps libconfig from wrapping them,
 * refuses what cannot be meant, and hands each token to the grammar.
 *
 * The bytes hold no NUL and are followed by one. Invariant: the text has one
 * config_line for each of its lines, so that everything found later has the
 * place where a person wrote it. It stops at the first error of a file.
 * Any thread.
 */
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "base/errmsg.h"
#include "base/utf8.h"
#include "config_private.h"

static size_t left(const struct config_scan *scan)
{
	return (size_t)(scan->end - scan->p);
}

static bool starts(const struct config_scan *scan, const char *text)
{
	size_t len = strlen(text);

	return left(scan) >= len && memcmp(scan->p, text, len) == 0;
}

int config_scan_error(
	const struct config_scan *scan, unsigned line, const char *fmt, ...)
{
	const char *start = scan->line_start;
	struct strbuf what = {0};
	size_t len;
	va_list ap;

	strbuf_adds(&what, "syntax error: ");
	va_start(ap, fmt);
	strbuf_vaddf(&what, fmt, ap);
	va_end(ap);
	/* Only the current line is at hand; an older one is named by number. */
	if (line == scan->line && start < scan->end) {
		start += strspn(start, " \t");
		len = strcspn(start, "\r\n");
		strbuf_adds(&what, "; in: ");
		strbuf_add(&what, start, len < 60 ? len : 60);
	}
	config_errors_add(scan->errors, scan->file, line, "%s",
		what.failed ? "syntax error" : what.data);
	strbuf_fini(&what);
	return EX_CONFIG;
}

/* Begins a line of the text, which stands for this line of the file. */
static int line_begin(struct config_scan *scan)
{
	struct config_text *text = scan->text;
	size_t n = text->n_lines;
	struct config_line *lines = text->lines;

	if ((n & (n - 1)) == 0) {
		lines = reallocarray(lines, n ? n * 2 : 1, sizeof(*lines));
		if (!lines) {
			config_errors_oom(scan->errors);
			return EX_CONFIG;
		}
		text->lines = lines;
	}
	lines[n] = (struct config_line){scan->file, scan->line};
	text->n_lines = n + 1;
	return 0;
}

static int newline(struct config_scan *scan)
{
	strbuf_addc(&scan->text->data, '\n');
	scan->line++;
	scan->line_start = scan->p;
	return line_begin(scan);
}

/* Copies len bytes as one token. */
static int token(struct config_scan *scan, enum config_token kind, size_t len)
{
	struct slice text = {scan->p, len};
	struct errmsg msg;
	int r;

	r = config_grammar_take(scan->grammar, kind, text, scan->line, &msg);
	if (r < 0)
		return config_scan_error(scan, scan->line, "%s", msg.text);
	strbuf_add(&scan->text->data, scan->p, len);
	scan->p += len;
	return 0;
}

static int scan_comment(struct config_scan *scan)
{
	unsigned line = scan->line;
	int r = 0;

	if (!starts(scan, "/*")) {
		while (scan->p < scan->end && *scan->p != '\n')
			scan->p++;
		return 0;
	}
	scan->p += 2;
	while (r == 0 && scan->p < scan->end && !starts(scan, "*/"))
		if (*scan->p++ == '\n')
			r = newline(scan);
	if (r != 0)
		return r;
	if (scan->p == scan->end)
		return config_scan_error(scan, line,
			"the comment that begins here with /* is never closed");
	scan->p += 2;
	strbuf_addc(&scan->text->data, ' ');
	return 0;
}

/* What may follow a backslash; returns its length, 0 if it may not. */
static size_t escape_len(const char *p, size_t len)
{
	if (len >= 1 && strchr("\"\\nrtf", *p))
		return 1;
	if (len >= 3 && *p == 'x' && isxdigit((unsigned char)p[1]) &&
		isxdigit((unsigned char)p[2]) && (p[1] != '0' || p[2] != '0'))
		return 3;
	return 0;
}

/* Not an error: the text may be one that nobody sees. */
static void check_encoding(struct config_scan *scan, const char *end)
{
	const char *text = scan->p + 1;

	if (scan->is_latin || utf8_is_valid(text, (size_t)(end - text)))
		return;
	config_errors_warn(scan->errors, scan->file, scan->line,
		"this text is not UTF-8, and would be shown with \xef\xbf\xbd "
		"in "
		"it; iconv -f latin1 -t utf8 may make it so");
	scan->is_latin = true;
}

static int scan_string(struct config_scan *scan)
{
	const char *p = scan->p + 1;
	size_t n;

	for (; p < scan->end && *p != '"'; p++) {
		if (*p == '\n' || *p == '\r')
			break;
		if ((unsigned char)*p < ' ' && *p != '\t')
			return config_scan_error(scan, scan->line,
				"a control character in a text; write \\x%02x",
				*p);
		if (*p != '\\')
			continue;
		n = escape_len(p + 1, (size_t)(scan->end - p - 1));
		if (n == 0)
			return config_scan_error(scan, scan->line,
				"an unknown escape in a text; write \\\\ for a "
				"backslash");
		p += n;
	}
	if (p == scan->end || *p != '"')
		return config_scan_error(scan, scan->line,
			"a quote (\") is missing on this line");
	check_encoding(scan, p);
	return token(scan, TOKEN_STRING, (size_t)(p + 1 - scan->p));
}

/* The length of a number at p, of a whole one *whole is set. 0: none. */
static size_t number_len(const char *p, const char *end, bool *whole)
{
	const char *start = p;

	*whole = true;
	if (end - p > 2 && p[0] == '0' && (p[1] | 32) == 'x') {
		for (p += 2; p < end && isxdigit((unsigned char)*p); p++)
			;
		return (size_t)(p - start);
	}
	if (p < end && (*p == '-' || *p == '+'))
		p++;
	while (p < end && isdigit((unsigned char)*p))
		p++;
	if (p < end && *p == '.')
		for (*whole = false, p++; p < end; p++)
			if (!isdigit((unsigned char)*p))
				break;
	if (end - p > 1 && (*p | 32) == 'e' &&
		(isdigit((unsigned char)p[1]) || p[1] == '-' || p[1] == '+'))
		for (*whole = false, p += 2; p < end; p++)
			if (!isdigit((unsigned char)*p))
				break;
	return (size_t)(p - start);
}

/* What is glued to a number: a unit, a second dot, a name. */
static size_t tail_len(const char *p, const char *end)
{
	const char *start = p;

	while (p < end && (isalnum((unsigned char)*p) || strchr("-_.:/%", *p)))
		p++;
	return (size_t)(p - start);
}

/* Leaves the L that libconfig needs for a number beyond 32 bits in *suffix. */
static int check_whole(
	const struct config_scan *scan, size_t len, const char **suffix)
{
	char text[64] = "";
	const char *digits = text;
	long long n;

	if (len < sizeof(text))
		memcpy(text, scan->p, len);
	digits += *digits == '-' || *digits == '+';
	if (digits[0] == '0' && isdigit((unsigned char)digits[1]))
		return config_scan_error(scan, scan->line,
			"the number %s begins with 0; write it without, or "
			"\"%s\" if it is a mode",
			digits, digits);
	errno = 0;
	n = strtoll(text, NULL, 0);
	if (errno == ERANGE || len >= sizeof(text))
		return config_scan_error(scan, scan->line,
			"the number %.*s is too large",
			(int)(len < 40 ? len : 40), scan->p);
	*suffix = n < INT32_MIN || n > INT32_MAX ? "L" : "";
	return 0;
}

/* "10,000" and "10_000", of which the scanner is at, or within, the part at p:
 * the digits alone go to buf. False: it is something else. */
static bool join_digits(const struct config_scan *scan, char *buf, size_t size,
	const char *marks)
{
	const char *p = scan->p;
	size_t n = 0;

	while (p > scan->line_start &&
		(isdigit((unsigned char)p[-1]) || strchr(marks, p[-1])))
		p--;
	for (; p < scan->end && *p; p++) {
		if (isdigit((unsigned char)*p) && n + 1 < size)
			buf[n++] = *p;
		else if (!strchr(marks, *p))
			break;
	}
	buf[n] = '\0';
	return n > 0 && !isalnum((unsigned char)*p);
}

/* A number, or what begins like one, where none can be. */
static int check_digits(const struct config_scan *scan, size_t len, size_t tail)
{
	const struct config_grammar *g = scan->grammar;
	bool is_name = g->expect == EXPECT_NAME;
	char joined[40];

	if (is_name && g->last == TOKEN_COMMA && scan->p > scan->line_start &&
		scan->p[-1] == ',' &&
		join_digits(scan, joined, sizeof(joined), ","))
		return config_scan_error(scan, scan->line,
			"a number is written without commas: %s", joined);
	if (tail > 0 && scan->p[len] == '_' &&
		join_digits(scan, joined, sizeof(joined), "_"))
		return config_scan_error(scan, scan->line,
			"a number is written without \"_\": %s", joined);
	if (g->expect == EXPECT_VALUE && tail > 0 &&
		scan->p[len + tail - 1] == ':')
		return config_scan_error(scan, scan->line,
			"a group stands in braces, and a name begins with a "
			"letter");
	if (is_name && tail > 0)
		return config_scan_error(scan, scan->line,
			"a name begins with a letter, not with \"%c\"",
			*scan->p);
	return 0;
}

static int scan_number(struct config_scan *scan)
{
	const char *suffix = "";
	bool whole;
	size_t len = number_len(scan->p, scan->end, &whole);
	size_t tail = tail_len(scan->p + len, scan->end);
	int r = check_digits(scan, len, tail);

	if (r != 0)
		return r;
	/* libconfig's own mark of a large number; ours replaces it. */
	if (whole && tail > 0 && tail <= 2 &&
		strncmp(scan->p + len, "LL", tail) == 0) {
		r = check_whole(scan, len, &suffix);
		if (r == 0)
			r = token(scan, TOKEN_NUMBER, len);
		scan->p += tail;
		strbuf_adds(&scan->text->data, suffix);
		return r;
	}
	if (tail > 0)
		return config_scan_error(scan, scan->line,
			"a value with a unit needs quotes: write \"%.*s\"",
			(int)(len + tail), scan->p);
	r = whole ? check_whole(scan, len, &suffix) : 0;
	if (r == 0)
		r = token(scan, TOKEN_NUMBER, len);
	strbuf_adds(&scan->text->data, suffix);
	return r;
}

static bool is_name_char(char c)
{
	return isalnum((unsigned char)c) || c == '-' || c == '_' || c == '*';
}

static int scan_word(struct config_scan *scan)
{
	size_t len = 1;
	enum config_token kind = TOKEN_NAME;

	while (len < left(scan) && is_name_char(scan->p[len]))
		len++;
	if (len < left(scan) && scan->p[len] == '.' &&
		config_grammar_is_between(scan->grammar))
		return config_scan_error(scan, scan->line,
			"a name holds no dot; write %.*s: { ... }", (int)len,
			scan->p);
	/* A value without quotes: shown whole in the error that follows. */
	if (!config_grammar_is_between(scan->grammar) &&
		scan->grammar->expect != EXPECT_EQUALS)
		len += tail_len(scan->p + len, scan->end);
	if ((len == 4 && strncasecmp(scan->p, "true", 4) == 0) ||
		(len == 5 && strncasecmp(scan->p, "false", 5) == 0))
		kind = TOKEN_BOOL;
	return token(scan, kind, len);
}

/* `@include "FILE"`, alone on its line. */
static int scan_include(struct config_scan *scan)
{
	const char *p = scan->p + strlen("@include"), *close;
	const char *before = scan->line_start;
	char *path;
	int r;

	before += strspn(before, " \t");
	if (before != scan->p || !config_grammar_is_between(scan->grammar))
		return config_scan_error(scan, scan->line,
			"@include stands alone on a line between settings");
	p += strspn(p, " \t");
	close = *p == '"' ? p + 1 + strcspn(p + 1, "\"\\\r\n") : p;
	if (*close != '"' || close == p + 1)
		return config_scan_error(scan, scan->line,
			"write @include \"FILE\", FILE being relative to this "
			"file's directory");
	path = strndup(p + 1, (size_t)(close - p - 1));
	if (!path) {
		config_errors_oom(scan->errors);
		return EX_CONFIG;
	}
	scan->p = close + 1;
	r = config_text_include(scan, path);
	free(path);
	if (r != 0)
		return r;
	strbuf_addc(&scan->text->data, '\n');
	return line_begin(scan);
}

static int scan_strange(const struct config_scan *scan)
{
	if (*scan->p == '\'' || *scan->p == '`')
		return config_scan_error(
			scan, scan->line, "text stands in double quotes (\")");
	/* U+2018 to U+201F, what word processors make of quotes. */
	if (starts(scan, "\xe2\x80") && left(scan) > 2 &&
		(scan->p[2] & 0xf8) == 0x98)
		return config_scan_error(scan, scan->line,
			"typographic quotes; write plain ones (\")");
	if (starts(scan, "\xc2\xa0"))
		return config_scan_error(scan, scan->line,
			"a no-break space; write a plain one");
	if ((unsigned char)*scan->p >= 0x80 &&
		(config_grammar_is_between(scan->grammar) ||
			scan->grammar->expect == EXPECT_EQUALS))
		return config_scan_error(scan, scan->line,
			"a name has only the letters a to z, digits, \"-\" and "
			"\"_\"");
	if (*scan->p > ' ' && *scan->p < 0x7f)
		return config_scan_error(scan, scan->line,
			"\"%c\" has no meaning here; text needs quotes",
			*scan->p);
	return config_scan_error(scan, scan->line,
		"the byte 0x%02x has no meaning here; text needs quotes",
		(unsigned char)*scan->p);
}

static int scan_one(struct config_scan *scan)
{
	static const char marks[] = "=:;,{[(}])";
	static const enum config_token kinds[] = {
		TOKEN_EQUALS,
		TOKEN_EQUALS,
		TOKEN_END,
		TOKEN_COMMA,
		TOKEN_OPEN,
		TOKEN_OPEN,
		TOKEN_OPEN,
		TOKEN_CLOSE,
		TOKEN_CLOSE,
		TOKEN_CLOSE,
	};
	const char c = *scan->p, *mark = c ? strchr(marks, c) : NULL;

	if (c == '\n') {
		scan->p++;
		return newline(scan);
	}
	if (c == ' ' || c == '\t' || c == '\r' || c == '\f') {
		scan->p++;
		strbuf_addc(&scan->text->data, ' ');
		return 0;
	}
	if (c == '#' || starts(scan, "//") || starts(scan, "/*"))
		return scan_comment(scan);
	if (mark)
		return token(scan, kinds[mark - marks], 1);
	if (c == '"')
		return scan_string(scan);
	if (isdigit((unsigned char)c) ||
		((c == '-' || c == '+' || c == '.') && left(scan) > 1 &&
			isdigit((unsigned char)scan->p[1])))
		return scan_number(scan);
	if (isalpha((unsigned char)c) || c == '*')
		return scan_word(scan);
	if (starts(scan, "@include"))
		return scan_include(scan);
	return scan_strange(scan);
}

int config_scan_run(struct config_scan *scan)
{
	struct config_grammar *g = scan->grammar;
	unsigned depth = g->depth;
	int r;

	r = line_begin(scan);
	while (r == 0 && scan->p < scan->end) {
		r = scan_one(scan);
		/* An included file closes only what it opened. */
		if (r == 0 && g->depth < depth)
			r = config_scan_error(
				scan, scan->line, "\"}\" closes nothing");
	}
	if (r != 0)
		return r;
	if (g->depth > depth)
		return config_scan_error(scan, g->stack[g->depth - 1].line,
			"the \"%c\" of this line is never closed",
			g->stack[g->depth - 1].open);
	if (!config_grammar_is_between(g))
		return config_scan_error(scan, g->last_line,
			"the file ends before the value of \"%s\"", g->name);
	g->expect = EXPECT_NAME;
	return 0;
}
