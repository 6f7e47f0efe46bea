/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SOCKD_TESTS_UNIT_FLOOD_WORLD_H
#define SOCKD_TESTS_UNIT_FLOOD_WORLD_H

/* Flood control over sockets, on a clock that the test moves: bob says too
 * much, alice reads it. */

#include "base/errmsg.h"
#include "base/option.h"
#include "chat_world.h"
#include "held_clock.h"
#include "net_world.h"
#include "proto/chat_port.h"
#include "proto/chat_session.h"
#include "proto/proto.h"

static struct net_world net;
static struct chat_settings settings;
static struct chat_port *port;
static void *options;
static int alice, bob;
static struct conn *conn; /* bob's */
static struct strbuf heard, told;

static inline void set_option(const char *key, const char *text)
{
	const struct proto *proto = proto_find("chat");
	struct errmsg msg;

	ck_assert_int_eq(option_set_text(option_find(proto->options, key),
				 options, text, &msg),
		0);
}

static inline void set_up_port(void)
{
	const struct proto *proto = proto_find("chat");
	struct proto_context ctx;

	clock_hold();
	options = calloc(1, proto->options_size);
	ck_assert_int_eq(option_set_defaults(proto->options, options), 0);
	set_option("dialect", "text");
	set_option("flood.burst", "40");
	set_option("flood.queue", "20");
	set_option("flood.rate", "2/s");
	set_option("flood.patience", "30s");
	net_start(&net, &proto->type, 1);
	net.svc->line_max = 4096;
	net.svc->message_max = 4096;
	settings = world_settings();
	settings.replay = 0;
	ck_assert_int_eq(chat_port_new(&port, &net.crew, &settings), 0);
	ctx = (struct proto_context){.chat = port};
	net.svc->options = options;
	ck_assert_int_eq(proto->setup(net.svc, &ctx, NULL), 0);
}

static inline void turn(void)
{
	net_turns(&net, 5);
	net_read(alice, &heard);
	net_read(bob, &told);
}

static inline void pass_ms(uint64_t ms)
{
	clock_pass_ms(ms);
	turn();
}

/* Bob says it, and forgets what he was told before. */
static inline void say(const char *text)
{
	net_write(bob, text);
	turn();
}

static inline void forget(void)
{
	turn();
	strbuf_clear(&heard);
	strbuf_clear(&told);
}

/* Their names, which cost bob two, have come back by now. */
static inline void set_up(void)
{
	set_up_port();
	net_open(&net, &alice);
	conn = net_open(&net, &bob);
	turn();
	net_write(alice, "/nick alice\n");
	say("/nick bob\n");
	pass_ms(3000);
	forget();
}

static inline void tear_down(void)
{
	net_turns(&net, 3);
	chat_port_stop(port);
	crew_drop_all(&net.crew);
	chat_port_free(port);
	option_fini(proto_find("chat")->options, options);
	free(options);
	close(alice);
	close(bob);
	net_stop(&net);
	clock_release();
	strbuf_fini(&heard);
	strbuf_fini(&told);
}

static inline size_t count(const struct strbuf *in, const char *text)
{
	size_t n = 0;
	const char *at = net_text(in);

	while ((at = strstr(at, text))) {
		at += strlen(text);
		n++;
	}
	return n;
}

static inline void say_lines(int first, int n)
{
	struct strbuf lines = {0};

	for (int i = first; i < first + n; i++)
		strbuf_addf(&lines, "line %d\n", i);
	say(lines.data);
	strbuf_fini(&lines);
	net_turns(&net, 2 * n / 64);
	turn();
}

#define SLOW_DOWN "*** slow down: 2 lines a second; yours are waiting\n"
#define NOT_SENT(n)                               \
	"*** " n " of your lines were not sent: " \
	"40 at once, then 2 a second\n"
#define LEFT_FIRST(n) "*** " n " of your lines were not sent: you left first\n"

#endif
