/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Any bytes through the input of the text dialect, once whole and once in
 * pieces, as they come from netcats, telnets, and what sends such bytes by
 * mistake. The first two bytes choose the bound of a line and the way the rest
 * is cut.
 *
 *   - Both ways the same is read: calls, answers to telnet, and whether this
 *     is one.
 *   - Arguments are safe text.
 *   - What has to be kept for later is never more than the bound and a CR.
 */
#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "base/utf8.h"
#include "chat/command.h"
#include "net/service.h"
#include "proto/dialect.h"

extern const struct dialect dialect_text;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define HEAD_LEN 2

/* What was read. Kept between runs for its memory. */
struct result {
	struct strbuf text, replies;
	bool is_telnet;
};

static void clear(struct result *r)
{
	strbuf_clear(&r->text);
	strbuf_clear(&r->replies);
	strbuf_adds(&r->text, "");
	strbuf_adds(&r->replies, "");
	r->is_telnet = false;
}

static void check_same(const struct result *a, const struct result *b)
{
	assert(!a->text.failed && !b->text.failed);
	assert(a->text.len == b->text.len);
	assert(memcmp(a->text.data, b->text.data, a->text.len) == 0);
	assert(a->replies.len == b->replies.len);
	assert(memcmp(a->replies.data, b->replies.data, a->replies.len) == 0);
	assert(a->is_telnet == b->is_telnet);
}

/* The size of the next piece; cut is where the row of sizes is. */
static size_t next_piece(uint32_t *cut, size_t left)
{
	size_t piece;

	*cut = *cut * 1664525 + 1013904223;
	piece = 1 + (*cut >> 24) % (1 + (*cut >> 16) % 64);
	return piece < left ? piece : left;
}

struct stream {
	struct dialect_input in;
	struct chat_call call;
	bool is_over;
};

static void say(struct stream *s, struct result *r, enum dialect_event event)
{
	const struct chat_call *call = &s->call;

	assert(event != DIALECT_NO_MEMORY);
	s->is_over = event == DIALECT_ENDLESS;
	if (event != DIALECT_READ || (!call->verb && !call->is_error))
		return;
	strbuf_adds(&r->text,
		call->verb ? chat_verb_info(call->verb)->name : "error");
	for (size_t i = 0; i < call->n_args; i++) {
		size_t len = strlen(call->args[i]);

		assert(utf8_is_safe(call->args[i], len));
		strbuf_addc(&r->text, '|');
		strbuf_add(&r->text, call->args[i], len);
	}
	strbuf_add(&r->text, &call->n, sizeof call->n);
	s->is_over = call->verb &&
		strcmp(chat_verb_info(call->verb)->name, "quit") == 0;
}

/* Reads what is there; returns how much of it is done with. */
static size_t feed(
	struct stream *s, struct result *r, const char *data, size_t len)
{
	char *exact = malloc(len > 0 ? len : 1);
	struct slice left = {exact, len};
	enum dialect_event event = DIALECT_READ;
	size_t used;

	assert(exact);
	memcpy(exact, data, len);
	while (left.len > 0 && event == DIALECT_READ && !s->is_over) {
		chat_call_clear(&s->call);
		event = dialect_text.read(&s->in, &left, &s->call, &used);
		assert(used <= left.len);
		assert((used > 0) == (event == DIALECT_READ));
		say(s, r, event);
		strbuf_add(&r->replies, s->in.reply.bytes, s->in.reply.len);
		s->in.reply.len = 0;
		left.data += used;
		left.len -= used;
	}
	free(exact);
	return len - left.len;
}

static void run(struct result *r, const char *data, size_t size, size_t max,
	uint32_t cut)
{
	struct service svc = {.line_max = max};
	struct stream s = {.is_over = false};
	size_t done = 0, came = 0;

	clear(r);
	dialect_text.start(&s.in, &svc);
	while (came < size && !s.is_over) {
		came += cut ? next_piece(&cut, size - came) : size;
		done += feed(&s, r, data + done, came - done);
		assert(s.is_over || came - done <= max + 1);
	}
	chat_call_clear(&s.call);
	if (!s.is_over)
		say(&s, r,
			dialect_text.end(&s.in,
				&(struct slice){data + done, size - done},
				&s.call));
	r->is_telnet = s.in.view & DIALECT_CRLF;
	dialect_text.stop(&s.in);
	chat_call_fini(&s.call);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct result whole, pieces;
	const char *text = (const char *)data + HEAD_LEN;
	size_t max;

	if (size < HEAD_LEN)
		return 0;
	max = 1 + data[0] % 32;
	run(&whole, text, size - HEAD_LEN, max, 0);
	run(&pieces, text, size - HEAD_LEN, max, 1 + data[1]);
	check_same(&whole, &pieces);
	return 0;
}
