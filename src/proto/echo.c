/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Echo (RFC 862): every byte back, as it is, or message by message, and every
 * datagram. A slow reader needs no care here: conn stops reading from whoever
 * does not read. Worker threads. */
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

struct echo_options {
	char *prefix;
	bool one_shot;
};

static void echo_data(struct conn *c, const void *data, size_t len)
{
	const struct echo_options *opt = conn_service(c)->options;
	const struct slice answer[] = {
		{opt->prefix, strlen(opt->prefix)},
		{data, len},
	};

	trace_data(c, data, len);
	framed_answer(c, answer, 2);
	if (opt->one_shot)
		conn_close(c, CLOSE_DONE, NULL);
}

static bool echo_datagram(
	const struct datagram *in, struct datagram_answer *out)
{
	const struct echo_options *opt = in->service->options;

	trace_datagram(in);
	datagram_answer_add(out, opt->prefix, strlen(opt->prefix));
	datagram_answer_add(out, in->data, in->len);
	return true;
}

static bool echo_answers_longer(const void *options)
{
	const struct echo_options *opt = options;

	return opt->prefix[0] != '\0';
}

static int echo_check_datagrams(const void *options, struct errmsg *msg)
{
	const struct echo_options *opt = options;

	if (opt->one_shot)
		return errmsg_set(msg, EINVAL,
			"one_shot: with transport = \"udp\" there is nothing "
			"to close");
	return 0;
}

static const struct conn_ops echo_ops = {
	.data = echo_data,
};

/* clang-format off */
static const struct option echo_options[] = {
	{.key = "prefix", .type = OPT_STRING,
		.offset = offsetof(struct echo_options, prefix), .max = 512,
		.fallback = "", .reload = RELOAD_NEW,
		.help = "sent before each message"},
	{.key = "one_shot", .type = OPT_BOOL,
		.offset = offsetof(struct echo_options, one_shot),
		.fallback = "false", .reload = RELOAD_NEW,
		.help = "answer the first message, then close"},
	OPTION_END,
};
/* clang-format on */

const struct proto proto_echo = {
	.name = "echo",
	.summary = "send every byte back (RFC 862)",
	.type = {.ops = &echo_ops, .raw = true, .datagram = echo_datagram},
	.framings = PROTO_FRAMING_STREAM | PROTO_FRAMING_LINE |
		PROTO_FRAMING_LENGTH,
	.transports = PROTO_TRANSPORT_TCP | PROTO_TRANSPORT_UDP,
	.options = echo_options,
	.options_size = sizeof(struct echo_options),
	.idle_ms = PROTO_IDLE_COMMON,
	.check_datagrams = echo_check_datagrams,
	.answers_longer = echo_answers_longer,
};
