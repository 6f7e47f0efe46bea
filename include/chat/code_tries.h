/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SOCKD_CHAT_CODE_TRIES_H
#define SOCKD_CHAT_CODE_TRIES_H

#include <stdbool.h>
#include <stdint.h>

#include "base/rate_table.h"

struct member;

/* How many wrong codes were tried of late: any of all the codes would do, so
 * few may be, but nobody is to be kept from his by those of others. Three at
 * once and three a minute from an address that counts; twenty a second from all
 * of these together, since who has many addresses is to be slow too. Who comes
 * by a unix socket or from an exempt network shares two a second with the
 * others of that kind. For chat's own files. */
struct code_tries {
	struct rate_table by_address;
	struct bucket counted, uncounted;
};

int code_tries_init(struct code_tries *tries); /* 0 or -errno */
void code_tries_fini(struct code_tries *tries);
/* Whether the member may try one now. */
bool code_tries_may(
	struct code_tries *tries, const struct member *member, uint64_t now_ms);
/* It did, as it might, and it was a wrong one. */
void code_tries_add(
	struct code_tries *tries, const struct member *member, uint64_t now_ms);

#endif
