/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What a member wants to see and how: whom it ignores, the time of day before
 * messages, a bell, who comes and goes. The hub remembers it for a resume and
 * keeps private lines and replays of the ignored away; what a room is told is
 * left out or dressed where it is told, by the layer above, which hears of it
 * in posts of its own.
 *
 * Used under the hub's lock.
 */
#include "chat/command.h"
#include "command_private.h"
#include "hub_private.h"

/* Tells the layer above something about the member. 0 or -ENOMEM. */
static int post_view(
	const struct turn *turn, enum chat_post_kind kind, uint64_t n)
{
	const struct chat_post post = {
		.kind = kind,
		.home = turn->member->home,
		.n = n,
	};

	return outbox_add_home(turn->out, &post);
}

void command_post_wants(const struct turn *turn)
{
	const struct ignore *ignore;

	(void)post_view(turn, CHAT_POST_WANTS, turn->member->wants);
	LIST_FOREACH (ignore, &turn->member->ignores, of_member)
		(void)post_view(turn, CHAT_POST_IGNORE, ignore->person);
}

/* Ignoring. */

static void tell_nick(
	const struct turn *turn, enum chat_type type, const char *nick)
{
	reply_tell(turn, &(struct chat_msg_spec){.type = type, .nick = nick});
}

static void end_ignoring(const struct turn *turn, struct ignore *ignore)
{
	if (outbox_reserve(turn->out, 2, 0) < 0) {
		reply_post(turn, NULL);
		return;
	}
	(void)post_view(turn, CHAT_POST_UNIGNORE, ignore->person);
	tell_nick(turn, CHAT_UNIGNORED, ignore_nick(ignore));
	ignore_remove(turn->member, ignore);
}

/* In a full list one who is no more makes way. */
static void make_way(const struct turn *turn)
{
	struct ignore *gone = ignore_find_gone(turn->member);

	if (turn->member->n_ignores < IGNORES_MAX || !gone)
		return;
	(void)post_view(turn, CHAT_POST_UNIGNORE, gone->person);
	ignore_remove(turn->member, gone);
}

static void begin_ignoring(const struct turn *turn, struct member *whom)
{
	int r;

	if (outbox_reserve(turn->out, 3, 0) < 0) {
		reply_post(turn, NULL);
		return;
	}
	make_way(turn);
	r = ignore_add(turn->member, whom);
	if (r == IGNORE_E_FULL) {
		reply_tell(turn,
			&(struct chat_msg_spec){
				.type = CHAT_E_IGNORE_FULL,
				.limit = IGNORES_MAX,
			});
	} else if (r < 0) {
		reply_post(turn, NULL);
	} else {
		(void)post_view(turn, CHAT_POST_IGNORE, whom->person);
		tell_nick(turn, CHAT_IGNORED, whom->nick);
	}
}

/* A name means who has it now; only then one who had it and is no more. */
void command_ignore(const struct turn *turn)
{
	struct member *whom;
	struct ignore *ignore;
	const char *nick;

	if (turn->call->n_args == 0) {
		command_ignored(turn);
		return;
	}
	nick = turn->call->args[0];
	whom = hub_find_member(turn->hub, nick);
	ignore = whom ? ignore_find(turn->member, whom->person)
		      : ignore_find_nick(turn->member, nick);
	if (ignore)
		end_ignoring(turn, ignore);
	else if (!whom)
		command_refuse_nick(turn, nick);
	else if (whom == turn->member)
		reply_refuse(turn, CHAT_E_IGNORE_SELF, NULL, NULL);
	else
		begin_ignoring(turn, whom);
}

/* Switches. */

static void set_want(
	const struct turn *turn, enum chat_want want, enum chat_type answer)
{
	const char *word = turn->call->args[0];
	bool is_on = name_equal(word, "on");
	unsigned wants = turn->member->wants;

	if (!is_on && !name_equal(word, "off")) {
		reply_refuse(turn, CHAT_E_NOT_ON_OFF, word,
			chat_verb_info(turn->call->verb)->name);
		return;
	}
	if (outbox_reserve(turn->out, 2, 0) < 0) {
		reply_post(turn, NULL);
		return;
	}
	wants = is_on ? wants | want : wants & ~(unsigned)want;
	turn->member->wants = (uint8_t)wants;
	(void)post_view(turn, CHAT_POST_WANTS, wants);
	reply_tell(turn,
		&(struct chat_msg_spec){
			.type = answer,
			.n = is_on ? 1 : 0,
		});
}

void command_time(const struct turn *turn)
{
	set_want(turn, CHAT_WANT_TIME, CHAT_TIME_SET);
}

void command_bell(const struct turn *turn)
{
	set_want(turn, CHAT_WANT_BELL, CHAT_BELL_SET);
}

void command_quiet(const struct turn *turn)
{
	set_want(turn, CHAT_WANT_QUIET, CHAT_QUIET_SET);
}
