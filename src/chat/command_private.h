/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SOCKD_CHAT_COMMAND_PRIVATE_H
#define SOCKD_CHAT_COMMAND_PRIVATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "chat/bans.h"

struct room;
struct seat_wish;
struct turn;

/* Runs turn->call, whose verb is set. */
void command_run(const struct turn *turn);

/* What several files of commands need. */

/* Tells how the command is written. */
void command_refuse_usage(const struct turn *turn);
/* Tells the refusal of a nick that nobody here has. */
void command_refuse_nick(const struct turn *turn, const char *nick);
/* The same of a room. */
void command_refuse_room(const struct turn *turn, const char *name);
/* Finds or makes the room; NULL, and told, if that may not be. */
struct room *command_open_room(const struct turn *turn, const char *name);
/* False, and told, if the member may not sit in the room of that name, which
 * need not exist yet; keep: besides those it is in. */
bool command_may_sit(const struct turn *turn, const char *name, bool keep);
/* Tells the layer above all that the member wants to see and how. */
void command_post_wants(const struct turn *turn);

/* command_operator.c: what operators' verbs share. */

/* Who runs it, as the list of bans has it. */
const char *operator_name(
	const struct turn *turn, char buf[static BAN_BY_MAX + 1]);
/* How long args[i] says: 0 is 0, as is that there is none. False, and told, if
 * it is no duration. */
bool operator_read_duration(
	const struct turn *turn, size_t i, uint64_t *ret_ms);
/* Has it logged that a member did so. */
void operator_log(const struct turn *turn, const char *whom, uint64_t ms);

/* What the rows of the table in command.c point to; each has at least the
 * arguments that its row asks for. */

/* command_talk.c */
void command_say(const struct turn *turn);
void command_me(const struct turn *turn);
void command_msg(const struct turn *turn);
void command_reply(const struct turn *turn);
/* command_room.c */
void command_join(const struct turn *turn);
void command_part(const struct turn *turn);
void command_topic(const struct turn *turn);
void command_history(const struct turn *turn);
/* command_list.c */
void command_who(const struct turn *turn);
void command_rooms(const struct turn *turn);
void command_ignored(const struct turn *turn); /* whom one ignores */
/* command_away.c */
void command_away(const struct turn *turn);
void command_back(const struct turn *turn);
void command_whois(const struct turn *turn);
/* command_view.c */
void command_ignore(const struct turn *turn);
void command_time(const struct turn *turn);
void command_bell(const struct turn *turn);
void command_quiet(const struct turn *turn);
/* resume.c */
void command_resume(const struct turn *turn);
/* login.c */
void command_login(const struct turn *turn);
/* command_self.c */
void command_nick(const struct turn *turn);
void command_motd(const struct turn *turn);
void command_ping(const struct turn *turn);
void command_version(const struct turn *turn);
void command_help(const struct turn *turn);
void command_quit(const struct turn *turn);
/* command_operator.c */
void command_kick(const struct turn *turn);
void command_mute(const struct turn *turn);
void command_lock(const struct turn *turn);
/* command_ban.c */
void command_ban(const struct turn *turn);
void command_unban(const struct turn *turn);
void command_bans(const struct turn *turn);

#endif
