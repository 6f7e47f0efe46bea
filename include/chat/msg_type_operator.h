/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SOCKD_CHAT_MSG_TYPE_OPERATOR_H
#define SOCKD_CHAT_MSG_TYPE_OPERATOR_H

/* The part of chat/msg_type.h that tells of operators and what they do. */
/* clang-format off */
#define CHAT_OPERATOR_FACTS(X)                                                  \
	X(KICKED)    /* this connection ends; text: by whom, and why */         \
	X(BANNED)    /* the same; n: until, wall ms, or 0; text: reason, or "" */ \
	X(OPERATED)  /* nick, known as nick2, did text (verb, whom, how long) */ \
	X(YOU_KICKED) /* nick is being disconnected */                          \
	X(YOU_MUTED) /* nick is muted from now on, n ms or, if 0, until told */ \
	X(YOU_UNMUTED) /* nick is so no longer */                               \
	X(MUTED)     /* nick has muted you for n ms or, if 0, until told */     \
	X(UNMUTED)   /* nick has ended that */                                  \
	X(YOU_LOCKED) /* only operators may join room; n 0: everybody may */    \
	X(LOCKED)    /* nick has done that to room */                           \
	X(YOU_BANNED) /* text is banned until n, wall ms, or 0; nick: who is    \
	                 disconnected for it, at the address nick2; "": none */ \
	X(YOU_UNBANNED) /* text is banned no longer */                          \
	X(BANS)      /* n bans; items: the last 50 BAN_ITEM made */             \
	X(BAN_ITEM)  /* nick2 is banned by nick since limit, until n, wall ms,  \
	                or 0; text: reason, or "" */

#define CHAT_OPERATOR_REFUSALS(X)                                               \
	X(E_NOT_OPERATOR)      /* text: a verb that is for operators */         \
	X(E_MUTED)             /* you are; limit: ms left, 0: until told */     \
	X(E_NOT_DURATION)      /* text */                                       \
	X(E_NICK_BANNED)       /* text; nick2: the nick that is banned */       \
	X(E_BAN_INVALID)       /* nick2: what is wrong with the network text */ \
	X(E_BAN_GUEST)         /* text: guest-*; nick2: its address, or "" */   \
	X(E_BAN_EXEMPT)        /* text; nick2: the exempt network it meets */   \
	X(E_BAN_SELF)          /* text: it would ban you */                     \
	X(E_BANS_FULL)         /* limit: bans that there may be */              \
	X(E_NOT_BANNED)        /* text; nick2: a ban that it lies in, or "" */
/* clang-format on */

#endif
