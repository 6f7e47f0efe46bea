/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Slow readers of a fan-out, to see that they harm nobody and are treated well.
 *
 *	logs in ── the work begins ──▶ silent, or a KiB a second
 *	                                      │ all others have got everything
 *	                                      ▼
 *	                               reads all that is there for it
 *
 * A server may leave messages out for them if it says how many: a line of its
 * own, which the preset describes. So for each of them, at the end,
 *
 *	messages that came + messages announced as skipped = messages said
 *
 * and those that came must be in order and unchanged. Their text follows from
 * sender and number, since what was sent is not kept for so long.
 */
#include "sockload_slow.h"

#include <inttypes.h>
#include <string.h>
#include <sysexits.h>

#include "base/clock.h"
#include "sockload_delivery.h"
#include "sockload_fanout.h"
#include "sockload_payload.h"

#define STEP_US    100000 /* from one read of a slow one to the next */
#define SLOW_BYTES 1024   /* that it reads in a second */

static uint32_t n_slow(const struct load *l)
{
	return (uint32_t)(l->opt->silent + l->opt->slow);
}

static bool is_there(const struct member *m)
{
	return m->session.state == SESSION_READY;
}

static void release(struct load *l)
{
	struct fanout *f = l->state;

	f->slow_are_free = true;
	for (uint32_t i = 0; i < n_slow(l); i++)
		if (is_there(&f->members[i]))
			session_watch(&f->members[i].session, true);
}

static void read_slowly(struct load *l)
{
	struct fanout *f = l->state;

	for (uint32_t i = (uint32_t)l->opt->silent; i < n_slow(l); i++)
		if (is_there(&f->members[i]))
			session_read(&f->members[i].session,
				SLOW_BYTES * STEP_US / 1000000);
}

static void on_step(evutil_socket_t fd, short what, void *arg)
{
	struct load *l = arg;
	struct fanout *f = l->state;

	if (f->slow_are_free || l->phase == LOAD_DONE)
		return;
	if (l->phase == LOAD_DRAINING && f->n_pending == 0)
		release(l);
	else
		read_slowly(l);
}

void slow_prepare(struct load *l)
{
	struct fanout *f = l->state;

	for (uint32_t i = 0; i < n_slow(l); i++)
		f->members[i].is_slow = true;
}

void slow_begin(struct load *l)
{
	const struct timeval step = {.tv_usec = STEP_US};
	struct fanout *f = l->state;

	if (f->slow_step || n_slow(l) == 0)
		return;
	f->slow_step = event_new(l->base, -1, EV_PERSIST, on_step, l);
	if (!f->slow_step || event_add(f->slow_step, &step) < 0) {
		load_fail(l, EX_OSERR, "out of memory");
		return;
	}
	for (uint32_t i = 0; i < n_slow(l); i++)
		if (is_there(&f->members[i]))
			session_watch(&f->members[i].session, false);
}

/* How many messages the line says were skipped; 0: it says no such thing. */
static uint64_t read_announcement(
	const struct load *l, const char *line, size_t len)
{
	const char *text = l->opt->preset.skipped, *hole, *at;
	size_t head;
	uint64_t n = 0;

	hole = text ? strstr(text, "{n}") : NULL;
	if (!hole)
		return 0;
	head = (size_t)(hole - text);
	at = memmem(line, len, text, head);
	if (!at)
		return 0;
	for (at += head; at < line + len && strchr("0123456789,", *at); at++)
		n = *at == ',' ? n : n * 10 + (uint64_t)(*at - '0');
	len -= (size_t)(at - line);
	hole += 3;
	return len >= strlen(hole) && memcmp(at, hole, strlen(hole)) == 0 ? n
									  : 0;
}

/* False if what stands there is nothing that its sender said. */
static bool is_right(
	const struct load *l, const struct message *msg, const char *at)
{
	const struct fanout *f = l->state;
	size_t filler = l->opt->size - MESSAGE_HEAD;

	return msg->sender < l->opt->senders &&
		msg->seq < f->senders[msg->sender].issued &&
		memcmp(at + MESSAGE_HEAD,
			payload_at(msg->sender, msg->seq * filler),
			filler) == 0;
}

static void take(struct load *l, struct member *m, const struct message *msg)
{
	uint32_t *next = &m->next[msg->sender / l->opt->rooms];

	if (msg->seq < *next) {
		fault_add(&l->faults, FAULT_ORDER, 1,
			"connection %u: message %" PRIu64
			" of sender %u came after message %u",
			m->session.link.id, msg->seq, msg->sender, *next - 1);
		return;
	}
	*next = (uint32_t)msg->seq + 1;
	m->n_came++;
}

void slow_line(struct session *session, const char *line, size_t len)
{
	struct load *l = session->link.load;
	struct member *m = (struct member *)session;
	struct message msg;
	const char *at;

	l->moved_us = clock_mono_us();
	at = len < l->opt->size ? NULL : message_find(line, len, l->opt->size);
	if (!at) {
		m->n_announced += read_announcement(l, line, len);
		session_note(session, line, len);
	} else if (message_parse(at, &msg) && is_right(l, &msg, at)) {
		take(l, m, &msg);
	} else {
		session_note(session, line, len);
		fault_add(&l->faults, FAULT_BYTES, 1,
			"connection %u: a message that nobody sent: %s",
			session->link.id, session->last);
	}
}

/* Messages said in the member's room. */
static uint64_t count_said(const struct load *l, const struct member *m)
{
	const struct fanout *f = l->state;
	uint64_t n = 0;
	uint32_t id;

	for (uint32_t k = 0;
		(id = fanout_sender(l, m->session.room, k)) < l->opt->senders;
		k++)
		n += f->senders[id].issued;
	return n;
}

bool slow_have_read(const struct load *l)
{
	const struct fanout *f = l->state;

	for (uint32_t i = 0; i < n_slow(l); i++) {
		const struct member *m = &f->members[i];

		if (is_there(m) &&
			m->n_came + m->n_announced < count_said(l, m))
			return false;
	}
	return true;
}

void slow_name_missing(struct load *l)
{
	struct fanout *f = l->state;

	for (uint32_t i = 0; i < n_slow(l); i++) {
		const struct member *m = &f->members[i];
		uint64_t said = count_said(l, m);
		uint64_t known = m->n_came + m->n_announced;

		if (is_there(m) && known < said)
			fault_add(&l->faults, FAULT_LOST, said - known,
				"connection %u reads slowly: of %" PRIu64
				" messages %" PRIu64 " came, %" PRIu64
				" were said to be skipped",
				i, said, m->n_came, m->n_announced);
	}
}

void slow_conclude(struct load *l)
{
	const struct fanout *f = l->state;

	for (uint32_t i = 0; i < n_slow(l); i++) {
		const struct member *m = &f->members[i];

		l->slow.came += m->n_came;
		l->slow.skipped += count_said(l, m) - m->n_came;
		l->slow.announced += m->n_announced;
		l->slow.told += m->n_announced > 0;
	}
}

void slow_fini(struct load *l)
{
	struct fanout *f = l->state;

	if (f->slow_step)
		event_free(f->slow_step);
}
