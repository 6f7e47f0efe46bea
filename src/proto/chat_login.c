/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Passwords on their way. A hash takes milliseconds on purpose, so they are
 * compared one after another on a helper's thread, while the session that asked
 * is paused and all others go on:
 *
 *	/login --> hub: may it? --> job --> helper's thread --> mail --> hub
 *	           (lock)           | full, or too many wrong ones from there:
 *	                            +--> answered at once
 *
 * A password is wiped in each place of ours as soon as it was used: in what was
 * read, in the call, in the job. It is never logged. Worker threads, but for
 * compare(). */
#include "chat_login.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/password.h"
#include "chat/command.h"
#include "chat/login.h"
#include "chat/name.h"
#include "net/addr.h"
#include "net/conn.h"
#include "net/guesses.h"
#include "net/helper.h"
#include "net/service.h"
#include "net/worker.h"
#include "proto/chat_port.h"
#include "proto/chat_session.h"
#include "chat_flood.h"
#include "chat_port_private.h"
#include "chat_timer.h"

/* Short of memory the word that it can go on may be lost. */
#define AGAIN_MS 1000

struct chat_logins {
	struct helper *helper;   /* owned */
	struct guesses *guesses; /* owned */
	atomic_uint n_waiting;
};

struct chat_login_job {
	struct helper_job job;
	struct chat_logins *logins; /* borrowed; for run() alone */
	uint64_t conn;
	uint64_t from; /* guesses_key(), also when the conn is gone */
	char account[NICK_MAX + 1]; /* "": there is none of that name */
	char *hash, *phrase;        /* owned */
	bool fits;
};

struct chat_logins *chat_logins_new(void)
{
	struct chat_logins *logins = calloc(1, sizeof(*logins));

	if (!logins)
		return NULL;
	logins->helper = helper_new();
	logins->guesses = guesses_new();
	if (!logins->helper || !logins->guesses) {
		chat_logins_free(logins);
		return NULL;
	}
	return logins;
}

void chat_logins_free(struct chat_logins *logins)
{
	if (!logins)
		return;
	helper_free(logins->helper);
	guesses_free(logins->guesses);
	free(logins);
}

static void job_free(struct chat_login_job *job)
{
	if (!job)
		return;
	password_free(job->phrase);
	password_free(job->hash);
	free(job);
}

/* Also after the logins are gone, by the helper's thread. */
static void mail_free(struct mail *m)
{
	job_free((struct chat_login_job *)m);
}

static void compare(struct helper_job *helper_job)
{
	struct chat_login_job *job = (struct chat_login_job *)helper_job;

	if (job->hash[0])
		job->fits = password_fits(job->hash, job->phrase);
	else
		password_waste(job->phrase);
	password_free(job->phrase);
	job->phrase = NULL;
}

/* The answer. */

#define END(name, result)                                            \
	static void name(struct hub *hub, struct member *member,     \
		const struct chat_now *now, struct chat_outbox *out) \
	{                                                            \
		hub_end_login(hub, member, result, now, out);        \
	}
END(end_wrong, CHAT_LOGIN_WRONG)
END(end_right, CHAT_LOGIN_RIGHT)
END(end_busy, CHAT_LOGIN_BUSY)
END(end_fast, CHAT_LOGIN_FAST)
END(end_no_memory, CHAT_LOGIN_NO_MEMORY)
#undef END

static void end(struct chat_session *session, enum chat_login_result result)
{
	static const chat_port_fn fns[] = {
		[CHAT_LOGIN_WRONG] = end_wrong,
		[CHAT_LOGIN_RIGHT] = end_right,
		[CHAT_LOGIN_BUSY] = end_busy,
		[CHAT_LOGIN_FAST] = end_fast,
		[CHAT_LOGIN_NO_MEMORY] = end_no_memory,
	};

	chat_port_do(session, fns[result]);
	chat_login_update(session);
}

static struct log_limit right_limit = {.burst = 50};
static struct log_limit wrong_limit = {.burst = 5};

/* What was given as a name is shown only if it is one: it may be a password
 * that was typed in the wrong place. */
static void log_result(
	const struct chat_login_job *job, const struct chat_session *session)
{
	char peer[ADDR_LEN], more[LOG_LEFT_OUT_LEN];
	uint64_t left_out;
	struct log_about about = {
		.service = conn_service(session->conn)->name,
		.peer = conn_peer_text(session->conn, peer),
		.conn = conn_id(session->conn),
	};

	if (!log_limit_pass(job->fits ? &right_limit : &wrong_limit, &left_out))
		return;
	log_about(job->fits ? LOG_LEVEL_INFO : LOG_LEVEL_NOTICE, &about,
		"%s service=%s peer=%s conn=%llu account=%s%s",
		job->fits ? "logged in" : "login failed", about.service, peer,
		(unsigned long long)about.conn,
		job->account[0] ? job->account : "-",
		log_left_out(more, left_out));
}

static void on_worker(struct mail *m, void *owner)
{
	struct chat_login_job *job = (struct chat_login_job *)m;
	struct conn *c = worker_find_conn(owner, job->conn);

	atomic_fetch_sub(&job->logins->n_waiting, 1);
	job->fits = job->fits && job->account[0];
	if (!job->fits)
		guesses_wrong(
			job->logins->guesses, job->from, worker_now_ms(owner));
	if (c && conn_is_open(c)) {
		log_result(job, conn_state(c));
		end(conn_state(c),
			job->fits ? CHAT_LOGIN_RIGHT : CHAT_LOGIN_WRONG);
	}
	job_free(job);
}

/* The question. */

/* NULL: no memory. */
static struct chat_login_job *job_new(struct chat_session *session,
	const struct chat_login_wish *wish, const char *phrase)
{
	struct worker *worker = conn_worker(session->conn);
	struct chat_login_job *job = calloc(1, sizeof(*job));

	if (!job)
		return NULL;
	job->job.work = compare;
	job->job.mailbox = worker_mailbox(worker);
	job->job.mail.run = on_worker;
	job->job.mail.free = mail_free;
	job->logins = session->port->logins;
	job->conn = conn_id(session->conn);
	job->from = guesses_key(session->conn);
	job->hash = strdup(wish->hash);
	job->phrase = strdup(phrase);
	if (wish->account)
		strcpy(job->account, wish->account);
	if (job->hash && job->phrase)
		return job;
	job_free(job);
	return NULL;
}

bool chat_login_take(struct chat_session *session, const struct chat_call *call,
	struct chat_login_job **ret)
{
	struct chat_login_wish wish;

	if (!hub_login_wish(session->port->hub, session->member, &wish))
		return false;
	session->is_waiting = true;
	*ret = job_new(session, &wish, call->args[1]);
	return true;
}

/* Takes job. */
static enum chat_login_result post(struct chat_login_job *job, uint64_t now_ms)
{
	struct chat_logins *logins = job->logins;
	enum chat_login_result result = CHAT_LOGIN_BUSY;

	if (!guesses_may(logins->guesses, job->from, now_ms))
		result = CHAT_LOGIN_FAST;
	else if (atomic_fetch_add(&logins->n_waiting, 1) < LOGINS_MAX &&
		helper_post(logins->helper, &job->job) == 0)
		return CHAT_LOGIN_RIGHT; /* if it is */
	else
		atomic_fetch_sub(&logins->n_waiting, 1);
	job_free(job);
	return result;
}

void chat_login_start(struct chat_session *session, struct chat_login_job *job)
{
	enum chat_login_result result = CHAT_LOGIN_NO_MEMORY;

	if (!conn_is_open(session->conn)) {
		job_free(job);
		return;
	}
	if (job)
		result = post(job, worker_now_ms(conn_worker(session->conn)));
	if (result == CHAT_LOGIN_RIGHT)
		conn_pause(session->conn);
	else
		end(session, result);
}

void chat_login_update(struct chat_session *session)
{
	struct chat_port *port = session->port;
	uint64_t again_ms = worker_now_ms(conn_worker(session->conn)) +
		AGAIN_MS;

	if (!session->is_waiting || !session->member)
		return;
	pthread_mutex_lock(&port->lock);
	session->is_waiting = hub_is_logging_in(session->member);
	pthread_mutex_unlock(&port->lock);
	chat_timer_set(
		session, CHAT_TIMER_LOGIN, session->is_waiting ? again_ms : 0);
	if (session->is_waiting || !conn_is_open(session->conn))
		return;
	conn_resume(session->conn);
	chat_flood_resume(session);
}
