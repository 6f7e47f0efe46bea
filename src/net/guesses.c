/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A table of debts in rows of eight, as that of dgram_limit.c. An address owes
 * a while for each wrong guess, all the more if many were on their way at once;
 * who owes more than three whiles has to wait. An address that is not in its
 * row takes the place of the one that owes least, so nobody is refused because
 * of others.
 *
 * The lock is held for a few comparisons. */
#include "net/guesses.h"

#include <pthread.h>
#include <stdlib.h>
#include <sys/random.h>

#include "base/siphash.h"
#include "net/conn.h"
#include "net/conn_private.h"

#define N_ROWS   256
#define N_WAYS   8
#define WHILE_MS 20000 /* that one wrong guess costs */
#define AT_ONCE  3
#define DEBT_MAX (180 * WHILE_MS)

struct debt {
	uint64_t key; /* 0: unused */
	uint64_t until_ms;
};

struct guesses {
	pthread_mutex_t lock;
	uint8_t seed[SIPHASH_SEED_LEN];
	struct debt rows[N_ROWS][N_WAYS]; /* under lock */
};

struct guesses *guesses_new(void)
{
	struct guesses *g = calloc(1, sizeof(*g));

	if (!g)
		return NULL;
	if (getrandom(g->seed, sizeof(g->seed), 0) < 0) {
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
	free(g);
}

uint64_t guesses_key(const struct guesses *g, const struct conn *c)
{
	struct peer_key key;

	if (!c->in_address_table)
		return 0;
	key = peer_key_of(&c->peer.sa);
	return siphash13(g->seed, key.bytes, sizeof(key.bytes)) | 1;
}

/* The address's place, or the one that it would take. */
static struct debt *place_of(struct guesses *g, uint64_t key)
{
	struct debt *row = g->rows[key >> 32 & (N_ROWS - 1)];
	struct debt *least = row;

	for (size_t i = 0; i < N_WAYS; i++) {
		if (row[i].key == key)
			return &row[i];
		if (row[i].until_ms < least->until_ms)
			least = &row[i];
	}
	return least;
}

bool guesses_may(struct guesses *g, uint64_t key, uint64_t now_ms)
{
	const struct debt *debt;
	bool may;

	if (!key)
		return true;
	pthread_mutex_lock(&g->lock);
	debt = place_of(g, key);
	may = debt->key != key ||
		debt->until_ms <= now_ms + (AT_ONCE - 1) * WHILE_MS;
	pthread_mutex_unlock(&g->lock);
	return may;
}

void guesses_wrong(struct guesses *g, uint64_t key, uint64_t now_ms)
{
	struct debt *debt;

	if (!key)
		return;
	pthread_mutex_lock(&g->lock);
	debt = place_of(g, key);
	if (debt->key != key || debt->until_ms < now_ms)
		*debt = (struct debt){.key = key, .until_ms = now_ms};
	debt->until_ms += WHILE_MS;
	if (debt->until_ms > now_ms + DEBT_MAX)
		debt->until_ms = now_ms + DEBT_MAX;
	pthread_mutex_unlock(&g->lock);
}
