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
			.author = turn->member->person,
			.nick = turn->member->nick,
			.text = text,
		});
	turn->member->spoke_ms = turn->now->mono_ms;
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

/* Tells the member, once each time that the other one is away, that it is. */
static void tell_away(const struct turn *turn, const struct member *other)
{
	uint32_t *told = turn->member->aways_told;

	if (!other->away)
		return;
	for (size_t i = 0; i < AWAYS_TOLD; i++)
		if (told[i] == other->away_serial)
			return;
	memmove(told + 1, told, (AWAYS_TOLD - 1) * sizeof *told);
	told[0] = other->away_serial;
	reply_tell(turn,
		&(struct chat_msg_spec){
			.type = CHAT_AWAY_NOTE,
			.nick = other->nick,
			.text = other->away,
		});
}

/* Who is ignored does not learn of it: its own copy looks as ever. */
static void tell_privately(
	const struct turn *turn, struct member *to, const char *text)
{
	bool is_heard = !ignore_find(to, turn->member->person);
	struct turn theirs = *turn;
	struct chat_msg_spec spec = {
		.type = CHAT_PRIVATE,
		.author = turn->member->person,
		.nick = turn->member->nick,
		.nick2 = to->nick,
		.text = text,
	};
	struct chat_msg *msg, *copy;

	if (!fits(turn, text))
		return;
	msg = reply_new(turn, &spec);
	spec.type = CHAT_PRIVATE_COPY;
	copy = reply_new(turn, &spec);
	if (!msg || !copy || outbox_reserve(turn->out, 2, 0) < 0) {
		chat_msg_unref(msg);
		chat_msg_unref(copy);
		reply_post(turn, NULL);
		return;
	}
	turn->member->spoke_ms = turn->now->mono_ms;
	metrics_add(turn->hub->tally.said, 1);
	member_set_reply_to(turn->member, to);
	theirs.member = to;
	if (is_heard) {
		member_set_reply_to(to, turn->member);
		reply_post(&theirs, msg);
	} else {
		chat_msg_unref(msg);
	}
	reply_post(turn, copy);
	tell_away(turn, to);
}

void command_msg(const struct turn *turn)
{
	struct member *to = hub_find_member(turn->hub, turn->call->args[0]);

	if (to)
		tell_privately(turn, to, turn->call->args[1]);
	else
		command_refuse_nick(turn, turn->call->args[0]);
}

/* A name may have passed to somebody else, who must not read the answer. */
void command_reply(const struct turn *turn)
{
	const char *nick = turn->member->reply_to;
	struct member *to = nick ? hub_find_member(turn->hub, nick) : NULL;

	if (!nick)
		reply_refuse(turn, CHAT_E_NO_REPLY, NULL, NULL);
	else if (!to)
		command_refuse_nick(turn, nick);
	else if (to->person != turn->member->reply_person)
		reply_refuse(turn, CHAT_E_REPLY_OTHER, to->nick, NULL);
	else
		tell_privately(turn, to, turn->call->args[0]);
}
