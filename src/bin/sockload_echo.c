/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Echo: every connection sends its stream in messages of one size and expects
 * each byte back. At most `depth` messages are on their way; what comes back
 * makes room for the next. A connection has three positions in its stream:
 *
 *	received <= sent <= issued * size
 *
 * The first wrong byte ends a connection, as nothing after it can be trusted;
 * where the bytes belong tells whether the server lost, doubled or swapped
 * something.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "sockload.h"
#include "sockload_link.h"
#include "sockload_payload.h"

struct echo_conn {
	struct link link;
	uint64_t sent, received; /* bytes */
	uint64_t issued, done;   /* messages */
	uint64_t *stamps;        /* borrowed: a ring of `depth` send times */
};

struct echo {
	struct echo_conn *conns; /* owned */
	uint64_t *stamps;        /* owned */
	uint64_t n_pending;      /* messages on their way, all connections */
};

static int echo_prepare(struct load *l)
{
	uint32_t n = (uint32_t)l->opt->connections;
	struct echo *e = calloc(1, sizeof(*e));

	l->state = e;
	if (!e)
		return -ENOMEM;
	e->conns = calloc(n, sizeof(*e->conns));
	e->stamps = calloc(n * l->opt->depth, sizeof(*e->stamps));
	if (!e->conns || !e->stamps)
		return -ENOMEM;
	for (uint32_t i = 0; i < n; i++)
		e->conns[i].stamps = e->stamps + i * l->opt->depth;
	l->n_conns = n;
	l->pace = (struct pace){.rate = l->opt->rate, .n_lanes = n};
	return 0;
}

static void flush(struct echo_conn *c)
{
	uint64_t end = c->issued * c->link.load->opt->size;

	while (c->sent < end) {
		uint64_t len = end - c->sent;
		if (len > PAYLOAD_PIECE)
			len = PAYLOAD_PIECE;
		size_t n = link_write(
			&c->link, payload_at(c->link.id, c->sent), len);
		c->sent += n;
		if (n < len)
			break;
	}
	link_want_write(&c->link, c->sent < end);
}

static void pump(struct echo_conn *c, uint64_t now)
{
	struct load *l = c->link.load;
	struct echo *e = l->state;
	uint64_t depth = l->opt->depth;
	uint64_t due = pace_due(&l->pace, c->link.id, now);

	if (due > c->done + depth)
		due = c->done + depth;
	while (c->issued < due && load_issue(l)) {
		c->stamps[c->issued % depth] = l->opt->rate
			? pace_time(&l->pace, c->link.id, c->issued)
			: now;
		c->issued++;
		e->n_pending++;
	}
	if (!c->link.wants_write)
		flush(c);
}

static void drop(struct echo_conn *c)
{
	struct load *l = c->link.load;
	struct echo *e = l->state;

	link_close(&c->link);
	e->n_pending -= c->issued - c->done;
	for (; c->done < c->issued; c->done++)
		load_finish(l);
}

static void wrong_bytes(
	struct echo_conn *c, uint64_t at, const char *data, size_t len)
{
	struct load *l = c->link.load;
	int64_t distance;

	if (payload_find(c->link.id, at, data, len, &distance))
		fault_add(&l->faults, FAULT_BYTES, 1,
			"connection %u: wrong bytes at offset %" PRIu64
			" (message %" PRIu64 "): what came belongs %" PRIu64
			" bytes %s",
			c->link.id, at, at / l->opt->size,
			(uint64_t)llabs(distance),
			distance > 0 ? "later" : "earlier");
	else
		fault_add(&l->faults, FAULT_BYTES, 1,
			"connection %u: wrong byte at offset %" PRIu64
			" (message %" PRIu64 "): 0x%02x came, 0x%02x was sent",
			c->link.id, at, at / l->opt->size,
			(unsigned char)data[0],
			(unsigned char)*payload_at(c->link.id, at));
	drop(c);
	load_gone(l);
}

static void take(struct echo_conn *c, const char *data, size_t len)
{
	struct load *l = c->link.load;
	struct echo *e = l->state;
	uint64_t now = clock_mono_us(), size = l->opt->size;
	size_t right = payload_check(c->link.id, c->received, data, len);

	if (right < len) {
		wrong_bytes(c, c->received + right, data + right, len - right);
		return;
	}
	c->received += len;
	if (c->received > c->sent) {
		fault_add(&l->faults, FAULT_AGAIN, 1,
			"connection %u: %" PRIu64 " bytes more came than were "
			"sent, at offset %" PRIu64,
			c->link.id, c->received - c->sent, c->sent);
		drop(c);
		load_gone(l);
		return;
	}
	while ((c->done + 1) * size <= c->received) {
		load_count(l, now - c->stamps[c->done % l->opt->depth], size);
		c->done++;
		e->n_pending--;
		load_finish(l);
	}
	pump(c, now);
}

static void on_readable(struct link *link)
{
	struct echo_conn *c = (struct echo_conn *)link;
	struct load *l = link->load;
	char what[96];
	int err = 0;
	ssize_t n = link_read(link, l->scratch, LOAD_SCRATCH, &err);

	if (n > 0) {
		take(c, l->scratch, (size_t)n);
	} else if (n < 0) {
		drop(c);
		snprintf(what, sizeof(what),
			" after %" PRIu64 " bytes; %" PRIu64
			" were on their way",
			c->received, c->sent - c->received);
		load_lost(l, link->id, err, what);
	}
}

static void on_connected(struct link *link)
{
	load_ready(link->load);
}

static void on_writable(struct link *link)
{
	flush((struct echo_conn *)link);
}

static const struct link_ops link_ops = {
	.connected = on_connected,
	.readable = on_readable,
	.writable = on_writable,
};

static int echo_open(struct load *l, uint32_t conn)
{
	struct echo *e = l->state;

	return link_open(&e->conns[conn].link, l, conn, &link_ops);
}

static void echo_pump(struct load *l, uint32_t lane, uint64_t now_us)
{
	struct echo *e = l->state;

	if (e->conns[lane].link.is_open)
		pump(&e->conns[lane], now_us);
}

static bool echo_is_drained(const struct load *l)
{
	const struct echo *e = l->state;

	return e->n_pending == 0;
}

static void echo_name_missing(struct load *l)
{
	const struct echo *e = l->state;

	for (uint32_t i = 0; i < l->n_conns; i++) {
		const struct echo_conn *c = &e->conns[i];
		if (!c->link.is_open || c->done == c->issued)
			continue;
		fault_add(&l->faults, FAULT_LOST, c->issued - c->done,
			"connection %u: nothing more came after offset %" PRIu64
			" (message %" PRIu64 "); %" PRIu64
			" bytes were on their way",
			i, c->received, c->received / l->opt->size,
			c->issued * l->opt->size - c->received);
	}
}

static void echo_fini(struct load *l)
{
	struct echo *e = l->state;

	for (uint32_t i = 0; i < l->n_conns; i++)
		link_close(&e->conns[i].link);
	free(e->conns);
	free(e->stamps);
	free(e);
}

const struct load_mode mode_echo = {
	.name = "echo",
	.summary = "send messages, expect every byte back",
	.unit = "messages",
	.prepare = echo_prepare,
	.open = echo_open,
	.pump = echo_pump,
	.is_drained = echo_is_drained,
	.name_missing = echo_name_missing,
	.fini = echo_fini,
};
