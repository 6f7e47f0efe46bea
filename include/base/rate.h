/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SOCKD_BASE_RATE_H
#define SOCKD_BASE_RATE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/units.h"

/* A token bucket. Zero-initialised it is full: the first `burst` takings pass
 * at once, later ones as the rate refills it. */
struct bucket {
	uint64_t full_ns; /* when it will be full again; monotonic */
};

/* Takes one token at now_ms. False if none is left (nothing is taken then).
 * A spec with count 0 always passes; a burst of 0 counts as 1. */
bool bucket_take(struct bucket *b, const struct rate_spec *spec, uint32_t burst,
	uint64_t now_ms);
/* Whether it would; nothing is taken. */
bool bucket_has(const struct bucket *b, const struct rate_spec *spec,
	uint32_t burst, uint64_t now_ms);
/* Takes n of them together, 1 to burst, or none. */
bool bucket_take_many(struct bucket *b, const struct rate_spec *spec,
	uint32_t burst, uint32_t n, uint64_t now_ms);
/* Takes one although none may be left; it is owed then, but no more than
 * owed_max are for what is yet to come. */
void bucket_owe(struct bucket *b, const struct rate_spec *spec,
	uint32_t owed_max, uint64_t now_ms);
/* When the rate has changed: what was owed by an older one is no more than
 * owed_max by this. */
void bucket_bound(struct bucket *b, const struct rate_spec *spec,
	uint32_t owed_max, uint64_t now_ms);
/* From when on that succeeds; it may be over. */
uint64_t bucket_due_ms(const struct bucket *b, const struct rate_spec *spec,
	uint32_t burst, uint32_t n);
/* True while the bucket is full, so that forgetting it changes nothing. */
bool bucket_is_full(const struct bucket *b, uint64_t now_ms);

#endif
