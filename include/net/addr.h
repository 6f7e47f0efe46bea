/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SOCKD_NET_ADDR_H
#define SOCKD_NET_ADDR_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "base/network.h"

struct errmsg;

/* A socket address of any family sockd speaks. */
struct addr {
	socklen_t len;
	union {
		struct sockaddr sa;
		struct sockaddr_in in;
		struct sockaddr_in6 in6;
		struct sockaddr_un un;
	};
};

/* "192.0.2.5:51234", "[2001:db8::1]:7", "/run/x.sock", "unix" for a peer
 * without a path. IPv4 mapped into IPv6 is shown as IPv4. buf holds ADDR_LEN;
 * returns buf. */
#define ADDR_LEN 128
char *addr_format(char *buf, const struct sockaddr *sa, socklen_t len);

/* The same address, port included. */
bool addr_equal(const struct addr *a, const struct addr *b);

/* What one `listen` entry says, before any name is looked up. */
enum listen_kind { LISTEN_INET, LISTEN_UNIX, LISTEN_SYSTEMD };
struct listen_spec {
	enum listen_kind kind;
	bool wildcard; /* host is "*": every address, dual stack */
	bool numeric;  /* host is an address: it must bind */
	char host
		[256]; /* LISTEN_INET: without brackets; LISTEN_SYSTEMD: NAME */
	char port[32]; /* LISTEN_INET: number or a name of /etc/services */
	char path[108]; /* LISTEN_UNIX: as written; no "/": in runtime_dir */
};

/* Pure, looks nothing up. 0, or -EINVAL with what to write instead in msg. */
int listen_parse(const char *text, struct listen_spec *ret, struct errmsg *msg);

struct addrlist {
	struct addr *items; /* owned: free() */
	size_t n_items;
};

/* The addresses to bind for an entry: all addresses of a name, "[::]" for "*"
 * (the binder falls back to 0.0.0.0), the path joined to runtime_dir; none for
 * a passed socket. May block on name resolution unless numeric. 0, or -errno
 * with msg: an unknown host or port name, or too long a path; -EAGAIN if no
 * name server answers. */
int listen_resolve(const struct listen_spec *spec, const char *runtime_dir,
	bool datagram, struct addrlist *ret, struct errmsg *msg)
	__attribute__((warn_unused_result));

/* The 128 bits of an IP address, see base/network.h. False, and nothing is
 * written, for unix sockets. */
bool addr_bytes(const struct sockaddr *sa, uint8_t bytes[16]);
/* False for unix sockets. */
bool netlist_has(const struct netlist *list, const struct sockaddr *sa);
bool addr_is_loopback(const struct sockaddr *sa); /* unix: true */
/* Every address of this machine and family: 0.0.0.0 or [::]. */
bool addr_is_any(const struct addr *a);
uint16_t addr_port(const struct addr *a); /* 0 for unix sockets */

#endif
