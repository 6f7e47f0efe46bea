/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A table of token buckets in rows of eight. An address hashes to a row, with a
 * secret since senders choose them, and is looked for there alone; if it is
 * not there it takes the place of the one that owes least. So whoever was sent
 * much is remembered as long as that counts, and what a flood of invented
 * addresses pushes out, having been sent a datagram or two, is forgotten at no
 * loss. Nobody is refused because of others. Pure but for the seed. */
#include "net/dgram_limit.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "base/rate.h"
#include "net/peer.h"

#define N_ROWS 1024
#define N_WAYS 8

/* An unused place is that of address 0 with a full bucket. */
struct dgram_limit_row {
	struct {
		uint64_t key;
		struct bucket bucket;
	} ways[N_WAYS];
};

int dgram_limit_init(struct dgram_limit *limit)
{
	*limit = (struct dgram_limit){0};
	if (getrandom(limit->seed, sizeof(limit->seed), 0) < 0)
		return -errno;
	limit->rows = calloc(N_ROWS, sizeof(*limit->rows));
	return limit->rows ? 0 : -ENOMEM;
}

void dgram_limit_fini(struct dgram_limit *limit)
{
	free(limit->rows);
	limit->rows = NULL;
}

/* Of the two halves of a peer's key one is 0; IPv4 stands in a part of IPv6
 * that is nobody's. */
static uint64_t key_of(const struct sockaddr *sa)
{
	struct peer_key key = peer_key_of(sa);
	uint64_t halves[2];

	memcpy(halves, key.bytes, sizeof(halves));
	return halves[0] | halves[1];
}

static struct bucket *find_or_replace(struct dgram_limit *limit, uint64_t key)
{
	struct dgram_limit_row
		*row = &limit->rows[siphash13(limit->seed, &key, sizeof(key)) &
			(N_ROWS - 1)];
	size_t least = 0;

	for (size_t i = 0; i < N_WAYS; i++) {
		if (row->ways[i].key == key)
			return &row->ways[i].bucket;
		if (row->ways[i].bucket.full_ns <
			row->ways[least].bucket.full_ns)
			least = i;
	}
	row->ways[least].key = key;
	row->ways[least].bucket = (struct bucket){0};
	return &row->ways[least].bucket;
}

static uint32_t at_once(const struct rate_spec *rate)
{
	uint32_t a_second = rate->count / (rate->per_ms / 1000);

	return a_second > DGRAM_AT_ONCE ? a_second : DGRAM_AT_ONCE;
}

bool dgram_limit_take(struct dgram_limit *limit, const struct sockaddr *to,
	const struct rate_spec *rate, uint64_t now_ms)
{
	if (rate->count == 0)
		return true;
	return bucket_take(find_or_replace(limit, key_of(to)), rate,
		at_once(rate), now_ms);
}
