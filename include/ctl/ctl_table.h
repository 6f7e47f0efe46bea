/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SOCKD_CTL_CTL_TABLE_H
#define SOCKD_CTL_CTL_TABLE_H

#include <stddef.h>

/* THE table of control verbs. The daemon's handlers (app/control_verbs.c),
 * sockctl, its completions and `help` come from it, sockctl(1) is tested
 * against it: a row here and a function control_NAME() make a verb.
 *
 * X(NAME, words, arguments, flags, help). The arguments are what `help` shows
 * and what the codec goes by:
 *
 *	WHO        must be given         [WHO]      may be given
 *	TEXT...    the rest of the line  [TEXT...]  the same, or nothing
 *	[--flag]   an option             [key=WHAT] a named value
 */
enum ctl_flag {
	CTL_CHANGES = 1 << 0, /* changes something: not for everybody */
	CTL_SETS = 1 << 1,    /* the same, if it has an argument */
	CTL_SLOW = 1 << 2,    /* may take any time until it is answered */
	CTL_STREAMS = 1 << 3, /* lines come until the asker leaves */
	CTL_PRIVATE = 1 << 4, /* shows what people say: not for everybody */
	CTL_LOCAL = 1 << 5,   /* sockctl does it, without a daemon */
	CTL_WIDE = 1 << 6,    /* many columns: cut on a terminal, not folded */
};

/* clang-format off */
#define CTL_TABLE(X)                                                           \
	X(addresses, "addresses", "[limit=N] [NETWORK]", CTL_WIDE,             \
		"what comes from each address, who does most first")           \
	X(ban, "ban", "ADDRESS|NETWORK|NICK [DURATION] [REASON...]", CTL_CHANGES, \
		"keep somebody out, of all services or the chat")              \
	X(bans, "bans", "", 0, "who is banned")                                \
	X(client, "client", "ID", 0, "one connection, and who is behind it")   \
	X(clients, "clients",                                                  \
		"[service=NAME] [address=NETWORK] [nick=NICK] "                \
		"[state=STATE] [sort=KEY] [limit=N] [TEXT]",                   \
		CTL_WIDE, "who is connected")                                  \
	X(closed, "closed", "[limit=N]", CTL_WIDE,                             \
		"the last connections that ended")                             \
	X(config, "config", "[PATH]", 0, "options in force, with their origins") \
	X(diff, "diff", "", CTL_SLOW, "what a reload would change")            \
	X(drain, "drain", "[SERVICE] [DURATION]", CTL_CHANGES | CTL_SLOW,      \
		"take nobody new in, and wait until all have left")            \
	X(help, "help", "[VERB...]", 0, "what there is to ask for")            \
	X(kick, "kick", "NICK|ID [REASON...]", CTL_CHANGES,                    \
		"close a connection")                                          \
	X(lock, "lock", "ROOM [on|off]", CTL_CHANGES,                          \
		"let only operators come to a room")                           \
	X(log, "log", "[LEVEL]", CTL_SETS,                                     \
		"show the level of the log, or set it until the next reload")  \
	X(metrics, "metrics", "[TEXT]", 0,                                     \
		"counters and measurements, those with the text in their name") \
	X(mute, "mute", "NICK [DURATION]", CTL_CHANGES,                        \
		"let somebody say nothing in the chat; 0 ends it")             \
	X(passwd, "passwd", "NAME [FILE]", CTL_LOCAL,                          \
		"make a password for an account of the chat")                  \
	X(reload, "reload", "[--wait]", CTL_CHANGES | CTL_SLOW,                \
		"read the configuration again")                                \
	X(room, "room", "ROOM", 0, "one room and who is in it")                \
	X(rooms, "rooms", "", 0, "the rooms of the chat")                      \
	X(save, "save", "", CTL_CHANGES | CTL_SLOW,                            \
		"write the state of the chat to the disk now")                 \
	X(say, "say", "ROOM TEXT...", CTL_CHANGES,                             \
		"tell a room, or all (*), in the name of the server")          \
	X(services, "services", "", 0, "services, addresses, connections")     \
	X(status, "status", "", 0, "how the daemon is")                        \
	X(stop, "stop", "", CTL_CHANGES, "stop the daemon")                    \
	X(unban, "unban", "ADDRESS|NETWORK|NICK", CTL_CHANGES, "end a ban")    \
	X(watch_events, "watch events", "", CTL_STREAMS,                       \
		"show who connects, comes, goes and is renamed")               \
	X(watch_log, "watch log", "[LEVEL] [service=NAME]", CTL_STREAMS,       \
		"show the log as it is written")                               \
	X(watch_room, "watch room", "ROOM", CTL_PRIVATE | CTL_STREAMS,         \
		"show what is said in a room, and who comes and goes")
/* clang-format on */

enum ctl_id {
#define CTL_ID(name, words, arguments, flags, help) CTL_ID_##name,
	CTL_TABLE(CTL_ID)
#undef CTL_ID
		CTL_N
};

struct ctl_verb {
	const char *words; /* one or two: "watch log" */
	const char *arguments;
	unsigned flags;
	const char *help; /* one line, lower case, no full stop */
};
/* By enum ctl_id. */
extern const struct ctl_verb ctl_verbs[CTL_N];

#endif
