/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SOCKD_CHAT_HUB_PRIVATE_H
#define SOCKD_CHAT_HUB_PRIVATE_H

#include <stdbool.h>

#include "base/metrics.h"
#include "chat/bans.h"
#include "chat/hub.h"
#include "chat/member.h"
#include "chat/msg.h"
#include "chat/mutes.h"
#include "chat/observer.h"
#include "chat/rooms.h"
#include "chat/code_tries.h"
#include "chat/ticket.h"

struct hub {
	const struct chat_settings *settings; /* borrowed */
	struct strmap members;                /* owned, by nick_make_key() */
	struct rooms rooms;
	struct tickets tickets;
	struct code_tries code_tries;
	struct bans bans;
	struct mutes mutes;
	uint64_t n_changes;    /* of what operators said and a state keeps */
	uint64_t last_id;      /* below HUB_ID_LIMIT */
	uint64_t n_guests;     /* so many names were tried */
	uint64_t n_persons;    /* so many have entered */
	uint32_t n_aways;      /* so often somebody went away */
	uint64_t n_saves;      /* so often hub_save() began */
	uint64_t last_mono_ms; /* of the last call */
	struct chat_msg *no_memory;     /* kept ready: E_NO_MEMORY */
	struct metrics_chat tally;      /* written under the lock only */
	struct chat_observer *observer; /* borrowed; NULL: nobody watches */
};

#define HUB_ID_LIMIT (UINT64_C(1) << 53)

/* What came of a command, as far as its sender wants to be told. */
struct outcome {
	uint64_t id;  /* of what was said, or 0 */
	bool is_told; /* that it is done, or why not */
};

struct chat_operation;

/* One call into the hub: on whose behalf, when, and where its news go. */
struct turn {
	struct hub *hub;
	struct member *member;            /* NULL: nobody's, or that of: */
	struct chat_operation *operation; /* NULL: the member's own */
	const struct chat_call *call;     /* NULL unless a command runs */
	struct outcome *outcome;          /* of the call; NULL likewise */
	const struct chat_now *now;
	struct chat_outbox *out;
};

/* hub.c */
struct member *hub_find_member(const struct hub *hub, const char *nick);
/* Whose nick equals nick or looks like it; NULL: nobody's. */
struct member *hub_find_alike(const struct hub *hub, const char *nick);
/* A name that nobody has. 0 or -ENOMEM. */
int hub_pick_guest_nick(struct hub *hub, char nick[NICK_MAX + 1]);
/* The nick of a service that equals nick or looks like it; NULL: none. */
const char *hub_find_reserved(const struct hub *hub, const char *nick);
/* Finds or makes a room in which people must find a place, over the limit if
 * need be. 0 or -ENOMEM. */
int hub_open_room(struct hub *hub, const char *name, const struct chat_now *now,
	struct room **ret);
uint64_t hub_next_id(struct hub *hub, const struct chat_now *now);
int64_t hub_time_of_id(uint64_t id); /* when it was given, about */
/* The first id that is given then; 0: the clock is wrong. */
uint64_t hub_id_of_time(int64_t wall_ms);
/* nick is valid and free, or looks like the member's own. */
void hub_rename(struct hub *hub, struct member *member, const char *nick);

/* reply.c: messages carry the time of the turn. */
struct chat_msg *reply_new(
	const struct turn *turn, const struct chat_msg_spec *spec);
/* To the turn's member, or the answer of its operation; NULL, or no memory,
 * tells that memory is short. */
void reply_post(const struct turn *turn, struct chat_msg *msg);
void reply_tell(const struct turn *turn, const struct chat_msg_spec *spec);
void reply_refuse(const struct turn *turn, enum chat_type error,
	const char *text, const char *near);
/* Tells the turn's member that the call is done, if it wants to know and was
 * told nothing else. */
void reply_done(const struct turn *turn);
/* To all of the room, the member of `but` (may be NULL) left out. Takes msg. */
void reply_room(const struct turn *turn, const struct room *room,
	const struct membership *but, struct chat_msg *msg);
/* Says line (type, nick and text) in the room: gives it a number, remembers it
 * and tells all but the member of `but` (may be NULL). Its id; 0: no memory,
 * and nothing has happened. */
uint64_t reply_say(const struct turn *turn, struct room *room,
	const struct membership *but, const struct chat_msg_spec *line);
/* Tells the rooms the member is in of its new name, who hears it in several
 * only once; rooms is space for them. A room that has not been told of a guest
 * yet hears of it now, under that name. Takes msg. */
void reply_neighbours(
	const struct turn *turn, struct chat_msg *renamed, uint32_t *rooms);
/* What of a room's history is to be shown: the last n at most of its newest
 * `among` messages that are for the reader, who ignores some people. */
struct reply_range {
	const struct member *reader;
	size_t among, n;
	bool but_own;  /* nor what the reader said */
	uint64_t lost; /* for it to be told: so many are no longer there */
};
/* That as one message. 0, or -ENOMEM. */
int reply_make_replay(const struct turn *turn, const struct room *room,
	const struct reply_range *range, struct chat_msg **ret);
/* What somebody has not read who has read the messages of the room up to the
 * sequence `seen`: how many there are to show, and how many more there were
 * that the room no longer remembers. */
struct reply_gap {
	uint64_t seen;
	uint64_t kept, lost;
};
void reply_count_gap(const struct room *room, const struct member *reader,
	struct reply_gap *gap);

/* observer.c: nothing unless somebody watches. */
void observe_msg(
	const struct hub *hub, const struct room *room, struct chat_msg *msg);
/* seat was taken (CHAT_JOINED) or is about to be given up (CHAT_LEFT). */
void observe_seat(const struct hub *hub, const struct membership *seat,
	enum chat_type type, const char *reason);
/* member is about to be called nick. */
void observe_name(
	const struct hub *hub, const struct member *member, const char *nick);

/* command_self.c */
/* The refusal of a nick, CHAT_TYPE_N if the turn's member may have it. */
enum chat_type nick_refusal(
	const struct turn *turn, const char *nick, const char **ret_near);
/* The turn's member is called nick, which it may have, from now on. */
void nick_take(const struct turn *turn, const char *nick);

/* login.c */
/* It waits for nothing any more; nothing to do is fine. */
void login_forget(struct member *member);
/* Those who wait for the name of the turn's member look again. */
void login_wake_heirs(const struct turn *turn);
/* What GO_ON asks for, of an heir and of a holder. */
void login_go_on(const struct turn *turn);
/* By the settings in force: has it that account, and is it an operator? Whoever
 * has neither account nor groups stays as it is. */
void login_judge(const struct hub *hub, struct member *member);
/* The account for which nick is kept; NULL: none, or the member's own. */
const char *login_keeper(const struct turn *turn, const char *nick);

/* seat.c */
/* Where a member wants to be. */
struct seat_wish {
	struct room *to;
	enum chat_type hello; /* greets it there: WELCOME, YOU_JOINED, ... */
	const char *nick;     /* the name that it takes as well; NULL: none */
	bool keep;            /* it stays in its other rooms */
	/* Messages, borrowed; NULL: none. */
	struct chat_msg *first;  /* is told before the greeting */
	struct chat_msg *missed; /* instead of what new ones are shown, if: */
	bool is_back;            /* it comes back after it was cut off */
};
/* The member comes to a room, which hears of it, and leaves the others. If it
 * sits there already it is only greeted. 0, or -ENOMEM: nothing has changed and
 * nothing is told. */
int seat_take(const struct turn *turn, const struct seat_wish *wish);
/* The member leaves one of its rooms and goes nowhere. 0, or -ENOMEM alike. */
int seat_leave(const struct turn *turn, struct membership *seat);
/* The member's seat in the room that the call means: the one it names, else the
 * only one. NULL, and told, if there is none or several. */
struct membership *seat_meant(const struct turn *turn);
struct membership *seat_find(
	const struct member *member, const struct room *room); /* or NULL */
/* Tells the room that a guest is there, if that is still to be told. */
void seat_announce(const struct turn *turn, struct membership *seat);
/* The seat is given up with the connection, which the room hears. Frees it. */
void seat_vacate(
	const struct turn *turn, struct membership *seat, const char *reason);

/* resume.c */
/* Writes the code by which the member may come back under that name, or "" if
 * it may not. Returns buf. */
char *resume_code(const struct turn *turn, const char *nick,
	char buf[static TICKET_CODE_LEN]);
/* The member is about to leave, its seats are still there; then it
 * has left, and true says that it is kept. */
void resume_note_seats(const struct turn *turn);
bool resume_keep(const struct turn *turn);
/* Ends a ticket that nobody may use; who waits for it is told. NULL is fine. */
void resume_drop(const struct turn *turn, struct ticket *ticket);
/* The claim of the member can be met now. */
void resume_go_on(const struct turn *turn);

#endif
