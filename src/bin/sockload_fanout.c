/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Fan-out: senders say things in rooms, and each message has to reach every
 * other member of the room once, in order and unchanged.
 *
 * A message is a line of letters: "|SENDER.NUMBER.TIME|" in hexadecimal and a
 * filler that follows from sender and number. At most `window` messages of a
 * sender are on their way: the next goes out when one has reached everybody.
 * So the texts of all that are on their way fit into a ring, and what comes is
 * checked against the very bytes that were sent.
 *
 *	oldest <= number of any message on its way < issued <= oldest + window
 *
 * Connections 0 to connections - 1 receive; the senders follow. Where senders
 * are members themselves they receive what the others say.
 */
#include "sockload_fanout.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/errmsg.h"
#include "sockload_delivery.h"
#include "sockload_payload.h"
#include "sockload_slow.h"

static uint32_t senders_of(const struct load *l, uint32_t room)
{
	uint64_t rooms = l->opt->rooms;

	return (uint32_t)((l->opt->senders + rooms - 1 - room) / rooms);
}

uint32_t fanout_sender(const struct load *l, uint32_t room, uint32_t nth)
{
	return room + nth * (uint32_t)l->opt->rooms;
}

bool fanout_hears(const struct load *l, const struct member *m)
{
	return m->sender ? l->opt->preset.sender_hears : !m->is_slow;
}

static int prepare_sender(struct load *l, struct sender *s, uint32_t id)
{
	const struct load_options *o = l->opt;
	struct template_vars vars = {.id = id,
		.room = s->member->session.room,
		.size = (uint32_t)o->size,
		.run = l->run_name};
	char *head = NULL, *tail = NULL;
	struct errmsg msg;

	s->ring = malloc(o->window * o->size);
	s->stamps = calloc(o->window, sizeof(*s->stamps));
	s->pending = calloc(o->window, sizeof(*s->pending));
	int r = template_split(o->preset.send, &head, &tail, &msg);
	if (r == 0)
		r = template_expand(&s->head, head, &vars, &msg);
	if (r == 0)
		r = template_expand(&s->tail, tail, &vars, &msg);
	free(head);
	return s->ring && s->stamps && s->pending ? r : -ENOMEM;
}

/* Gives every member that hears one counter for each sender of its room. */
static int prepare_counters(struct load *l, struct fanout *f)
{
	size_t n = 0;

	for (uint32_t i = 0; i < l->n_conns; i++)
		n += senders_of(l, f->members[i].session.room);
	f->next = calloc(n ? n : 1, sizeof(*f->next));
	f->n_hearing = calloc(l->opt->rooms, sizeof(*f->n_hearing));
	if (!f->next || !f->n_hearing)
		return -ENOMEM;
	n = 0;
	for (uint32_t i = 0; i < l->n_conns; i++) {
		struct member *m = &f->members[i];
		m->next = f->next + n;
		n += senders_of(l, m->session.room);
		if (fanout_hears(l, m))
			f->n_hearing[m->session.room]++;
	}
	return 0;
}

static int fanout_prepare(struct load *l)
{
	const struct load_options *o = l->opt;
	struct fanout *f = calloc(1, sizeof(*f));
	int r = 0;

	l->state = f;
	if (!f)
		return -ENOMEM;
	l->n_conns = (uint32_t)(o->connections + o->senders);
	l->pace = (struct pace){
		.rate = o->rate, .n_lanes = (uint32_t)o->senders};
	f->members = calloc(l->n_conns, sizeof(*f->members));
	f->senders = calloc(o->senders, sizeof(*f->senders));
	f->dirty = calloc(o->senders, sizeof(*f->dirty));
	if (!f->members || !f->senders || !f->dirty)
		return -ENOMEM;
	for (uint32_t i = 0; i < o->connections; i++)
		f->members[i].session.room = (uint32_t)(i % o->rooms);
	slow_prepare(l);
	for (uint32_t i = 0; i < o->senders && r == 0; i++) {
		struct member *m = &f->members[o->connections + i];
		m->session.room = (uint32_t)(i % o->rooms);
		m->session.only_sends = !o->preset.sender_hears;
		m->sender = &f->senders[i];
		m->sender->member = m;
		r = prepare_sender(l, m->sender, i);
	}
	return r < 0 ? r : prepare_counters(l, f);
}

static void write_payload(
	struct load *l, char *buf, const struct message *msg, uint64_t now)
{
	char head[MESSAGE_HEAD + 1];

	snprintf(head, sizeof(head), "|%05x.%08" PRIx64 ".%012" PRIx64 "|",
		msg->sender, msg->seq & UINT32_MAX,
		now & UINT64_C(0xffffffffffff));
	memcpy(buf, head, MESSAGE_HEAD);
	size_t filler = l->opt->size - MESSAGE_HEAD;
	memcpy(buf + MESSAGE_HEAD, payload_at(msg->sender, msg->seq * filler),
		filler);
}

/* Sends as much as the window and the pace allow, in one piece. */
static void pump(struct load *l, uint32_t id, uint64_t now)
{
	struct fanout *f = l->state;
	struct sender *s = &f->senders[id];
	const struct load_options *o = l->opt;
	uint64_t due = pace_due(&l->pace, id, now);
	uint32_t room = s->member->session.room;
	uint32_t n = f->n_hearing[room] - (o->preset.sender_hears ? 1 : 0);

	if (n == 0)
		return; /* nobody is left to hear it */
	slow_begin(l);
	strbuf_clear(&f->out);
	while (s->issued - s->oldest < o->window && s->issued < due &&
		s->member->session.state == SESSION_READY && load_issue(l)) {
		size_t slot = s->issued % o->window;
		char *payload = s->ring + slot * o->size;
		struct message msg = {.sender = id, .seq = s->issued};

		write_payload(l, payload, &msg, now);
		s->stamps[slot] = o->rate ? pace_time(&l->pace, id, s->issued)
					  : now;
		s->pending[slot] = n;
		s->issued++;
		f->n_pending++;
		strbuf_add(&f->out, s->head.data, s->head.len);
		strbuf_add(&f->out, payload, o->size);
		strbuf_add(&f->out, s->tail.data, s->tail.len);
	}
	if (f->out.len > 0 && !f->out.failed)
		session_send(&s->member->session, f->out.data, f->out.len);
}

void fanout_advance(struct load *l, uint32_t id)
{
	struct fanout *f = l->state;
	struct sender *s = &f->senders[id];
	uint64_t window = l->opt->window;

	while (s->oldest < s->issued && s->pending[s->oldest % window] == 0) {
		s->oldest++;
		f->n_pending--;
		load_finish(l);
	}
	if (!s->is_dirty) {
		s->is_dirty = true;
		f->dirty[f->n_dirty++] = id;
	}
}

static void pump_dirty(struct load *l)
{
	struct fanout *f = l->state;
	uint64_t now = clock_mono_us();

	for (uint32_t i = 0; i < f->n_dirty; i++) {
		f->senders[f->dirty[i]].is_dirty = false;
		pump(l, f->dirty[i], now);
	}
	f->n_dirty = 0;
}

static void on_ready(struct session *s)
{
	load_ready(s->link.load);
}

static void on_lines_end(struct session *s)
{
	struct fanout *f = s->link.load->state;

	f->now_us = 0;
	if (f->n_dirty > 0)
		pump_dirty(s->link.load);
}

/* A member that is gone is owed nothing more. */
static void on_ended(struct session *session)
{
	struct load *l = session->link.load;
	struct fanout *f = l->state;
	struct member *m = (struct member *)session;

	if (l->phase == LOAD_CONNECTING || l->phase == LOAD_DONE)
		return;
	if (fanout_hears(l, m)) {
		f->n_hearing[session->room]--;
		delivery_forgive(l, m);
	}
	pump_dirty(l);
}

static const struct session_ops session_ops = {
	.ready = on_ready,
	.line = delivery_line,
	.lines_end = on_lines_end,
	.ended = on_ended,
};

static int fanout_open(struct load *l, uint32_t conn)
{
	struct fanout *f = l->state;

	return session_open(&f->members[conn].session, l, conn, &session_ops);
}

static bool fanout_is_drained(const struct load *l)
{
	const struct fanout *f = l->state;

	return f->n_pending == 0 && slow_have_read(l);
}

static void name_missing(struct load *l)
{
	delivery_name_missing(l);
	slow_name_missing(l);
}

static void conclude(struct load *l)
{
	delivery_name_holes(l);
	slow_conclude(l);
}

static void fanout_fini(struct load *l)
{
	struct fanout *f = l->state;

	slow_fini(l);
	for (uint32_t i = 0; i < l->n_conns; i++)
		session_fini(&f->members[i].session);
	for (uint64_t i = 0; i < l->opt->senders; i++) {
		struct sender *s = &f->senders[i];
		free(s->ring);
		free(s->stamps);
		free(s->pending);
		strbuf_fini(&s->head);
		strbuf_fini(&s->tail);
	}
	track_fini(&f->track);
	strbuf_fini(&f->out);
	free(f->members);
	free(f->senders);
	free(f->dirty);
	free(f->next);
	free(f->n_hearing);
	free(f);
}

const struct load_mode mode_fanout = {
	.name = "fanout",
	.summary = "say things in rooms, expect them at every member",
	.unit = "deliveries",
	.prepare = fanout_prepare,
	.open = fanout_open,
	.pump = pump,
	.is_drained = fanout_is_drained,
	.name_missing = name_missing,
	.conclude = conclude,
	.fini = fanout_fini,
};
