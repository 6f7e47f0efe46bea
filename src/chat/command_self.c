/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What concerns only the asker: its name, help, leaving.
 *
 * Used under the hub's lock.
 */
#include <stdlib.h>
#include <string.h>

#include "chat/command.h"
#include "chat/settings.h"
#include "command_private.h"
#include "hub_private.h"

enum chat_type nick_refusal(
	const struct turn *turn, const char *nick, const char **ret_near)
{
	char key[NICK_MAX + 1];
	struct strmap_node *node;
	const struct member *other;
	const struct ban *ban;

	*ret_near = NULL;
	if (!nick_is_valid(nick))
		return CHAT_E_NICK_INVALID;
	if (name_equal(nick, turn->member->nick))
		return CHAT_TYPE_N;
	if (nick_is_guest(nick))
		return CHAT_E_NICK_RESERVED;
	*ret_near = hub_find_reserved(turn->hub, nick);
	if (*ret_near)
		return CHAT_E_NICK_RESERVED;
	*ret_near = login_keeper(turn, nick);
	if (*ret_near)
		return CHAT_E_NICK_ACCOUNT;
	ban = bans_find_nick(&turn->hub->bans, nick, turn->now->wall_ms);
	if (ban) {
		*ret_near = ban->what;
		return CHAT_E_NICK_BANNED;
	}
	nick_make_key(key, nick);
	if (tickets_hold_nick(&turn->hub->tickets, key, turn->member))
		return CHAT_E_NICK_TAKEN;
	node = strmap_find(&turn->hub->members, key);
	if (!node || node == &turn->member->node)
		return CHAT_TYPE_N;
	other = container_of(node, const struct member, node);
	*ret_near = other->nick;
	return name_equal(other->nick, nick) ? CHAT_E_NICK_TAKEN
					     : CHAT_E_NICK_LOOKS_LIKE;
}

/* "You are now nick", with the code by which to come back as such, if there
 * is to be one. NULL: out of memory. */
static struct chat_msg *make_yours(const struct turn *turn, const char *nick)
{
	char code[TICKET_CODE_LEN];

	return reply_new(turn,
		&(struct chat_msg_spec){
			.type = CHAT_YOU_RENAMED,
			.nick = nick,
			.text = resume_code(turn, nick, code),
		});
}

void nick_take(const struct turn *turn, const char *nick)
{
	size_t n_seats = member_count_seats(turn->member);
	uint32_t *rooms = calloc(n_seats + 1, sizeof *rooms);
	struct chat_msg *renamed, *yours;

	renamed = reply_new(turn,
		&(struct chat_msg_spec){
			.type = CHAT_RENAMED,
			.nick = turn->member->nick,
			.nick2 = nick,
		});
	yours = make_yours(turn, nick);
	if (rooms && renamed && yours) {
		hub_rename(turn->hub, turn->member, nick);
		reply_post(turn, yours);
		reply_neighbours(turn, renamed, rooms);
	} else {
		chat_msg_unref(renamed);
		chat_msg_unref(yours);
		reply_post(turn, NULL);
	}
	free(rooms);
}

void command_nick(const struct turn *turn)
{
	const char *nick = turn->call->args[0], *near;
	enum chat_type error = nick_refusal(turn, nick, &near);

	if (error != CHAT_TYPE_N)
		reply_refuse(turn, error, nick, near);
	else if (strcmp(nick, turn->member->nick) == 0)
		reply_post(turn, make_yours(turn, nick));
	else
		nick_take(turn, nick);
}

void command_motd(const struct turn *turn)
{
	reply_tell(turn,
		&(struct chat_msg_spec){
			.type = CHAT_MOTD,
			.text = turn->hub->settings->motd,
		});
}

void command_ping(const struct turn *turn)
{
	reply_tell(turn, &(struct chat_msg_spec){.type = CHAT_PONG});
}

void command_version(const struct turn *turn)
{
	reply_tell(turn, &(struct chat_msg_spec){.type = CHAT_VERSION});
}

void command_help(const struct turn *turn)
{
	bool is_operator = turn->member->is_operator;
	const struct chat_verb *verb, *others[2];
	const char *word;

	if (turn->call->n_args == 0) {
		reply_tell(turn,
			&(struct chat_msg_spec){
				.type = CHAT_HELP,
				.flags = is_operator ? CHAT_OPERATOR : 0,
			});
		return;
	}
	word = turn->call->args[0];
	word += strspn(word, "/");
	verb = chat_verb_find(word, others);
	if (verb && chat_verb_info(verb)->is_for_operators && !is_operator)
		reply_refuse(turn, CHAT_E_NOT_OPERATOR,
			chat_verb_info(verb)->name, NULL);
	else if (verb)
		reply_tell(turn,
			&(struct chat_msg_spec){
				.type = CHAT_HELP,
				.text = chat_verb_info(verb)->name,
			});
	else
		reply_refuse(turn, CHAT_E_UNKNOWN_COMMAND, word,
			chat_verb_nearest(word));
}

void command_quit(const struct turn *turn)
{
	const char *reason = turn->call->n_args > 0 ? turn->call->args[0] : "";
	struct chat_post post = {
		.kind = CHAT_POST_CLOSE,
		.home = turn->member->home,
	};
	uint64_t left_ms;

	if (strlen(reason) > turn->hub->settings->text ||
		member_is_muted(turn->member, turn->now->mono_ms, &left_ms))
		reason = "";
	post.msg = reply_new(turn,
		&(struct chat_msg_spec){
			.type = CHAT_BYE,
			.text = reason,
		});
	if (!post.msg)
		post.msg = chat_msg_ref(turn->hub->no_memory);
	reply_done(turn); /* while it can still be heard */
	(void)outbox_add_home(turn->out, &post);
}
