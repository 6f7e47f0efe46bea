/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Any lines as the words that pick connections.
 *
 *   - A word is taken, or refused with a reason, and then nothing has changed.
 *   - What was taken is within its bounds, whatever came before.
 */
#include <assert.h>
#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/errmsg.h"
#include "net/census.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define WORD_MAX 300

static void check(const struct census_query *query)
{
	assert(memchr(query->service, '\0', sizeof(query->service)));
	assert(memchr(query->nick, '\0', sizeof(query->nick)));
	assert(memchr(query->text, '\0', sizeof(query->text)));
	assert(query->limit <= CENSUS_MAX);
	assert(query->key <= CENSUS_BY_MESSAGES);
	assert(query->state <= CENSUS_CLOSING);
	assert(query->network.prefix <= 128);
}

static bool is_same(const struct census_query *a, const struct census_query *b)
{
	return strcmp(a->service, b->service) == 0 &&
		strcmp(a->nick, b->nick) == 0 &&
		strcmp(a->text, b->text) == 0 &&
		a->has_network == b->has_network &&
		memcmp(a->network.bytes, b->network.bytes,
			sizeof(a->network.bytes)) == 0 &&
		a->network.prefix == b->network.prefix &&
		a->has_state == b->has_state && a->state == b->state &&
		a->key == b->key && a->limit == b->limit;
}

/* In memory of its own size. */
static void add(struct census_query *query, const uint8_t *data, size_t len)
{
	struct census_query before = *query;
	struct errmsg msg = {""};
	char *word = malloc(len + 1);

	assert(word);
	memcpy(word, data, len);
	word[len] = '\0';
	if (census_query_add(query, word, &msg)) {
		assert(msg.text[0]);
		assert(is_same(query, &before));
	}
	check(query);
	free(word);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct census_query query;
	const uint8_t *lf;

	memset(&query, 0, sizeof(query));
	while (size > 0) {
		size_t len, used;

		lf = memchr(data, '\n', size);
		used = lf ? (size_t)(lf - data) + 1 : size;
		len = lf ? used - 1 : used;
		add(&query, data, len < WORD_MAX ? len : WORD_MAX);
		data += used;
		size -= used;
	}
	return 0;
}
