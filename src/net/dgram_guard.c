/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The rules of answering datagrams, one function each. They look at nothing
 * but the datagram and the length of its answer; how often somebody is
 * answered is the business of dgram_limit.c. Pure.
 *
 * A port that is a server's is never answered: a spoofed datagram would make
 * it talk to us, and us to it, for ever. Below 1024 are the servers of old,
 * echo and chargen among them; 2049 is NFS. */
#include "net/dgram_guard.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include "net/addr.h"
#include "net/dgram.h"
#include "net/service.h"

#define PORT_NFS 2049

const char *const dgram_refusal_names[DGRAM_N_REFUSALS] = {
	[DGRAM_NOT_ALLOWED] = "not_allowed",
	[DGRAM_BANNED] = "banned",
	[DGRAM_LOW_PORT] = "low_port",
	[DGRAM_OWN_PORT] = "own_port",
	[DGRAM_GROUP] = "group",
	[DGRAM_LONGER] = "longer",
	[DGRAM_RATE] = "rate",
	[DGRAM_FAILED] = "failed",
};

void portset_add(struct portset *set, uint16_t port)
{
	set->words[port / 64] |= UINT64_C(1) << port % 64;
}

bool portset_has(const struct portset *set, uint16_t port)
{
	return set->words[port / 64] >> port % 64 & 1;
}

static const struct sockaddr_in *as_in(const struct sockaddr *sa)
{
	return (const struct sockaddr_in *)(const void *)sa;
}

static const struct sockaddr_in6 *as_in6(const struct sockaddr *sa)
{
	return (const struct sockaddr_in6 *)(const void *)sa;
}

static uint16_t port_of(const struct sockaddr *sa)
{
	return ntohs(sa->sa_family == AF_INET ? as_in(sa)->sin_port
					      : as_in6(sa)->sin6_port);
}

/* Nobody's address is among these. */
static bool is_group4(uint32_t ip)
{
	return ip == INADDR_ANY || ip == INADDR_BROADCAST || IN_MULTICAST(ip);
}

static bool is_group(const struct sockaddr *sa)
{
	const struct in6_addr *in6;
	uint32_t mapped;

	if (sa->sa_family == AF_INET)
		return is_group4(ntohl(as_in(sa)->sin_addr.s_addr));
	in6 = &as_in6(sa)->sin6_addr;
	mapped = ntohl(in6->s6_addr32[3]);
	if (IN6_IS_ADDR_V4MAPPED(in6))
		return is_group4(mapped);
	return IN6_IS_ADDR_MULTICAST(in6) || IN6_IS_ADDR_UNSPECIFIED(in6);
}

/* Only those whom the administrator knows, or who can harm but themselves. */
static bool may_get_more(const struct datagram *in)
{
	return in->service->allow.n_nets > 0 || addr_is_loopback(in->from);
}

enum dgram_refusal dgram_may_come(const struct datagram *in)
{
	const struct netlist *allow = &in->service->allow;

	if (allow->n_nets > 0 && !netlist_has(allow, in->from))
		return DGRAM_NOT_ALLOWED;
	return DGRAM_ANSWERED;
}

enum dgram_refusal dgram_may_answer(
	const struct datagram *in, size_t len, const struct portset *own)
{
	uint16_t port = port_of(in->from);

	if (port < IPPORT_RESERVED || port == PORT_NFS)
		return DGRAM_LOW_PORT;
	if (portset_has(own, port))
		return DGRAM_OWN_PORT;
	if (is_group(in->from) || is_group(in->to))
		return DGRAM_GROUP;
	if (len > in->len &&
		(len > in->len + DATAGRAM_TEXT_MAX || !may_get_more(in)))
		return DGRAM_LONGER;
	return DGRAM_ANSWERED;
}
