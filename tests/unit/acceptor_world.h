/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SOCKD_TESTS_UNIT_ACCEPTOR_WORLD_H
#define SOCKD_TESTS_UNIT_ACCEPTOR_WORLD_H

/* An acceptor on workers that the test turns by itself, and clients that
 * connect from addresses of the loopback. */

#include "base/errmsg.h"
#include "net/acceptor.h"
#include "net/listener.h"
#include "net_world.h"

#define MAX_CLIENTS 200

static struct net_world net;
static struct acceptor *acceptor;
static struct listener *listener;
static int clients[MAX_CLIENTS]; /* -1: gone */
static size_t n_clients;
static struct strbuf got;

static inline struct listener *listen_on(const char *ip)
{
	static const struct listener_settings settings = {.backlog = 512};
	struct addr addr = {.len = sizeof(addr.in)};
	struct errmsg msg = {""};
	struct listener *l;

	addr.in.sin_family = AF_INET;
	inet_pton(AF_INET, ip, &addr.in.sin_addr);
	ck_assert_msg(
		listener_open(&l, &(struct listener_name){"test", "x", addr},
			&settings, &msg) == 0,
		"%s", msg.text);
	return l;
}

static inline void acceptor_world_start(
	const struct conn_type *type, unsigned n_workers)
{
	net_start(&net, type, n_workers);
	ck_assert_int_eq(acceptor_new(&acceptor, &net.crew), 0);
	listener = listen_on("127.0.0.1");
}

static inline void acceptor_world_stop(void)
{
	for (size_t i = 0; i < n_clients; i++)
		if (clients[i] >= 0)
			close(clients[i]);
	listener_unref(listener);
	acceptor_free(acceptor);
	net_stop(&net);
	strbuf_fini(&got);
}

/* The usual set, for the test to change before it is used. Takes svc. */
static inline struct accept_set *set_of(struct listener *l, struct service *svc)
{
	struct accept_set *set = accept_set_new();

	set->max_connections = 1000;
	set->max_refusals = 64;
	set->per_address = (struct addrtab_limits){1000, {1000, 1000}};
	ck_assert_int_eq(accept_set_add(set, listener_ref(l), svc), 0);
	return set;
}

static inline struct accept_set *set_new(void)
{
	return set_of(listener, service_ref(net.svc));
}

static inline void commit(struct accept_set *set)
{
	struct accept_change *change = acceptor_prepare(acceptor, set);

	ck_assert_ptr_nonnull(change);
	acceptor_commit(change);
}

static inline void use(struct accept_set *set)
{
	commit(set);
	net_turn(&net);
}

/* Connects from that address; the number of the client. */
static inline size_t come_from(const char *ip)
{
	struct sockaddr_in in = {.sin_family = AF_INET};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	const struct addr *to = listener_addr(listener);

	ck_assert_int_ge(fd, 0);
	inet_pton(AF_INET, ip, &in.sin_addr);
	ck_assert_int_eq(bind(fd, (struct sockaddr *)&in, sizeof(in)), 0);
	ck_assert_int_eq(connect(fd, &to->sa, to->len), 0);
	net_set_nonblock(fd);
	clients[n_clients] = fd;
	return n_clients++;
}

/* The first thing a client hears, "" if it is dropped without a word. */
static inline const char *hears(size_t i)
{
	int end = 0;

	strbuf_clear(&got);
	strbuf_adds(&got, "");
	NET_WAIT(&net, got.len || end || (end = net_read(clients[i], &got)));
	return got.data;
}
#define ck_hears(i, text) ck_assert_str_eq(hears(i), text)

#endif
