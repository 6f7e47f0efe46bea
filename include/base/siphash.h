/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SOCKD_BASE_SIPHASH_H
#define SOCKD_BASE_SIPHASH_H

#include <stddef.h>
#include <stdint.h>

/* SipHash-1-3: a hash that peers who choose the input cannot aim without the
 * seed. Pure. */
#define SIPHASH_SEED_LEN 16
uint64_t siphash13(
	const uint8_t seed[SIPHASH_SEED_LEN], const void *data, size_t len);

#endif
