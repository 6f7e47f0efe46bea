/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SOCKD_TESTS_UNIT_CHAT_NET_WORLD_H
#define SOCKD_TESTS_UNIT_CHAT_NET_WORLD_H

/* A service of the chat on workers that are real threads, once the test has
 * called crew_start(). */

#include "base/option.h"
#include "chat_world.h"
#include "net_world.h"
#include "proto/chat_port.h"
#include "proto/proto.h"

static struct net_world net;
static struct chat_port *port;
static struct chat_settings settings;
static const struct proto *proto;
static void *options;

static inline void chat_net_open(unsigned n_workers)
{
	struct proto_context ctx;

	proto = proto_find("chat");
	options = calloc(1, proto->options_size);
	ck_assert_int_eq(option_set_defaults(proto->options, options), 0);
	net_start(&net, &proto->type, n_workers);
	settings = world_settings();
	ck_assert_int_eq(chat_port_new(&port, &net.crew, &settings), 0);
	ctx = (struct proto_context){.chat = port};
	net.svc->options = options;
	net.svc->line_max = 4096;
	ck_assert_int_eq(proto->setup(net.svc, &ctx, NULL), 0);
}

static inline void chat_net_close(void)
{
	crew_stop(&net.crew);
	chat_port_stop(port);
	crew_drop_all(&net.crew);
	ck_assert_uint_eq(net.crew.n_conns, 0);
	chat_port_free(port);
	service_unref(net.svc);
	crew_fini(&net.crew);
	option_fini(proto->options, options);
	free(options);
}

static inline void free_mail(struct mail *m)
{
	free(m);
}

#endif
