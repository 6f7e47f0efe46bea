/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SOCKD_NET_CLOSE_H
#define SOCKD_NET_CLOSE_H

#include <stdbool.h>

struct strbuf;

/* Why connections end: the one table behind the user's words, the log's
 * reason=, the metric's label and JSON's code.
 *
 * X(NAME, code, fate, words): words may hold one %s, which whoever closes
 * fills in; NULL words: nothing is said. */
enum close_fate {
	CLOSE_FATE_DRAIN, /* send what is queued, FIN, wait for the peer's FIN */
	CLOSE_FATE_BRIEF, /* the same, but wait 250 ms only: the user left */
	CLOSE_FATE_STOP, /* as DRAIN, but `drain` bounds how long that may take */
	CLOSE_FATE_SHED, /* as DRAIN, but not for longer than a linger */
	CLOSE_FATE_DROP, /* the peer is gone or never was let in: free at once */
};

/* clang-format off */
#define CLOSE_TABLE(X)                                                         \
	X(QUIT, "quit", BRIEF, "bye")                                          \
	X(EOF, "eof", DRAIN, NULL)                                             \
	X(DONE, "done", DRAIN, NULL)                                           \
	X(RESET, "reset", DROP, NULL)                                          \
	X(TIMEOUT, "timeout", DROP, NULL)                                      \
	X(IDLE, "idle", DRAIN, "nothing was sent for %s")                      \
	X(STOPPING, "stopping", STOP, "the server is stopping")               \
	X(RESTARTING, "restarting", STOP,                                     \
		"the server restarts; connect again in a moment")              \
	X(KICKED, "kicked", DRAIN, "kicked by %s")                             \
	X(BANNED, "banned", DRAIN, "banned%s")                          \
	X(FLOOD, "flood", DRAIN, "too many lines too fast")                    \
	X(SLOW, "slow", DRAIN, "you read too slowly: %s were waiting")         \
	X(MEMORY, "memory", SHED, "the server is short of memory")            \
	X(FULL, "full", DRAIN, "the server is full")                           \
	X(ADDRESS_FULL, "address_full", DRAIN,                                 \
		"%s connections from your address are the limit")              \
	X(CONNECT_RATE, "connect_rate", DRAIN,                                 \
		"too many new connections from your address; wait a moment")   \
	X(NOT_ALLOWED, "not_allowed", DROP, NULL)                              \
	X(PROXY, "proxy_header", DROP, NULL)                                   \
	X(HANDSHAKE, "handshake", DROP, NULL)                                  \
	X(LINE, "line", DRAIN, "%s without an end of line")                    \
	X(FRAME, "frame", DRAIN, NULL)                                         \
	X(PROTOCOL, "protocol", DRAIN, NULL)                                   \
	X(RESUMED, "resumed", DRAIN, "you came back on another connection")
/* clang-format on */

enum close_reason {
#define CLOSE_ENUM(name, code, fate, words) CLOSE_##name,
	CLOSE_TABLE(CLOSE_ENUM)
#undef CLOSE_ENUM
		CLOSE_N
};

struct close_row {
	const char *code;
	enum close_fate fate;
	const char *words; /* NULL: nothing is said */
};
/* The row of a reason; never NULL. */
const struct close_row *close_row(enum close_reason why);
/* Appends the words of a reason that has some; arg, made safe, fills their %s.
 * NULL: nothing does. */
void close_words(enum close_reason why, const char *arg, struct strbuf *out);

#endif
