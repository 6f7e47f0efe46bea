/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Networks, which are compared as 128-bit prefixes; IPv4 lies in
 * ::ffff:0:0/96. Pure; any thread.
 */
#include "base/network.h"

#include <arpa/inet.h>
#include <assert.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/errmsg.h"
#include "base/str.h"

#define MAPPED_BITS 96

static const uint8_t mapped_prefix[MAPPED_BITS / 8] = {
	[10] = 0xff,
	[11] = 0xff,
};

/* Reads "/N" (or nothing: max). -1 if it is neither or out of range. */
static int prefix_read(const char *slash, int max)
{
	if (!slash)
		return max;
	if (!slash[1] || strlen(slash) > 4 ||
		slash[1 + strspn(slash + 1, "0123456789")])
		return -1;
	return atoi(slash + 1) <= max ? atoi(slash + 1) : -1;
}

static uint8_t byte_mask(int prefix, int byte)
{
	int bits = prefix - byte * 8;

	if (bits >= 8)
		return 0xff;
	return bits <= 0 ? 0 : (uint8_t)(0xff << (8 - bits));
}

/* Refuses 10.0.0.1/8: either the address or the prefix is a mistake. */
static int check_host_bits(const struct network *net, const char *slash,
	bool ipv4, struct errmsg *msg)
{
	struct network masked = *net;
	char text[INET6_ADDRSTRLEN];

	for (int i = 0; i < 16; i++)
		masked.bytes[i] &= byte_mask(net->prefix, i);
	if (memcmp(masked.bytes, net->bytes, sizeof(net->bytes)) == 0)
		return 0;
	inet_ntop(ipv4 ? AF_INET : AF_INET6, masked.bytes + (ipv4 ? 12 : 0),
		text, sizeof(text));
	return errmsg_set(msg, EINVAL,
		"the address has bits beyond its prefix; write \"%s%s\"", text,
		slash);
}

int network_parse(const char *text, struct network *ret, struct errmsg *msg)
{
	const char *slash = strchr(text, '/');
	struct network net = {{0}, 0};
	char host[INET6_ADDRSTRLEN];
	bool ipv4 = !strchr(text, ':');
	size_t len = slash ? (size_t)(slash - text) : strlen(text);
	int prefix, r;

	snprintf(host, sizeof(host), "%.*s", (int)len, text);
	if (ipv4)
		memcpy(net.bytes, mapped_prefix, sizeof(mapped_prefix));
	if (len >= sizeof(host) ||
		inet_pton(ipv4 ? AF_INET : AF_INET6, host,
			net.bytes + (ipv4 ? 12 : 0)) != 1)
		return errmsg_set(msg, EINVAL,
			"\"%s\" is not a network; write an address or a "
			"prefix, as in \"192.0.2.0/24\" or \"2001:db8::/32\"",
			text);
	prefix = prefix_read(slash, ipv4 ? 32 : 128);
	if (prefix < 0)
		return errmsg_set(msg, EINVAL,
			"\"%s\" has no prefix from /0 to /%d", text,
			ipv4 ? 32 : 128);
	net.prefix = (uint8_t)(prefix + (ipv4 ? 96 : 0));
	r = check_host_bits(&net, slash, ipv4, msg);
	if (r == 0)
		*ret = net;
	return r;
}

int network_check(const char *text, struct errmsg *msg)
{
	struct network net;

	return network_parse(text, &net, msg);
}

bool network_has(const struct network *net, const uint8_t bytes[16])
{
	for (int i = 0; i < 16; i++)
		if ((bytes[i] ^ net->bytes[i]) & byte_mask(net->prefix, i))
			return false;
	return true;
}

bool network_meets(const struct network *a, const struct network *b)
{
	return a->prefix < b->prefix ? network_has(a, b->bytes)
				     : network_has(b, a->bytes);
}

char *network_format(char *buf, const struct network *net)
{
	bool ipv4 = net->prefix >= MAPPED_BITS &&
		memcmp(net->bytes, mapped_prefix, sizeof(mapped_prefix)) == 0;
	int skipped = ipv4 ? MAPPED_BITS : 0;
	char text[INET6_ADDRSTRLEN];

	inet_ntop(ipv4 ? AF_INET : AF_INET6, net->bytes + skipped / 8, text,
		sizeof(text));
	if (net->prefix == 128)
		snprintf(buf, NETWORK_LEN, "%s", text);
	else
		snprintf(
			buf, NETWORK_LEN, "%s/%d", text, net->prefix - skipped);
	return buf;
}

uint64_t network_key(const uint8_t bytes[16])
{
	uint64_t halves[2];

	memcpy(halves, bytes, sizeof(halves));
	return halves[0] ? halves[0] : halves[1];
}

int netlist_init(struct netlist *list, const struct strlist *texts)
{
	*list = (struct netlist){0};
	if (texts->n_items == 0)
		return 0;
	list->nets = calloc(texts->n_items, sizeof(*list->nets));
	if (!list->nets)
		return -ENOMEM;
	for (size_t i = 0; i < texts->n_items; i++) {
		int r = network_parse(texts->items[i], &list->nets[i], NULL);

		assert(r == 0);
		(void)r;
	}
	list->n_nets = texts->n_items;
	return 0;
}

void netlist_fini(struct netlist *list)
{
	free(list->nets);
	*list = (struct netlist){0};
}
