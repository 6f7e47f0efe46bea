/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SOCKD_PROTO_CHAT_TIMER_H
#define SOCKD_PROTO_CHAT_TIMER_H

#include <stdbool.h>
#include <stdint.h>

#include "proto/chat_session.h"

/* What a session waits for, by the one timer of its conn. On its worker. */

/* `which` is due at that time, as conn_set_timer(); 0 takes it back. */
void chat_timer_set(
	struct chat_session *session, enum chat_timer which, uint64_t when_ms);
bool chat_timer_is_set(
	const struct chat_session *session, enum chat_timer which);
/* One that is due, which is then taken back; CHAT_TIMER_N: none is. */
enum chat_timer chat_timer_take(struct chat_session *session, uint64_t now_ms);

#endif
