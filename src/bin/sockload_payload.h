/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SOCKD_BIN_SOCKLOAD_PAYLOAD_H
#define SOCKD_BIN_SOCKLOAD_PAYLOAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The bytes each connection sends: letters and digits that follow from the
 * connection and the offset in its stream alone, so that every byte that comes
 * back can be checked and a wrong one be named. */

/* So many bytes may be read from what payload_at() returns. */
#define PAYLOAD_PIECE ((size_t)65536)

void payload_init(void); /* once, before all others */
/* The bytes of a connection's stream from offset on; borrowed, for ever. */
const char *payload_at(uint32_t conn, uint64_t offset);
/* How many of the bytes that came at offset are right: len if all. */
size_t payload_check(
	uint32_t conn, uint64_t offset, const void *data, size_t len);
/* Where wrong bytes belong: the distance from offset, up to `reach` bytes
 * either way, nearest first. False if they belong nowhere near. */
bool payload_find(uint32_t conn, uint64_t offset, const void *data, size_t len,
	int64_t *ret_distance);
#define PAYLOAD_REACH 32768

#endif
