/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a session does to itself. Answers come by letter, so this does too: done
 * at once it would overtake those that are on their way, and an end would leave
 * them out. Worker threads. */
#include <errno.h>
#include <string.h>

#include "base/str.h"
#include "net/conn.h"
#include "net/worker.h"
#include "proto/chat_desk.h"
#include "proto/chat_port.h"
#include "proto/chat_session.h"
#include "chat_port_private.h"

/* 0 or -ENOMEM. */
static int post(struct chat_session *session, struct chat_item *what,
	const struct slice *bytes)
{
	struct chat_desk *desk = chat_port_desk(session);
	struct chat_letter *letter;
	bool asleep;

	what->conn = conn_id(session->conn);
	letter = letter_new_for(desk, what, bytes);
	if (!letter)
		return -ENOMEM;
	pthread_mutex_lock(&session->port->lock);
	asleep = desk_post(desk, letter);
	pthread_mutex_unlock(&session->port->lock);
	if (asleep)
		mailbox_wake(worker_mailbox(desk->worker));
	return 0;
}

void chat_port_send(struct chat_session *session, const char *bytes, size_t len)
{
	struct chat_item what = {.kind = CHAT_POST_BYTES, .n = len};

	if (len == 0)
		return;
	if (post(session, &what, &(struct slice){bytes, len}))
		conn_close(session->conn, CLOSE_MEMORY, NULL);
	else
		desk_press_back(chat_port_desk(session), session->conn);
}

void chat_port_hang_up(
	struct chat_session *session, enum close_reason why, const char *arg)
{
	struct chat_item what = {.kind = CHAT_POST_CLOSE, .n = why};
	struct slice words = {arg, arg ? strlen(arg) : 0};

	session->leaving = true;
	if (post(session, &what, arg ? &words : NULL))
		conn_close(session->conn, why, arg);
}

void chat_port_add_view(struct chat_session *session, unsigned view)
{
	struct chat_item what = {.kind = CHAT_POST_VIEW, .n = view};

	session->asked_view |= (uint8_t)view;
	if (post(session, &what, NULL))
		conn_close(session->conn, CLOSE_MEMORY, NULL);
}
