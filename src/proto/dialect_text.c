/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The text dialect, for people with netcat or telnet: lines in, lines out.
 *
 *   hello          said to the room          //x    says "/x"
 *   /verb ...      a command                 0x04   alone: /quit
 *
 * Who is a telnet, and what that changes, is decided here; what telnet is, in
 * net/telnet.c.
 *
 * This file reads; dialect_text_words.c and dialect_text_lists.c write. What
 * comes from a peer is made safe here, once, so that it may be shown to
 * everybody as it is. Pure; used by all workers and by the fuzzer.
 */
#include "proto/dialect.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/str.h"
#include "base/utf8.h"
#include "chat/command.h"
#include "chat/gap.h"
#include "net/service.h"
#include "net/telnet.h"
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
	return slice_trim(s, " \t");
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

/* Cuts rest into the verb's arguments, the last of which takes what is left.
 * Pointers are taken at the end, when the buffer no longer moves. */
static void parse_args(struct chat_call *call, struct slice rest)
{
	size_t max = chat_verb_info(call->verb)->max_args;
	size_t starts[CHAT_ARGS_MAX], n = 0;
	struct slice arg;

	/* Grown at once, so that no password is left behind in old memory. */
	(void)strbuf_reserve(&call->buf, rest.len + CHAT_ARGS_MAX + 1);
	for (rest = trim(rest); rest.len > 0 && n < max; rest = trim(rest)) {
		arg = n + 1 < max ? first_word(rest) : rest;
		starts[n++] = call->buf.len;
		utf8_make_safe(&call->buf, arg.data, arg.len);
		strbuf_addc(&call->buf, '\0');
		rest.data += arg.len;
		rest.len -= arg.len;
	}
	if (call->buf.failed) {
		chat_call_refuse(call, CHAT_E_NO_MEMORY);
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
		chat_call_refuse(call, CHAT_E_NO_MEMORY);
		return;
	}
	call->args[0] = call->buf.data;
	call->n_args = 1;
	call->is_word = is_bare_word(line);
}

void dialect_text_parse(const char *data, size_t len, struct chat_call *call)
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

/* Input: lines, of a client that has shown itself to be a telnet or not. Most
 * lines stay where they are until they are whole. Whoever ends a line with CR
 * LF or CR NUL, as telnets do, gets its lines ended so from then on, and the
 * keys in what it sends do what they are for. The first IAC begins the parser,
 * through which all goes from the beginning of that line. */

#define TELNET_BYTES 4096 /* of input read at once */
#define KEEP_LINE    256  /* memory kept between lines */

struct text_telnet {
	struct telnet parser;
	struct strbuf line; /* what it found, no whole line yet */
};

static void text_start(struct dialect_input *in, const struct service *svc)
{
	*in = (struct dialect_input){0};
	framer_line_init(&in->line, svc->line_max);
}

static void text_stop(struct dialect_input *in)
{
	if (in->telnet)
		strbuf_fini(&in->telnet->line);
	free(in->telnet);
	in->telnet = NULL;
}

/* A line as it was typed, with the keys that were meant to change it. */
static void parse_typed(struct slice line, struct chat_call *call)
{
	struct strbuf copy = {0};

	if (!telnet_has_edits(line.data, line.len)) {
		dialect_text_parse(line.data, line.len, call);
		return;
	}
	strbuf_add(&copy, line.data, line.len);
	if (copy.failed)
		chat_call_refuse(call, CHAT_E_NO_MEMORY);
	else
		dialect_text_parse(
			copy.data, telnet_edit(copy.data, copy.len), call);
	if (copy.data) /* it may hold a password */
		explicit_bzero(copy.data, copy.size);
	strbuf_fini(&copy);
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

	if (event == LINE_TOO_LONG)
		chat_call_refuse_length(call, line->len, in->line.max);
	else if (event == LINE_WHOLE && in->view & DIALECT_CRLF)
		parse_typed(*line, call);
	else if (event == LINE_WHOLE)
		dialect_text_parse(line->data, line->len, call);
	return events[event];
}

/* What the parser found is done with; it may hold a password. */
static void clear_telnet_line(struct text_telnet *t)
{
	if (t->line.data)
		explicit_bzero(t->line.data, t->line.len);
	strbuf_clear(&t->line);
	if (t->line.size > KEEP_LINE)
		strbuf_fini(&t->line);
}

/* Looks for the end of the line in what the parser found, which is no more
 * than one line. */
static enum dialect_event take_telnet_line(
	struct dialect_input *in, struct chat_call *call)
{
	struct strbuf *text = &in->telnet->line;
	struct slice line;
	size_t used, done = 0;
	enum line_event event = LINE_SKIPPED;
	enum dialect_event result;

	if (text->failed)
		return DIALECT_NO_MEMORY;
	while (event == LINE_SKIPPED && done < text->len) {
		event = framer_line_next(&in->line, text->data + done,
			text->len - done, &line, &used);
		done += used;
	}
	if (event == LINE_MORE || text->len == 0)
		return DIALECT_READ;
	result = text_took(in, event, &line, call);
	clear_telnet_line(in->telnet);
	return result;
}

/* Ctrl-D, where a line would begin: out, without waiting for its end. */
static bool is_quit(
	const struct dialect_input *in, const char *data, size_t len)
{
	return in->line.skipped == 0 &&
		(len == 0 || (len == 1 && data[0] == CTRL_D));
}

/* How much is parsed at once: not past the byte at which the line is endless,
 * since nothing after that one is answered. */
static size_t part_len(const struct dialect_input *in, size_t len)
{
	size_t had = in->line.skipped + in->telnet->line.len;
	size_t left = in->line.endless > had ? in->line.endless - had : 1;

	if (len > TELNET_BYTES)
		len = TELNET_BYTES;
	return len < left ? len : left;
}

static enum dialect_event read_telnet(struct dialect_input *in,
	const struct slice *data, struct chat_call *call, size_t *ret_used)
{
	struct text_telnet *t = in->telnet;
	struct slice part = {data->data, part_len(in, data->len)};
	enum telnet_event event = telnet_read(
		&t->parser, &part, &t->line, &in->reply, ret_used);
	enum dialect_event result;

	if (event == TELNET_END && is_quit(in, t->line.data, t->line.len)) {
		chat_call_set_verb(call, "quit", 4);
		return DIALECT_READ;
	}
	result = take_telnet_line(in, call);
	if (event == TELNET_AYT && result == DIALECT_READ)
		chat_call_set_verb(call, "ping", 4);
	return result;
}

/* The first IAC, after n bytes of a line. What is too long before it is still
 * skipped as it would have been had the rest not come yet. */
static enum dialect_event read_first_iac(struct dialect_input *in,
	const struct slice *data, size_t n, struct chat_call *call,
	size_t *ret_used)
{
	struct slice line;
	enum line_event event = framer_line_next(
		&in->line, data->data, n, &line, ret_used);

	if (event != LINE_MORE)
		return text_took(in, event, &line, call);
	in->telnet = calloc(1, sizeof(*in->telnet));
	if (!in->telnet)
		return DIALECT_NO_MEMORY;
	in->line.seen = 0; /* from here on it sees what the parser found */
	in->view |= DIALECT_CRLF;
	return read_telnet(in, data, call, ret_used);
}

static enum dialect_event read_plain(struct dialect_input *in,
	const struct slice *data, struct chat_call *call, size_t *ret_used)
{
	struct framer_line before = in->line;
	struct slice line;
	enum line_event event = framer_line_next(
		&in->line, data->data, data->len, &line, ret_used);
	size_t end = *ret_used > 0 ? *ret_used : data->len;
	const char *iac = memchr(
		data->data + before.seen, TELNET_IAC, end - before.seen);

	if (iac) {
		in->line = before;
		return read_first_iac(
			in, data, (size_t)(iac - data->data), call, ret_used);
	}
	if ((event == LINE_WHOLE || event == LINE_TOO_LONG) &&
		in->line.ending != LINE_END_LF)
		in->view |= DIALECT_CRLF;
	return text_took(in, event, &line, call);
}

static enum dialect_event text_read(struct dialect_input *in,
	const struct slice *data, struct chat_call *call, size_t *ret_used)
{
	if (in->telnet)
		return read_telnet(in, data, call, ret_used);
	if (in->view & DIALECT_CRLF && is_quit(in, data->data, 1)) {
		*ret_used = 1;
		chat_call_set_verb(call, "quit", 4);
		return DIALECT_READ;
	}
	return read_plain(in, data, call, ret_used);
}

/* The parser leaves nothing unread, so there what is left is the line. */
static enum dialect_event text_end(struct dialect_input *in,
	const struct slice *data, struct chat_call *call)
{
	struct slice line, left = *data;
	enum line_event event;

	if (in->telnet)
		left = (struct slice){
			in->telnet->line.data, in->telnet->line.len};
	event = framer_line_end(&in->line, left.data, left.len, &line);
	return text_took(in, event, &line, call);
}

static void text_goodbye(enum close_reason why, const char *arg, unsigned view,
	struct strbuf *out)
{
	if (!close_row(why)->words)
		return;
	strbuf_adds(out, TEXT_MARK "disconnected: ");
	close_words(why, arg, out);
	/* a telnet says by itself that the connection is gone */
	strbuf_adds(out, view & DIALECT_CRLF ? "." : ". Press Ctrl-C.");
	dialect_text_end(view, out);
}

/* How much of it /history shows, with a number that it takes: "57 shows them",
 * "50 shows 50 of them", "500 shows the last 500". */
static void put_history(const struct dialect_missed *missed, struct strbuf *out)
{
	const struct chat_gap *gap = missed->gaps;

	strbuf_addf(out, ", /history %" PRIu64 " shows ", gap->n_kept);
	if (gap->n_kept >= gap->n && gap->n == missed->n) {
		strbuf_adds(out, gap->n == 1 ? "it" : "them");
		return;
	}
	if (gap->n_kept < gap->n)
		strbuf_adds(out, "the last ");
	dialect_text_count(gap->n_kept < gap->n ? gap->n_kept : gap->n, out);
	if (gap->n_kept >= gap->n)
		strbuf_adds(out, " of them");
}

static void text_missed(
	const struct dialect_missed *missed, unsigned view, struct strbuf *out)
{
	strbuf_adds(out, TEXT_MARK);
	dialect_text_count(missed->n, out);
	strbuf_adds(out, missed->n == 1 ? " line skipped" : " lines skipped");
	if (missed->n_gaps == 1 && missed->gaps->n_kept > 0)
		put_history(missed, out);
	else
		strbuf_adds(out, ": you read too slowly");
	dialect_text_end(view, out);
}

const struct dialect dialect_text = {
	.name = "text",
	.start = text_start,
	.stop = text_stop,
	.read = text_read,
	.end = text_end,
	.render = dialect_text_render,
	.goodbye = text_goodbye,
	.missed = text_missed,
};
