/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The way of a connection into the chat. Nobody is let in before it is known
 * how to greet it, so that who only tries the port, or speaks something else,
 * leaves no trace in any room.
 *
 *   undecided --first bytes--> person, program ----> in the hub
 *       |    \--TLS, HTTP----> told so, closed
 *       +--200 ms--> person (doubted) --first line--> person for good
 *                                    \--an object--> program
 *
 * Worker threads. */
#include "chat_intake.h"

#include <errno.h>

#include "base/log.h"
#include "base/str.h"
#include "chat/command.h"
#include "net/addr.h"
#include "net/conn.h"
#include "net/service.h"
#include "net/worker.h"
#include "proto/chat_port.h"
#include "proto/chat_session.h"
#include "chat_timer.h"

static void speak(struct chat_session *session, const struct dialect *dialect)
{
	if (session->dialect && session->dialect->stop)
		session->dialect->stop(&session->input);
	session->dialect = dialect;
	dialect->start(&session->input, conn_service(session->conn));
}

/* Lets it into the hub, or, if it is there as a person, makes it a program. */
static int enter(struct chat_session *session)
{
	if (session->dialect->is_undecided)
		return 0;
	if (session->member)
		return chat_port_make_program(session);
	return chat_port_enter(session,
		session->dialect->is_of_program ? NULL : session->room);
}

static uint64_t patience_ms(const struct chat_session *session)
{
	const struct dialect *dialect = session->dialect;

	return dialect->patience_ms ? dialect->patience_ms(&session->input) : 0;
}

int intake_open(struct chat_session *session, const struct dialect *dialect)
{
	speak(session, dialect);
	intake_watch(session);
	return enter(session);
}

/* READ or MORE: what is in force is right so far. */
static enum dialect_event reconsider(struct chat_session *session,
	const struct slice *data, bool is_all, struct chat_call *call)
{
	enum dialect_event event = DIALECT_READ;

	if (session->doubting)
		event = session->doubting->reconsider(
			&session->input, data, is_all, call);
	if (event != DIALECT_MORE)
		session->doubting = NULL;
	return event;
}

enum dialect_event intake_read(struct chat_session *session,
	const struct slice *data, struct chat_call *call, size_t *ret_used)
{
	enum dialect_event event = reconsider(session, data, false, call);

	*ret_used = 0;
	if (event == DIALECT_BECOMES || event == DIALECT_STRANGE)
		return event;
	event = session->dialect->read(&session->input, data, call, ret_used);
	/* what begins next has its own time */
	if (*ret_used > 0 && !patience_ms(session))
		chat_timer_set(session, CHAT_TIMER_INPUT, 0);
	return event;
}

enum dialect_event intake_end(struct chat_session *session,
	const struct slice *data, struct chat_call *call)
{
	enum dialect_event event = reconsider(session, data, true, call);

	if (event == DIALECT_BECOMES || event == DIALECT_STRANGE)
		return event;
	return session->dialect->end(&session->input, data, call);
}

static struct log_limit stranger_limit = {.burst = 2};

static void log_stranger(struct chat_session *session)
{
	char peer[ADDR_LEN], more[LOG_LEFT_OUT_LEN];
	uint64_t left_out;
	struct log_about about = {
		.service = conn_service(session->conn)->name,
		.peer = conn_peer_text(session->conn, peer),
		.conn = conn_id(session->conn),
	};

	if (!session->input.stranger ||
		!log_limit_pass(&stranger_limit, &left_out))
		return;
	log_about(LOG_LEVEL_NOTICE, &about,
		"%s where there is none service=%s peer=%s conn=%llu%s",
		session->input.stranger, about.service, peer,
		(unsigned long long)about.conn, log_left_out(more, left_out));
}

void intake_act(struct chat_session *session, enum dialect_event event,
	const struct chat_call *call)
{
	if (event == DIALECT_BECOMES) {
		speak(session, session->input.next);
		if (enter(session) < 0)
			conn_close(session->conn, CLOSE_MEMORY, NULL);
		return;
	}
	log_stranger(session);
	chat_port_flush(session);
	if (!call->buf.failed)
		chat_port_send(session, call->buf.data, call->buf.len);
	chat_port_hang_up(session, session->input.why, NULL);
}

static void wait_for_input(struct chat_session *session)
{
	chat_timer_set(session, CHAT_TIMER_INPUT,
		worker_now_ms(conn_worker(session->conn)) +
			patience_ms(session));
}

void intake_watch(struct chat_session *session)
{
	if (!patience_ms(session))
		chat_timer_set(session, CHAT_TIMER_INPUT, 0);
	else if (!chat_timer_is_set(session, CHAT_TIMER_INPUT))
		wait_for_input(session);
}

enum dialect_event intake_late(
	struct chat_session *session, struct chat_call *call)
{
	const struct dialect *dialect = session->dialect;
	enum dialect_event event;

	if (!patience_ms(session))
		return DIALECT_MORE;
	/* It is not the peer's fault while we do not listen. */
	if (!conn_is_reading(session->conn)) {
		wait_for_input(session);
		return DIALECT_MORE;
	}
	event = dialect->late(&session->input, call);
	if (event == DIALECT_BECOMES && dialect->reconsider)
		session->doubting = dialect;
	return event;
}
