/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Saying something: to the room (say, me) or to one person (msg, reply). A
 * line to the room is the hot path of the whole server: one message is made,
 * the room remembers it, one post carries it to every worker concerned.
 *
 * Used under the hub's lock.
 */
#include <string.h>
#include <strings.h>

#include "chat/command.h"
#include "chat/settings.h"
#include "command_private.h"
#include "hub_private.h"

/* The nearest names are looked for among so many people of the room only. */
#define NEAREST_MAX 256

/* False, and told, if the text is longer than a message may be. */
static bool fits(const struct turn *turn, const char *text)
{
	uint64_t limit = turn->hub->settings->text;
	size_t len = strlen(text);

	if (len <= limit)
		return true;
	reply_tell(turn,
		&(struct chat_msg_spec){
			.type = CHAT_E_TEXT_TOO_LONG,
			.n = len,
			.limit = limit,
		});
	return false;
}

/* Says the first argument in the room that is meant. False if it was refused. */
static bool talk(const struct turn *turn, enum chat_type type)
{
	struct membership *seat = seat_meant(turn);
	const char *text = turn->call->args[0];

	if (!seat || !fits(turn, text))
		return false;
	seat_announce(turn, seat);
	seat->flags |= SEAT_SHOWN;
	turn->outcome->id = reply_say(turn, seat->room, seat,
		&(struct chat_msg_spec){
			.type = type,
			.nick = turn->member->nick,
			.text = text,
		});
	if (!turn->outcome->id)
		reply_post(turn, NULL);
	return turn->outcome->id != 0;
}

/* Each of the words that get a hint (help, quit, exit, ?) gets it once; their
 * first letters tell them apart, whatever their case. */
void command_say(const struct turn *turn)
{
	unsigned bit;

	if (!talk(turn, CHAT_SAID))
		return;
	bit = 1u << (turn->call->args[0][0] & 31);
	if (!turn->call->is_word || (turn->member->hints & bit))
		return;
	turn->member->hints |= bit;
	reply_tell(turn,
		&(struct chat_msg_spec){
			.type = CHAT_SAID_WORD,
			.room = turn->member->current->room->name,
			.text = turn->call->args[0],
		});
}

void command_me(const struct turn *turn)
{
	(void)talk(turn, CHAT_ACTION);
}

static void refuse_nick(const struct turn *turn, const char *nick)
{
	const struct membership *seat = turn->member->current, *other;
	const char *nicks[NEAREST_MAX];
	size_t n = 0;

	if (seat) {
		LIST_FOREACH (other, &seat->room->members, in_room) {
			if (n == NEAREST_MAX)
				break;
			if (other->member != turn->member)
				nicks[n++] = other->member->nick;
		}
	}
	reply_refuse(
		turn, CHAT_E_NO_SUCH_NICK, nick, str_nearest(nick, nicks, n));
}

static void tell_privately(
	const struct turn *turn, const char *nick, const char *text)
{
	struct member *to = hub_find_member(turn->hub, nick);
	struct turn theirs = *turn;
	struct chat_msg_spec spec;
	struct chat_msg *msg, *copy;

	if (!to) {
		refuse_nick(turn, nick);
		return;
	}
	if (!fits(turn, text))
		return;
	spec = (struct chat_msg_spec){
		.type = CHAT_PRIVATE,
		.nick = turn->member->nick,
		.nick2 = to->nick,
		.text = text,
	};
	msg = reply_new(turn, &spec);
	spec.type = CHAT_PRIVATE_COPY;
	copy = reply_new(turn, &spec);
	if (!msg || !copy || outbox_reserve(turn->out, 2, 0) < 0) {
		chat_msg_unref(msg);
		chat_msg_unref(copy);
		reply_post(turn, NULL);
		return;
	}
	member_set_reply_to(to, turn->member->nick);
	member_set_reply_to(turn->member, to->nick);
	theirs.member = to;
	reply_post(&theirs, msg);
	reply_post(turn, copy);
}

void command_msg(const struct turn *turn)
{
	tell_privately(turn, turn->call->args[0], turn->call->args[1]);
}

void command_reply(const struct turn *turn)
{
	char nick[NICK_MAX + 1];

	if (!turn->member->reply_to) {
		reply_refuse(turn, CHAT_E_NO_REPLY, NULL, NULL);
		return;
	}
	/* a copy: answering may replace it */
	strcpy(nick, turn->member->reply_to);
	tell_privately(turn, nick, turn->call->args[0]);
}
