/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SOCKD_PROTO_CHAT_LOGIN_H
#define SOCKD_PROTO_CHAT_LOGIN_H

struct chat_call;
struct chat_session;
struct hub;

/* Passwords are compared on a thread of their own. A session whose command asks
 * for that waits: it reads nothing until it has the answer. */
struct chat_logins;
struct chat_login_job;

#define LOGINS_MAX 64 /* that wait to be compared */

struct chat_logins *chat_logins_new(void); /* NULL: no memory */
/* Before the workers' mailboxes are freed. NULL is fine. */
void chat_logins_free(struct chat_logins *logins);

/* On the session's worker, under the port's lock, after the call was run: what
 * it asks to compare. Nothing is asked for: NULL, as without memory. */
struct chat_login_job *chat_login_take(struct chat_logins *logins,
	struct chat_session *session, const struct hub *hub,
	const struct chat_call *call);
/* Then, without the lock: takes the job and has the session wait, or answers
 * at once. Nothing to do is fine. */
void chat_login_start(struct chat_session *session, struct chat_logins *logins,
	struct chat_login_job *job);
/* The session may have got its answer: then it goes on. */
void chat_login_update(struct chat_session *session);

#endif
