/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Which address of ours a datagram was sent to, as the kernel tells it of a
 * socket that has every address, and as it is told of the answer (IP_PKTINFO,
 * IPV6_PKTINFO). A socket of IPv6 that takes IPv4 too hears of such a datagram
 * both ways. Pure. */
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

#include "net/dgram_private.h"

#define LINK_LOCAL4 0xa9fe /* 169.254.0.0/16 */

static void asked4(struct dgram_asked *asked, const struct in_pktinfo *info,
	bool is_mapped)
{
	union dgram_addr *to = &asked->to;

	/* It would answer from another address what was sent to many. */
	asked->to_many = info->ipi_spec_dst.s_addr != INADDR_ANY &&
		info->ipi_spec_dst.s_addr != info->ipi_addr.s_addr;
	asked->interface = (unsigned)info->ipi_ifindex;
	if (!is_mapped) {
		to->in = (struct sockaddr_in){
			.sin_family = AF_INET, .sin_addr = info->ipi_addr};
		return;
	}
	to->in6 = (struct sockaddr_in6){.sin6_family = AF_INET6};
	to->in6.sin6_addr.s6_addr32[2] = htonl(0xffff);
	to->in6.sin6_addr.s6_addr32[3] = info->ipi_addr.s_addr;
}

static void asked6(struct dgram_asked *asked, const struct in6_pktinfo *info)
{
	asked->interface = info->ipi6_ifindex;
	asked->to.in6 = (struct sockaddr_in6){
		.sin6_family = AF_INET6, .sin6_addr = info->ipi6_addr};
	if (IN6_IS_ADDR_LINKLOCAL(&info->ipi6_addr))
		asked->to.in6.sin6_scope_id = info->ipi6_ifindex;
}

bool dgram_read_asked(struct dgram_asked *asked, struct msghdr *in)
{
	const struct sockaddr *from = in->msg_name;
	struct in_pktinfo info;
	struct in6_pktinfo info6;

	asked->to_many = false;
	asked->to.sa.sa_family = AF_UNSPEC;
	for (struct cmsghdr *c = CMSG_FIRSTHDR(in); c; c = CMSG_NXTHDR(in, c)) {
		if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_PKTINFO) {
			memcpy(&info, CMSG_DATA(c), sizeof(info));
			asked4(asked, &info, from->sa_family == AF_INET6);
		} else if (c->cmsg_level == IPPROTO_IPV6 &&
			c->cmsg_type == IPV6_PKTINFO) {
			memcpy(&info6, CMSG_DATA(c), sizeof(info6));
			asked6(asked, &info6);
		}
	}
	return asked->to.sa.sa_family != AF_UNSPEC;
}

static void put(struct msghdr *out, const struct cmsghdr *head,
	const void *data, size_t len)
{
	struct cmsghdr *c = out->msg_control;

	*c = *head;
	c->cmsg_len = CMSG_LEN(len);
	memcpy(CMSG_DATA(c), data, len);
	out->msg_controllen = CMSG_SPACE(len);
}

static void answer_from4(
	const struct dgram_asked *asked, struct in_addr ip, struct msghdr *out)
{
	const struct cmsghdr head = {
		.cmsg_level = IPPROTO_IP, .cmsg_type = IP_PKTINFO};
	struct in_pktinfo info = {.ipi_spec_dst = ip};

	if (ntohl(ip.s_addr) >> 16 == LINK_LOCAL4)
		info.ipi_ifindex = (int)asked->interface;
	put(out, &head, &info, sizeof(info));
}

static void answer_from6(const struct dgram_asked *asked, struct msghdr *out)
{
	const struct cmsghdr head = {
		.cmsg_level = IPPROTO_IPV6, .cmsg_type = IPV6_PKTINFO};
	struct in6_pktinfo info = {.ipi6_addr = asked->to.in6.sin6_addr};

	if (IN6_IS_ADDR_LINKLOCAL(&info.ipi6_addr))
		info.ipi6_ifindex = asked->interface;
	put(out, &head, &info, sizeof(info));
}

/* By which interface an answer leaves is for the routes to say, unless our
 * address means something on one interface only. */
void dgram_put_asked(const struct dgram_asked *asked, struct msghdr *out)
{
	const struct in6_addr *ip = &asked->to.in6.sin6_addr;

	if (asked->to.sa.sa_family == AF_INET)
		answer_from4(asked, asked->to.in.sin_addr, out);
	else if (IN6_IS_ADDR_V4MAPPED(ip))
		answer_from4(asked, (struct in_addr){ip->s6_addr32[3]}, out);
	else
		answer_from6(asked, out);
}
