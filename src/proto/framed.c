/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What stands between a raw protocol and its connection if the service has a
 * framing: it cuts messages out of the bytes, and wraps answers.
 *
 * A message that came whole in one read is handed on where it lies. Else its
 * bytes are kept until the rest is there, and only bytes that came are: who
 * announces a large message has got nothing by that. So a byte is copied once
 * at most, and looked at once, however small the pieces are.
 *
 * A turn takes at most so many messages, and stops when answers are waiting to
 * be sent; what is left is kept, and conn comes back for it before it reads
 * any more. In a turn small answers are gathered and go out together, before
 * the connection closes in any case; the flush() hook sees to that.
 *
 * At the end of input an unfinished line is a message. An unfinished message
 * behind its length is told to the peer, like any length that cannot be right:
 * that is for the person who writes the client. Worker threads. */
#include "proto/framed.h"

#include <assert.h>
#include <string.h>

#include "base/str.h"
#include "net/census.h"
#include "net/conn.h"
#include "net/framer.h"
#include "net/service.h"

#define MESSAGES_PER_TURN 1000
#define BATCH_LEN         (16 * 1024)

/* Answers of one turn. */
struct batch {
	size_t len;
	char bytes[BATCH_LEN];
};

/* conn_state() of a connection with a framing. */
struct framed {
	union framer_state state;
	struct strbuf kept;  /* what came ... */
	size_t done;         /* ... but for so many bytes */
	struct batch *batch; /* not sent yet; NULL: not in a turn */
};

static const struct framer *framer_of(const struct conn *c)
{
	return conn_service(c)->framer;
}

static const struct conn_ops *inner_ops(const struct conn *c)
{
	return conn_service(c)->inner->ops;
}

/* Sending. */

static void send_batch(struct conn *c, struct batch *batch)
{
	size_t len = batch->len;

	batch->len = 0; /* sending may close, which comes here again */
	conn_send(c, batch->bytes, len);
}

static bool gather(
	struct batch *batch, const struct slice *parts, size_t n_parts)
{
	size_t len = 0;

	for (size_t i = 0; i < n_parts; i++)
		len += parts[i].len;
	if (len > sizeof(batch->bytes) - batch->len)
		return false;
	for (size_t i = 0; i < n_parts; i++) {
		memcpy(batch->bytes + batch->len, parts[i].data, parts[i].len);
		batch->len += parts[i].len;
	}
	return true;
}

/* What does not fit goes out at once, with all that was gathered before it. */
static void send_parts(
	struct conn *c, const struct slice *parts, size_t n_parts)
{
	struct framed *f = conn_state(c);
	struct slice all[CONN_PARTS_MAX];
	size_t n = 0;

	if (!f->batch) {
		conn_sendv(c, parts, n_parts);
		return;
	}
	if (gather(f->batch, parts, n_parts))
		return;
	all[n++] = (struct slice){f->batch->bytes, f->batch->len};
	while (n_parts-- > 0)
		all[n++] = *parts++;
	f->batch->len = 0;
	conn_sendv(c, all, n);
}

/* Parts of an answer, with what belongs around them. */
static void send_wrapped(struct conn *c, const struct slice *parts,
	size_t n_parts, bool is_ended)
{
	const struct framed *f = conn_state(c);
	struct slice all[FRAMED_PARTS_MAX + 2];
	struct frame_wrap wrap;
	size_t len = 0, n = 0;

	assert(n_parts <= FRAMED_PARTS_MAX);
	for (size_t i = 0; i < n_parts; i++)
		len += parts[i].len;
	framer_of(c)->wrap(&f->state, len, &wrap);
	all[n++] = (struct slice){wrap.head, wrap.head_len};
	while (n_parts-- > 0)
		all[n++] = *parts++;
	if (is_ended)
		all[n++] = wrap.tail;
	send_parts(c, all, n);
}

void framed_send(struct conn *c, const void *data, size_t len)
{
	struct slice all = {data, len};

	if (framer_of(c))
		send_wrapped(c, &all, 1, false);
	else
		conn_send(c, data, len);
}

void framed_answer(struct conn *c, const struct slice *parts, size_t n_parts)
{
	if (framer_of(c))
		send_wrapped(c, parts, n_parts, true);
	else
		conn_sendv(c, parts, n_parts);
}

/* What a framer finds. */

static void on_message(struct conn *c, const struct frame *frame)
{
	census_count_messages(c, 1);
	inner_ops(c)->data(c, frame->message.data, frame->message.len);
}

/* Errors are for people: a line also where messages are none. */
static void on_refused(struct conn *c, const struct frame *frame)
{
	const struct framed *f = conn_state(c);
	struct slice line[] = {
		{"error: ", strlen("error: ")},
		{frame->why.text, strlen(frame->why.text)},
		{"\n", 1},
	};
	struct frame_wrap wrap;

	framer_of(c)->wrap(&f->state, 0, &wrap);
	if (wrap.tail.len > 0)
		line[2] = wrap.tail;
	send_parts(c, line, 3);
}

static void on_broken(struct conn *c, const struct frame *frame)
{
	on_refused(c, frame);
	conn_close(c, framer_of(c)->broken, NULL);
}

static void on_nothing(struct conn *c, const struct frame *frame)
{
}

typedef void event_fn(struct conn *c, const struct frame *frame);
static event_fn *const on_event[FRAMER_N] = {
	[FRAMER_MORE] = on_nothing,
	[FRAMER_WHOLE] = on_message,
	[FRAMER_SKIPPED] = on_nothing,
	[FRAMER_REFUSED] = on_refused,
	[FRAMER_BROKEN] = on_broken,
};

/* Receiving. */

static void turn_begin(struct framed *f, struct batch *batch)
{
	batch->len = 0;
	f->batch = batch;
}

static void turn_end(struct conn *c)
{
	struct framed *f = conn_state(c);

	send_batch(c, f->batch);
	f->batch = NULL;
	if (!conn_is_open(c))
		strbuf_fini(&f->kept);
}

static bool may_go_on(struct conn *c)
{
	return conn_is_open(c) && !conn_is_paused(c) &&
		conn_queued(c) <= conn_service(c)->output_soft;
}

/* Takes messages out of the bytes while it may; how many are done with. */
static size_t cut(struct conn *c, struct slice in)
{
	struct framed *f = conn_state(c);
	enum framer_event event = FRAMER_SKIPPED;
	struct frame frame;
	size_t done = 0;

	for (int n = 0; event != FRAMER_MORE && may_go_on(c); n++) {
		if (n == MESSAGES_PER_TURN) {
			conn_input_again(c);
			break;
		}
		event = framer_of(c)->next(&f->state, &in, &frame);
		in.data += frame.used;
		in.len -= frame.used;
		done += frame.used;
		on_event[event](c, &frame);
	}
	return done;
}

static struct slice rest_of(const struct framed *f)
{
	if (f->kept.len == 0)
		return (struct slice){"", 0};
	return (struct slice){f->kept.data + f->done, f->kept.len - f->done};
}

static void keep(struct conn *c, struct strbuf *kept, struct slice more)
{
	strbuf_add(kept, more.data, more.len);
	if (kept->failed)
		conn_close(c, CLOSE_MEMORY, NULL);
}

/* Lets go of what is done with, once that is the greater part. */
static void shrink(struct conn *c)
{
	struct framed *f = conn_state(c);
	struct strbuf rest = {0};

	if (f->done <= f->kept.len / 2)
		return;
	if (f->done < f->kept.len)
		keep(c, &rest, rest_of(f));
	strbuf_fini(&f->kept);
	f->kept = rest;
	f->done = 0;
}

static void eat_kept(struct conn *c)
{
	struct framed *f = conn_state(c);
	struct batch batch;

	turn_begin(f, &batch);
	f->done += cut(c, rest_of(f));
	turn_end(c);
	if (conn_is_open(c))
		shrink(c);
}

static void framed_data(struct conn *c, const void *data, size_t len)
{
	struct framed *f = conn_state(c);
	struct slice in = {data, len};
	struct batch batch;
	size_t done;

	if (f->kept.len > 0) {
		keep(c, &f->kept, in);
		if (conn_is_open(c))
			eat_kept(c);
		return;
	}
	turn_begin(f, &batch);
	done = cut(c, in);
	turn_end(c);
	in.data += done;
	in.len -= done;
	if (conn_is_open(c) && in.len > 0)
		keep(c, &f->kept, in);
}

/* Time for what was left. */
static void framed_input(struct conn *c, struct evbuffer *none)
{
	const struct framed *f = conn_state(c);

	if (f->kept.len > 0)
		eat_kept(c);
}

static void framed_eof(struct conn *c, struct evbuffer *none)
{
	struct framed *f = conn_state(c);
	struct slice rest = rest_of(f);
	struct batch batch;
	struct frame frame;

	turn_begin(f, &batch);
	on_event[framer_of(c)->end(&f->state, &rest, &frame)](c, &frame);
	turn_end(c);
	conn_close(c, CLOSE_EOF, NULL);
}

static int framed_open(struct conn *c)
{
	const struct service *svc = conn_service(c);
	const struct framer_limits limits = {svc->line_max, svc->message_max};
	struct framed *f = conn_state(c);

	svc->framer->init(&f->state, &limits);
	return inner_ops(c)->open ? inner_ops(c)->open(c) : 0;
}

static void framed_flush(struct conn *c)
{
	const struct framed *f = conn_state(c);

	if (f->batch)
		send_batch(c, f->batch);
}

/* What is kept may be in use: then the turn lets go of it. */
static void framed_closed(struct conn *c, enum close_reason why)
{
	struct framed *f = conn_state(c);

	if (!f->batch)
		strbuf_fini(&f->kept);
	if (inner_ops(c)->closed)
		inner_ops(c)->closed(c, why);
}

static const struct conn_ops framed_ops = {
	.open = framed_open,
	.data = framed_data,
	.input = framed_input,
	.eof = framed_eof,
	.flush = framed_flush,
	.closed = framed_closed,
};
static const struct conn_type framed_type = {
	.ops = &framed_ops,
	.raw = true,
	.state_size = sizeof(struct framed),
};

void framed_setup(struct service *svc, const struct framer *framer)
{
	uint64_t one_answer = svc->output_soft + svc->message_max +
		2 * BATCH_LEN;

	svc->framer = framer;
	/* Others look at the framer themselves. */
	if (!framer || !svc->type->raw)
		return;
	assert(svc->type->state_size == 0);
	assert(!svc->type->ops->source && !svc->type->ops->eof &&
		!svc->type->ops->writable && !svc->type->ops->timer &&
		!svc->type->ops->goodbye);
	svc->inner = svc->type;
	svc->type = &framed_type;
	/* Nobody is slow because of one answer that is large. */
	if (svc->output_hard < one_answer)
		svc->output_hard = one_answer;
}
