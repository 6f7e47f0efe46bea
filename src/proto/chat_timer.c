/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Several times to wait for on one timer: it is set to the earliest. Worker
 * threads. */
#include "chat_timer.h"

#include "net/conn.h"

static void update(struct chat_session *session)
{
	uint64_t first = 0;

	for (int i = 0; i < CHAT_TIMER_N; i++) {
		uint64_t due = session->due_ms[i];

		if (due && (!first || due < first))
			first = due;
	}
	conn_set_timer(session->conn, first);
}

void chat_timer_set(
	struct chat_session *session, enum chat_timer which, uint64_t when_ms)
{
	if (session->due_ms[which] == when_ms)
		return;
	session->due_ms[which] = when_ms;
	update(session);
}

bool chat_timer_is_set(
	const struct chat_session *session, enum chat_timer which)
{
	return session->due_ms[which] != 0;
}

enum chat_timer chat_timer_take(struct chat_session *session, uint64_t now_ms)
{
	enum chat_timer which = 0;

	while (which < CHAT_TIMER_N &&
		(!session->due_ms[which] || session->due_ms[which] > now_ms))
		which++;
	if (which < CHAT_TIMER_N)
		session->due_ms[which] = 0;
	update(session);
	return which;
}
