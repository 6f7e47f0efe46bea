/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Character generator (RFC 864): the printable characters of ASCII in a ring,
 * 72 of them a line, each line beginning one character further on.
 *
 * The pattern repeats after as many lines as there are characters. It is laid
 * out once, with as much behind one period as is sent at a time: so what
 * follows any place of the stream lies there in one piece, and is sent from
 * where it lies. A connection has no state but the bytes it was sent.
 *
 * What the peer sends is read and thrown away. A peer that sends no more may
 * go on reading, as with inetd: it ends this by closing. Worker threads. */
#include <pthread.h>
#include <string.h>

#include "base/str.h"
#include "net/conn.h"
#include "net/dgram.h"
#include "proto/proto.h"
#include "proto/trace.h"

#define FIRST   ' '
#define N_CHARS 95
#define COLUMNS 72
#define LINE    (COLUMNS + 2)
#define PERIOD  (N_CHARS * LINE)
#define PIECE   (256 * 1024) /* in one write */

static char pattern[PERIOD + PIECE];
static pthread_once_t pattern_once = PTHREAD_ONCE_INIT;

static char pattern_char(size_t at)
{
	size_t line = at / LINE, column = at % LINE;

	if (column < COLUMNS)
		return (char)(FIRST + (line + column) % N_CHARS);
	return column == COLUMNS ? '\r' : '\n';
}

static void lay_out(void)
{
	for (size_t i = 0; i < sizeof(pattern); i++)
		pattern[i] = pattern_char(i % PERIOD);
}

static int chargen_open(struct conn *c)
{
	return -pthread_once(&pattern_once, lay_out);
}

static struct slice chargen_source(struct conn *c, uint64_t offset)
{
	return (struct slice){pattern + offset % PERIOD, PIECE};
}

static void chargen_eof(struct conn *c, struct evbuffer *in)
{
}

/* Never more than came, so that nobody gains by asking in another's name; and
 * at most what the RFC allows. */
static bool chargen_datagram(
	const struct datagram *in, struct datagram_answer *out)
{
	size_t len = in->len < DATAGRAM_TEXT_MAX ? in->len : DATAGRAM_TEXT_MAX;

	trace_datagram(in);
	pthread_once(&pattern_once, lay_out);
	memcpy(out->text, pattern, len);
	datagram_answer_add(out, out->text, len);
	return true;
}

static const struct conn_ops chargen_ops = {
	.open = chargen_open,
	.data = trace_data,
	.source = chargen_source,
	.eof = chargen_eof,
};

const struct proto proto_chargen = {
	.name = "chargen",
	.summary = "send a pattern of characters without end (RFC 864)",
	.type = {.ops = &chargen_ops,
		.raw = true,
		.datagram = chargen_datagram},
	.framings = PROTO_FRAMING_STREAM,
	.transports = PROTO_TRANSPORT_TCP | PROTO_TRANSPORT_UDP,
	.idle_ms = PROTO_IDLE_COMMON,
};
