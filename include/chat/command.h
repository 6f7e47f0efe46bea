/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SOCKD_CHAT_COMMAND_H
#define SOCKD_CHAT_COMMAND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"
#include "chat/msg.h"

struct chat_verb;

/* A command as a dialect's parser hands it over. Zero-initialised, used again
 * for the next one after chat_call_clear(). Arguments are safe text
 * (utf8_make_safe), NUL-terminated, in buf. */
#define CHAT_ARGS_MAX 4
struct chat_call {
	/* NULL: `error` says what to refuse, or nothing is to be done. */
	const struct chat_verb *verb;
	const char *args[CHAT_ARGS_MAX];
	size_t n_args;
	bool by_name;         /* each argument is the one it was said to be */
	enum chat_type error; /* used if verb is NULL and is_error */
	bool is_error;
	bool is_word; /* a bare "quit" and the like: SAID_WORD follows */
	const char *error_text, *error_near; /* text and nick2 of the refusal */
	uint64_t n, limit;
	/* What programs may add to any verb: */
	const char *room; /* which of its rooms is meant; NULL: the only one */
	const char *nick; /* join: take this name as well; NULL: none */
	const char *ref;  /* the answers carry it; success is told then too */
	bool keep;        /* join: stay in the other rooms */
	bool has_since;   /* history: what came after the id `since` */
	uint64_t since;
	struct strbuf buf; /* owned */
};
void chat_call_clear(struct chat_call *call);
void chat_call_fini(struct chat_call *call);
/* Makes *to (which holds nothing) a copy with a buffer of its own, no larger
 * than it must be. 0 or -ENOMEM (then it holds nothing). */
int chat_call_copy(struct chat_call *to, const struct chat_call *from);
/* It is no command but this refusal, of something with so many bytes where
 * limit are allowed. */
void chat_call_refuse(struct chat_call *call, enum chat_type error);
void chat_call_refuse_length(struct chat_call *call, size_t len, size_t limit);

/* One row a verb: all dialects have it then. See command.c. */
struct chat_verb_info {
	const char *name;          /* "join" */
	const char *aliases;       /* "j", space-separated; "" */
	const char *usage;         /* "ROOM"; "" */
	const char *help;          /* one line */
	size_t min_args, max_args; /* the last argument takes the rest */
	unsigned cost;             /* in flood control; 0: never waits */
	bool is_minor;             /* the list of commands only names it */
	bool may_wait;             /* its answer may come later: see login.h */
	bool speaks;               /* with an argument: not for the muted */
	bool is_for_operators;     /* ... and written in full */
	bool is_long;              /* may walk over all rooms or people */
};
const struct chat_verb_info *chat_verb_info(const struct chat_verb *verb);
/* True if nothing can follow it: who asks for it leaves. */
bool chat_verb_is_last(const struct chat_verb *verb);
/* True if the room that it is for hears what it does. */
bool chat_verb_is_heard(const struct chat_verb *verb);
/* Rows in the order of the help; NULL past the last. */
const struct chat_verb *chat_verb_at(size_t i);
/* By full name or alias, else, but for operators' verbs, by unique prefix of
 * two letters or more; case does not matter. NULL: unknown, or ambiguous; then
 * two that it may be are in ret_others, which else hold NULL. */
const struct chat_verb *chat_verb_find(
	const char *word, const struct chat_verb *ret_others[2]);
/* What a line without a command is: the verb "say", without a search. */
const struct chat_verb *chat_verb_say(void);
/* The name or alias nearest to word, NULL if none is near. */
const char *chat_verb_nearest(const char *word);
/* Finds the verb a peer wrote, or makes the call a refusal that says why; what
 * the refusal quotes is then in the call's buf, which else is empty. */
void chat_call_set_verb(struct chat_call *call, const char *word, size_t len);

#endif
