/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SOCKD_PROTO_CHAT_FLOOD_H
#define SOCKD_PROTO_CHAT_FLOOD_H

#include <stdbool.h>

struct chat_call;
struct chat_session;
struct flood_settings;
struct service;

/* When a session's lines run. On its worker. */

/* chat.c: the limits of a service, borrowed from it. */
const struct flood_settings *chat_flood_settings(const struct service *svc);

/* True if the call got last may run now; else it has been seen to: it waits,
 * was dropped, or has run behind what had to be told first. May close the
 * session's conn; sets session->leaving if that comes after its answers. */
bool chat_flood_admit(struct chat_session *session, struct chat_call *call);
/* Of one whose conn is choked: false if no more can be taken from it until it
 * has read; then input comes again. */
bool chat_flood_may_read(struct chat_session *session);
/* Its timer is due, or the peer has read: runs what may run, and tells what is
 * to be told. */
void chat_flood_go_on(struct chat_session *session);
/* The answer that the session waited for has come: what came behind the
 * question goes on soon. */
void chat_flood_resume(struct chat_session *session);
/* The input ended: the session leaves when what waits has run. */
void chat_flood_end(struct chat_session *session);

#endif
