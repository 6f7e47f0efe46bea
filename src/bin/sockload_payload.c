/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Every stream runs through one table of random letters and digits over and
 * over, each connection from a place of its own. So a message is sent from the
 * table as it lies there, and checked against it with memcmp(): the generator
 * makes and copies nothing, which matters, as it shares the machine with the
 * server it measures.
 *
 * The table's length is a prime: no message length divides it, so a message
 * that is missing, doubled or in another's place always shows. One piece more
 * lies behind it, so that no read has to be cut at its end.
 */
#include "sockload_payload.h"

#include <string.h>

#define SPAN   UINT64_C(65521)
#define STRIDE UINT64_C(4099) /* between the starts of two connections */

static char table[SPAN + PAYLOAD_PIECE];

void payload_init(void)
{
	static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdef"
				      "ghijklmnopqrstuvwxyz0123456789ab";
	uint64_t x = UINT64_C(0x9e3779b97f4a7c15);

	for (size_t i = 0; i < SPAN; i++) {
		x ^= x << 13;
		x ^= x >> 7;
		x ^= x << 17;
		table[i] = letters[x >> 58];
	}
	for (size_t i = SPAN; i < sizeof(table); i++)
		table[i] = table[i - SPAN];
}

const char *payload_at(uint32_t conn, uint64_t offset)
{
	return table + (offset % SPAN + conn * STRIDE) % SPAN;
}

static size_t same_bytes(const char *a, const char *b, size_t len)
{
	size_t i = 0;

	while (i < len && a[i] == b[i])
		i++;
	return i;
}

size_t payload_check(
	uint32_t conn, uint64_t offset, const void *data, size_t len)
{
	const char *p = data;

	for (size_t done = 0; done < len;) {
		const char *want = payload_at(conn, offset + done);
		size_t n = len - done;
		if (n > PAYLOAD_PIECE)
			n = PAYLOAD_PIECE;
		if (memcmp(p + done, want, n) != 0)
			return done + same_bytes(p + done, want, n);
		done += n;
	}
	return len;
}

/* Fewer bytes than this may be found somewhere by chance. */
#define FIND_MIN 8

bool payload_find(uint32_t conn, uint64_t offset, const void *data, size_t len,
	int64_t *ret_distance)
{
	if (len < FIND_MIN)
		return false;
	if (len > 64)
		len = 64;
	for (int64_t d = 1; d <= PAYLOAD_REACH; d++) {
		if (memcmp(payload_at(conn, offset + (uint64_t)d), data, len) ==
			0) {
			*ret_distance = d;
			return true;
		}
		if ((uint64_t)d <= offset &&
			memcmp(payload_at(conn, offset - (uint64_t)d), data,
				len) == 0) {
			*ret_distance = -d;
			return true;
		}
	}
	return false;
}
