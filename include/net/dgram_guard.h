/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SOCKD_NET_DGRAM_GUARD_H
#define SOCKD_NET_DGRAM_GUARD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct datagram;

/* Who is not answered over UDP, where anybody can write any sender on a
 * datagram: an answer must not keep two servers talking to each other, nor
 * bring a third party more than its sender spent. */

enum dgram_refusal {
	DGRAM_NOT_ALLOWED, /* the sender is not in the service's `allow` */
	DGRAM_BANNED,      /* ... or is in a network that is banned */
	DGRAM_LOW_PORT,    /* its port is one of a server: below 1024, 2049 */
	DGRAM_OWN_PORT,    /* ... or one that this daemon serves */
	DGRAM_GROUP,       /* broadcast or multicast, from there or to it */
	DGRAM_LONGER,      /* the answer is longer than the request */
	DGRAM_RATE,        /* over limits.udp_answers */
	DGRAM_FAILED,      /* the kernel did not take it */
	DGRAM_ANSWERED,    /* none of these */
};
#define DGRAM_N_REFUSALS DGRAM_ANSWERED

/* "not_allowed", ...; as the log and the status say it. */
extern const char *const dgram_refusal_names[DGRAM_N_REFUSALS];

/* Ports, in host order. Zero-initialised is none. */
struct portset {
	uint64_t words[65536 / 64];
};
void portset_add(struct portset *set, uint16_t port);
bool portset_has(const struct portset *set, uint16_t port);

/* DGRAM_ANSWERED: the protocol may see it. */
enum dgram_refusal dgram_may_come(const struct datagram *in);
/* DGRAM_ANSWERED: as far as addresses and lengths tell, `in` may be answered
 * with len bytes. own: the ports of this daemon. Pure. */
enum dgram_refusal dgram_may_answer(
	const struct datagram *in, size_t len, const struct portset *own);

#endif
