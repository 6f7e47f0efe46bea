/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SOCKD_CHAT_STATE_H
#define SOCKD_CHAT_STATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"

struct chat_now;
struct errmsg;
struct hub;

/* What of the hub outlives the daemon: rooms with their topics and histories,
 * whoever may come back by a code, and the numbers that must not be given
 * twice. Taken from the hub in portions, as references and copies; made into
 * bytes by any thread; read into a new hub. */

/* Changes with what the bytes mean. */
#define CHAT_STATE_VERSION 1

struct chat_state;

/* is_last: nobody is there any more, and nobody will be. NULL: no memory. */
struct chat_state *chat_state_new(bool is_last);
void chat_state_free(struct chat_state *state); /* NULL is fine */
/* Takes a portion, which does not take long however much there is; true: there
 * is more, and the hub may change meanwhile. */
bool hub_save(
	struct hub *hub, struct chat_state *state, const struct chat_now *now);
/* What was taken as bytes, appended to out; once. Any thread, no lock. 0, or
 * -ENOMEM: some of it could not be taken, or written. */
int chat_state_encode(struct chat_state *state, struct strbuf *out);

/* Differs if what would be saved has changed, but for what people want to see
 * and how. */
uint64_t hub_n_changes(const struct hub *hub);

struct chat_state_counts {
	size_t n_rooms, n_messages, n_people; /* that were read */
	int64_t saved_ms;                     /* wall time of the saving */
};
/* Reads data, which is from no newer sockd but else may be anything, into a
 * hub that nobody has entered. What is more than its settings allow is left
 * out. 0; -EBADMSG and msg says what is wrong; -ENOMEM alike. Then the hub can
 * only be freed. */
int hub_restore(struct hub *hub, const struct slice *data,
	const struct chat_now *now, struct chat_state_counts *ret,
	struct errmsg *msg);

#endif
