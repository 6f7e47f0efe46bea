/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Services and their counters: plain counted objects that the acceptor, every
 * connection and a reload share. Any thread. */
#include "net/service.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/rate.h"

static void count_unref(struct service_count *count)
{
	if (!count || atomic_fetch_sub(&count->refs, 1) != 1)
		return;
	for (size_t i = 0; i < WORKERS_MAX; i++)
		free(atomic_load(&count->tallies[i]));
	free(count);
}

struct metrics_service *service_tally(
	struct service_count *count, unsigned worker)
{
	struct metrics_service *tally = atomic_load_explicit(
		&count->tallies[worker], memory_order_relaxed);

	if (tally)
		return tally;
	tally = calloc(1, sizeof(*tally));
	atomic_store_explicit(
		&count->tallies[worker], tally, memory_order_release);
	return tally;
}

static struct service_count *count_ref(struct service_count *count)
{
	if (count) {
		atomic_fetch_add_explicit(
			&count->refs, 1, memory_order_relaxed);
		return count;
	}
	count = calloc(1, sizeof(*count));
	if (!count)
		return NULL;
	atomic_init(&count->refs, 1);
	if (service_tally(count, 0))
		return count;
	count_unref(count);
	return NULL;
}

bool service_take_line(struct service_count *count,
	const struct rate_spec *rate, uint32_t burst, uint64_t now_ms)
{
	uint64_t full_ns = atomic_load_explicit(
		&count->lines_ns, memory_order_relaxed);
	struct bucket bucket;
	bool is_taken;

	do {
		bucket.full_ns = full_ns;
		/* What was taken may be of a rate that was slower. */
		bucket_bound(&bucket, rate, burst, now_ms);
		is_taken = bucket_take(&bucket, rate, burst, now_ms);
	} while (!atomic_compare_exchange_weak_explicit(&count->lines_ns,
		&full_ns, bucket.full_ns, memory_order_relaxed,
		memory_order_relaxed));
	return is_taken;
}

void service_sum(
	const struct service_count *count, struct metrics_service_sum *ret)
{
	*ret = (struct metrics_service_sum){{0}};
	for (size_t i = 0; i < WORKERS_MAX; i++) {
		const struct metrics_service *tally = atomic_load_explicit(
			&count->tallies[i], memory_order_acquire);

		if (tally)
			metrics_sum_service(ret, tally);
	}
}

struct service *service_new(const char *name, const struct conn_type *type,
	struct service_count *count)
{
	struct service *svc = calloc(1, sizeof(*svc));

	assert(name && type && type->ops);
	if (!svc)
		return NULL;
	atomic_init(&svc->refs, 1);
	svc->type = type;
	svc->name = strdup(name);
	svc->count = count_ref(count);
	if (!svc->name || !svc->count) {
		service_unref(svc);
		return NULL;
	}
	return svc;
}

struct service *service_ref(struct service *svc)
{
	assert(svc);
	atomic_fetch_add_explicit(&svc->refs, 1, memory_order_relaxed);
	return svc;
}

void service_unref(struct service *svc)
{
	if (!svc || atomic_fetch_sub(&svc->refs, 1) != 1)
		return;
	if (svc->release)
		svc->release(svc->owner);
	netlist_fini(&svc->allow);
	netlist_fini(&svc->proxies);
	count_unref(svc->count);
	free(svc->name);
	free(svc);
}
