/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SOCKD_CHAT_MSG_TYPE_H
#define SOCKD_CHAT_MSG_TYPE_H

#include "chat/msg_type_operator.h"

/* The facts that members are told, see chat/msg.h.
 *
 * X(NAME): what the fields mean. Types from CHAT_E_FIRST on are refusals. */
/* clang-format off */
#define CHAT_TYPES(X)                                                           \
	X(SAID)         /* nick said text in room */                            \
	X(ACTION)       /* nick does text in room */                            \
	X(PRIVATE)      /* nick to nick2: text (the receiver's copy) */         \
	X(PRIVATE_COPY) /* the sender's own copy of it */                       \
	X(JOINED)       /* nick joined room */                                  \
	X(LEFT)         /* nick left room; text: reason, may be "" */           \
	X(RENAMED)      /* nick is now nick2 */                                 \
	X(TOPIC_SET)    /* nick set the topic of room to text */                \
	X(PROCLAIMED)   /* whoever runs the server tells room text */           \
	X(WELCOME)      /* you are nick in room, n here; text: server name */   \
	X(MOTD)         /* text, may have lines; "": none */                    \
	X(YOU_JOINED) /* you are in room, n here; CHAT_QUIET: over the mark */  \
	X(ARRIVED) /* a program did; text: topic, id: last said, nick2: code */ \
	X(YOU_TOPIC) /* the topic of room is text; "": none */                  \
	X(REPLAY) /* n lost; items: SAID, ... of room, oldest first; or none */ \
	X(YOU_RENAMED)  /* you are now nick; text: code for resume, or "" */    \
	X(WELCOME_BACK) /* you are nick again, or not, since somebody is nick2; \
	                   n said meanwhile, limit of them lost; text: code */  \
	X(WHO) /* n members of room; items: 50 WHO_ITEM at most, sorted */      \
	X(WHO_ITEM) /* nick; CHAT_AWAY */                                       \
	X(WHOIS) /* nick, nick2: its user on this machine, or ""; room: its     \
	            account, or ""; n ms here, limit ms silent; items: its      \
	            rooms as ROOM_ITEM; CHAT_AWAY: text as in AWAY_NOTE */      \
	X(AWAY_NOTE) /* nick is away; text: the word it left, or "" */          \
	X(YOU_AWAY)  /* you are away; text: the same */                         \
	X(YOU_BACK)  /* you are not away */                                     \
	X(IGNORING)  /* you ignore n people; items: WHO_ITEM, sorted */         \
	X(IGNORED)   /* you ignore nick from now on */                          \
	X(UNIGNORED) /* you do so no longer */                                  \
	X(TIME_SET)  /* messages carry the time from now on; n 0: not */        \
	X(BELL_SET)  /* what is meant for you rings; n 0: not */                \
	X(QUIET_SET) /* who comes and goes is not shown; n 0: it is */          \
	X(ROOMS)     /* n rooms; items: 50 ROOM_ITEM at most, fullest first */  \
	X(ROOM_ITEM) /* room, n, text: topic */                                 \
	X(HELP)      /* text: a verb, or "" for the list */                     \
	X(SAID_WORD) /* you said the bare word text to room: a hint */          \
	X(PONG)      /* the answer to ping */                                   \
	X(VERSION)   /* of the server */                                        \
	X(BYE)       /* you asked to leave; text: reason */                     \
	X(OK)        /* what ref asks is done; id: of what was said, or 0 */    \
	X(RESUMED)   /* you came back elsewhere: this connection ends */        \
	X(SLOW_DOWN) /* your lines wait: n in the time text pass */             \
	X(NOT_SENT)  /* n of your lines: limit at once, then text in a time */  \
	X(LEFT_FIRST) /* n of your lines waited, and were not sent */           \
	X(LOGGED_IN) /* you are nick by its password; CHAT_OPERATOR */          \
	X(GAVE_WAY)  /* you, nick, are now nick2: the account text, to which    \
	                the name belongs, has logged in */                      \
	CHAT_OPERATOR_FACTS(X)                                                  \
	X(E_UNKNOWN_COMMAND)   /* text: the word; nick2: the nearest, or "" */  \
	X(E_AMBIGUOUS_COMMAND) /* text: the word; nick2: two that it may be */  \
	X(E_MISSING_ARGUMENT)  /* text: the verb; nick2: what it takes */       \
	X(E_LINE_TOO_LONG)     /* n bytes, limit allowed */                     \
	X(E_TEXT_TOO_LONG)     /* n bytes, limit allowed */                     \
	X(E_TOPIC_TOO_LONG)    /* n characters, limit allowed */                \
	X(E_NICK_INVALID)      /* text: the nick asked for */                   \
	X(E_NICK_TAKEN)        /* text */                                       \
	X(E_NICK_LOOKS_LIKE)   /* text; nick2: whom it looks like */            \
	X(E_NICK_RESERVED)     /* text: guest-*; or nick2: its service */       \
	X(E_ROOM_INVALID)      /* text: the room asked for */                   \
	X(E_NO_SUCH_ROOM)      /* text; nick2: the nearest, or "" */            \
	X(E_NO_SUCH_NICK)      /* text; nick2: the nearest, or "" */            \
	X(E_NO_REPLY)          /* nobody to reply to yet */                     \
	X(E_REPLY_OTHER)       /* text: a nick that is somebody else's now */   \
	X(E_NOT_IN_ROOM)       /* not in any room */                            \
	X(E_TOO_MANY_ROOMS)    /* limit: of the server */                       \
	X(E_ROOM_LOCKED)       /* room */                                       \
	X(E_NOT_A_NUMBER)      /* text */                                       \
	X(E_INVALID_INPUT)     /* what came cannot be read */                   \
	X(E_BAD_FIELD)         /* text: a field; nick2: what it must be */      \
	X(E_ROOM_AND_NICK)     /* to join takes both */                         \
	X(E_WHICH_ROOM)        /* in several rooms one must be named */         \
	X(E_TOO_MANY_SEATS)    /* limit: rooms that one member is in */         \
	X(E_NOT_ON_OFF)        /* text; nick2: the verb */                      \
	X(E_AWAY_TOO_LONG)     /* n characters, limit allowed */                \
	X(E_IGNORE_SELF)       /* that is you */                                \
	X(E_IGNORE_FULL)       /* limit: people that one may ignore */          \
	X(E_NO_RESUME)         /* nothing can be resumed on this server */      \
	X(E_CODE_UNKNOWN)      /* limit: ms for which a code is good */         \
	X(E_CODE_YOURS)        /* it is that of this connection */              \
	X(E_CODE_TRIES)        /* limit: wrong ones allowed to a connection */  \
	X(E_CODE_BUSY)         /* too many wrong ones of all connections */     \
	X(E_TOO_FAST)          /* by itself, of lines that were not sent */     \
	X(E_LEFT_FIRST)        /* the same, of those that waited */             \
	CHAT_OPERATOR_REFUSALS(X)                                               \
	X(E_NO_ACCOUNTS)       /* nobody can log in here */                     \
	X(E_NICK_ACCOUNT)      /* text; nick2: the account it is kept for */    \
	X(E_LOGIN_FIRST)       /* nothing else is allowed before a login */     \
	X(E_LOGIN_PLAIN)       /* a password could be read on its way */        \
	X(E_LOGIN_WRONG)       /* name or password */                           \
	X(E_LOGIN_TRIES)       /* limit: wrong ones allowed to a connection */  \
	X(E_LOGIN_FAST)        /* too many wrong ones of that address */        \
	X(E_LOGIN_BUSY)        /* too many log in at once */                    \
	X(E_LOGGED_IN)         /* text: its account already */                  \
	X(E_NO_MEMORY)         /* the server is short of memory */
/* clang-format on */

enum chat_type {
#define CHAT_TYPE_ENUM(name) CHAT_##name,
	CHAT_TYPES(CHAT_TYPE_ENUM)
#undef CHAT_TYPE_ENUM
		CHAT_TYPE_N
};
#define CHAT_E_FIRST CHAT_E_UNKNOWN_COMMAND

#endif
