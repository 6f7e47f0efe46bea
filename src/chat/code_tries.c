/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A code has 30 bits. Against a hundred people who could come back, twenty
 * tries a second take six days to find one of them, who has been gone for no
 * longer than chat.resume. Used under the hub's lock. */
#include "chat/code_tries.h"

#include "base/network.h"
#include "chat/member.h"

#define N_ROWS        256
#define ADDRESS_BURST 3
#define COUNTED_BURST 100
#define OTHER_BURST   20
static const struct rate_spec address_rate = {.count = 3, .per_ms = 60000};
static const struct rate_spec counted_rate = {.count = 20, .per_ms = 1000};
static const struct rate_spec other_rate = {.count = 2, .per_ms = 1000};

int code_tries_init(struct code_tries *tries)
{
	*tries = (struct code_tries){0};
	return rate_table_init(&tries->by_address, N_ROWS);
}

void code_tries_fini(struct code_tries *tries)
{
	rate_table_fini(&tries->by_address);
}

static struct bucket *bucket_of(
	struct code_tries *tries, const struct member *member)
{
	return rate_table_find(
		&tries->by_address, network_key(member->address.bytes));
}

bool code_tries_may(
	struct code_tries *tries, const struct member *member, uint64_t now_ms)
{
	if (!member->is_counted)
		return bucket_has(
			&tries->uncounted, &other_rate, OTHER_BURST, now_ms);
	return bucket_has(bucket_of(tries, member), &address_rate,
		       ADDRESS_BURST, now_ms) &&
		bucket_has(
			&tries->counted, &counted_rate, COUNTED_BURST, now_ms);
}

void code_tries_add(
	struct code_tries *tries, const struct member *member, uint64_t now_ms)
{
	if (!member->is_counted) {
		bucket_take(
			&tries->uncounted, &other_rate, OTHER_BURST, now_ms);
		return;
	}
	bucket_take(
		bucket_of(tries, member), &address_rate, ADDRESS_BURST, now_ms);
	bucket_take(&tries->counted, &counted_rate, COUNTED_BURST, now_ms);
}
