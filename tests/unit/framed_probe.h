/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SOCKD_TESTS_UNIT_FRAMED_PROBE_H
#define SOCKD_TESTS_UNIT_FRAMED_PROBE_H

#include <stdio.h>

#include "net/framer.h"
#include "net_world.h"
#include "proto/framed.h"

#define N(array)     ((int)(sizeof(array) / sizeof((array)[0])))
#define LINE_MOST    100
#define MESSAGE_MOST 300

/* The protocol behind: answers each message with a prefix before it. "quit"
 * closes, "pause" pauses. */
static struct {
	const char *prefix, *greeting;
	struct conn *conn;
	size_t n_messages;
	int closed; /* -1: it is not */
} probe;

static char xs[1000]; /* only x */
static struct net_world net;
static struct strbuf got, want, input;
static int fd;

static int probe_open(struct conn *c)
{
	probe.conn = c;
	probe.closed = -1;
	if (probe.greeting)
		framed_send(c, probe.greeting, strlen(probe.greeting));
	return 0;
}

static inline bool is_word(const char *word, const void *data, size_t len)
{
	return len == strlen(word) && memcmp(data, word, len) == 0;
}

static void probe_data(struct conn *c, const void *data, size_t len)
{
	const struct slice answer[] = {
		{probe.prefix, strlen(probe.prefix)},
		{data, len},
	};

	ck_assert(conn_is_open(c));
	probe.n_messages++;
	framed_answer(c, answer, 2);
	if (is_word("quit", data, len)) {
		conn_close(c, CLOSE_DONE, NULL);
		ck_assert(is_word("quit", data, len)); /* it still lies there */
	}
	if (is_word("pause", data, len))
		conn_pause(c);
}

static void probe_closed(struct conn *c, enum close_reason why)
{
	ck_assert_int_eq(probe.closed, -1);
	probe.closed = (int)why;
}

static const struct conn_ops probe_ops = {
	.open = probe_open,
	.data = probe_data,
	.closed = probe_closed,
};
static const struct conn_type probe_type = {.ops = &probe_ops, .raw = true};

static inline void serve(const char *framing)
{
	net_start(&net, &probe_type, 1);
	net.svc->line_max = LINE_MOST;
	net.svc->message_max = MESSAGE_MOST;
	framed_setup(net.svc, framer_find(framing));
	probe.prefix = "<";
	memset(xs, 'x', sizeof(xs));
	strbuf_adds(&got, "");
	strbuf_adds(&want, "");
	strbuf_adds(&input, "");
}

static inline void tear_down(void)
{
	net_stop(&net);
	strbuf_fini(&got);
	strbuf_fini(&want);
	strbuf_fini(&input);
}

static inline void add_frame(
	struct strbuf *to, const char *a, const void *b, size_t n)
{
	char head[FRAMER_LENGTH_HEAD];

	framer_length_encode(head, strlen(a) + n);
	strbuf_add(to, head, sizeof(head));
	strbuf_adds(to, a);
	strbuf_add(to, b, n);
}

static inline void ck_got(void)
{
	ck_assert_msg(got.len == want.len &&
			memcmp(got.data, want.data, want.len) == 0,
		"want %zu bytes: %s\ngot  %zu bytes: %s", want.len, want.data,
		got.len, got.data);
}

static inline void take(struct strbuf *to, const char *data, size_t len)
{
	strbuf_clear(to);
	strbuf_add(to, data, len);
}
/* Ways to be wrong about a length, where MESSAGE_MOST is allowed. */
static const struct {
	const char *data;
	size_t len;
	const char *says;
} broken[] = {
#define ROW(data, says)                      \
	{                                    \
		data, sizeof(data) - 1, says \
	}
	ROW("\0\0\1\55more", "that is a length of 301 bytes, 300 are allowed"),
	ROW("\0\0\1\55", "that is a length of 301 bytes, 300 are allowed"),
	ROW("hello\n",
		"that is a length of 1,751,477,356 bytes, 300 are "
		"allowed; this port wants 4 bytes of length before each "
		"message (\"hell\": did you type text?)"),
	ROW("\0\0\0", "the input ended after 3 of the 4 bytes of a length"),
	ROW("\0\0\1\0x",
		"the input ended after 1 of the 256 bytes of a message"),
};

#endif
