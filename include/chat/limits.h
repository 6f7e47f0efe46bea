/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SOCKD_CHAT_LIMITS_H
#define SOCKD_CHAT_LIMITS_H

#include <stddef.h>
#include <stdint.h>

/* What bounds the memory that people can make the chat take. X(NAME, label):
 * the option's name where there is one. */
#define CHAT_LIMITS(X)                                                 \
	X(TEXT, "text")                   /* refused */                \
	X(TOPIC, "topic")                 /* refused */                \
	X(AWAY, "away")                   /* refused */                \
	X(HISTORY, "history")             /* forgotten, of one room */ \
	X(HISTORY_TOTAL, "history_total") /* forgotten, of all */      \
	X(ROOMS, "rooms") /* refused, or an empty one made way */      \
	X(ROOMS_PER_MEMBER, "rooms_per_member") /* refused */          \
	X(IGNORES, "ignores")                   /* refused */          \
	X(RESUME, "resume") /* of those who left the first forgotten */

enum chat_limit {
#define CHAT_LIMIT_ENUM(name, label) CHAT_LIMIT_##name,
	CHAT_LIMITS(CHAT_LIMIT_ENUM)
#undef CHAT_LIMIT_ENUM
		CHAT_LIMIT_N
};

/* How full it is. */
struct chat_levels {
	size_t n_members;
	size_t n_rooms, max_rooms;
	uint64_t history_bytes, max_history_bytes;
	size_t n_gone; /* who may come back by a code */
};

#endif
