/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The objects of the JSON dialect: the one table from what chat tells to what a
 * program reads.
 *
 * A row of a fact is a function that writes one object; a row of a refusal is
 * its code and its words, see dialect_json_sentence().
 *
 * What people say is safe text and is only escaped. What may come from the
 * configuration, a topic for example, is made safe once more. Pure.
 */
#include <string.h>

#include "base/json_write.h"
#include "base/str.h"
#include "base/units.h"
#include "base/utf8.h"
#include "chat/command.h"
#include "chat/msg.h"
#include "dialect_json_private.h"
#include "proto/dialect.h"
#include "sockd_build.h"

#define ARRIVED_MAX 980 /* bytes of the object that a joiner gets */

typedef void render_fn(const struct chat_msg *msg, struct strbuf *out);

struct row {
	render_fn *render; /* NULL: an error */
	const char *code;
	const char *words;
	const char *other; /* instead, if there is a nick2 */
};

static render_fn put_said, put_action, put_private, put_joined, put_left,
	put_renamed, put_topic_set, put_proclaimed, put_welcome, put_motd,
	put_arrived, put_topic, put_replay, put_rooms, put_help, put_pong,
	put_version, put_ok, put_slow_down, put_not_sent, put_left_first;

/* What nobody needs to be told, or not by itself. */
static void put_nothing(const struct chat_msg *msg, struct strbuf *out)
{
}

/* clang-format off */
static const struct row table[CHAT_TYPE_N] = {
	[CHAT_SAID] = {put_said},
	[CHAT_ACTION] = {put_action},
	[CHAT_PRIVATE] = {put_private},
	[CHAT_PRIVATE_COPY] = {put_nothing},
	[CHAT_JOINED] = {put_joined},
	[CHAT_LEFT] = {put_left},
	[CHAT_RENAMED] = {put_renamed},
	[CHAT_TOPIC_SET] = {put_topic_set},
	[CHAT_PROCLAIMED] = {put_proclaimed},
	[CHAT_WELCOME] = {put_welcome},
	[CHAT_MOTD] = {put_motd},
	[CHAT_YOU_JOINED] = {put_joined},
	[CHAT_ARRIVED] = {put_arrived},
	[CHAT_YOU_TOPIC] = {put_topic},
	[CHAT_REPLAY] = {put_replay},
	[CHAT_YOU_RENAMED] = {put_nothing},
	[CHAT_WELCOME_BACK] = {dialect_json_welcome_back},
	[CHAT_WHO] = {dialect_json_who},
	[CHAT_WHO_ITEM] = {put_nothing},
	[CHAT_WHOIS] = {dialect_json_whois},
	[CHAT_AWAY_NOTE] = {dialect_json_away},
	[CHAT_YOU_AWAY] = {put_nothing},
	[CHAT_YOU_BACK] = {put_nothing},
	[CHAT_IGNORING] = {dialect_json_ignoring},
	[CHAT_IGNORED] = {put_nothing},
	[CHAT_UNIGNORED] = {put_nothing},
	[CHAT_TIME_SET] = {put_nothing},
	[CHAT_BELL_SET] = {put_nothing},
	[CHAT_QUIET_SET] = {put_nothing},
	[CHAT_ROOMS] = {put_rooms},
	[CHAT_ROOM_ITEM] = {put_nothing},
	[CHAT_HELP] = {put_help},
	[CHAT_SAID_WORD] = {put_nothing},
	[CHAT_PONG] = {put_pong},
	[CHAT_VERSION] = {put_version},
	[CHAT_BYE] = {put_nothing}, /* the goodbye says it */
	[CHAT_OK] = {put_ok},
	[CHAT_RESUMED] = {put_nothing},
	[CHAT_SLOW_DOWN] = {put_slow_down},
	[CHAT_NOT_SENT] = {put_not_sent},
	[CHAT_LEFT_FIRST] = {put_left_first},
	[CHAT_LOGGED_IN] = {dialect_json_logged_in},
	[CHAT_GAVE_WAY] = {put_renamed},
	[CHAT_KICKED] = {put_nothing},
	[CHAT_BANNED] = {put_nothing},
	[CHAT_OPERATED] = {put_nothing},
	[CHAT_YOU_KICKED] = {put_nothing},
	[CHAT_YOU_MUTED] = {put_nothing},
	[CHAT_YOU_UNMUTED] = {put_nothing},
	[CHAT_MUTED] = {dialect_json_muted},
	[CHAT_UNMUTED] = {dialect_json_unmuted},
	[CHAT_YOU_LOCKED] = {put_nothing},
	[CHAT_LOCKED] = {dialect_json_locked},
	[CHAT_YOU_BANNED] = {dialect_json_banned},
	[CHAT_YOU_UNBANNED] = {put_nothing},
	[CHAT_BANS] = {dialect_json_bans},
	[CHAT_BAN_ITEM] = {put_nothing},

	[CHAT_E_UNKNOWN_COMMAND] = {NULL, "unknown_type",
		"there is no type \"%t\"", "there is no type \"%t\"; did you mean \"%N\"?"},
	[CHAT_E_AMBIGUOUS_COMMAND] = {NULL, "unknown_type", "there is no type \"%t\""},
	[CHAT_E_MISSING_ARGUMENT] = {NULL, "bad_field", "\"%t\" takes %N"},
	[CHAT_E_LINE_TOO_LONG] = {NULL, "too_long",
		"that object has %c bytes, %l are allowed; it was not read"},
	[CHAT_E_TEXT_TOO_LONG] = {NULL, "too_long",
		"that message has %c bytes, %l are allowed; it was not sent"},
	[CHAT_E_TOPIC_TOO_LONG] = {NULL, "too_long",
		"that topic has %c characters, %l are allowed; it was not set"},
	[CHAT_E_NICK_INVALID] = {NULL, "name_invalid",
		"\"%t\" cannot be a name: use 1 to 24 of a-z 0-9 -_[]{}|^, no digit or dash first"},
	[CHAT_E_NICK_TAKEN] = {NULL, "name_taken", "somebody is called \"%t\" already"},
	[CHAT_E_NICK_LOOKS_LIKE] = {NULL, "name_taken", "\"%t\" looks like %N, who is here"},
	[CHAT_E_NICK_RESERVED] = {NULL, "name_invalid",
		"names with guest- are given by the server",
		"\"%t\" is kept for the service %N"},
	[CHAT_E_ROOM_INVALID] = {NULL, "room_invalid",
		"\"%t\" cannot be a room: 1 to 32 letters, digits or -_."},
	[CHAT_E_NO_SUCH_ROOM] = {NULL, "no_such_name",
		"there is no room %t", "there is no room %t; did you mean %N?"},
	[CHAT_E_NO_SUCH_NICK] = {NULL, "no_such_name",
		"nobody is called \"%t\"", "nobody is called \"%t\"; did you mean %N?"},
	[CHAT_E_NO_REPLY] = {NULL, "no_such_name", "nobody has written to you alone yet"},
	[CHAT_E_REPLY_OTHER] = {NULL, "no_such_name",
		"the %t who wrote to you has gone, this is somebody else"},
	[CHAT_E_NOT_IN_ROOM] = {NULL, "not_in_room", "you are not in that room; join it first"},
	[CHAT_E_TOO_MANY_ROOMS] = {NULL, "busy", "there are %l rooms, no more can be made"},
	[CHAT_E_ROOM_LOCKED] = {NULL, "not_allowed", "%r is locked: only operators may join"},
	[CHAT_E_NOT_A_NUMBER] = {NULL, "bad_field", "\"%t\" is not a number of messages"},
	[CHAT_E_INVALID_INPUT] = {NULL, "invalid_json", "Invalid JSON"},
	[CHAT_E_BAD_FIELD] = {NULL, "bad_field", "\"%t\" %N", "\"%t\" %N"},
	[CHAT_E_ROOM_AND_NICK] = {NULL, "room_and_username_required",
		"Room and username required"},
	[CHAT_E_WHICH_ROOM] = {NULL, "bad_field",
		"you are in several rooms; \"room\" must say which is meant"},
	[CHAT_E_TOO_MANY_SEATS] = {NULL, "not_allowed",
		"you are in %l rooms, no more are allowed"},
	[CHAT_E_NOT_ON_OFF] = {NULL, "bad_field", "\"%t\" is neither on nor off"},
	[CHAT_E_AWAY_TOO_LONG] = {NULL, "too_long",
		"that text has %c characters, %l are allowed; it was not set"},
	[CHAT_E_IGNORE_SELF] = {NULL, "bad_field", "that is you"},
	[CHAT_E_IGNORE_FULL] = {NULL, "not_allowed", "you ignore %l people, which is the most"},
	[CHAT_E_NO_RESUME] = {NULL, "not_allowed", "nothing can be resumed here"},
	[CHAT_E_CODE_UNKNOWN] = {NULL, "no_such_name", "there is no such code"},
	[CHAT_E_CODE_YOURS] = {NULL, "not_allowed", "that is the code of this connection"},
	[CHAT_E_CODE_TRIES] = {NULL, "not_allowed",
		"%l wrong codes are the most that one connection may try"},
	[CHAT_E_CODE_BUSY] = {NULL, "too_fast",
		"too many wrong codes were tried just now; try again in a moment"},
	[CHAT_E_TOO_FAST] = {NULL, "too_fast", "too many requests too fast; this was not done"},
	[CHAT_E_LEFT_FIRST] = {NULL, "too_fast", "you left first; this was not done"},
	[CHAT_E_NOT_OPERATOR] = {NULL, "not_allowed", "\"%t\" is for operators"},
	[CHAT_E_MUTED] = {NULL, "not_allowed", "you are muted%L: that was not sent"},
	[CHAT_E_NOT_DURATION] = {NULL, "bad_field",
		"\"%t\" is not a duration; write 30s, 10m, 2h or 7d, ten years at most"},
	[CHAT_E_NICK_BANNED] = {NULL, "not_allowed",
		"the name \"%t\" is banned", "the name \"%t\" is banned"},
	[CHAT_E_BAN_INVALID] = {NULL, "bad_field", "",
		"this cannot be banned: %w"},
	[CHAT_E_BAN_GUEST] = {NULL, "bad_field",
		"names with guest- are given by the server",
		"names with guest- are given by the server; the address is %N"},
	[CHAT_E_BAN_EXEMPT] = {NULL, "not_allowed", "",
		"%t cannot be banned: %N is exempt by the configuration"},
	[CHAT_E_BAN_SELF] = {NULL, "not_allowed", "%t cannot be banned: that is you"},
	[CHAT_E_BANS_FULL] = {NULL, "busy", "there are %l bans, no more can be made"},
	[CHAT_E_NOT_BANNED] = {NULL, "no_such_name",
		"%t is not banned", "%t is not banned by itself, but %N is"},
	[CHAT_E_NO_ACCOUNTS] = {NULL, "not_allowed", "this server has no accounts"},
	[CHAT_E_NICK_ACCOUNT] = {NULL, "name_taken", "\"%t\" is kept for the account %N",
		"\"%t\" is kept for the account %N"},
	[CHAT_E_LOGIN_FIRST] = {NULL, "not_allowed", "log in first"},
	[CHAT_E_LOGIN_PLAIN] = {NULL, "not_allowed", "nothing hides a password on its way here"},
	[CHAT_E_LOGIN_WRONG] = {NULL, "not_allowed",
		"that name and that password do not belong together"},
	[CHAT_E_LOGIN_TRIES] = {NULL, "not_allowed",
		"%l wrong passwords are the most that one connection may try"},
	[CHAT_E_LOGIN_FAST] = {NULL, "too_fast",
		"too many wrong passwords came from your address; try again in a minute"},
	[CHAT_E_LOGIN_BUSY] = {NULL, "busy", "too many log in at once; try again in a moment"},
	[CHAT_E_LOGGED_IN] = {NULL, "not_allowed", "you are logged in as %t already"},
	[CHAT_E_NO_MEMORY] = {NULL, "busy",
		"the server is short of memory; try again in a moment"},
};
/* clang-format on */

/* Facts. */

static void end(struct strbuf *out)
{
	strbuf_addc(out, '}');
}

static void put_talk(
	const struct chat_msg *msg, const char *type, struct strbuf *out)
{
	json_write_begin(out, type);
	json_write_string(out, "username", msg->nick);
	if (msg->room[0])
		json_write_string(out, "room", msg->room);
	json_write_text(out, "message", msg->text, msg->text_len);
	if (msg->id)
		json_write_number(out, "id", msg->id);
	json_write_time(out, "time", msg->wall_ms);
	end(out);
}

static void put_said(const struct chat_msg *msg, struct strbuf *out)
{
	put_talk(msg, "chat", out);
}

static void put_action(const struct chat_msg *msg, struct strbuf *out)
{
	put_talk(msg, "me", out);
}

static void put_private(const struct chat_msg *msg, struct strbuf *out)
{
	put_talk(msg, "msg", out);
}

/* What happened to somebody; the caller goes on, says it in words, and ends. */
static void begin_notification(
	const struct chat_msg *msg, const char *event, struct strbuf *out)
{
	json_write_begin(out, "notification");
	json_write_string(out, "event", event);
	json_write_string(out, "username", msg->nick);
	if (msg->room[0])
		json_write_string(out, "room", msg->room);
}

/* ,"message":"NICK did TO" */
static void put_deed(const struct chat_msg *msg, const char *did,
	const char *to, struct strbuf *out)
{
	json_write_key(out, "message");
	strbuf_addc(out, '"');
	json_write_escaped(out, msg->nick, strlen(msg->nick));
	strbuf_adds(out, did);
	json_write_escaped(out, to, strlen(to));
	strbuf_addc(out, '"');
}

static void put_joined(const struct chat_msg *msg, struct strbuf *out)
{
	begin_notification(msg, "join", out);
	put_deed(msg, " joined ", msg->room, out);
	end(out);
}

static void put_left(const struct chat_msg *msg, struct strbuf *out)
{
	begin_notification(msg, "leave", out);
	put_deed(msg, " left ", msg->room, out);
	if (msg->text[0])
		json_write_string(out, "reason", msg->text);
	end(out);
}

static void put_renamed(const struct chat_msg *msg, struct strbuf *out)
{
	begin_notification(msg, "nick", out);
	json_write_string(out, "new_username", msg->nick2);
	put_deed(msg, " is now ", msg->nick2, out);
	end(out);
}

static void put_topic_set(const struct chat_msg *msg, struct strbuf *out)
{
	begin_notification(msg, "topic", out);
	json_write_foreign(out, "topic", msg->text);
	json_write_key(out, "message");
	strbuf_addc(out, '"');
	json_write_escaped(out, msg->nick, strlen(msg->nick));
	strbuf_adds(out, " set the topic\"");
	end(out);
}

static void put_proclaimed(const struct chat_msg *msg, struct strbuf *out)
{
	json_write_begin(out, "notification");
	json_write_string(out, "event", "announcement");
	json_write_string(out, "room", msg->room);
	json_write_foreign(out, "message", msg->text);
	end(out);
}

static void put_welcome(const struct chat_msg *msg, struct strbuf *out)
{
	struct strbuf words = {0};

	strbuf_addf(&words, "welcome to %s", msg->text);
	json_write_begin(out, "welcome");
	if (words.failed)
		out->failed = true;
	else
		json_write_foreign(out, "message", words.data);
	json_write_string(out, "username", msg->nick);
	end(out);
	strbuf_fini(&words);
}

/* Its lines are lines. */
static void put_motd(const struct chat_msg *msg, struct strbuf *out)
{
	struct strbuf safe = {0};
	const char *line = msg->text;
	size_t len;

	strbuf_adds(&safe, "");
	while (*line) {
		len = strcspn(line, "\n");
		utf8_make_safe(&safe, line, len);
		line += len;
		if (*line)
			strbuf_addc(&safe, *line++);
	}
	json_write_begin(out, "motd");
	if (safe.failed)
		out->failed = true;
	else
		json_write_text(out, "message", safe.data, safe.len);
	end(out);
	strbuf_fini(&safe);
}

/* As much of a topic as fits, in whole characters. */
static void put_topic_within(const char *topic, size_t room, struct strbuf *out)
{
	struct strbuf safe = {0}, escaped = {0};
	size_t len = 0, next;

	strbuf_adds(&safe, "");
	utf8_make_safe(&safe, topic, strlen(topic));
	while (!safe.failed && len < safe.len) {
		next = len + utf8_first(safe.data + len, 1);
		strbuf_clear(&escaped);
		json_write_escaped(&escaped, safe.data + len, next - len);
		if (escaped.len > room)
			break;
		room -= escaped.len;
		len = next;
	}
	if (safe.failed || escaped.failed)
		out->failed = true;
	else
		json_write_text(out, "topic", safe.data, len);
	strbuf_fini(&safe);
	strbuf_fini(&escaped);
}

/* All that a joiner needs, in less than what a simple client reads at once:
 * the topic takes what is left. */
static void put_arrived(const struct chat_msg *msg, struct strbuf *out)
{
	static const char frame[] = ",\"topic\":\"\"";
	size_t start = out->len, len;

	begin_notification(msg, "join", out);
	put_deed(msg, " joined ", msg->room, out);
	json_write_number(out, "members", msg->n);
	json_write_number(out, "last_id", msg->id);
	if (msg->nick2[0])
		json_write_string(out, "resume", msg->nick2);
	len = out->len - start + sizeof(frame);
	put_topic_within(
		msg->text, len < ARRIVED_MAX ? ARRIVED_MAX - len : 0, out);
	end(out);
}

static void put_topic(const struct chat_msg *msg, struct strbuf *out)
{
	json_write_begin(out, "topic");
	json_write_string(out, "room", msg->room);
	json_write_foreign(out, "topic", msg->text);
	end(out);
}

static void put_replay(const struct chat_msg *msg, struct strbuf *out)
{
	json_write_begin(out, "history");
	json_write_string(out, "room", msg->room);
	json_write_key(out, "messages");
	for (size_t i = 0; i < msg->n_items; i++) {
		strbuf_addc(out, i == 0 ? '[' : ',');
		table[msg->items[i]->type].render(msg->items[i], out);
	}
	strbuf_adds(out, msg->n_items > 0 ? "]" : "[]");
	json_write_number(out, "lost", msg->n);
	end(out);
}

static void put_rooms(const struct chat_msg *msg, struct strbuf *out)
{
	json_write_begin(out, "rooms");
	json_write_key(out, "rooms");
	for (size_t i = 0; i < msg->n_items; i++) {
		const struct chat_msg *item = msg->items[i];

		strbuf_adds(out, i == 0 ? "[{\"room\":" : ",{\"room\":");
		json_write_quoted(out, item->room, strlen(item->room));
		json_write_number(out, "members", item->n);
		json_write_foreign(out, "topic", item->text);
		end(out);
	}
	strbuf_adds(out, msg->n_items > 0 ? "]" : "[]");
	json_write_number(out, "total", msg->n);
	end(out);
}

static void put_command(const struct chat_verb_info *info, struct strbuf *out)
{
	struct json_fields fields;
	const char *more;
	size_t len;

	dialect_json_fields(info, &fields);
	more = fields.more;
	json_write_begin(out, dialect_json_type(info));
	json_write_key(out, "fields");
	for (size_t i = 0; i < fields.n; i++) {
		strbuf_addc(out, i == 0 ? '[' : ',');
		json_write_quoted(
			out, fields.names[i], strlen(fields.names[i]));
	}
	for (; *more; more += len + strspn(more + len, " ")) {
		len = strcspn(more, " ");
		strbuf_addc(out, ',');
		json_write_quoted(out, more, len);
	}
	strbuf_adds(out, fields.n > 0 ? "]" : "[]");
	end(out);
}

static void put_help(const struct chat_msg *msg, struct strbuf *out)
{
	const struct chat_verb *verb, *others[2];
	const char *between = "[";

	json_write_begin(out, "help");
	json_write_key(out, "commands");
	verb = msg->text[0] ? chat_verb_find(msg->text, others) : NULL;
	if (verb) {
		strbuf_adds(out, between);
		put_command(chat_verb_info(verb), out);
		strbuf_adds(out, "]");
		end(out);
		return;
	}
	for (size_t i = 0; (verb = chat_verb_at(i)) != NULL; i++) {
		if (chat_verb_info(verb)->is_for_operators &&
			!(msg->flags & CHAT_OPERATOR))
			continue;
		strbuf_adds(out, between);
		put_command(chat_verb_info(verb), out);
		between = ",";
	}
	strbuf_adds(out, "]");
	end(out);
}

static void put_pong(const struct chat_msg *msg, struct strbuf *out)
{
	json_write_begin(out, "pong");
	end(out);
}

static void put_version(const struct chat_msg *msg, struct strbuf *out)
{
	json_write_begin(out, "version");
	json_write_string(out, "message", "sockd " SOCKD_VERSION);
	end(out);
}

static void put_ref(const struct chat_msg *msg, struct strbuf *out)
{
	if (!msg->ref[0])
		return;
	json_write_key(out, "ref");
	strbuf_adds(out, msg->ref);
}

static void put_ok(const struct chat_msg *msg, struct strbuf *out)
{
	json_write_begin(out, "ok");
	put_ref(msg, out);
	if (msg->id)
		json_write_number(out, "id", msg->id);
	end(out);
}

void dialect_refusal_words(const struct chat_msg *msg, struct strbuf *out)
{
	const struct row *row = &table[msg->type];

	dialect_json_sentence(
		row->other && msg->nick2[0] ? row->other : row->words, msg,
		out);
}

static void put_slow_down(const struct chat_msg *msg, struct strbuf *out)
{
	json_write_begin(out, "notification");
	json_write_string(out, "event", "slow_down");
	dialect_json_message(msg->n == 1
			? "slow down: %c request %t; yours are waiting"
			: "slow down: %c requests %t; yours are waiting",
		msg, out);
	end(out);
}

static void put_undone(
	const struct chat_msg *msg, const char *words, struct strbuf *out)
{
	json_write_begin(out, "notification");
	json_write_string(out, "event", "too_fast");
	json_write_number(out, "count", msg->n);
	dialect_json_message(words, msg, out);
	end(out);
}

static void put_not_sent(const struct chat_msg *msg, struct strbuf *out)
{
	put_undone(msg,
		msg->n == 1 ? "%c of your requests was not done: %l at "
			      "once, then %t"
			    : "%c of your requests were not done: %l at "
			      "once, then %t",
		out);
}

static void put_left_first(const struct chat_msg *msg, struct strbuf *out)
{
	put_undone(msg,
		msg->n == 1 ? "%c of your requests was not done: you left first"
			    : "%c of your requests were not done: you left "
			      "first",
		out);
}

static void put_error(
	const struct row *row, const struct chat_msg *msg, struct strbuf *out)
{
	json_write_begin(out, "error");
	json_write_string(out, "code", row->code);
	dialect_json_message(
		row->other && msg->nick2[0] ? row->other : row->words, msg,
		out);
	put_ref(msg, out);
	end(out);
}

void dialect_json_render(
	const struct chat_msg *msg, unsigned view, struct strbuf *out)
{
	const struct row *row = &table[msg->type];
	size_t start = out->len;

	if (dialect_is_hidden(msg, view))
		return;
	if (row->render)
		row->render(msg, out);
	else
		put_error(row, msg, out);
	if (out->len > start)
		strbuf_addc(out, '\n');
}
