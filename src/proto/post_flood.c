/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Flood control of `post`, which answers each line in order: so while one waits
 * for its turn nothing behind it is read. When `queue` lines have waited the
 * next ones are refused, until the peer has paused for long enough to have its
 * burst again; who has lines refused for `patience` without a pause is closed.
 * Its worker's thread only. */
#include "post_flood.h"

#include "chat/settings.h"

#define PAUSE_MS 2000

static bool take(struct bucket *bucket, const struct flood_settings *limits,
	uint64_t now_ms)
{
	return bucket_take(
		bucket, &limits->rate, (uint32_t)limits->burst, now_ms);
}

size_t post_flood_allowed(struct post_flood *f,
	const struct flood_settings *limits, size_t max, uint64_t now_ms)
{
	struct bucket bucket = f->bucket;
	size_t n = 0;

	if (bucket_is_full(&bucket, now_ms))
		f->n_waited = 0;
	while (n < max && take(&bucket, limits, now_ms))
		n++;
	return n;
}

bool post_flood_say(struct post_flood *f, const struct flood_settings *limits,
	size_t n, uint64_t now_ms)
{
	bool has_waited = f->has_waited && n > 0;

	for (size_t i = 0; i < n; i++)
		take(&f->bucket, limits, now_ms);
	if (!has_waited)
		return false;
	f->has_waited = false;
	f->n_waited += (int64_t)n;
	return true;
}

bool post_flood_may_wait(
	const struct post_flood *f, const struct flood_settings *limits)
{
	return f->n_waited < limits->queue;
}

uint64_t post_flood_wait_ms(
	struct post_flood *f, const struct flood_settings *limits)
{
	f->has_waited = true;
	return bucket_due_ms(
		&f->bucket, &limits->rate, (uint32_t)limits->burst, 1);
}

bool post_flood_refuse(struct post_flood *f,
	const struct flood_settings *limits, uint64_t now_ms)
{
	if (!f->refused_ms || now_ms - f->refused_ms >= PAUSE_MS)
		f->begun_ms = now_ms;
	f->refused_ms = now_ms;
	return now_ms - f->begun_ms < limits->patience_ms;
}
