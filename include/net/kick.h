/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SOCKD_NET_KICK_H
#define SOCKD_NET_KICK_H

#include <stdbool.h>
#include <stdint.h>

struct crew;
struct mailbox;

/* Closes a connection, on whatever worker it is, with CLOSE_KICKED. */

#define KICK_WORDS_MAX 300

struct kick {
	uint64_t conn;
	/* By whom and why, safe text: "alice: shouting". */
	char words[KICK_WORDS_MAX + 1];
	/* As in net/census.h; found: it was open. */
	void (*done)(void *arg, uint64_t ref, bool found);
	void *arg;
	uint64_t ref;
};
/* Called by the thread of `to`; copies kick. 0 or -ENOMEM; then, and if the
 * daemon ends before, done() is not called. */
int kick_ask(struct crew *crew, struct mailbox *to, const struct kick *kick);

#endif
