/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SOCKD_NET_DGRAM_LIMIT_H
#define SOCKD_NET_DGRAM_LIMIT_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#include "base/rate_table.h"
#include "base/units.h"

/* How many datagrams were sent to each address of late. An address is an IPv4
 * address or an IPv6 /64. */
struct dgram_limit {
	struct rate_table sent;
};

#define DGRAM_AT_ONCE 200 /* or what the rate brings in a second */

int dgram_limit_init(struct dgram_limit *limit); /* 0 or -errno */
void dgram_limit_fini(struct dgram_limit *limit);
/* Counts one datagram more to that address; false, and nothing is counted, if
 * that is too many. A rate of count 0 always passes. */
bool dgram_limit_take(struct dgram_limit *limit, const struct sockaddr *to,
	const struct rate_spec *rate, uint64_t now_ms);

#endif
