/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SOCKD_NET_ADDRTAB_H
#define SOCKD_NET_ADDRTAB_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include "base/siphash.h"
#include "base/units.h"
#include "net/peer.h"

/* How many connections each address has and how fast it opens new ones. An
 * address is an IPv4 address or an IPv6 /64. Entries that say nothing any more
 * are forgotten as the table is used; of ADDRTAB_MAX those without a connection
 * make way for new ones. The acceptor's thread. */
#define ADDRTAB_MAX 100000
struct addrtab {
	struct addrtab_entry **buckets; /* owned */
	size_t n_buckets;
	atomic_size_t n; /* entries; any thread may read it */
	size_t sweep;    /* next bucket to look through */
	uint8_t seed[SIPHASH_SEED_LEN];
};

struct addrtab_limits {
	uint32_t connections;  /* at once */
	struct rate_spec rate; /* new ones; bursts of one interval's worth */
};

enum addrtab_outcome {
	ADDRTAB_OK = 0,
	ADDRTAB_E_FULL = 1, /* too many at once */
	ADDRTAB_E_RATE = 2, /* too many new ones */
};

int addrtab_init(struct addrtab *tab); /* 0 or -errno */
void addrtab_fini(struct addrtab *tab);
/* Counts one connection more, unless a limit is reached. An outcome, or
 * -ENOMEM. */
int addrtab_enter(struct addrtab *tab, const struct sockaddr *peer,
	const struct addrtab_limits *limits, uint64_t now_ms);
/* One that entered has ended. */
void addrtab_leave(struct addrtab *tab, const struct sockaddr *peer);

/* What came of those who connected from an address, for who looks at it: kept
 * for minutes after the last of them, if there are not too many addresses. */
enum addrtab_count {
	ADDRTAB_ACCEPTED,
	ADDRTAB_ADDRESS_FULL, /* refused, as the close reasons of that name */
	ADDRTAB_CONNECT_RATE,
	ADDRTAB_FULL,
	ADDRTAB_NOT_ALLOWED,
	ADDRTAB_BANNED,
	ADDRTAB_N_COUNTS
};
/* Also for those whom no limit concerns. Short of memory nothing is counted. */
void addrtab_count(struct addrtab *tab, const struct sockaddr *peer,
	enum addrtab_count what, uint64_t now_ms);

struct addrtab_row {
	struct peer_key key;
	uint32_t counts[ADDRTAB_N_COUNTS];
};
typedef void addrtab_see_fn(void *arg, const struct addrtab_row *row);
/* Zero-initialised is the beginning. */
struct addrtab_walk {
	size_t n_buckets, at;
};
/* Shows a few entries; true if there are more. What is there from the first
 * call to the last is shown once, however the table changes meanwhile. */
bool addrtab_walk(const struct addrtab *tab, struct addrtab_walk *walk,
	addrtab_see_fn *see, void *arg);

#endif
