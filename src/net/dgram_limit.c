/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Senders of datagrams can be invented in any number: see rate_table.c. */
#include "net/dgram_limit.h"

#include "base/network.h"
#include "net/peer.h"

#define N_ROWS 1024

int dgram_limit_init(struct dgram_limit *limit)
{
	return rate_table_init(&limit->sent, N_ROWS);
}

void dgram_limit_fini(struct dgram_limit *limit)
{
	rate_table_fini(&limit->sent);
}

static uint32_t at_once(const struct rate_spec *rate)
{
	uint32_t a_second = rate->count / (rate->per_ms / 1000);

	return a_second > DGRAM_AT_ONCE ? a_second : DGRAM_AT_ONCE;
}

bool dgram_limit_take(struct dgram_limit *limit, const struct sockaddr *to,
	const struct rate_spec *rate, uint64_t now_ms)
{
	struct peer_key key = peer_key_of(to);

	if (rate->count == 0)
		return true;
	return bucket_take(
		rate_table_find(&limit->sent, network_key(key.bytes)), rate,
		at_once(rate), now_ms);
}
