/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SOCKD_PROTO_CHAT_LOGIN_H
#define SOCKD_PROTO_CHAT_LOGIN_H

#include <stdbool.h>

struct chat_call;
struct chat_session;

/* Passwords are compared on a thread of their own. A session whose command asks
 * for that waits: it reads nothing until it has the answer. */
struct chat_logins;
struct chat_login_job;

#define LOGINS_MAX 64 /* that wait to be compared */

struct chat_logins *chat_logins_new(void); /* NULL: no memory */
/* Before the workers' mailboxes are freed. NULL is fine. */
void chat_logins_free(struct chat_logins *logins);

/* On the session's worker, under the port's lock, after the call ran. False:
 * it asks for no comparison. *ret: what is to be compared; NULL: no memory. */
bool chat_login_take(struct chat_session *session, const struct chat_call *call,
	struct chat_login_job **ret);
/* Then, without the lock: takes the job and has the session wait, or answers at
 * once. */
void chat_login_start(struct chat_session *session, struct chat_login_job *job);
/* The session may have got its answer: then it goes on. */
void chat_login_update(struct chat_session *session);

#endif
