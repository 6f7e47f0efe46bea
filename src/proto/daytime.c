/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Daytime (RFC 867): the time of day here as one line, then the end. The RFC
 * leaves its form open; this one sorts, names its offset, and every program
 * reads it. It ends with LF alone, so that a shell can use it as it comes.
 * Worker threads. */
#include <string.h>

#include "base/clock.h"
#include "net/conn.h"
#include "net/dgram.h"
#include "proto/framed.h"
#include "proto/proto.h"
#include "proto/trace.h"

#define DAYTIME_LEN (CLOCK_LOCAL_LEN + 1)

static size_t daytime_format(char *buf)
{
	size_t len = strlen(clock_format_local(buf, clock_wall_ms()));

	buf[len] = '\n';
	return len + 1;
}

static int daytime_open(struct conn *c)
{
	char text[DAYTIME_LEN];

	framed_send(c, text, daytime_format(text));
	conn_close(c, CLOSE_DONE, NULL);
	return 0;
}

static bool daytime_datagram(
	const struct datagram *in, struct datagram_answer *out)
{
	trace_datagram(in);
	datagram_answer_add(out, out->text, daytime_format(out->text));
	return true;
}

static const struct conn_ops daytime_ops = {
	.open = daytime_open,
	.data = trace_data,
};

const struct proto proto_daytime = {
	.name = "daytime",
	.summary = "say what time it is, in words (RFC 867)",
	.type = {.ops = &daytime_ops,
		.raw = true,
		.datagram = daytime_datagram},
	.framings = PROTO_FRAMING_STREAM | PROTO_FRAMING_LENGTH,
	.transports = PROTO_TRANSPORT_TCP | PROTO_TRANSPORT_UDP,
	.idle_ms = PROTO_IDLE_COMMON,
	.answers_longer = proto_answers_longer,
};
