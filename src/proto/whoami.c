/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Whoami: tells the peer both addresses of its connection, then the end. Worker
 * threads. */
#include <stdio.h>
#include <string.h>

#include "net/addr.h"
#include "net/conn.h"
#include "net/dgram.h"
#include "net/user.h"
#include "proto/framed.h"
#include "proto/proto.h"
#include "proto/trace.h"

#define WHOAMI_LEN (2 * ADDR_LEN + 64)
_Static_assert(WHOAMI_LEN <= DATAGRAM_TEXT_MAX, "it fits in a datagram");

/* The two ends and what is between them. */
struct ends {
	char peer[ADDR_LEN];
	char local[ADDR_LEN];
	const char *transport;
};

/* Everything that is said of a connection comes from here. */
static void ends_of_conn(const struct conn *c, struct ends *ret)
{
	bool is_unix = conn_is_unix(c);

	conn_local_text(c, ret->local);
	ret->transport = is_unix ? "unix" : "tcp";
	if (is_unix)
		strcpy(ret->peer, "a process on this machine");
	else
		conn_peer_text(c, ret->peer);
}

static void format_inet(char *buf, const struct sockaddr *sa)
{
	addr_format(buf, sa,
		sa->sa_family == AF_INET ? sizeof(struct sockaddr_in)
					 : sizeof(struct sockaddr_in6));
}

static void ends_of_datagram(const struct datagram *in, struct ends *ret)
{
	format_inet(ret->peer, in->from);
	format_inet(ret->local, in->to);
	ret->transport = "udp";
}

static size_t whoami_format(char *buf, const struct ends *ends)
{
	return (size_t)snprintf(buf, WHOAMI_LEN,
		"you are %s, this is %s (%s)\n", ends->peer, ends->local,
		ends->transport);
}

static int whoami_open(struct conn *c)
{
	char text[WHOAMI_LEN];
	struct ends ends;

	ends_of_conn(c, &ends);
	framed_send(c, text, whoami_format(text, &ends));
	conn_close(c, CLOSE_DONE, NULL);
	return 0;
}

static bool whoami_datagram(
	const struct datagram *in, struct datagram_answer *out)
{
	struct ends ends;

	trace_datagram(in);
	ends_of_datagram(in, &ends);
	datagram_answer_add(out, out->text, whoami_format(out->text, &ends));
	return true;
}

static const struct conn_ops whoami_ops = {
	.open = whoami_open,
	.data = trace_data,
};

const struct proto proto_whoami = {
	.name = "whoami",
	.summary = "tell the peer its address and ours",
	.type = {.ops = &whoami_ops, .raw = true, .datagram = whoami_datagram},
	.framings = PROTO_FRAMING_STREAM | PROTO_FRAMING_LENGTH,
	.transports = PROTO_TRANSPORT_TCP | PROTO_TRANSPORT_UDP,
	.idle_ms = PROTO_IDLE_COMMON,
	.answers_longer = proto_answers_longer,
};
