/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SOCKD_CHAT_COMMAND_PRIVATE_H
#define SOCKD_CHAT_COMMAND_PRIVATE_H

struct turn;

/* Runs turn->call, whose verb is set. */
void command_run(const struct turn *turn);

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
/* command_self.c */
void command_nick(const struct turn *turn);
void command_motd(const struct turn *turn);
void command_ping(const struct turn *turn);
void command_version(const struct turn *turn);
void command_help(const struct turn *turn);
void command_quit(const struct turn *turn);

#endif
