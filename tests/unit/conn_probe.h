/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SOCKD_TESTS_UNIT_CONN_PROBE_H
#define SOCKD_TESTS_UNIT_CONN_PROBE_H

#include <stdio.h>

#include <event2/buffer.h>

#include "held_clock.h"
#include "net_world.h"

/* A protocol that writes down what it is asked, and closes its connection in
 * one chosen hook. It eats "." as a message each; what follows "-" it leaves
 * lying until `eats_all`. */
enum hook { NONE, OPEN, INPUT, DATA, HOOK_EOF, WRITABLE, TIMER };

static struct {
	struct strbuf log;
	enum hook close_in;
	bool eats_all, fails_to_open;
	bool eats_one; /* ... byte, and asks for more in the next turn */
	size_t most;   /* that was ever offered */
} probe;

static void note(struct conn *c, enum hook hook, const char *what)
{
	strbuf_addf(&probe.log, "%s ", what);
	if (hook != NONE && probe.close_in == hook)
		conn_close(c, CLOSE_KICKED, "bob");
}

static int probe_open(struct conn *c)
{
	note(c, OPEN, "open");
	return probe.fails_to_open ? -ENOMEM : 0;
}

static void probe_input(struct conn *c, struct evbuffer *in)
{
	size_t len = evbuffer_get_length(in);
	char *data = (char *)evbuffer_pullup(in, -1);
	char text[64];
	size_t n = 0;

	snprintf(text, sizeof(text), "input(%.*s)", (int)len, data);
	probe.most = len > probe.most ? len : probe.most;
	if (probe.eats_one) {
		evbuffer_drain(in, 1);
		for (int i = 0; i < 2 && len > 1; i++)
			conn_input_again(c); /* asking twice is asking */
		note(c, INPUT, text);
		return;
	}
	while (n < len && (probe.eats_all || data[n] != '-'))
		n++;
	evbuffer_drain(in, n);
	note(c, INPUT, text);
}

static void probe_data(struct conn *c, const void *data, size_t len)
{
	char text[64];

	snprintf(
		text, sizeof(text), "data(%.*s)", (int)len, (const char *)data);
	note(c, DATA, text);
}

static void probe_eof(struct conn *c, struct evbuffer *in)
{
	note(c, HOOK_EOF, "eof");
}

static void probe_writable(struct conn *c)
{
	note(c, WRITABLE, "writable");
}

static void probe_timer(struct conn *c)
{
	note(c, TIMER, "timer");
}

static void probe_goodbye(struct conn *c, enum close_reason why,
	const char *arg, struct strbuf *out)
{
	strbuf_addf(&probe.log, "goodbye(%s) ", close_row(why)->code);
	strbuf_addf(out, "[%s %s]", close_row(why)->code, arg);
	conn_send(c, "never", 5);
	conn_close(c, CLOSE_QUIT, NULL);
}

static void probe_closed(struct conn *c, enum close_reason why)
{
	strbuf_addf(&probe.log, "closed(%s) ", close_row(why)->code);
	conn_send(c, "never", 5);
	conn_close(c, CLOSE_QUIT, NULL);
}

static const struct conn_ops line_ops = {
	.open = probe_open,
	.input = probe_input,
	.eof = probe_eof,
	.writable = probe_writable,
	.timer = probe_timer,
	.goodbye = probe_goodbye,
	.closed = probe_closed,
};
static const struct conn_ops raw_ops = {
	.open = probe_open,
	.data = probe_data,
	.eof = probe_eof,
	.writable = probe_writable,
	.timer = probe_timer,
	.closed = probe_closed,
};
static const struct conn_ops bare_ops = {.data = probe_data};
static const struct conn_type line_type = {.ops = &line_ops, .state_size = 40};
static const struct conn_type choked_type = {
	.ops = &line_ops, .reads_choked = true, .state_size = 40};
static const struct conn_type raw_type = {
	.ops = &raw_ops, .raw = true, .state_size = 40};
static const struct conn_type bare_type = {.ops = &bare_ops, .raw = true};

static struct net_world net;
static struct strbuf got; /* what the peer read */

static inline void set_up_line(void)
{
	net_start(&net, &line_type, 1);
}

static inline void set_up_choked(void)
{
	net_start(&net, &choked_type, 1);
}

static inline void set_up_raw(void)
{
	net_start(&net, &raw_type, 1);
}

static inline void tear_down(void)
{
	net_stop(&net);
	clock_release();
	strbuf_fini(&got);
	strbuf_fini(&probe.log);
}

#define ck_log(text) ck_assert_str_eq(net_text(&probe.log), text)

/* Where the clock is held. */
static inline void pass_ms(uint64_t ms)
{
	clock_pass_ms(ms);
	net_turns(&net, 3);
}

static inline void wait_gone(void)
{
	NET_WAIT(&net, net.crew.n_conns == 0);
}

/* Sends until so many bytes are queued in the process. */
static inline size_t send_until_queued(struct conn *c, size_t queued)
{
	static char block[8192];
	size_t sent = 0;

	while (conn_queued(c) <= queued && conn_is_open(c)) {
		memset(block, 'a' + (int)(sent / sizeof(block) % 26),
			sizeof(block));
		conn_send(c, block, sizeof(block));
		sent += sizeof(block);
	}
	return sent;
}

static inline void check_blocks(const struct strbuf *text)
{
	for (size_t i = 0; i < text->len; i++)
		ck_assert_int_eq(text->data[i], 'a' + (int)(i / 8192 % 26));
}

#endif
