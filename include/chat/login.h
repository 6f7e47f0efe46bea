/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SOCKD_CHAT_LOGIN_H
#define SOCKD_CHAT_LOGIN_H

#include <stdbool.h>

struct chat_now;
struct chat_outbox;
struct gid_list;
struct hub;
struct member;

/* The hub's doors for who somebody is: the kernel's word, and passwords. As all
 * of the hub's, under the lock of proto/chat_port.c. */

/* Who a member is beyond the nick it chose, by the word of those who can know:
 * the kernel of a unix socket's peer, a password of an account. */
struct chat_identity {
	const char *user;    /* its Unix user on this machine; NULL: none */
	const char *account; /* NULL: a guest */
	const struct gid_list *groups; /* of the user; NULL: none */
	/* May do what the operators' verbs do; so it may, too, if the settings
	 * have its account or one of its groups among the operators. */
	bool is_operator;
};
/* All is copied. 0 or -ENOMEM (then it is who it was). */
int hub_set_identity(struct hub *hub, struct member *member,
	const struct chat_identity *identity);
/* The name of the member's user has become known. 0 or -ENOMEM (then it is
 * called as before). */
int hub_set_user(struct hub *hub, struct member *member, const char *user);

/* The terms of a connection. */
enum chat_term {
	CHAT_TERM_HELD = 1 << 0,  /* it must log in before anything else */
	CHAT_TERM_PLAIN = 1 << 1, /* what it sends may be read on its way, so
	                             it must not send a password */
};
/* After hub_enter(), which was into no room if HELD; then `room` is where it
 * goes once it has logged in, as for hub_enter(). */
void hub_set_terms(struct hub *hub, struct member *member, unsigned terms,
	const char *room);

/* A password must not be compared under the lock. Between the command and
 * hub_end_login(), and on while hub_is_logging_in(), nothing else is to be run
 * for the member. */

/* What the second argument of the command that was run is to be compared with,
 * and for the log whose that is. Borrowed until the lock is given back. */
struct chat_login_wish {
	const char *hash;    /* "": none, but it is to take as long */
	const char *account; /* NULL: there is none of that name */
};
/* Once for each command. False: no comparison is asked for. */
bool hub_login_wish(const struct hub *hub, struct member *member,
	struct chat_login_wish *ret);
enum chat_login_result {
	CHAT_LOGIN_WRONG,
	CHAT_LOGIN_RIGHT,
	/* It was not compared: */
	CHAT_LOGIN_BUSY, /* too many want that */
	CHAT_LOGIN_FAST, /* too many wrong ones came from there */
	CHAT_LOGIN_NO_MEMORY,
};
void hub_end_login(struct hub *hub, struct member *member,
	enum chat_login_result result, const struct chat_now *now,
	struct chat_outbox *out);
/* True from the command to its answer, which may take until whoever has the
 * name has given way. */
bool hub_is_logging_in(const struct member *member);

#endif
