/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SOCKD_PROTO_CHAT_INTAKE_H
#define SOCKD_PROTO_CHAT_INTAKE_H

#include <stddef.h>

#include "proto/dialect.h"

struct chat_call;
struct chat_session;
struct slice;

/* Which dialect a session speaks, and how long its input may take. On its
 * worker. */

/* The connection begins. 0 or -ENOMEM. */
int intake_open(struct chat_session *session, const struct dialect *dialect);
/* As dialect.read, but the first bytes may show it to be the wrong one. */
enum dialect_event intake_read(struct chat_session *session,
	const struct slice *data, struct chat_call *call, size_t *ret_used);
/* The same for what is left when the input has ended: as dialect.end. */
enum dialect_event intake_end(struct chat_session *session,
	const struct slice *data, struct chat_call *call);
/* Does what BECOMES or STRANGE asks for. */
void intake_act(struct chat_session *session, enum dialect_event event,
	const struct chat_call *call);
/* After reading: what has begun must be whole in time. */
void intake_watch(struct chat_session *session);
/* Its time is over: as dialect.late, or MORE. */
enum dialect_event intake_late(
	struct chat_session *session, struct chat_call *call);

#endif
