/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SOCKD_NET_LISTENER_H
#define SOCKD_NET_LISTENER_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "net/addr.h"

struct errmsg;

/* A listening socket, or one for datagrams. Counted, so that a reload can keep
 * it: the old and the new set of listeners share it, and it closes with the
 * last reference. */
struct listener;

struct listener_settings {
	int backlog;
	uint64_t send_buffer;  /* SO_SNDBUF of connections, or of the socket for
	                          datagrams; 0: the kernel's */
	uint64_t keepalive_ms; /* first probe; 0: no keepalive */
	mode_t mode;           /* unix sockets */
	gid_t gid;             /* unix sockets; (gid_t)-1: as it comes */
};

/* What names a listener, over a reload too. */
struct listener_name {
	const char *service; /* borrowed */
	const char *written; /* borrowed: "localhost:7007", as configured */
	struct addr addr;    /* one of the addresses that stands for */
	bool datagram;       /* UDP; only settings->send_buffer counts then */
};

/* Binds and listens, non-blocking. The name is copied. A stale unix socket file
 * is replaced, one that somebody serves is not. IPv6 sockets are v6-only but
 * for "[::]" of a wildcard, which takes IPv4 too; without IPv6 it becomes
 * 0.0.0.0. A socket for datagrams on every address tells where each was sent
 * to (IP_PKTINFO, IPV6_PKTINFO). 0, or -errno with msg ("cannot listen on
 * ADDRESS: ..."). */
int listener_open(struct listener **ret, const struct listener_name *name,
	const struct listener_settings *settings, struct errmsg *msg);
/* True for multicast and broadcast: what is sent to many has no one sender to
 * answer for it, and nobody connects there. */
bool listener_is_for_many(const struct addr *a);
struct listener *listener_ref(struct listener *l);
/* Closes with the last reference; a unix socket file that is still ours goes
 * too. NULL is fine. */
void listener_unref(struct listener *l);

/* Gives a kept listener new settings (backlog, buffers, mode, group). 0, or
 * -errno if its file keeps its old group or mode. */
int listener_tune(struct listener *l, const struct listener_settings *s);
/* Any thread: fd was accepted; gives it what the kernel does not hand down. */
void listener_adopt(struct listener *l, int fd);
int listener_fd(const struct listener *l);
bool listener_is_datagram(const struct listener *l);
/* True if l listens where name wants to; whoever asked for it, unless the port
 * was left to the kernel. */
bool listener_is(const struct listener *l, const struct listener_name *name);
/* False for a unix socket whose file was removed or replaced: nobody can reach
 * it any more. */
bool listener_is_intact(const struct listener *l);
/* With the port the kernel chose. buf: ADDR_LEN. */
const char *listener_text(const struct listener *l, char *buf);
const struct addr *listener_addr(const struct listener *l);

#endif
