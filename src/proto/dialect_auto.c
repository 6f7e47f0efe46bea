/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The dialect of who has not spoken yet: what comes first decides which one it
 * becomes. Who says nothing for a moment is a person, waiting for a greeting;
 * that may turn out to be wrong with the first line.
 *
 *   { ...        JSON           0x00 ...        frames of JSON
 *   a line       a person       TLS or HTTP     told in its own words that
 *   nothing      a person                       it is wrong here
 *
 * Pure; used by all workers.
 */
#include <string.h>

#include "base/str.h"
#include "chat/command.h"
#include "net/service.h"
#include "proto/dialect.h"
#include "sniff.h"

#define PATIENCE_MS 200 /* until one who says nothing is greeted */

extern const struct dialect dialect_text;

#define PAGE_WORDS "This is a chat for netcat, not a web page: nc HOST PORT\n"

#define SLICE(literal)                       \
	{                                    \
		literal, sizeof(literal) - 1 \
	}

/* What each of enum sniff leads to: a dialect, or an answer before we close. */
static const struct {
	const char *dialect;
	const char *stranger; /* for the log; NULL: common enough */
	struct slice answer;
} becomes[] = {
	[SNIFF_PERSON] = {.dialect = "text"},
	[SNIFF_JSON] = {.dialect = "json"},
	[SNIFF_FRAME] = {.dialect = "frame"},
	[SNIFF_TLS] =
		{
			.stranger = "TLS",
			/* an alert, fatal: protocol_version */
			.answer = SLICE("\x15\x03\x01\x00\x02\x02\x46"),
		},
	[SNIFF_HTTP] =
		{
			.answer = SLICE("HTTP/1.1 400 Bad Request\r\n"
					"Content-Type: text/plain\r\n"
					"Content-Length: 56\r\n"
					"Connection: close\r\n"
					"\r\n" PAGE_WORDS),
		},
};
_Static_assert(sizeof(PAGE_WORDS) - 1 == 56, "Content-Length above");

static void auto_start(struct dialect_input *in, const struct service *svc)
{
	*in = (struct dialect_input){.line_max = svc->line_max};
}

static enum dialect_event act(
	struct dialect_input *in, enum sniff sniff, struct chat_call *call)
{
	if (sniff == SNIFF_MORE)
		return DIALECT_MORE;
	if (becomes[sniff].dialect) {
		in->next = dialect_find(becomes[sniff].dialect);
		return DIALECT_BECOMES;
	}
	in->stranger = becomes[sniff].stranger;
	in->why = CLOSE_PROTOCOL;
	strbuf_add(&call->buf, becomes[sniff].answer.data,
		becomes[sniff].answer.len);
	return DIALECT_STRANGE;
}

static enum dialect_event auto_read(struct dialect_input *in,
	const struct slice *data, struct chat_call *call, size_t *ret_used)
{
	*ret_used = 0;
	return act(in, sniff_first(data, in->line_max), call);
}

static enum dialect_event auto_end(struct dialect_input *in,
	const struct slice *data, struct chat_call *call)
{
	return act(in, sniff_end(sniff_first(data, in->line_max), data), call);
}

static uint64_t auto_patience_ms(const struct dialect_input *in)
{
	return PATIENCE_MS;
}

static enum dialect_event auto_late(
	struct dialect_input *in, struct chat_call *call)
{
	return act(in, SNIFF_PERSON, call);
}

/* in is that of the text dialect. */
static enum dialect_event auto_reconsider(struct dialect_input *in,
	const struct slice *data, bool is_all, struct chat_call *call)
{
	enum sniff sniff = sniff_greeted(data, in->line.max);

	if (is_all)
		sniff = sniff_end(sniff, data);
	return sniff == SNIFF_PERSON ? DIALECT_READ : act(in, sniff, call);
}

/* Until we know better we speak to a person. */

static void auto_goodbye(enum close_reason why, const char *arg, unsigned view,
	struct strbuf *out)
{
	dialect_text.goodbye(why, arg, view, out);
}

const struct dialect dialect_auto = {
	.name = "auto",
	.is_undecided = true,
	.start = auto_start,
	.read = auto_read,
	.end = auto_end,
	.patience_ms = auto_patience_ms,
	.late = auto_late,
	.reconsider = auto_reconsider,
	.goodbye = auto_goodbye,
};
