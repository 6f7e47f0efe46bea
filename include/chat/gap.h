/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SOCKD_CHAT_GAP_H
#define SOCKD_CHAT_GAP_H

#include <stdint.h>

#include "chat/name.h"

struct member;

/* Messages of a room that were left out for a member, one behind the other or
 * with a few between them that were not. */
struct chat_gap {
	uint32_t index; /* of the room, as posts name it */
	uint64_t n;     /* messages left out */
	uint64_t since; /* the id that comes before the first of them */
	/* By gap_fill(): what the history has for the member from there on,
	 * its own words and what came later included. */
	uint64_t n_kept;
	char room[ROOM_NAME_MAX + 1]; /* "": it no longer sits there */
};

/* Fills in the last two from index and since. Under the hub's lock. */
void gap_fill(struct chat_gap *gap, const struct member *member);

#endif
