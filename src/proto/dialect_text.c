/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The text dialect, for people with netcat or telnet: lines in, lines out.
 *
 *   hello          said to the room          //x    says "/x"
 *   /verb ...      a command                 0x04   alone: /quit
 *
 * This file reads; dialect_text_words.c and dialect_text_lists.c write. What
 * comes from a peer is made safe here, once, so that it may be shown to
 * everybody as it is. Pure; used by all workers and by the fuzzer.
 */
#include "proto/dialect.h"

#include <string.h>
#include <strings.h>

#include "base/str.h"
#include "base/utf8.h"
#include "chat/command.h"
#include "net/service.h"
#include "dialect_text_private.h"

#define CTRL_D '\x04'

/* Said by people who look for the way out. */
static const char *const bare_words[] = {"help", "quit", "exit", "?"};

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static struct slice trim(struct slice s)
{
	while (s.len > 0 && is_blank(s.data[0])) {
		s.data++;
		s.len--;
	}
	while (s.len > 0 && is_blank(s.data[s.len - 1]))
		s.len--;
	return s;
}

static struct slice first_word(struct slice s)
{
	size_t len = 0;

	while (len < s.len && !is_blank(s.data[len]))
		len++;
	return (struct slice){s.data, len};
}

static bool is_bare_word(struct slice line)
{
	struct slice word = trim(line);
	size_t n = sizeof bare_words / sizeof bare_words[0];

	for (size_t i = 0; i < n; i++)
		if (strlen(bare_words[i]) == word.len &&
			strncasecmp(bare_words[i], word.data, word.len) == 0)
			return true;
	return false;
}

static void refuse_memory(struct chat_call *call)
{
	call->verb = NULL;
	call->is_error = true;
	call->error = CHAT_E_NO_MEMORY;
}

/* Cuts rest into the verb's arguments, the last of which takes what is left.
 * Pointers are taken at the end, when the buffer no longer moves. */
static void parse_args(struct chat_call *call, struct slice rest)
{
	size_t max = chat_verb_info(call->verb)->max_args;
	size_t starts[CHAT_ARGS_MAX], n = 0;
	struct slice arg;

	for (rest = trim(rest); rest.len > 0 && n < max; rest = trim(rest)) {
		arg = n + 1 < max ? first_word(rest) : rest;
		starts[n++] = call->buf.len;
		utf8_make_safe(&call->buf, arg.data, arg.len);
		strbuf_addc(&call->buf, '\0');
		rest.data += arg.len;
		rest.len -= arg.len;
	}
	if (call->buf.failed) {
		refuse_memory(call);
		return;
	}
	call->n_args = n;
	for (size_t i = 0; i < n; i++)
		call->args[i] = call->buf.data + starts[i];
}

static void parse_command(struct chat_call *call, struct slice line)
{
	struct slice word = first_word(line);

	chat_call_set_verb(call, word.data, word.len);
	line.data += word.len;
	line.len -= word.len;
	if (call->verb)
		parse_args(call, line);
}

static void parse_said(struct chat_call *call, struct slice line)
{
	call->verb = chat_verb_say();
	utf8_make_safe(&call->buf, line.data, line.len);
	strbuf_addc(&call->buf, '\0');
	if (call->buf.failed) {
		refuse_memory(call);
		return;
	}
	call->args[0] = call->buf.data;
	call->n_args = 1;
	call->is_word = is_bare_word(line);
}

static void text_parse(const char *data, size_t len, struct chat_call *call)
{
	struct slice line = {data, len};

	while (line.len > 0 &&
		(line.data[line.len - 1] == '\r' ||
			line.data[line.len - 1] == '\n'))
		line.len--;
	if (trim(line).len == 0)
		return;
	if (line.len == 1 && line.data[0] == CTRL_D) {
		chat_call_set_verb(call, "quit", 4);
		return;
	}
	if (line.data[0] != '/') {
		parse_said(call, line);
		return;
	}
	line.data++;
	line.len--;
	if (line.len > 0 && line.data[0] == '/')
		parse_said(call, line);
	else
		parse_command(call, line);
}

static void text_too_long(size_t len, size_t limit, struct chat_call *call)
{
	call->is_error = true;
	call->error = CHAT_E_LINE_TOO_LONG;
	call->n = len;
	call->limit = limit;
}

static void text_start(struct dialect_input *in, const struct service *svc)
{
	framer_line_init(&in->line, svc->line_max);
}

static enum dialect_event text_took(const struct dialect_input *in,
	enum line_event event, const struct slice *line, struct chat_call *call)
{
	static const enum dialect_event events[] = {
		[LINE_MORE] = DIALECT_MORE,
		[LINE_WHOLE] = DIALECT_READ,
		[LINE_TOO_LONG] = DIALECT_READ,
		[LINE_ENDLESS] = DIALECT_ENDLESS,
		[LINE_SKIPPED] = DIALECT_READ,
	};

	if (event == LINE_WHOLE)
		text_parse(line->data, line->len, call);
	else if (event == LINE_TOO_LONG)
		text_too_long(line->len, in->line.max, call);
	return events[event];
}

static enum dialect_event text_read(struct dialect_input *in,
	const struct slice *data, struct chat_call *call, size_t *ret_used)
{
	struct slice line;
	enum line_event event = framer_line_next(
		&in->line, data->data, data->len, &line, ret_used);

	return text_took(in, event, &line, call);
}

static enum dialect_event text_end(struct dialect_input *in,
	const struct slice *data, struct chat_call *call)
{
	struct slice line;
	enum line_event event = framer_line_end(
		&in->line, data->data, data->len, &line);

	return text_took(in, event, &line, call);
}

static void text_goodbye(enum close_reason why, const char *arg, unsigned view,
	struct strbuf *out)
{
	const char *words = close_row(why)->words, *hole;

	if (!words)
		return;
	strbuf_adds(out, TEXT_MARK "disconnected: ");
	hole = strstr(words, "%s");
	if (hole) {
		strbuf_add(out, words, (size_t)(hole - words));
		if (arg)
			utf8_make_safe(out, arg, strlen(arg));
		words = hole + 2;
	}
	strbuf_adds(out, words);
	/* a telnet says by itself that the connection is gone */
	strbuf_adds(out, view & DIALECT_CRLF ? "." : ". Press Ctrl-C.");
	dialect_text_end(view, out);
}

static void text_missed(size_t n, unsigned view, struct strbuf *out)
{
	strbuf_adds(out, TEXT_MARK);
	dialect_text_count(n, out);
	strbuf_adds(out, n == 1 ? " line was" : " lines were");
	strbuf_adds(out, " left out: you read too slowly");
	dialect_text_end(view, out);
}

const struct dialect dialect_text = {
	.name = "text",
	.start = text_start,
	.read = text_read,
	.end = text_end,
	.parse = text_parse,
	.too_long = text_too_long,
	.render = dialect_text_render,
	.goodbye = text_goodbye,
	.missed = text_missed,
};
