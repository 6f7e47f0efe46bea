/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SOCKD_PROTO_CHAT_PORT_H
#define SOCKD_PROTO_CHAT_PORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "net/close.h"

struct chat_call;
struct chat_gap;
struct chat_levels;
struct chat_remark;
struct chat_session;
struct chat_settings;
struct conn;
struct crew;
struct flood_settings;
struct metrics_chat_sum;
struct worker;

/* The one place where the chat meets threads: it holds the hub and its lock.
 * A command runs on its sender's worker; what it leads to goes to each worker
 * concerned as one letter, posted while the lock is held, so that everybody
 * sees a room's events in one order, the sender's own answers included. */
struct chat_port;

/* settings are borrowed until chat_port_configure() or chat_port_free().
 * Before crew_start(). 0 or -errno. */
int chat_port_new(struct chat_port **ret, struct crew *crew,
	const struct chat_settings *settings);
/* After crew_drop_all(), before crew_fini(). NULL is fine. */
void chat_port_free(struct chat_port *port);
/* Any thread. On return the old settings are no longer looked at. 0 or
 * -ENOMEM (then the old ones stay). */
int chat_port_configure(
	struct chat_port *port, const struct chat_settings *settings);
/* Any thread: from now on leaving is not told, since everybody leaves. */
void chat_port_stop(struct chat_port *port);
/* Any thread. */
void chat_port_count(
	struct chat_port *port, size_t *ret_members, size_t *ret_rooms);
void chat_port_levels(struct chat_port *port, struct chat_levels *ret);
void chat_port_sum(const struct chat_port *port, struct metrics_chat_sum *ret);

/* Says remarks of who is no member, but for those refused already; fills in
 * what came of each. c: the connection they came from, on whose worker this is;
 * it is paused while too much waits to be told. NULL: none, any thread. 0;
 * -EAGAIN: too much waits, and nothing was done (only without c); -ENOMEM: some
 * of it is not told. */
int chat_port_post(struct chat_port *port, struct chat_remark *remarks,
	size_t n, struct conn *c);

/* On the session's worker only: */

/* Enters a guest into room ("": the default room), or a program into none
 * (NULL). 0 or -ENOMEM. */
int chat_port_enter(struct chat_session *session, const char *room);
/* The person turns out to be a program: as hub_make_program(). */
int chat_port_make_program(struct chat_session *session);
/* An empty call to parse into. */
struct chat_call *chat_port_call(struct chat_session *session);
/* Has the call got last run, now or with those that follow it; if this is not
 * called the call is forgotten. Answers come by mail. May pause or close the
 * session's conn; sets session->leaving if a command was to leave. */
void chat_port_run(struct chat_session *session);
/* The same for a call of one's own, of which memory is left to be freed. */
void chat_port_run_call(struct chat_session *session, struct chat_call *call);
/* True if some room has flood control of its own. */
bool chat_port_has_floods(const struct chat_port *port);
/* The flood control of the room that the call is for, without its networks, and
 * which room that is. False: it has none of its own. */
bool chat_port_find_flood(struct chat_session *session,
	const struct chat_call *call, struct flood_settings *ret,
	uint64_t *ret_room);
/* True if it has, and the session comes from one of its networks. */
bool chat_port_is_exempt(
	struct chat_session *session, const struct chat_call *call);
/* Runs what still waits to be run, and wakes those whom it concerns. Must come
 * before anything else is done to the session, its end included. */
void chat_port_flush(struct chat_session *session);
/* Sends it bytes after all that is on its way to it. Short of memory it is
 * closed. May pause its reading. */
void chat_port_send(
	struct chat_session *session, const char *bytes, size_t len);
/* Has the session closed after all that is on its way to it. arg as for
 * conn_close(), copied. */
void chat_port_hang_up(
	struct chat_session *session, enum close_reason why, const char *arg);
/* What is told to the session after all that is on its way is told in this way
 * too (bits of enum dialect_view). May close it. */
void chat_port_add_view(struct chat_session *session, unsigned view);
/* The 2 s of a guest's first silence are over. */
void chat_port_announce(struct chat_session *session);
/* A command that had to wait can be finished. */
void chat_port_go_on(struct chat_session *session);
/* Fills in what rooms remember of what was left out for it. */
void chat_port_fill_gaps(
	struct chat_session *session, struct chat_gap *gaps, size_t n);
/* The connection ends: forget it. reason for its rooms, NULL: none. Of what was
 * sent to it so many bytes are known not to have arrived. */
void chat_port_leave(
	struct chat_session *session, const char *reason, uint64_t undelivered);

#endif
