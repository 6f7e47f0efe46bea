/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Discard (RFC 863): reads and says nothing. Worker threads. */
#include "net/conn.h"
#include "net/dgram.h"
#include "proto/proto.h"
#include "proto/trace.h"

static bool discard_datagram(
	const struct datagram *in, struct datagram_answer *out)
{
	trace_datagram(in);
	return false;
}

static const struct conn_ops discard_ops = {
	.data = trace_data,
};

const struct proto proto_discard = {
	.name = "discard",
	.summary = "read and say nothing (RFC 863)",
	.type = {.ops = &discard_ops,
		.raw = true,
		.datagram = discard_datagram},
	.framings = PROTO_FRAMING_STREAM,
	.transports = PROTO_TRANSPORT_TCP | PROTO_TRANSPORT_UDP,
	.idle_ms = PROTO_IDLE_COMMON,
};
