/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SOCKD_PROTO_CHAT_USER_H
#define SOCKD_PROTO_CHAT_USER_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/group.h"

struct conn;
struct hub;
struct member;

/* Who is at the other end of a unix socket, for the hub. */
struct chat_user {
	bool is_known; /* else it is no unix socket */
	uid_t uid;
	struct gid_list groups; /* owned */
};

/* On the conn's worker. */
void chat_user_read(struct chat_user *user, const struct conn *c);
/* Under the port's lock: tells the hub, by the number until the name is known;
 * short of memory it is somebody without a user. */
void chat_user_tell(
	const struct chat_user *user, struct hub *hub, struct member *member);
/* Has the name looked up if c, a session of the chat, is not NULL. */
void chat_user_fini(struct chat_user *user, struct conn *c);

#endif
