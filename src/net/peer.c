/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Of an IPv6 address the key has only the upper half, since that is what one
 * customer has; so its last byte is free to mark unix sockets. Pure. */
#include "net/peer.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>

#include "base/errmsg.h"
#include "base/str.h"
#include "net/addr.h"

#define PREFIX_LEN 8
#define UNIX_MARK  1

const char *peer_format(char *buf, const union peer *peer)
{
	return addr_format(buf, &peer->sa,
		peer->family == AF_UNIX ? sizeof(peer->family) : sizeof(*peer));
}

bool peer_is_in(const struct sockaddr *sa, const struct strlist *networks)
{
	struct network net;
	const struct netlist one = {.nets = &net, .n_nets = 1};
	struct errmsg msg;

	for (size_t i = 0; i < networks->n_items; i++)
		if (network_parse(networks->items[i], &net, &msg) == 0 &&
			netlist_has(&one, sa))
			return true;
	return false;
}

struct peer_key peer_key_of(const struct sockaddr *sa)
{
	struct peer_key key = {{0}};

	if (sa->sa_family == AF_INET) {
		key.bytes[10] = key.bytes[11] = 0xff;
		memcpy(key.bytes + 12,
			&((const struct sockaddr_in *)(const void *)sa)
				 ->sin_addr,
			4);
	} else if (sa->sa_family == AF_INET6) {
		const struct in6_addr *in6 = &(
			(const struct sockaddr_in6 *)(const void *)sa)
						      ->sin6_addr;

		memcpy(key.bytes, in6,
			IN6_IS_ADDR_V4MAPPED(in6) ? sizeof(key) : PREFIX_LEN);
	} else {
		key.bytes[15] = UNIX_MARK;
	}
	return key;
}

static bool is_ipv4(const uint8_t bytes[16])
{
	struct in6_addr in6;

	memcpy(&in6, bytes, sizeof(in6));
	return IN6_IS_ADDR_V4MAPPED(&in6);
}

bool peer_key_is_unix(const struct peer_key *key)
{
	return !is_ipv4(key->bytes) && key->bytes[15] == UNIX_MARK;
}

void peer_key_widen(struct network *net)
{
	if (is_ipv4(net->bytes) || net->prefix <= 8 * PREFIX_LEN)
		return;
	memset(net->bytes + PREFIX_LEN, 0, sizeof(net->bytes) - PREFIX_LEN);
	net->prefix = 8 * PREFIX_LEN;
}

const char *peer_key_format(char *buf, const struct peer_key *key)
{
	if (is_ipv4(key->bytes)) {
		inet_ntop(AF_INET, key->bytes + 12, buf, PEER_KEY_LEN);
	} else if (peer_key_is_unix(key)) {
		strcpy(buf, "unix");
	} else {
		inet_ntop(AF_INET6, key->bytes, buf, PEER_KEY_LEN);
		strcat(buf, "/64");
	}
	return buf;
}
