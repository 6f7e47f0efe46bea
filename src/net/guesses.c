/* SPDX-License-Identifier: GPL-3.0-or-later */
/* An address owes a while for each wrong guess, all the more if many were on
 * their way at once; who owes more than three whiles has to wait.
 *
 * The lock is held for a few comparisons. */
#include "net/guesses.h"

#include <pthread.h>
#include <stdlib.h>

#include "base/network.h"
#include "base/rate_table.h"
#include "net/peer.h"

#define N_ROWS   256
#define AT_ONCE  3
#define OWED_MAX 180
static const struct rate_spec rate = {.count = 3, .per_ms = 60000};

struct guesses {
	pthread_mutex_t lock;
	struct rate_table wrong; /* under lock */
};

struct guesses *guesses_new(void)
{
	struct guesses *g = calloc(1, sizeof(*g));

	if (!g)
		return NULL;
	if (rate_table_init(&g->wrong, N_ROWS) < 0) {
		free(g);
		return NULL;
	}
	pthread_mutex_init(&g->lock, NULL);
	return g;
}

void guesses_free(struct guesses *g)
{
	if (!g)
		return;
	pthread_mutex_destroy(&g->lock);
	rate_table_fini(&g->wrong);
	free(g);
}

uint64_t guesses_key(const struct conn *c)
{
	uint8_t bytes[16];

	if (!conn_is_counted(c) || !conn_peer_bytes(c, bytes))
		return 0;
	return network_key(bytes);
}

bool guesses_may(struct guesses *g, uint64_t key, uint64_t now_ms)
{
	bool may;

	if (!key)
		return true;
	pthread_mutex_lock(&g->lock);
	may = bucket_has(
		rate_table_find(&g->wrong, key), &rate, AT_ONCE, now_ms);
	pthread_mutex_unlock(&g->lock);
	return may;
}

void guesses_wrong(struct guesses *g, uint64_t key, uint64_t now_ms)
{
	if (!key)
		return;
	pthread_mutex_lock(&g->lock);
	bucket_owe(rate_table_find(&g->wrong, key), &rate, OWED_MAX, now_ms);
	pthread_mutex_unlock(&g->lock);
}
