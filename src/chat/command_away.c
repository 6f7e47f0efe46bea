/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Being away, and what one may ask about others. Being away changes nothing
 * but what others are told of it: it shows in the lists, and who writes to the
 * member alone is told so once. It lasts until /back, whatever the member says
 * meanwhile, as people know it from IRC.
 *
 * Used under the hub's lock.
 */
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"
#include "chat/command.h"
#include "chat/settings.h"
#include "command_private.h"
#include "hub_private.h"

static void set_away(const struct turn *turn, const char *text)
{
	struct member *member = turn->member;
	char *copy = strdup(text);
	struct chat_msg *msg;

	msg = reply_new(turn,
		&(struct chat_msg_spec){
			.type = CHAT_YOU_AWAY,
			.text = text,
		});
	if (copy && msg) {
		free(member->away);
		member->away = copy;
		member->away_serial = ++turn->hub->n_aways;
		reply_post(turn, msg);
	} else {
		free(copy);
		chat_msg_unref(msg);
		reply_post(turn, NULL);
	}
}

/* A text may be as long as a topic. */
void command_away(const struct turn *turn)
{
	const char *text = turn->call->n_args > 0 ? turn->call->args[0] : "";
	uint64_t limit = (uint64_t)turn->hub->settings->topic;
	size_t n = utf8_length(text, strlen(text));

	if (n > limit)
		reply_tell(turn,
			&(struct chat_msg_spec){
				.type = CHAT_E_AWAY_TOO_LONG,
				.n = n,
				.limit = limit,
			});
	else
		set_away(turn, text);
}

void command_back(const struct turn *turn)
{
	free(turn->member->away);
	turn->member->away = NULL;
	reply_tell(turn, &(struct chat_msg_spec){.type = CHAT_YOU_BACK});
}

/* The rooms of a member as items, in ret; how many, or -1 without memory. */
static int make_rooms(const struct turn *turn, const struct member *member,
	struct chat_msg **ret, int max)
{
	const struct membership *seat;
	int n = 0;

	LIST_FOREACH (seat, &member->seats, of_member) {
		if (n == max)
			break;
		ret[n] = reply_new(turn,
			&(struct chat_msg_spec){
				.type = CHAT_ROOM_ITEM,
				.room = seat->room->name,
				.n = seat->room->n_members,
			});
		if (!ret[n++])
			break;
	}
	if (n == 0 || ret[n - 1])
		return n;
	while (n-- > 0)
		chat_msg_unref(ret[n]);
	return -1;
}

#define ROOMS_SHOWN 20

static void tell_whois(const struct turn *turn, const struct member *member)
{
	struct chat_msg *rooms[ROOMS_SHOWN];
	int n = make_rooms(turn, member, rooms, ROOMS_SHOWN);

	if (n < 0) {
		reply_post(turn, NULL);
		return;
	}
	reply_tell(turn,
		&(struct chat_msg_spec){
			.type = CHAT_WHOIS,
			.flags = (member->away ? CHAT_AWAY : 0u) |
				(member->is_operator ? CHAT_OPERATOR : 0u),
			.nick = member->nick,
			.nick2 = member_user(member),
			.room = member->account,
			.text = member->away,
			.n = turn->now->mono_ms - member->came_ms,
			.limit = turn->now->mono_ms - member->spoke_ms,
			.items = rooms,
			.n_items = (size_t)n,
		});
}

void command_whois(const struct turn *turn)
{
	const char *nick = turn->call->args[0];
	const struct member *member = hub_find_member(turn->hub, nick);

	if (member)
		tell_whois(turn, member);
	else
		command_refuse_nick(turn, nick);
}
