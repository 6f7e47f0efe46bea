/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Time (RFC 868): the seconds since 1900 UTC in four bytes, the greatest first,
 * then the end. Worker threads. */
#include <arpa/inet.h>
#include <string.h>

#include "base/clock.h"
#include "net/conn.h"
#include "net/dgram.h"
#include "proto/framed.h"
#include "proto/proto.h"
#include "proto/trace.h"

static uint32_t time_on_the_wire(void)
{
	return htonl(clock_since_1900(clock_wall_ms()));
}

static int time_open(struct conn *c)
{
	uint32_t now = time_on_the_wire();

	framed_send(c, &now, sizeof(now));
	conn_close(c, CLOSE_DONE, NULL);
	return 0;
}

static bool time_datagram(
	const struct datagram *in, struct datagram_answer *out)
{
	uint32_t now = time_on_the_wire();

	trace_datagram(in);
	memcpy(out->text, &now, sizeof(now));
	datagram_answer_add(out, out->text, sizeof(now));
	return true;
}

static const struct conn_ops time_ops = {
	.open = time_open,
	.data = trace_data,
};

const struct proto proto_time = {
	.name = "time",
	.summary = "say what time it is, in four bytes (RFC 868)",
	.type = {.ops = &time_ops, .raw = true, .datagram = time_datagram},
	.framings = PROTO_FRAMING_STREAM | PROTO_FRAMING_LENGTH,
	.transports = PROTO_TRANSPORT_TCP | PROTO_TRANSPORT_UDP,
	.idle_ms = PROTO_IDLE_COMMON,
	.answers_longer = proto_answers_longer,
};
