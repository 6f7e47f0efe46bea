/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SOCKD_BASE_LE_H
#define SOCKD_BASE_LE_H

#include <stddef.h>
#include <stdint.h>

/* Numbers as they lie in files: the lowest byte first, n bytes of it, whatever
 * the machine. */

static inline void le_put(uint8_t *to, uint64_t value, size_t n)
{
	for (size_t i = 0; i < n; i++)
		to[i] = (uint8_t)(value >> (8 * i));
}

static inline uint64_t le_get(const uint8_t *from, size_t n)
{
	uint64_t value = 0;

	for (size_t i = 0; i < n; i++)
		value |= (uint64_t)from[i] << (8 * i);
	return value;
}

#endif
