/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SOCKD_CHAT_OPERATE_H
#define SOCKD_CHAT_OPERATE_H

#include <stddef.h>
#include <stdint.h>

#include "base/network.h"
#include "chat/bans.h"
#include "chat/hub.h"

/* What operators do: the verbs of command_operator.c and command_ban.c. Members
 * run them as any other; this is the door for who is no member. */
struct chat_operation {
	const struct chat_call *call; /* of an operators' verb */
	const char *nick;             /* as the one concerned reads it */
	const char *known_as;         /* as the list of bans has it */
	struct chat_msg *answer;      /* filled in: a reference, never NULL */
};
void hub_operate(struct hub *hub, struct chat_operation *operation,
	const struct chat_now *now, struct chat_outbox *out);

/* Borrowed. */
const struct bans *hub_bans(const struct hub *hub);
/* The list as it was kept, at the start: 0, or as bans_decode(). */
int hub_load_bans(struct hub *hub, const char *data, size_t len,
	const struct chat_now *now, struct errmsg *msg);

/* Where a member connected from, for operators to know; by default it has no
 * address. is_counted: what it tries counts for that address. */
void hub_set_address(struct hub *hub, struct member *member,
	const struct network *address, bool is_counted);

#endif
