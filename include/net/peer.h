/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SOCKD_NET_PEER_H
#define SOCKD_NET_PEER_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

struct conn;
struct network;
struct strlist;

/* The address of a connection's peer in little space: who comes by a unix
 * socket has none. */
union peer {
	sa_family_t family; /* AF_UNIX has nothing more */
	struct sockaddr sa;
	struct sockaddr_in in;
	struct sockaddr_in6 in6;
};
/* As addr_format(). buf: ADDR_LEN; returns buf. */
const char *peer_format(char *buf, const union peer *peer);
/* True if one of the networks, as network_check() accepts them, has it. */
bool peer_is_in(const struct sockaddr *sa, const struct strlist *networks);

/* The 128 bits of it, as addr_bytes(). On the conn's worker. */
bool conn_peer_bytes(const struct conn *c, uint8_t bytes[16]);

/* Whether the limits by address count it: no unix socket, nor who comes from an
 * exempt network. On the conn's worker. */
bool conn_is_counted(const struct conn *c);

/* What counts as one address where addresses are counted: an IPv4 address, an
 * IPv6 /64, or all unix sockets together. Bytes, to be compared and hashed. */
struct peer_key {
	uint8_t bytes[16]; /* IPv4 as IPv4-mapped IPv6 */
};
struct peer_key peer_key_of(const struct sockaddr *sa);
bool peer_key_is_unix(const struct peer_key *key);
/* Makes a network within an IPv6 /64 that /64. */
void peer_key_widen(struct network *net);
/* "192.0.2.1", "2001:db8:1:2::/64", "unix". Returns buf. */
#define PEER_KEY_LEN 56
const char *peer_key_format(char *buf, const struct peer_key *key);

#endif
