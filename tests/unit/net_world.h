/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SOCKD_TESTS_UNIT_NET_WORLD_H
#define SOCKD_TESTS_UNIT_NET_WORLD_H

/* Workers without threads for tests of connections: the test's own thread runs
 * their loops, a turn at a time, so it may look at and call everything. The
 * other end of each connection is a plain socket of the test. */

#include <arpa/inet.h>
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <event2/event.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/str.h"
#include "net/conn.h"
#include "net/conn_open.h"
#include "net/service.h"
#include "net/worker.h"

#define NET_PATIENCE_MS 20000 /* until a test gives up */

struct net_world {
	struct crew crew;
	struct service *svc; /* owned; fields may be changed */
	uint64_t last_id;
};

static inline struct worker *net_worker(struct net_world *net)
{
	return net->crew.workers[0];
}

static inline void net_start(
	struct net_world *net, const struct conn_type *type, unsigned n_workers)
{
	*net = (struct net_world){.last_id = 0};
	signal(SIGPIPE, SIG_IGN);
	log_set_level(LOG_LEVEL_ERROR);
	ck_assert_int_eq(crew_init(&net->crew, n_workers), 0);
	net->svc = service_new("test", type, NULL);
	ck_assert_ptr_nonnull(net->svc);
	net->svc->line_max = 100;
	net->svc->output_soft = 64 * 1024;
	net->svc->output_hard = 512 * 1024;
	net->svc->patience_ms = net->svc->drain_ms = NET_PATIENCE_MS;
	net->svc->linger_ms = NET_PATIENCE_MS;
}

/* Every connection must be gone or going, and every count be back at zero. */
static inline void net_stop(struct net_world *net)
{
	crew_drop_all(&net->crew);
	ck_assert_uint_eq(net->crew.n_conns, 0);
	ck_assert_uint_eq(net->svc->count->n_conns, 0);
	ck_assert_uint_eq(net->crew.output_bytes, 0);
	for (unsigned i = 0; i < net->crew.n_workers; i++)
		ck_assert_uint_eq(worker_load(net->crew.workers[i]), 0);
	service_unref(net->svc);
	crew_fini(&net->crew);
}

/* What is ready now, once. */
static inline void net_turn(struct net_world *net)
{
	for (unsigned i = 0; i < net->crew.n_workers; i++)
		event_base_loop(
			worker_base(net->crew.workers[i]), EVLOOP_NONBLOCK);
}

static inline void net_turns(struct net_world *net, int n)
{
	while (n-- > 0)
		net_turn(net);
}

/* Of the kernel's clock, whatever a test does to ours. */
static inline uint64_t net_real_ms(void)
{
	struct timespec now;

	syscall(SYS_clock_gettime, CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

/* Turns until cond holds. */
#define NET_WAIT(net, cond)                                                   \
	do {                                                                  \
		uint64_t net_end = net_real_ms() + NET_PATIENCE_MS / 2;       \
		while (!(cond)) {                                             \
			ck_assert_msg(net_real_ms() < net_end, "in vain: %s", \
				#cond);                                       \
			net_turn(net);                                        \
			poll(NULL, 0, 1);                                     \
		}                                                             \
	} while (0)

static inline void net_set_nonblock(int fd)
{
	ck_assert_int_eq(fcntl(fd, F_SETFL, O_NONBLOCK), 0);
}

static inline void net_unix_pair(int fds[2])
{
	ck_assert_int_eq(
		socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC,
			0, fds),
		0);
}

/* fds[0] as accepted, fds[1] as connected. rcvbuf of the latter; 0: usual. */
static inline void net_tcp_pair(int fds[2], int rcvbuf)
{
	struct sockaddr_in in = {.sin_family = AF_INET};
	socklen_t len = sizeof(in);
	int l = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	ck_assert_int_eq(bind(l, (struct sockaddr *)&in, len), 0);
	ck_assert_int_eq(listen(l, 1), 0);
	ck_assert_int_eq(getsockname(l, (struct sockaddr *)&in, &len), 0);
	fds[1] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (rcvbuf)
		setsockopt(
			fds[1], SOL_SOCKET, SO_RCVBUF, &rcvbuf, sizeof(rcvbuf));
	ck_assert_int_eq(connect(fds[1], (struct sockaddr *)&in, len), 0);
	fds[0] = accept4(l, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	ck_assert_int_ge(fds[0], 0);
	net_set_nonblock(fds[1]);
	close(l);
}

static inline struct conn_origin net_origin(
	struct net_world *net, int fd, struct sockaddr_storage *peer)
{
	struct conn_origin from = {.fd = fd, .id = ++net->last_id};

	from.peer_len = sizeof(*peer);
	ck_assert_int_eq(
		getpeername(fd, (struct sockaddr *)peer, &from.peer_len), 0);
	from.peer = (struct sockaddr *)peer;
	return from;
}

/* Serves fd on the worker; NULL is an error. */
static inline struct conn *net_open_on(
	struct net_world *net, struct worker *w, int fd)
{
	struct sockaddr_storage peer;
	struct conn_origin from = net_origin(net, fd, &peer);
	struct conn *c;

	conn_enter(w, net->svc->count);
	c = conn_open(w, net->svc, &from);
	ck_assert_ptr_nonnull(c);
	return c;
}

/* A connection over a unix socket; *ret is the peer's end. */
static inline struct conn *net_open(struct net_world *net, int *ret)
{
	int fds[2];

	net_unix_pair(fds);
	*ret = fds[1];
	return net_open_on(net, net_worker(net), fds[0]);
}

/* Appends what fd has to say now. 0: more may come; 1: its end; -errno. */
static inline int net_read(int fd, struct strbuf *into)
{
	char buf[65536];
	ssize_t n;

	while ((n = recv(fd, buf, sizeof(buf), MSG_DONTWAIT)) > 0)
		strbuf_add(into, buf, (size_t)n);
	if (n == 0)
		return 1;
	return errno == EAGAIN ? 0 : -errno;
}

static inline void net_write(int fd, const char *text)
{
	ck_assert_int_eq(
		send(fd, text, strlen(text), MSG_NOSIGNAL | MSG_DONTWAIT),
		(ssize_t)strlen(text));
}

/* Reads until the end, turning meanwhile; how it ended. */
static inline int net_read_all(
	struct net_world *net, int fd, struct strbuf *into)
{
	int end;

	NET_WAIT(net, (end = net_read(fd, into)) != 0);
	return end;
}

static inline const char *net_text(const struct strbuf *buf)
{
	return buf->data ? buf->data : "";
}

#endif
