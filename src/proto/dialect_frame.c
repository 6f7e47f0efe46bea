/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The objects of the JSON dialect as messages behind their lengths, both ways;
 * what they say is the business of dialect_json*.c.
 *
 * A message that is no object is answered like any other fault. A length that
 * cannot be one is told as text, for the person who writes the client, since
 * nothing that follows can be read. Pure; used by all workers.
 */
#include <string.h>

#include "base/errmsg.h"
#include "base/str.h"
#include "chat/command.h"
#include "net/framer_length.h"
#include "net/service.h"
#include "dialect_json_private.h"
#include "proto/dialect.h"

extern const struct dialect dialect_json;

static void frame_start(struct dialect_input *in, const struct service *svc)
{
	*in = (struct dialect_input){0};
	framer_length_init(&in->frame, svc->message_max);
}

static enum dialect_event break_off(struct dialect_input *in,
	const struct errmsg *why, struct chat_call *call)
{
	strbuf_addf(&call->buf, "error: %s\n", why->text);
	in->why = CLOSE_FRAME;
	return DIALECT_STRANGE;
}

static bool is_blank(const struct slice *message)
{
	for (size_t i = 0; i < message->len; i++)
		if (!strchr(" \t\r\n", message->data[i]) || !message->data[i])
			return false;
	return true;
}

static enum dialect_event frame_read(struct dialect_input *in,
	const struct slice *data, struct chat_call *call, size_t *ret_used)
{
	struct slice message;
	struct errmsg why;
	enum length_event event = framer_length_next(
		&in->frame, data->data, data->len, &message, ret_used);

	if (event == LENGTH_TOO_LARGE) {
		framer_length_refusal(&in->frame, data->data, &why);
		return break_off(in, &why, call);
	}
	if (event == LENGTH_MORE)
		return DIALECT_MORE;
	if (!is_blank(&message))
		dialect_json_parse(message.data, message.len, call);
	return DIALECT_READ;
}

static enum dialect_event frame_end(struct dialect_input *in,
	const struct slice *data, struct chat_call *call)
{
	struct errmsg why;

	if (data->len == 0)
		return DIALECT_MORE;
	framer_length_cut(data->data, data->len, &why);
	return break_off(in, &why, call);
}

/* Writing: the place of the length is left free, then what was written behind
 * it is measured. */

static size_t begin(struct strbuf *out)
{
	static const char empty[FRAMER_LENGTH_HEAD] = {0};
	size_t start = out->len;

	strbuf_add(out, empty, sizeof(empty));
	return start;
}

/* An object without the LF behind it, or nothing at all. */
static void end(struct strbuf *out, size_t start)
{
	size_t body = start + FRAMER_LENGTH_HEAD;

	if (out->failed)
		return;
	if (out->len > body && out->data[out->len - 1] == '\n')
		out->len--;
	if (out->len == body)
		out->len = start;
	else
		framer_length_encode(out->data + start, out->len - body);
	out->data[out->len] = '\0';
}

static void frame_render(
	const struct chat_msg *msg, unsigned view, struct strbuf *out)
{
	size_t start = begin(out);

	dialect_json.render(msg, view, out);
	end(out, start);
}

static void frame_goodbye(enum close_reason why, const char *arg, unsigned view,
	struct strbuf *out)
{
	size_t start = begin(out);

	dialect_json.goodbye(why, arg, view, out);
	end(out, start);
}

static void frame_missed(
	const struct dialect_missed *missed, unsigned view, struct strbuf *out)
{
	size_t start = begin(out);

	dialect_json.missed(missed, view, out);
	end(out, start);
}

const struct dialect dialect_frame = {
	.name = "frame",
	.is_of_program = true,
	.start = frame_start,
	.read = frame_read,
	.end = frame_end,
	.render = frame_render,
	.goodbye = frame_goodbye,
	.missed = frame_missed,
};
