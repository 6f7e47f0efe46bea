/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The JSON dialect, for programs: one object after another, both ways; what we
 * write is one object a line.
 *
 * This file cuts and says goodbye; dialect_json_parse.c reads an object,
 * dialect_json_words.c writes them. What is no object costs an answer and
 * nothing else: the connection stays. Pure; used by all workers.
 */
#include "proto/dialect.h"

#include <string.h>

#include "base/json_write.h"
#include "base/str.h"
#include "chat/command.h"
#include "chat/gap.h"
#include "net/service.h"
#include "dialect_json_private.h"

#define PATIENCE_MS 10000 /* from { to } */

/* Reasons after which it makes sense to connect again. */
static const bool may_retry[CLOSE_N] = {
	[CLOSE_IDLE] = true,
	[CLOSE_STOPPING] = true,
	[CLOSE_RESTARTING] = true,
	[CLOSE_SLOW] = true,
	[CLOSE_MEMORY] = true,
	[CLOSE_FULL] = true,
	[CLOSE_ADDRESS_FULL] = true,
	[CLOSE_CONNECT_RATE] = true,
};

static void json_start(struct dialect_input *in, const struct service *svc)
{
	*in = (struct dialect_input){0};
	framer_json_init(&in->json, svc->message_max);
}

static enum dialect_event json_read(struct dialect_input *in,
	const struct slice *data, struct chat_call *call, size_t *ret_used)
{
	struct slice object;
	enum object_event event = framer_json_next(
		&in->json, data->data, data->len, &object, ret_used);

	if (event == OBJECT_WHOLE)
		dialect_json_parse(object.data, object.len, call);
	else if (event == OBJECT_TOO_LONG)
		chat_call_refuse_length(call, object.len, in->json.max);
	else if (event == OBJECT_INVALID)
		dialect_json_refuse(call);
	return event == OBJECT_MORE ? DIALECT_MORE : DIALECT_READ;
}

static enum dialect_event json_end(struct dialect_input *in,
	const struct slice *data, struct chat_call *call)
{
	if (framer_json_end(&in->json) == OBJECT_MORE)
		return DIALECT_MORE;
	dialect_json_refuse(call);
	return DIALECT_READ;
}

static uint64_t json_patience_ms(const struct dialect_input *in)
{
	return framer_json_is_within(&in->json) ? PATIENCE_MS : 0;
}

static enum dialect_event json_late(
	struct dialect_input *in, struct chat_call *call)
{
	if (!framer_json_is_within(&in->json))
		return DIALECT_MORE;
	framer_json_give_up(&in->json);
	dialect_json_refuse(call);
	return DIALECT_READ;
}

static void json_goodbye(enum close_reason why, const char *arg, unsigned view,
	struct strbuf *out)
{
	struct strbuf message = {0};

	if (!close_row(why)->words)
		return;
	close_words(why, arg, &message);
	json_write_begin(out, "disconnected");
	json_write_string(out, "code", close_row(why)->code);
	if (message.failed)
		out->failed = true;
	else
		json_write_string(out, "message", message.data);
	json_write_bool(out, "retry", may_retry[why]);
	strbuf_adds(out, "}\n");
	strbuf_fini(&message);
}

/* Each with what `history` has to be asked for. */
static void put_gaps(const struct dialect_missed *missed, struct strbuf *out)
{
	json_write_key(out, "rooms");
	for (size_t i = 0; i < missed->n_gaps; i++) {
		const struct chat_gap *gap = &missed->gaps[i];

		strbuf_adds(out, i == 0 ? "[{\"room\":" : ",{\"room\":");
		json_write_quoted(out, gap->room, strlen(gap->room));
		json_write_number(out, "count", gap->n);
		json_write_number(out, "since", gap->since);
		strbuf_addc(out, '}');
	}
	strbuf_adds(out, missed->n_gaps ? "]" : "[]");
}

static void json_missed(
	const struct dialect_missed *missed, unsigned view, struct strbuf *out)
{
	char count[STR_COUNT_LEN];

	json_write_begin(out, "notification");
	json_write_string(out, "event", "missed");
	json_write_number(out, "count", missed->n);
	put_gaps(missed, out);
	json_write_key(out, "message");
	strbuf_addf(out, "\"%s message%s skipped: you read too slowly\"}\n",
		str_count(count, missed->n), missed->n == 1 ? "" : "s");
}

const struct dialect dialect_json = {
	.name = "json",
	.is_of_program = true,
	.start = json_start,
	.read = json_read,
	.end = json_end,
	.patience_ms = json_patience_ms,
	.late = json_late,
	.render = dialect_json_render,
	.goodbye = json_goodbye,
	.missed = json_missed,
};
