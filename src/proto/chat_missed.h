/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SOCKD_PROTO_CHAT_MISSED_H
#define SOCKD_PROTO_CHAT_MISSED_H

#include <stdint.h>

struct chat_msg;
struct chat_session;
struct seat;
struct strbuf;

/* What is left out for a session that reads too slowly: counted, and told when
 * it has caught up. Its worker's thread only, not under the hub's lock. */

/* One more is left out. seat: where it heard of msg; NULL: it was told alone. */
void missed_count(struct chat_session *session, struct seat *seat,
	const struct chat_msg *msg);
/* So many more that were told in one room, n_said of them messages, the first
 * of which has the id first_said. */
void missed_count_batch(struct chat_session *session, struct seat *seat,
	uint64_t n, uint64_t n_said, uint64_t first_said);
/* Messages of the rooms that it still sits in. */
uint64_t missed_said(const struct chat_session *session);
/* Appends what there is to say of it, for it to be said now or never. */
void missed_format(struct chat_session *session, struct strbuf *out);
/* Says it, if there is something, and begins anew. */
void missed_tell(struct chat_session *session);

#endif
