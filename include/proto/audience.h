/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SOCKD_PROTO_AUDIENCE_H
#define SOCKD_PROTO_AUDIENCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct audiences;
struct chat_msg;
struct chat_session;
struct worker;

/* Who of one worker's connections hears which room: a copy of the hub's
 * memberships, changed by mail, so that telling a room takes no lock. The
 * worker's thread only. */

struct audiences *audiences_new(struct worker *worker); /* NULL: no memory */
void audiences_free(struct audiences *set);

/* 0 or -ENOMEM. */
int audience_seat(
	struct audiences *set, uint32_t room, struct chat_session *session);
void audience_unseat(
	struct audiences *set, uint32_t room, struct chat_session *session);
/* Seats the session anew where those of its dialect and view are, after these
 * have changed. Not in a round. 0 or -ENOMEM: some seats are as before. */
int audience_move(struct audiences *set, struct chat_session *session);
/* The session does not get what that person says in rooms, or does again. 0 or
 * -ENOMEM. */
int audience_ignore(
	struct chat_session *session, uint64_t person, bool is_ignored);
/* What was said in the room up to seq has been told, or nobody sat there. */
void audience_set_told(struct audiences *set, uint32_t room, uint64_t seq);
/* Calls fn for each room where the session sits, with the seq of the last
 * message that it was told there, or that was said before. */
void audience_each_told(const struct audiences *set,
	const struct chat_session *session,
	void (*fn)(uint32_t room, uint64_t seq, void *arg), void *arg);
/* The session is about to end: it hears nothing from here on. */
void audience_leave_all(struct audiences *set, struct chat_session *session);

/* Remembers msg (a reference passes) for the room, for all but the connection
 * `author` (0: nobody is left out); audiences_run() sends it. 0 or -ENOMEM. */
int audience_add(struct audiences *set, uint32_t room, struct chat_msg *msg,
	uint64_t author);
/* Tells msg to all who sit in one of the rooms, each once, at once. What was
 * added before must have been run. */
void audience_tell_once(struct audiences *set, const uint32_t *rooms,
	size_t n_rooms, const struct chat_msg *msg, uint64_t author);

/* True while a batch is on its way: run before seats are changed. */
bool audiences_is_in_round(const struct audiences *set);
/* True while a room has so much waiting that it must be run. */
bool audiences_is_full(const struct audiences *set);
/* Sends what was added. False: the time (clock_mono_us()) was up before all
 * was sent; call again before anything else. */
bool audiences_run(struct audiences *set, uint64_t until_us);

/* Renders msg for one session and sends it. */
void audience_tell(struct audiences *set, struct chat_session *session,
	const struct chat_msg *msg);

#endif
