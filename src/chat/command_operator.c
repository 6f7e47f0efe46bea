/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What operators do to people and rooms; bans are in command_ban.c. A member
 * that is an operator runs these as any other command; whoever runs the server
 * comes in by hub_operate(), and then there is no member: the answer goes back
 * by the operation.
 *
 * Each that is done by a member is posted to its worker to be logged, since
 * nothing is logged here.
 *
 * Used under the hub's lock.
 */
#include "chat/operate.h"

#include <stdio.h>
#include <string.h>

#include "base/units.h"
#include "base/utf8.h"
#include "chat/command.h"
#include "command_private.h"
#include "hub_private.h"

#define DURATION_MAX (UINT64_C(3650) * 86400000)
#define WORDS_MAX    300 /* bytes of who kicked and why */

void hub_operate(struct hub *hub, struct chat_operation *operation,
	const struct chat_now *now, struct chat_outbox *out)
{
	struct outcome outcome = {0};
	const struct turn turn = {
		.hub = hub,
		.operation = operation,
		.call = operation->call,
		.outcome = &outcome,
		.now = now,
		.out = out,
	};

	operation->answer = NULL;
	bans_forget(&hub->bans, now->wall_ms);
	command_run(&turn);
	if (!operation->answer)
		operation->answer = chat_msg_ref(hub->no_memory);
}

/* What operators' verbs share. */

static const char *actor_nick(const struct turn *turn)
{
	return turn->operation ? turn->operation->nick : turn->member->nick;
}

const char *operator_name(
	const struct turn *turn, char buf[static BAN_BY_MAX + 1])
{
	const struct member *member = turn->member;
	const char *kind = "nick", *name;

	if (turn->operation)
		return turn->operation->known_as;
	name = member->nick;
	if (member->account) {
		kind = "account";
		name = member->account;
	} else if (member_user(member)) {
		kind = "user";
		name = member_user(member);
	}
	snprintf(buf, BAN_BY_MAX + 1, "%s %s", kind, name);
	return buf;
}

bool operator_read_duration(const struct turn *turn, size_t i, uint64_t *ret_ms)
{
	const char *text = turn->call->args[i];

	*ret_ms = 0;
	if (turn->call->n_args <= i || !text[0])
		return true;
	if (duration_parse(text, ret_ms, NULL) == 0 && *ret_ms <= DURATION_MAX)
		return true;
	reply_refuse(turn, CHAT_E_NOT_DURATION, text, NULL);
	return false;
}

void operator_log(const struct turn *turn, const char *whom, uint64_t ms)
{
	const char *verb = chat_verb_info(turn->call->verb)->name;
	char name[BAN_BY_MAX + 1], text[128], length[UNITS_LEN] = "";
	struct chat_post post = {.kind = CHAT_POST_LOG};

	if (!turn->member) /* its own door is logged */
		return;
	if (ms > 0)
		duration_format(length, ms);
	snprintf(text, sizeof text, "%s %s%s%s", verb, whom, ms > 0 ? " " : "",
		length);
	post.home = turn->member->home;
	post.msg = reply_new(turn,
		&(struct chat_msg_spec){
			.type = CHAT_OPERATED,
			.nick = turn->member->nick,
			.nick2 = operator_name(turn, name),
			.text = text,
		});
	(void)outbox_add_home(turn->out, &post);
}

/* The one that the first argument names; NULL, and told, if nobody is. */
static struct member *find_whom(const struct turn *turn)
{
	struct member *whom = hub_find_member(turn->hub, turn->call->args[0]);

	if (!whom)
		command_refuse_nick(turn, turn->call->args[0]);
	return whom;
}

/* Kicking. */

/* The reason of a connection that ends so: "alice: shouting", as much of it as
 * fits. NULL: no memory. */
static struct chat_msg *make_kicked(const struct turn *turn)
{
	const struct chat_call *call = turn->call;
	const char *reason = call->n_args > 1 ? call->args[1] : "";
	struct strbuf words = {0};
	struct chat_msg *msg = NULL;

	strbuf_addf(&words, "%s%s%s", actor_nick(turn), reason[0] ? ": " : "",
		reason);
	if (!words.failed) {
		words.data[utf8_fit(words.data, words.len, WORDS_MAX)] = '\0';
		msg = reply_new(turn,
			&(struct chat_msg_spec){
				.type = CHAT_KICKED,
				.text = words.data,
			});
	}
	strbuf_fini(&words);
	return msg;
}

void command_kick(const struct turn *turn)
{
	struct member *whom = find_whom(turn);
	struct chat_post post = {.kind = CHAT_POST_CLOSE};

	if (!whom)
		return;
	post.home = whom->home;
	post.msg = make_kicked(turn);
	if (outbox_reserve(turn->out, 3, 0) < 0 || !post.msg) {
		chat_msg_unref(post.msg);
		reply_post(turn, NULL);
		return;
	}
	reply_tell(turn,
		&(struct chat_msg_spec){
			.type = CHAT_YOU_KICKED,
			.nick = whom->nick,
		});
	operator_log(turn, whom->nick, 0);
	(void)outbox_add_home(turn->out, &post);
}

/* Muting. */

static void tell_muted(const struct turn *turn, struct member *whom,
	enum chat_type type, uint64_t ms)
{
	struct turn theirs = *turn;

	theirs.member = whom;
	theirs.operation = NULL;
	theirs.outcome = NULL;
	reply_tell(&theirs,
		&(struct chat_msg_spec){
			.type = type,
			.nick = actor_nick(turn),
			.n = ms,
		});
}

/* Whoever else has logged in to the account is the same person. */
static void mute_all(
	const struct turn *turn, struct member *whom, uint64_t until_ms)
{
	struct strmap_node *node = NULL;
	struct member *member;

	mutes_set(&turn->hub->mutes, whom, until_ms);
	while (whom->account &&
		(node = strmap_next(&turn->hub->members, node)) != NULL) {
		member = container_of(node, struct member, node);
		if (member->account &&
			name_equal(member->account, whom->account))
			member->muted_ms = until_ms;
	}
}

void command_mute(const struct turn *turn)
{
	struct member *whom = find_whom(turn);
	bool has_end = turn->call->n_args > 1 && turn->call->args[1][0];
	char deed[NICK_MAX + 3];
	bool is_end;
	uint64_t ms;

	if (!whom || !operator_read_duration(turn, 1, &ms))
		return;
	is_end = has_end && ms == 0;
	mutes_forget(&turn->hub->mutes, turn->now->mono_ms);
	turn->hub->n_changes++;
	mute_all(turn, whom,
		is_end            ? 0
			: has_end ? turn->now->mono_ms + ms
				  : UINT64_MAX);
	tell_muted(turn, whom, is_end ? CHAT_UNMUTED : CHAT_MUTED, ms);
	reply_tell(turn,
		&(struct chat_msg_spec){
			.type = is_end ? CHAT_YOU_UNMUTED : CHAT_YOU_MUTED,
			.nick = whom->nick,
			.n = ms,
		});
	snprintf(deed, sizeof deed, "%s%s", whom->nick, is_end ? " 0" : "");
	operator_log(turn, deed, ms);
}

/* Locking. */

/* True if the second argument says on, or there is none. False, and told, if it
 * is neither on nor off. */
static bool read_switch(const struct turn *turn, bool *ret_on)
{
	const char *word = turn->call->n_args > 1 ? turn->call->args[1] : "on";

	*ret_on = name_equal(word, "on");
	if (*ret_on || name_equal(word, "off"))
		return true;
	reply_refuse(turn, CHAT_E_NOT_ON_OFF, word, "lock ROOM");
	return false;
}

static void tell_lock(const struct turn *turn, const struct room *room, bool on)
{
	struct chat_msg_spec spec = {
		.type = CHAT_YOU_LOCKED,
		.nick = actor_nick(turn),
		.room = room->name,
		.n = on,
	};
	const struct membership *seat = turn->member
		? seat_find(turn->member, room)
		: NULL;

	reply_tell(turn, &spec);
	spec.type = CHAT_LOCKED;
	reply_room(turn, room, seat, reply_new(turn, &spec));
}

void command_lock(const struct turn *turn)
{
	const char *asked = turn->call->args[0];
	char name[ROOM_NAME_MAX + 1], whom[ROOM_NAME_MAX + 5];
	struct room *room = NULL;
	bool on;

	if (room_name_parse(name, asked))
		room = rooms_find(&turn->hub->rooms, name);
	if (!room) {
		command_refuse_room(turn, asked);
		return;
	}
	if (!read_switch(turn, &on))
		return;
	room->lock = on ? ROOM_LOCKED : ROOM_OPEN;
	turn->hub->n_changes++;
	tell_lock(turn, room, on);
	snprintf(whom, sizeof whom, "%s%s", room->name, on ? "" : " off");
	operator_log(turn, whom, 0);
}
