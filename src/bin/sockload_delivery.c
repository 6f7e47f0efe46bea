/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What reaches a member of a fan-out. The usual case is cheap: the message
 * stands where it stood in the last line, and its bytes are those of the next
 * message of its sender, compared with what was sent. Only when they differ is
 * the message taken apart, to tell a gap from a swap, a double or a byte that
 * changed.
 *
 * A message that a member skips no longer holds up its sender, so one loss
 * does not stop a window of several. Within a window of one nothing can
 * follow, and the run ends by patience.
 */
#include "sockload_delivery.h"

#include <assert.h>
#include <inttypes.h>
#include <stdbool.h>
#include <string.h>

#include "base/clock.h"
#include "sockload_fanout.h"
#include "sockload_slow.h"

/* What came, and where. */
struct arrival {
	struct load *l;
	struct member *m;
	uint32_t sender;
	const char *at; /* size bytes */
};

static const char *sent_text(const struct load *l, uint32_t id, uint64_t seq)
{
	const struct fanout *f = l->state;

	return f->senders[id].ring + seq % l->opt->window * l->opt->size;
}

static bool is_in_ring(const struct load *l, const struct sender *s, uint64_t q)
{
	return q < s->issued && q + l->opt->window >= s->issued;
}

/* One member less waits for a message. */
static void settle(struct load *l, uint32_t id, uint64_t seq)
{
	struct fanout *f = l->state;
	uint32_t *pending = &f->senders[id].pending[seq % l->opt->window];

	assert(*pending > 0);
	if (--*pending == 0)
		fanout_advance(l, id);
}

static void deliver(struct load *l, uint32_t id, uint64_t seq)
{
	struct fanout *f = l->state;
	uint64_t stamp = f->senders[id].stamps[seq % l->opt->window];

	if (f->now_us == 0)
		f->now_us = clock_mono_us();
	load_count(l, f->now_us > stamp ? f->now_us - stamp : 0, l->opt->size);
	settle(l, id, seq);
}

static bool parse_hex(const char *text, size_t len, uint64_t *ret)
{
	uint64_t n = 0;

	for (size_t i = 0; i < len; i++) {
		char c = text[i];
		if (c >= '0' && c <= '9')
			n = n << 4 | (uint64_t)(c - '0');
		else if (c >= 'a' && c <= 'f')
			n = n << 4 | (uint64_t)(c - 'a' + 10);
		else
			return false;
	}
	*ret = n;
	return true;
}

static size_t first_difference(const char *a, const char *b, size_t len)
{
	size_t i = 0;

	while (i < len && a[i] == b[i])
		i++;
	return i;
}

/* At most a quarter of the bytes differ: the same message, damaged. */
static bool resembles(const char *a, const char *b, size_t len)
{
	size_t differ = 0;

	for (size_t i = 0; i < len; i++)
		differ += a[i] != b[i];
	return differ <= len / 4;
}

static void take_skipped(const struct arrival *a, uint64_t first, uint64_t seq)
{
	for (; first < seq; first++)
		settle(a->l, a->sender, first);
	deliver(a->l, a->sender, seq);
}

static void take_out_of_turn(
	const struct arrival *a, uint64_t seq, uint32_t *next)
{
	struct fanout *f = a->l->state;
	uint32_t who = a->m->session.link.id, first = *next;

	switch (track_see(&f->track, who, a->sender, seq, next)) {
	case TRACK_NEXT:
	case TRACK_GAP:
		take_skipped(a, first, seq);
		break;
	case TRACK_LATE:
		fault_add(&a->l->faults, FAULT_ORDER, 1,
			"connection %u: message %" PRIu64
			" of sender %u came after message %u",
			who, seq, a->sender, *next - 1);
		break;
	case TRACK_AGAIN:
		fault_add(&a->l->faults, FAULT_AGAIN, 1,
			"connection %u: message %" PRIu64
			" of sender %u came twice",
			who, seq, a->sender);
		break;
	}
}

static void take_damaged(const struct arrival *a, uint32_t *next)
{
	size_t size = a->l->opt->size;
	const char *want = sent_text(a->l, a->sender, *next);
	size_t i = first_difference(a->at, want, size);

	fault_add(&a->l->faults, FAULT_BYTES, 1,
		"connection %u: wrong byte at offset %zu of message %u of "
		"sender %u: 0x%02x came, 0x%02x was sent",
		a->m->session.link.id, i, *next, a->sender,
		(unsigned char)a->at[i], (unsigned char)want[i]);
	settle(a->l, a->sender, (*next)++);
}

/* True if the message is one of this sender's, in whatever state. */
static bool take_strange(const struct arrival *a, uint32_t *next)
{
	struct fanout *f = a->l->state;
	const struct sender *s = &f->senders[a->sender];
	size_t size = a->l->opt->size;
	uint64_t id, seq;

	bool is_whole = parse_hex(a->at + 1, 5, &id) && id == a->sender &&
		parse_hex(a->at + 7, 8, &seq) && seq < s->issued;
	if (is_whole && is_in_ring(a->l, s, seq))
		is_whole = memcmp(a->at, sent_text(a->l, a->sender, seq),
				   size) == 0;
	else if (is_whole)
		is_whole = seq < *next;
	if (is_whole)
		take_out_of_turn(a, seq, next);
	else if (*next < s->issued &&
		resembles(a->at, sent_text(a->l, a->sender, *next), size))
		take_damaged(a, next);
	else
		return false;
	return true;
}

static bool take_next(const struct arrival *a, uint32_t *next)
{
	struct fanout *f = a->l->state;

	if (*next >= f->senders[a->sender].issued ||
		memcmp(a->at, sent_text(a->l, a->sender, *next),
			a->l->opt->size) != 0)
		return false;
	deliver(a->l, a->sender, (*next)++);
	return true;
}

/* Whose message this says it is; a number that is no sender's if damaged. */
static uint64_t author_of(const struct load *l, uint32_t room, const char *at)
{
	uint64_t id = room;

	if (l->opt->senders <= l->opt->rooms)
		return id; /* the only one there can be */
	if (!parse_hex(at + 1, 5, &id) || id % l->opt->rooms != room)
		return UINT64_MAX;
	return id;
}

static bool has_head(const char *at)
{
	return at[0] == '|' && at[6] == '.' && at[15] == '.' &&
		at[MESSAGE_HEAD - 1] == '|';
}

const char *message_find(const char *line, size_t len, size_t size)
{
	const char *at = memchr(line, '|', len - size + 1);

	return at && has_head(at) ? at : NULL;
}

bool message_parse(const char *at, struct message *ret)
{
	uint64_t sender;

	if (!parse_hex(at + 1, 5, &sender) || !parse_hex(at + 7, 8, &ret->seq))
		return false;
	ret->sender = (uint32_t)sender;
	return true;
}

/* False if no sender of the room has ever sent this. */
static bool take_message(struct load *l, struct member *m, const char *at)
{
	const struct fanout *f = l->state;
	struct arrival a = {.l = l, .m = m, .at = at};
	uint32_t room = m->session.room;
	uint64_t author = author_of(l, room, at);

	if (author < l->opt->senders && &f->senders[author] == m->sender) {
		if (!has_head(at))
			return false; /* a line about something else */
		fault_add(&l->faults, FAULT_AGAIN, 1,
			"connection %u: its own message came back",
			m->session.link.id);
		return true;
	}
	if (author < l->opt->senders) {
		uint32_t *next = &m->next[author / l->opt->rooms];
		a.sender = (uint32_t)author;
		return take_next(&a, next) || take_strange(&a, next);
	}
	for (uint32_t k = 0;
		(a.sender = fanout_sender(l, room, k)) < l->opt->senders; k++)
		if (&f->senders[a.sender] != m->sender &&
			take_strange(&a, &m->next[k]))
			return true;
	return false;
}

void delivery_line(struct session *session, const char *line, size_t len)
{
	struct load *l = session->link.load;
	struct member *m = (struct member *)session;
	size_t size = l->opt->size;

	if (m->is_slow) {
		slow_line(session, line, len);
		return;
	}
	if (len < size || (m->sender && !l->opt->preset.sender_hears)) {
		session_note(session, line, len);
		return;
	}
	if (m->offset + size > len || !has_head(line + m->offset)) {
		const char *bar = memchr(line, '|', len - size + 1);
		if (bar && has_head(bar))
			m->offset = (uint32_t)(bar - line);
	}
	if (m->offset + size <= len && take_message(l, m, line + m->offset))
		return;
	session_note(session, line, len);
	if (m->offset + size <= len && has_head(line + m->offset))
		fault_add(&l->faults, FAULT_BYTES, 1,
			"connection %u: a message that nobody sent: %s",
			session->link.id, session->last);
}

void delivery_forgive(struct load *l, const struct member *m)
{
	struct fanout *f = l->state;
	uint32_t id;

	for (uint32_t k = 0;
		(id = fanout_sender(l, m->session.room, k)) < l->opt->senders;
		k++) {
		const struct sender *s = &f->senders[id];
		for (; s != m->sender && m->next[k] < s->issued; m->next[k]++)
			settle(l, id, m->next[k]);
	}
}

static void name_missing_of(struct load *l, const struct member *m)
{
	const struct fanout *f = l->state;
	uint32_t id;

	for (uint32_t k = 0;
		(id = fanout_sender(l, m->session.room, k)) < l->opt->senders;
		k++) {
		const struct sender *s = &f->senders[id];
		if (s == m->sender || m->next[k] >= s->issued)
			continue;
		fault_add(&l->faults, FAULT_LOST, s->issued - m->next[k],
			"connection %u: message %u of sender %u never came, "
			"nor anything after it",
			m->session.link.id, m->next[k], id);
	}
}

void delivery_name_missing(struct load *l)
{
	struct fanout *f = l->state;

	for (uint32_t i = 0; i < l->n_conns; i++) {
		const struct member *m = &f->members[i];
		if (m->session.state == SESSION_READY && fanout_hears(l, m))
			name_missing_of(l, m);
	}
}

void delivery_name_holes(struct load *l)
{
	struct fanout *f = l->state;

	for (size_t i = 0; i < f->track.n_holes; i++) {
		const struct track_hole *h = &f->track.holes[i];
		fault_add(&l->faults, FAULT_LOST, 1,
			"connection %u: message %" PRIu64
			" of sender %u never came",
			h->receiver, h->seq, h->sender);
	}
	if (f->track.n_forgotten > 0)
		fault_add(&l->faults, FAULT_LOST, f->track.n_forgotten,
			"%" PRIu64 " more messages never came",
			f->track.n_forgotten);
}
