/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A token bucket that is one number: the moment at which it will be full
 * again. A token is the time the rate needs to make one; taking it moves that
 * moment further away, and none is left when it lies more than a whole bucket
 * ahead. Nanoseconds, so that thousands a second do not round to nothing.
 *
 * Pure; the bucket belongs to its caller.
 */
#include "base/rate.h"

#define NS_PER_MS 1000000u

bool bucket_take(struct bucket *b, const struct rate_spec *spec, uint32_t burst,
	uint64_t now_ms)
{
	uint64_t now = now_ms * NS_PER_MS, token, full;

	if (spec->count == 0)
		return true;
	token = (uint64_t)spec->per_ms * NS_PER_MS / spec->count;
	full = (b->full_ns > now ? b->full_ns : now) + token;
	if (full - now > token * (burst > 0 ? burst : 1))
		return false;
	b->full_ns = full;
	return true;
}

bool bucket_is_full(const struct bucket *b, uint64_t now_ms)
{
	return b->full_ns <= now_ms * NS_PER_MS;
}
