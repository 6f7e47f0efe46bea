/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SOCKD_CHAT_TICKET_H
#define SOCKD_CHAT_TICKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

#include "chat/name.h"

struct member;

/* The codes by which people come back: who has a nick has a ticket, and keeps
 * it for a while after the connection has ended. For chat's own files. */

#define TICKET_CODE_LEN 8     /* "k7fd-92" and NUL */
#define TICKETS_GONE    10000 /* kept of those who left; the oldest go first */

/* A room that somebody was in, and what of it has been read. */
struct past_seat {
	char name[ROOM_NAME_MAX + 1];
	uint64_t room; /* room.serial */
	uint64_t seq;  /* of the last message read */
};

struct ticket {
	uint32_t slot;           /* in tickets.codes */
	uint32_t n_seats;        /* of: */
	struct past_seat *seats; /* owned; once it has left */
	struct member *member;   /* borrowed from the hub; owned once it left */
	struct member *claimer;  /* borrowed: waits for it to leave; NULL */
	bool has_left;
	uint64_t left_ms;            /* monotonic */
	uint64_t saved;              /* the number of the last state it is in */
	uint64_t unread, left_out;   /* see hub_set_unread() */
	TAILQ_ENTRY(ticket) link;    /* tickets.gone once it has left */
	LIST_ENTRY(ticket) of_claim; /* tickets.claims while claimer */
};
TAILQ_HEAD(ticket_queue, ticket);
LIST_HEAD(ticket_list, ticket);

struct tickets {
	uint32_t *codes;      /* owned, as are the rows */
	struct ticket **rows; /* whose codes[] these are */
	size_t n, size;
	struct ticket_queue gone; /* who left first comes first */
	size_t n_gone;
	struct ticket_list claims;
	uint64_t n_changes; /* of what outlives the daemon */
};

void tickets_init(struct tickets *tickets);
void tickets_fini(struct tickets *tickets); /* all have left */

/* Gives the member a ticket if it has none. 0 or -errno. */
int ticket_give(struct tickets *tickets, struct member *member);
/* The same with a code that nobody has; it has none. 0 or -ENOMEM. */
int ticket_add(struct tickets *tickets, struct member *member, uint32_t code);
/* Ends it, and the member if that has left. NULL is fine. */
void ticket_drop(struct tickets *tickets, struct ticket *ticket);
/* The member has left and is the ticket's now. True if there were TICKETS_GONE
 * already, so that the first that nobody claims had to go. */
bool ticket_keep(
	struct tickets *tickets, struct ticket *ticket, uint64_t now_ms);
/* The member comes back as `member`, which takes over the ticket with its new
 * code; the old member is freed. */
void ticket_pass(struct tickets *tickets, struct ticket *ticket,
	struct member *member, uint32_t code);
/* The claim of a member that waits; NULL: it waits no more. */
void ticket_claim(
	struct tickets *tickets, struct ticket *ticket, struct member *claimer);
/* True if it is of who left keep_ms ago. */
bool ticket_is_over(
	const struct ticket *ticket, uint64_t keep_ms, uint64_t now_ms);
/* Ends some of those. */
void tickets_forget(struct tickets *tickets, uint64_t keep_ms, uint64_t now_ms);

/* Of those who have left under that nick, in this spelling or one that looks
 * like it, or with that account. NULL: none. */
struct ticket *tickets_find_named(
	const struct tickets *tickets, const char *key, const char *account);

/* A code that nobody has. 0 or -errno. */
int tickets_new_code(const struct tickets *tickets, uint32_t *ret);
bool ticket_code_is_valid(uint32_t code); /* not too large a number */
uint32_t ticket_code(const struct tickets *tickets, const struct ticket *t);
void ticket_format_code(char buf[static TICKET_CODE_LEN], uint32_t code);
/* As people type it. False if it is no code. */
bool ticket_parse_code(const char *text, uint32_t *ret);
/* In a time that does not depend on the codes. NULL: nobody's. */
struct ticket *tickets_find(const struct tickets *tickets, uint32_t code);
/* True if one who is on the way back has that nick, in this spelling or one
 * that looks like it; `but` is not counted. */
bool tickets_hold_nick(const struct tickets *tickets, const char *key,
	const struct member *but);

#endif
