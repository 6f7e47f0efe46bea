/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Greeting: a fixed message, exactly as written, then the end; at once or
 * after the first bytes or the first message. A datagram is answered with it.
 * Worker threads. */
#include <errno.h>
#include <stddef.h>
#include <string.h>

#include "base/errmsg.h"
#include "base/option.h"
#include "net/conn.h"
#include "net/dgram.h"
#include "net/service.h"
#include "proto/framed.h"
#include "proto/proto.h"
#include "proto/trace.h"

enum greeting_when { WHEN_CONNECT, WHEN_DATA };
static const char *const when_names[] = {"connect", "data", NULL};

struct greeting_options {
	char *message;
	int when; /* enum greeting_when */
};

static void greet(struct conn *c, const struct greeting_options *opt)
{
	framed_send(c, opt->message, strlen(opt->message));
	conn_close(c, CLOSE_DONE, NULL);
}

static int greeting_open(struct conn *c)
{
	const struct greeting_options *opt = conn_service(c)->options;

	if (opt->when == WHEN_CONNECT)
		greet(c, opt);
	return 0;
}

static void greeting_data(struct conn *c, const void *data, size_t len)
{
	trace_data(c, data, len);
	greet(c, conn_service(c)->options);
}

static bool greeting_datagram(
	const struct datagram *in, struct datagram_answer *out)
{
	const struct greeting_options *opt = in->service->options;

	trace_datagram(in);
	datagram_answer_add(out, opt->message, strlen(opt->message));
	return true;
}

static bool greeting_answers_longer(const void *options)
{
	const struct greeting_options *opt = options;

	return opt->message[0] != '\0';
}

static int greeting_check_datagrams(const void *options, struct errmsg *msg)
{
	const struct greeting_options *opt = options;
	size_t len = strlen(opt->message);

	if (len > DATAGRAM_TEXT_MAX)
		return errmsg_set(msg, EINVAL,
			"message: has %zu bytes; with transport = \"udp\" it "
			"has at most %d",
			len, DATAGRAM_TEXT_MAX);
	return 0;
}

static const struct conn_ops greeting_ops = {
	.open = greeting_open,
	.data = greeting_data,
};

/* clang-format off */
static const struct option greeting_options[] = {
	{.key = "message", .type = OPT_STRING,
		.offset = offsetof(struct greeting_options, message),
		.max = 65536, .fallback = "", .reload = RELOAD_NEW,
		.help = "what is sent, exactly as written"},
	{.key = "when", .type = OPT_ENUM,
		.offset = offsetof(struct greeting_options, when),
		.names = when_names, .fallback = "connect",
		.reload = RELOAD_NEW,
		.help = "at once, or after the first bytes"},
	OPTION_END,
};
/* clang-format on */

const struct proto proto_greeting = {
	.name = "greeting",
	.summary = "send a fixed message and close",
	.type = {.ops = &greeting_ops,
		.raw = true,
		.datagram = greeting_datagram},
	.framings = PROTO_FRAMING_STREAM | PROTO_FRAMING_LINE |
		PROTO_FRAMING_LENGTH,
	.transports = PROTO_TRANSPORT_TCP | PROTO_TRANSPORT_UDP,
	.options = greeting_options,
	.options_size = sizeof(struct greeting_options),
	.idle_ms = PROTO_IDLE_COMMON,
	.check_datagrams = greeting_check_datagrams,
	.answers_longer = greeting_answers_longer,
};
