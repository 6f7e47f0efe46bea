/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The table of verbs, which all dialects share: a row and a function make one.
 * A dialect's parser finds a row by what the peer wrote and fills in the
 * arguments; command_run() looks that there are enough of them, and that the
 * member may do it, and calls the function. The help is made from the same
 * rows. Operators' verbs are found by their full name only, so that no slip of
 * the finger ends anybody's connection.
 *
 * The table is const; everything but command_run(), which needs the hub's
 * lock, is pure and used by the parsers of all workers.
 */
#include "chat/command.h"

#include <errno.h>
#include <string.h>
#include <strings.h>

#include "base/utf8.h"
#include "command_private.h"
#include "hub_private.h"

struct chat_verb {
	struct chat_verb_info info;
	void (*run)(const struct turn *turn);
	bool when_held; /* also before a login that is required */
};

#define PREFIX_MIN 2
#define VERB_SAY   0 /* its row */
#define LONG       .is_long = true

/* clang-format off */
static const struct chat_verb verbs[] = {
	/* name, aliases, usage, help, least and most arguments, cost, is minor */
	[VERB_SAY] =
	{{"say", "", "TEXT", "says TEXT, like a line without a slash", 1, 1, 1, .speaks = true},
		command_say},
	{{"me", "", "TEXT", "says what you do: * you TEXT", 1, 1, 1, .speaks = true},
		command_me},
	{{"msg", "m w tell", "NICK TEXT", "tells NICK alone", 2, 2, 1, .speaks = true}, command_msg},
	{{"reply", "r", "TEXT", "answers the last private message", 1, 1, 1, .speaks = true},
		command_reply},
	{{"nick", "", "NAME", "renames you", 1, 1, 2}, command_nick},
	{{"join", "j", "ROOM", "goes to a room, a new one if need be", 1, 1, 2}, command_join},
	{{"part", "leave", "", "goes back to the room where you started", 0, 0, 0}, command_part},
	{{"who", "names", "[ROOM]", "lists who is here, or in ROOM", 0, 1, 2, LONG}, command_who},
	{{"whois", "", "NICK", "tells who somebody is", 1, 1, 1}, command_whois},
	{{"rooms", "list", "", "lists the rooms", 0, 0, 2, LONG}, command_rooms},
	{{"topic", "", "[TEXT]", "shows the topic, or sets it", 0, 1, 2, .speaks = true},
		command_topic},
	{{"history", "", "[N]", "shows the last N lines again, or 50", 0, 1, 3, LONG}, command_history},
	{{"away", "", "[TEXT]", "marks you as away, until /back", 0, 1, 1}, command_away},
	{{"ignore", "", "[NICK]", "hides what NICK says, or no more", 0, 1, 1}, command_ignore},
	{{"time", "", "on|off", "puts the time of day before messages", 1, 1, 1}, command_time},
	{{"bell", "", "on|off", "rings for private messages and your name", 1, 1, 1}, command_bell},
	{{"quiet", "", "on|off", "hides who comes, goes and is renamed", 1, 1, 1}, command_quiet},
	{{"resume", "", "CODE", "brings you back after you were cut off", 1, 1, 5}, command_resume},
	{{"help", "h ?", "[COMMAND]", "lists commands, or explains one", 0, 1, 2}, command_help, true},
	{{"quit", "q exit bye", "[REASON]", "leaves", 0, 1, 0}, command_quit, true},
	{{"back", "", "", "ends your being away", 0, 0, 1, true}, command_back},
	{{"login", "", "NAME PASSWORD", "makes you NAME, who has an account", 0, 2, 5, true,
		.may_wait = true}, command_login, true},
	{{"motd", "", "", "shows the message of the day", 0, 0, 2, true}, command_motd},
	{{"ping", "", "", "is answered at once", 0, 0, 1, true}, command_ping},
	{{"version", "", "", "tells what the server runs", 0, 0, 1, true}, command_version},
	{{"kick", "", "NICK [REASON]", "disconnects somebody", 1, 2, 1,
		.is_for_operators = true}, command_kick},
	{{"mute", "", "NICK [DURATION]", "lets somebody say nothing; 0 ends it", 1, 2, 1,
		.is_for_operators = true}, command_mute},
	{{"ban", "", "ADDRESS|NETWORK|NICK [DURATION] [REASON]", "keeps somebody out", 1, 3, 1,
		.is_for_operators = true}, command_ban},
	{{"unban", "", "ADDRESS|NETWORK|NICK", "ends a ban", 1, 1, 1,
		.is_for_operators = true}, command_unban},
	{{"bans", "", "", "lists the bans", 0, 0, 1,
		.is_for_operators = true}, command_bans},
	{{"lock", "", "ROOM [on|off]", "lets only operators come to ROOM", 1, 2, 1,
		.is_for_operators = true}, command_lock},
};
/* clang-format on */
#define N_VERBS (sizeof verbs / sizeof verbs[0])

/* What may have to wait for its answer holds a password. */
static bool is_secret(const struct chat_call *call)
{
	return call->verb && call->verb->info.may_wait && call->buf.data;
}

static void wipe(struct chat_call *call)
{
	if (is_secret(call))
		explicit_bzero(call->buf.data, call->buf.size);
}

static void wipe_args(struct chat_call *call)
{
	for (size_t i = 0; is_secret(call) && i < call->n_args; i++)
		explicit_bzero((char *)(uintptr_t)call->args[i],
			strlen(call->args[i]));
}

void chat_call_clear(struct chat_call *call)
{
	struct strbuf buf = call->buf;

	wipe(call);
	strbuf_clear(&buf);
	*call = (struct chat_call){.buf = buf};
}

void chat_call_fini(struct chat_call *call)
{
	wipe(call);
	strbuf_fini(&call->buf);
	*call = (struct chat_call){0};
}

/* Of what lies in one buffer, the same place in the copy of it. */
static void move_pointer(
	const char **at, const struct strbuf *from, const struct strbuf *to)
{
	uintptr_t start = (uintptr_t)from->data, p = (uintptr_t)*at;

	if (from->data && p >= start && p <= start + from->len)
		*at = to->data + (p - start);
}

int chat_call_copy(struct chat_call *to, const struct chat_call *from)
{
	const char **const pointers[] = {&to->room, &to->nick, &to->ref,
		&to->error_text, &to->error_near};

	*to = *from;
	to->buf = (struct strbuf){0};
	strbuf_add(&to->buf, from->buf.data, from->buf.len);
	if (to->buf.failed) {
		chat_call_fini(to);
		return -ENOMEM;
	}
	for (size_t i = 0; i < to->n_args; i++)
		move_pointer(&to->args[i], &from->buf, &to->buf);
	for (size_t i = 0; i < sizeof pointers / sizeof pointers[0]; i++)
		move_pointer(pointers[i], &from->buf, &to->buf);
	return 0;
}

void chat_call_refuse(struct chat_call *call, enum chat_type error)
{
	wipe_args(call);
	call->verb = NULL;
	call->is_error = true;
	call->error = error;
}

void chat_call_refuse_length(struct chat_call *call, size_t len, size_t limit)
{
	chat_call_refuse(call, CHAT_E_LINE_TOO_LONG);
	call->n = len;
	call->limit = limit;
}

const struct chat_verb_info *chat_verb_info(const struct chat_verb *verb)
{
	return &verb->info;
}

bool chat_verb_is_last(const struct chat_verb *verb)
{
	return verb->run == command_quit;
}

bool chat_verb_is_heard(const struct chat_verb *verb)
{
	return verb->run == command_say || verb->run == command_me ||
		verb->run == command_topic;
}

const struct chat_verb *chat_verb_at(size_t i)
{
	return i < N_VERBS ? &verbs[i] : NULL;
}

/* True if word, len bytes, is the start of one of the words of `list`, which
 * blanks separate; or all of one, if `whole`. */
static bool matches_one(
	const char *list, const char *word, size_t len, bool whole)
{
	size_t n;

	for (; *list; list += n + strspn(list + n, " ")) {
		n = strcspn(list, " ");
		if ((whole ? n == len : n >= len) &&
			strncasecmp(list, word, len) == 0)
			return true;
	}
	return false;
}

static bool matches(const struct chat_verb *verb, const char *word, bool whole)
{
	size_t len = strlen(word);

	return matches_one(verb->info.name, word, len, whole) ||
		matches_one(verb->info.aliases, word, len, whole);
}

const struct chat_verb *chat_verb_find(
	const char *word, const struct chat_verb *ret_others[2])
{
	const struct chat_verb *found[2] = {NULL, NULL};
	size_t n = 0;

	ret_others[0] = ret_others[1] = NULL;
	for (size_t i = 0; i < N_VERBS; i++)
		if (matches(&verbs[i], word, true))
			return &verbs[i];
	if (strlen(word) < PREFIX_MIN)
		return NULL;
	for (size_t i = 0; i < N_VERBS && n < 2; i++)
		if (!verbs[i].info.is_for_operators &&
			matches(&verbs[i], word, false))
			found[n++] = &verbs[i];
	if (n < 2)
		return found[0];
	ret_others[0] = found[0];
	ret_others[1] = found[1];
	return NULL;
}

const struct chat_verb *chat_verb_say(void)
{
	return &verbs[VERB_SAY];
}

const char *chat_verb_nearest(const char *word)
{
	const char *names[N_VERBS];

	for (size_t i = 0; i < N_VERBS; i++)
		names[i] = verbs[i].info.name;
	return str_nearest(word, names, N_VERBS);
}

/* Says why the word in the call's buf is no verb. */
static void refuse_word(
	struct chat_call *call, const struct chat_verb *const others[2])
{
	struct strbuf *buf = &call->buf;
	size_t near_at = buf->len;

	if (!others[0]) {
		chat_call_refuse(call, CHAT_E_UNKNOWN_COMMAND);
		call->error_text = buf->data;
		call->error_near = chat_verb_nearest(buf->data);
		return;
	}
	strbuf_addf(
		buf, "/%s or /%s", others[0]->info.name, others[1]->info.name);
	chat_call_refuse(call, CHAT_E_AMBIGUOUS_COMMAND);
	call->error_text = buf->data;
	call->error_near = buf->data + near_at;
}

void chat_call_set_verb(struct chat_call *call, const char *word, size_t len)
{
	const struct chat_verb *others[2];
	struct strbuf *buf = &call->buf;

	strbuf_clear(buf);
	utf8_make_safe(buf, word, len);
	strbuf_addc(buf, '\0');
	if (!buf->failed) {
		call->verb = chat_verb_find(buf->data, others);
		if (call->verb) {
			strbuf_clear(buf);
			return;
		}
		refuse_word(call, others);
	}
	if (buf->failed)
		chat_call_refuse(call, CHAT_E_NO_MEMORY);
}

void command_refuse_usage(const struct turn *turn)
{
	const struct chat_verb_info *info = &turn->call->verb->info;

	reply_refuse(turn, CHAT_E_MISSING_ARGUMENT, info->name, info->usage);
}

/* False, and told, if that verb is not for who asks, or not now. */
static bool may_run(const struct turn *turn, const struct chat_verb *verb)
{
	const struct chat_verb_info *info = &verb->info;
	const struct member *member = turn->member;
	uint64_t left_ms;

	if (!member) /* not everybody has that door */
		return true;
	if (member->is_held && !verb->when_held) {
		reply_refuse(turn, CHAT_E_LOGIN_FIRST, NULL, NULL);
		return false;
	}
	if (info->is_for_operators && !member->is_operator) {
		reply_refuse(turn, CHAT_E_NOT_OPERATOR, info->name, NULL);
		return false;
	}
	if (!info->speaks || turn->call->n_args == 0 ||
		!member_is_muted(member, turn->now->mono_ms, &left_ms))
		return true;
	reply_tell(turn,
		&(struct chat_msg_spec){
			.type = CHAT_E_MUTED,
			.limit = left_ms,
		});
	return false;
}

void command_run(const struct turn *turn)
{
	const struct chat_verb *verb = turn->call->verb;

	if (!may_run(turn, verb))
		return;
	if (turn->call->n_args < verb->info.min_args)
		command_refuse_usage(turn);
	else
		verb->run(turn);
}
