/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Streams: bytes in one direction, as many as go. What is counted is MiB.
 *
 * discard	each connection sends; nothing may come back. At the end it
 *		closes its side and waits for the server's end, which follows
 *		the last byte: so all of them were read.
 * chargen	each connection reads, and compares every byte with the pattern.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "sockload.h"
#include "sockload_link.h"
#include "sockload_pattern.h"
#include "sockload_payload.h"

struct stream_conn {
	struct link link;
	uint64_t bytes; /* sent or received */
	struct pattern pattern;
	bool has_ended; /* discard: our side is closed */
};

struct stream {
	struct stream_conn *conns; /* owned */
	uint32_t n_open;
};

static int stream_prepare(struct load *l)
{
	uint32_t n = (uint32_t)l->opt->connections;
	struct stream *s = calloc(1, sizeof(*s));

	l->state = s;
	if (!s)
		return -ENOMEM;
	s->conns = calloc(n, sizeof(*s->conns));
	if (!s->conns)
		return -ENOMEM;
	pattern_init();
	l->n_conns = n;
	l->pace.n_lanes = n;
	return 0;
}

static void stream_close(struct stream_conn *c)
{
	struct stream *s = c->link.load->state;

	link_close(&c->link);
	s->n_open--;
}

static void on_connected(struct link *link)
{
	struct stream *s = link->load->state;

	s->n_open++;
	load_ready(link->load);
}

static void closed_early(struct stream_conn *c, int err)
{
	char what[64];

	stream_close(c);
	snprintf(what, sizeof(what), " after %" PRIu64 " bytes", c->bytes);
	load_lost(c->link.load, c->link.id, err, what);
}

static void discard_writable(struct link *link)
{
	struct stream_conn *c = (struct stream_conn *)link;
	struct load *l = link->load;

	if (l->phase == LOAD_DRAINING) {
		c->has_ended = true;
		link_want_write(link, false);
		shutdown(link->fd, SHUT_WR);
		return;
	}
	size_t n = link_write(
		link, payload_at(link->id, c->bytes), PAYLOAD_PIECE);
	c->bytes += n;
	load_stream(l, n);
}

static void discard_readable(struct link *link)
{
	struct stream_conn *c = (struct stream_conn *)link;
	struct load *l = link->load;
	int err = 0;
	ssize_t n = link_read(link, l->scratch, LOAD_SCRATCH, &err);

	if (n > 0) {
		fault_add(&l->faults, FAULT_BYTES, 1,
			"connection %u: 0x%02x came, nothing should", link->id,
			(unsigned char)l->scratch[0]);
		stream_close(c);
		load_gone(l);
	} else if (n < 0 && c->has_ended && !err) {
		stream_close(c);
		load_finish(l);
	} else if (n < 0) {
		closed_early(c, err);
	}
}

static void chargen_writable(struct link *link)
{
}

static void chargen_readable(struct link *link)
{
	struct stream_conn *c = (struct stream_conn *)link;
	struct load *l = link->load;
	int err = 0;
	ssize_t n = link_read(link, l->scratch, LOAD_SCRATCH, &err);

	if (n < 0)
		closed_early(c, err);
	if (n <= 0)
		return;
	size_t right = pattern_check(&c->pattern, l->scratch, (size_t)n);
	c->bytes += right;
	load_stream(l, right);
	if (right == (size_t)n)
		return;
	fault_add(&l->faults, FAULT_BYTES, 1,
		"connection %u: wrong byte at offset %" PRIu64
		": 0x%02x came, 0x%02x belongs there",
		link->id, c->bytes, (unsigned char)l->scratch[right],
		pattern_next(&c->pattern));
	stream_close(c);
	load_gone(l);
}

static const struct link_ops discard_ops = {
	.connected = on_connected,
	.readable = discard_readable,
	.writable = discard_writable,
};
static const struct link_ops chargen_ops = {
	.connected = on_connected,
	.readable = chargen_readable,
	.writable = chargen_writable,
};

static int discard_open(struct load *l, uint32_t conn)
{
	struct stream *s = l->state;

	return link_open(&s->conns[conn].link, l, conn, &discard_ops);
}

static int chargen_open(struct load *l, uint32_t conn)
{
	struct stream *s = l->state;

	return link_open(&s->conns[conn].link, l, conn, &chargen_ops);
}

static void discard_pump(struct load *l, uint32_t lane, uint64_t now_us)
{
	struct stream *s = l->state;

	if (s->conns[lane].link.is_open)
		link_want_write(&s->conns[lane].link, true);
}

static void chargen_pump(struct load *l, uint32_t lane, uint64_t now_us)
{
}

static bool discard_is_drained(const struct load *l)
{
	const struct stream *s = l->state;

	return s->n_open == 0;
}

static bool chargen_is_drained(const struct load *l)
{
	return l->phase == LOAD_DRAINING;
}

static void name_missing(struct load *l, const char *what)
{
	const struct stream *s = l->state;

	for (uint32_t i = 0; i < l->n_conns; i++)
		if (s->conns[i].link.is_open)
			fault_add(&l->faults, FAULT_LOST, 1,
				"connection %u: %s after %" PRIu64 " bytes", i,
				what, s->conns[i].bytes);
}

static void discard_name_missing(struct load *l)
{
	name_missing(l, "the server no longer reads,");
}

static void chargen_name_missing(struct load *l)
{
	name_missing(l, "nothing more came");
}

static void stream_fini(struct load *l)
{
	struct stream *s = l->state;

	for (uint32_t i = 0; i < l->n_conns; i++)
		link_close(&s->conns[i].link);
	free(s->conns);
	free(s);
}

const struct load_mode mode_discard = {
	.name = "discard",
	.summary = "send without end, expect nothing back",
	.unit = "MiB",
	.streams = true,
	.prepare = stream_prepare,
	.open = discard_open,
	.pump = discard_pump,
	.is_drained = discard_is_drained,
	.name_missing = discard_name_missing,
	.fini = stream_fini,
};

const struct load_mode mode_chargen = {
	.name = "chargen",
	.summary = "read without end, check the pattern of RFC 864",
	.unit = "MiB",
	.streams = true,
	.prepare = stream_prepare,
	.open = chargen_open,
	.pump = chargen_pump,
	.is_drained = chargen_is_drained,
	.name_missing = chargen_name_missing,
	.fini = stream_fini,
};
