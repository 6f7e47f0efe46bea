/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The lines of `post`. Each that is not blank is answered, in order; nothing in
 * it is a command, so that the output of any program may be piped in. Pure. */
#include "proto/post_lines.h"

#include <assert.h>
#include <inttypes.h>

#include "base/utf8.h"

void post_lines_clear(struct post_lines *lines)
{
	lines->n = 0;
	strbuf_clear(&lines->texts);
}

void post_lines_fini(struct post_lines *lines)
{
	strbuf_fini(&lines->texts);
}

static bool is_blank(const struct slice *line)
{
	for (size_t i = 0; i < line->len; i++)
		if (line->data[i] != ' ' && line->data[i] != '\t')
			return false;
	return true;
}

static struct chat_remark *add(
	struct post_lines *lines, const struct framer_line *framer)
{
	size_t i = lines->n++;

	lines->starts[i] = lines->texts.len;
	lines->ends_in_cr[i] = framer->ending == LINE_END_CRLF ||
		framer->ending == LINE_END_CRNUL;
	lines->remarks[i] = (struct chat_remark){.id = 0};
	return &lines->remarks[i];
}

/* The text is made safe here, once: it may then be shown to everybody. */
static void add_whole(struct post_lines *lines,
	const struct framer_line *framer, const struct slice *line)
{
	if (is_blank(line))
		return;
	add(lines, framer);
	utf8_make_safe(&lines->texts, line->data, line->len);
	strbuf_addc(&lines->texts, '\0');
}

static void add_too_long(
	struct post_lines *lines, const struct framer_line *framer, size_t len)
{
	struct chat_remark *remark = add(lines, framer);

	remark->error = CHAT_E_LINE_TOO_LONG;
	remark->n = len;
	remark->limit = framer->max;
	strbuf_addc(&lines->texts, '\0');
}

/* One step. */
static enum line_event cut(struct framer_line *framer, struct slice *data,
	bool is_end, struct slice *line)
{
	enum line_event event;
	size_t used;

	event = framer_line_next(framer, data->data, data->len, line, &used);
	if (event == LINE_MORE && is_end) {
		event = framer_line_end(framer, data->data, data->len, line);
		used = data->len;
	}
	data->data += used;
	data->len -= used;
	return event;
}

/* Pointers are taken at the end, when the buffer no longer moves. */
static void set_texts(struct post_lines *lines)
{
	for (size_t i = 0; i < lines->n; i++) {
		struct chat_remark *remark = &lines->remarks[i];

		remark->text = lines->texts.failed
			? ""
			: lines->texts.data + lines->starts[i];
		if (lines->texts.failed)
			remark->error = CHAT_E_NO_MEMORY;
	}
}

enum post_lines_end post_lines_read(struct post_lines *lines,
	struct framer_line *framer, struct slice *data, bool is_end)
{
	enum line_event event = LINE_SKIPPED;
	struct slice line;

	size_t max = lines->max && lines->max < POST_LINES_MAX ? lines->max
							       : POST_LINES_MAX;

	assert(lines->n == 0);
	while (lines->n < max) {
		event = cut(framer, data, is_end, &line);
		if (event == LINE_MORE || event == LINE_ENDLESS)
			break;
		if (event == LINE_WHOLE)
			add_whole(lines, framer, &line);
		else if (event == LINE_TOO_LONG)
			add_too_long(lines, framer, line.len);
	}
	set_texts(lines);
	if (event == LINE_ENDLESS)
		return POST_LINES_ENDLESS;
	return event == LINE_MORE ? POST_LINES_MORE : POST_LINES_FULL;
}

static void answer(const struct chat_remark *remark, struct strbuf *out)
{
	char n[STR_COUNT_LEN], limit[STR_COUNT_LEN];

	if (remark->id)
		strbuf_addf(out, "ok %" PRIu64, remark->id);
	else if (remark->error == CHAT_E_TOO_FAST)
		strbuf_adds(
			out, "error: too many lines too fast; it was not sent");
	else if (remark->error == CHAT_E_NO_MEMORY)
		strbuf_adds(out,
			"error: the server is short of memory; try again in a "
			"moment");
	else if (remark->error == CHAT_E_NICK_LOOKS_LIKE)
		strbuf_addf(out,
			"error: your name, %s, looks like that of somebody "
			"else in the chat; it was not sent",
			remark->nick);
	else if (remark->error == CHAT_E_NICK_BANNED)
		strbuf_addf(
			out, "error: your name, %s, is banned", remark->nick);
	else
		strbuf_addf(out,
			"error: that line has %s bytes, %s are allowed; it was "
			"not sent",
			str_count(n, remark->n),
			str_count(limit, remark->limit));
}

void post_lines_answer(const struct post_lines *lines, struct strbuf *out)
{
	for (size_t i = 0; i < lines->n; i++) {
		answer(&lines->remarks[i], out);
		strbuf_adds(out, lines->ends_in_cr[i] ? "\r\n" : "\n");
	}
}
