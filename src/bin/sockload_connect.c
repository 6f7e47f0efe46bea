/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Connect: each lane connects, sends one message, reads it back and closes,
 * over and over. We close first, so the server keeps nothing of a connection;
 * our side keeps its port for a while, which is what --sources is for.
 * Latency is the time from the connect, or from when it was due, until the
 * last byte is back.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "sockload.h"
#include "sockload_link.h"
#include "sockload_payload.h"

struct lane {
	struct link link;
	uint64_t n_opened; /* connections, this one included */
	uint64_t stamp_us;
	uint64_t sent, received; /* bytes of this connection */
	bool waits;              /* the server's queue was full */
};

struct connects {
	struct lane *lanes; /* owned */
	uint32_t n_busy, n_waiting;
};

static void lane_pump(struct load *l, uint32_t lane, uint64_t now_us);

static int connect_prepare(struct load *l)
{
	uint32_t n = (uint32_t)l->opt->connections;
	struct connects *c = calloc(1, sizeof(*c));

	l->state = c;
	if (!c)
		return -ENOMEM;
	c->lanes = calloc(n, sizeof(*c->lanes));
	if (!c->lanes)
		return -ENOMEM;
	l->pace = (struct pace){.rate = l->opt->rate, .n_lanes = n};
	return 0;
}

static struct lane *lane_of(struct link *link)
{
	return (struct lane *)link;
}

/* Ends a connection, complete or not, and begins the lane's next. */
static void close_lane(struct lane *lane)
{
	struct load *l = lane->link.load;
	struct connects *c = l->state;
	uint64_t now = clock_mono_us();
	uint32_t id = (uint32_t)(lane - c->lanes);

	link_close(&lane->link);
	c->n_busy--;
	load_finish(l);
	lane_pump(l, id, now);
	for (uint32_t i = 0; c->n_waiting > 0 && i < l->pace.n_lanes; i++) {
		if (!c->lanes[i].waits)
			continue;
		lane_pump(l, i, now);
		break;
	}
}

static void flush(struct lane *lane)
{
	uint64_t size = lane->link.load->opt->size;

	while (lane->sent < size) {
		uint64_t len = size - lane->sent;
		if (len > PAYLOAD_PIECE)
			len = PAYLOAD_PIECE;
		size_t n = link_write(&lane->link,
			payload_at(lane->link.id, lane->sent), len);
		lane->sent += n;
		if (n < len)
			break;
	}
	link_want_write(&lane->link, lane->sent < size);
}

static void on_connected(struct link *link)
{
	flush(lane_of(link));
}

static void on_ended(struct lane *lane)
{
	struct load *l = lane->link.load;

	fault_add(&l->faults, FAULT_CLOSED, 1,
		"lane %u, connection %" PRIu64
		" was closed by the server after %" PRIu64 " of %" PRIu64
		" bytes",
		lane->link.id, lane->n_opened, lane->received, l->opt->size);
	close_lane(lane);
}

static void take(struct lane *lane, const char *data, size_t len)
{
	struct load *l = lane->link.load;
	size_t right = payload_check(lane->link.id, lane->received, data, len);

	lane->received += right;
	if (right < len || lane->received > lane->sent) {
		fault_add(&l->faults, FAULT_BYTES, 1,
			"lane %u, connection %" PRIu64
			": wrong byte at offset %" PRIu64,
			lane->link.id, lane->n_opened, lane->received);
		close_lane(lane);
	} else if (lane->received == l->opt->size) {
		load_count(l, clock_mono_us() - lane->stamp_us, l->opt->size);
		close_lane(lane);
	}
}

static void on_readable(struct link *link)
{
	struct load *l = link->load;
	int err = 0;
	ssize_t n = link_read(link, l->scratch, LOAD_SCRATCH, &err);

	if (n > 0)
		take(lane_of(link), l->scratch, (size_t)n);
	else if (n < 0)
		on_ended(lane_of(link));
}

static void on_writable(struct link *link)
{
	flush(lane_of(link));
}

static const struct link_ops link_ops = {
	.connected = on_connected,
	.readable = on_readable,
	.writable = on_writable,
};

/* conn is a lane here: its next connection. */
static int connect_open(struct load *l, uint32_t conn)
{
	struct connects *c = l->state;
	struct lane *lane = &c->lanes[conn];
	int r = link_open(&lane->link, l, conn, &link_ops);

	if (r < 0)
		return r;
	lane->sent = lane->received = 0;
	return 0;
}

static void lane_pump(struct load *l, uint32_t id, uint64_t now_us)
{
	struct connects *c = l->state;
	struct lane *lane = &c->lanes[id];

	if (lane->link.is_open)
		return;
	if (!lane->waits) {
		if (lane->n_opened >= pace_due(&l->pace, id, now_us) ||
			!load_issue(l))
			return;
		lane->stamp_us = l->opt->rate
			? pace_time(&l->pace, id, lane->n_opened)
			: now_us;
		lane->n_opened++;
		c->n_busy++;
	}
	int r = connect_open(l, id);
	c->n_waiting += (r == -EAGAIN) - lane->waits;
	lane->waits = r == -EAGAIN;
	if (r < 0 && r != -EAGAIN)
		load_refused(l, id, l->target, -r);
}

static bool connect_is_drained(const struct load *l)
{
	const struct connects *c = l->state;

	return c->n_busy == 0;
}

static void connect_name_missing(struct load *l)
{
	const struct connects *c = l->state;

	for (uint32_t i = 0; i < l->pace.n_lanes; i++) {
		const struct lane *lane = &c->lanes[i];
		if (!lane->link.is_open)
			continue;
		fault_add(&l->faults, FAULT_LOST, 1,
			"lane %u, connection %" PRIu64
			": %s, then nothing came after %" PRIu64 " of %" PRIu64
			" bytes",
			lane->link.id, lane->n_opened,
			lane->link.is_connected ? "connected" : "not accepted",
			lane->received, l->opt->size);
	}
}

static void connect_fini(struct load *l)
{
	struct connects *c = l->state;

	for (uint32_t i = 0; i < l->pace.n_lanes; i++)
		link_close(&c->lanes[i].link);
	free(c->lanes);
	free(c);
}

const struct load_mode mode_connect = {
	.name = "connect",
	.summary = "connect, send one message, read it back, close",
	.unit = "connections",
	.prepare = connect_prepare,
	.open = connect_open,
	.pump = lane_pump,
	.is_drained = connect_is_drained,
	.name_missing = connect_name_missing,
	.fini = connect_fini,
};
