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

#include <assert.h>

#define NS_PER_MS 1000000u

static uint64_t token_ns(const struct rate_spec *spec)
{
	return (uint64_t)spec->per_ms * NS_PER_MS / spec->count;
}

bool bucket_take(struct bucket *b, const struct rate_spec *spec, uint32_t burst,
	uint64_t now_ms)
{
	uint64_t now = now_ms * NS_PER_MS, token, full;

	if (spec->count == 0)
		return true;
	token = token_ns(spec);
	full = (b->full_ns > now ? b->full_ns : now) + token;
	if (full - now > token * (burst > 0 ? burst : 1))
		return false;
	b->full_ns = full;
	return true;
}

bool bucket_has(const struct bucket *b, const struct rate_spec *spec,
	uint32_t burst, uint64_t now_ms)
{
	struct bucket copy = *b;

	return bucket_take(&copy, spec, burst, now_ms);
}

bool bucket_take_many(struct bucket *b, const struct rate_spec *spec,
	uint32_t burst, uint32_t n, uint64_t now_ms)
{
	assert(n >= 1 && n <= burst);
	if (!bucket_take(b, spec, burst - n + 1, now_ms))
		return false;
	if (n > 1 && spec->count)
		b->full_ns += token_ns(spec) * (n - 1);
	return true;
}

void bucket_bound(struct bucket *b, const struct rate_spec *spec,
	uint32_t owed_max, uint64_t now_ms)
{
	uint64_t bound;

	if (spec->count == 0)
		return;
	bound = now_ms * NS_PER_MS + token_ns(spec) * owed_max;
	if (b->full_ns > bound)
		b->full_ns = bound;
}

void bucket_owe(struct bucket *b, const struct rate_spec *spec,
	uint32_t owed_max, uint64_t now_ms)
{
	uint64_t now = now_ms * NS_PER_MS, token;

	if (spec->count == 0)
		return;
	token = token_ns(spec);
	b->full_ns = (b->full_ns > now ? b->full_ns : now) + token;
	bucket_bound(b, spec, owed_max, now_ms);
}

uint64_t bucket_due_ms(const struct bucket *b, const struct rate_spec *spec,
	uint32_t burst, uint32_t n)
{
	uint64_t held;

	assert(n >= 1 && n <= burst);
	if (spec->count == 0)
		return 0;
	held = token_ns(spec) * (burst - n);
	if (b->full_ns <= held)
		return 0;
	return (b->full_ns - held + NS_PER_MS - 1) / NS_PER_MS;
}

bool bucket_is_full(const struct bucket *b, uint64_t now_ms)
{
	return b->full_ns <= now_ms * NS_PER_MS;
}
