/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The words of the text dialect: the one table from what chat tells to what a
 * person reads.
 *
 * A row is a sentence, or a function where a sentence will not do. In
 * sentences %n and %N stand for nick and nick2, %r for the room, %t for the
 * text, %c and %l for the numbers n and limit, %d for a limit of time, %m for
 * the time n, %L for the time limit, rounded, %w for words of ours in nick2,
 * %h for how many are here; a newline starts another line. Rows from
 * CHAT_E_FIRST on are told as errors, and what they quote is cut, since it may
 * be anything.
 *
 * What people say is put together from pieces without any formatting: it is
 * rendered once for each batch and rendering, in the path of the fan-out.
 * Everything else is rare, and what it quotes is made safe once more, because
 * some of it comes from the configuration and not from a parser. Pure.
 */
#include <string.h>
#include <strings.h>
#include <time.h>

#include "base/str.h"
#include "base/units.h"
#include "base/utf8.h"
#include "chat/msg.h"
#include "dialect_text_private.h"
#include "proto/dialect.h"
#include "sockd_build.h"

#define QUOTE_MAX 40 /* characters of what an error quotes */
#define LINES_MAX 40 /* of one message that are shown */

typedef void render_fn(
	const struct chat_msg *msg, unsigned view, struct strbuf *out);

struct words {
	const char *plain;
	const char *other; /* instead, if `when` */
	bool (*when)(const struct chat_msg *msg);
	render_fn *render; /* NULL: the sentences */
};

static render_fn render_said, render_action, render_private, render_copy,
	render_nothing;

static bool has_text(const struct chat_msg *msg)
{
	return msg->text[0] != '\0';
}

static bool has_nick2(const struct chat_msg *msg)
{
	return msg->nick2[0] != '\0';
}

static bool has_no_room(const struct chat_msg *msg)
{
	return msg->room[0] == '\0';
}

static bool is_operator(const struct chat_msg *msg)
{
	return msg->flags & CHAT_OPERATOR;
}

static bool is_off(const struct chat_msg *msg)
{
	return msg->n == 0;
}

static bool is_one(const struct chat_msg *msg)
{
	return msg->n == 1;
}

static bool has_limit(const struct chat_msg *msg)
{
	return msg->limit != 0;
}

static bool asks_for_help(const struct chat_msg *msg)
{
	return msg->text[0] == '?' || strncasecmp(msg->text, "help", 4) == 0;
}

#define USAGE_LINE                                \
	"type a line and press Enter to say it. " \
	"/nick NAME renames you, /help lists the commands"

#define LOGIN_LINE                                \
	"log in to go on: /login NAME PASSWORD. " \
	"/help explains a command, /quit leaves"

/* clang-format off */
static const struct words table[CHAT_TYPE_N] = {
	[CHAT_SAID] = {.render = render_said},
	[CHAT_ACTION] = {.render = render_action},
	[CHAT_PRIVATE] = {.render = render_private},
	[CHAT_PRIVATE_COPY] = {.render = render_copy},
	[CHAT_JOINED] = {"%n joined #%r"},
	[CHAT_LEFT] = {"%n left #%r", "%n left #%r: %t", has_text},
	[CHAT_RENAMED] = {"%n is now %N"},
	[CHAT_TOPIC_SET] = {"%n set the topic: %t"},
	[CHAT_PROCLAIMED] = {"announcement: %t"},
	[CHAT_WELCOME] = {
		"welcome to %t. You are %n in #%r (%h)\n" USAGE_LINE,
		"welcome to %t. You are %n\n" LOGIN_LINE, has_no_room},
	[CHAT_MOTD] = {.render = dialect_text_motd},
	[CHAT_YOU_JOINED] = {"you are in #%r (%h)"},
	[CHAT_ARRIVED] = {"you are in #%r (%h)"},
	[CHAT_YOU_TOPIC] = {
		"#%r has no topic; /topic TEXT sets one",
		"topic: %t", has_text},
	[CHAT_REPLAY] = {.render = dialect_text_replay},
	[CHAT_YOU_RENAMED] = {
		"you are now %n",
		"you are now %n. If you are cut off: /resume %t", has_text},
	[CHAT_WELCOME_BACK] = {.render = dialect_text_welcome_back},
	[CHAT_WHO] = {.render = dialect_text_who},
	[CHAT_WHO_ITEM] = {.render = render_nothing},
	[CHAT_WHOIS] = {.render = dialect_text_whois},
	[CHAT_AWAY_NOTE] = {"%n is away", "%n is away: %t", has_text},
	[CHAT_YOU_AWAY] = {
		"you are away until /back",
		"you are away until /back: %t", has_text},
	[CHAT_YOU_BACK] = {"you are back"},
	[CHAT_IGNORING] = {.render = dialect_text_ignoring},
	[CHAT_IGNORED] = {"you ignore %n from now on; /ignore %n ends it"},
	[CHAT_UNIGNORED] = {"you no longer ignore %n"},
	[CHAT_TIME_SET] = {
		"messages come with the time; /time off ends it",
		"messages come without the time", is_off},
	[CHAT_BELL_SET] = {
		"private messages and your name ring the bell; /bell off ends it",
		"nothing rings the bell", is_off},
	[CHAT_QUIET_SET] = {
		"who comes, goes or is renamed is not shown; /quiet off ends it",
		"who comes, goes or is renamed is shown", is_off},
	[CHAT_ROOMS] = {.render = dialect_text_rooms},
	[CHAT_ROOM_ITEM] = {.render = render_nothing},
	[CHAT_HELP] = {.render = dialect_text_help},
	[CHAT_SAID_WORD] = {
		"you said \"%t\" to #%r; /quit leaves",
		"you said \"%t\" to #%r; /help lists the commands",
		asks_for_help},
	[CHAT_PONG] = {"pong"},
	[CHAT_VERSION] = {"sockd " SOCKD_VERSION},
	[CHAT_BYE] = {.render = render_nothing}, /* the goodbye says it */
	[CHAT_RESUMED] = {.render = render_nothing},
	[CHAT_LOGGED_IN] = {
		"you are logged in as %n",
		"you are logged in as %n, an operator", is_operator},
	[CHAT_GAVE_WAY] = {
		"%t has logged in, whose name that is; you are now %N"},
	[CHAT_KICKED] = {.render = render_nothing}, /* so does that */
	[CHAT_BANNED] = {.render = render_nothing},
	[CHAT_OPERATED] = {.render = render_nothing}, /* for the log */
	[CHAT_YOU_KICKED] = {"%n is disconnected"},
	[CHAT_YOU_MUTED] = {
		"%n may say nothing for %m; /mute %n 0 ends it",
		"%n may say nothing from now on; /mute %n 0 ends it", is_off},
	[CHAT_YOU_UNMUTED] = {"%n may speak again"},
	[CHAT_MUTED] = {
		"%n has muted you: for %m nothing that you say is sent",
		"%n has muted you: nothing that you say is sent", is_off},
	[CHAT_UNMUTED] = {"%n has unmuted you: you may speak again"},
	[CHAT_YOU_LOCKED] = {
		"#%r is locked: only operators may join; /lock %r off ends it",
		"#%r is open to everybody", is_off},
	[CHAT_LOCKED] = {
		"%n locked #%r: only operators may join",
		"%n opened #%r to everybody", is_off},
	[CHAT_YOU_BANNED] = {.render = dialect_text_banned},
	[CHAT_YOU_UNBANNED] = {"%t is no longer banned"},
	[CHAT_BANS] = {.render = dialect_text_bans},
	[CHAT_BAN_ITEM] = {.render = render_nothing},
	[CHAT_OK] = {"done"},
	[CHAT_SLOW_DOWN] = {
		"slow down: %c lines %t; yours are waiting",
		"slow down: %c line %t; yours are waiting", is_one},
	[CHAT_NOT_SENT] = {
		"%c of your lines were not sent: %l at once, then %t",
		"%c of your lines was not sent: %l at once, then %t", is_one},
	[CHAT_LEFT_FIRST] = {
		"%c of your lines were not sent: you left first",
		"%c of your lines was not sent: you left first", is_one},

	[CHAT_E_UNKNOWN_COMMAND] = {
		"there is no command /%t; /help lists them, //%t says it",
		"there is no command /%t; did you mean /%N?", has_nick2},
	[CHAT_E_AMBIGUOUS_COMMAND] = {"/%t may be %N; write more of it"},
	[CHAT_E_MISSING_ARGUMENT] = {"write it so: /%t %N"},
	[CHAT_E_LINE_TOO_LONG] = {"that line has %c bytes, %l are allowed; it was not sent"},
	[CHAT_E_TEXT_TOO_LONG] = {"that message has %c bytes, %l are allowed; it was not sent"},
	[CHAT_E_TOPIC_TOO_LONG] = {"that topic has %c characters, %l are allowed; it was not set"},
	[CHAT_E_NICK_INVALID] = {
		"\"%t\" cannot be a name: use 1 to 24 of a-z 0-9 -_[]{}|^, no digit or dash first"},
	[CHAT_E_NICK_TAKEN] = {"somebody is called \"%t\" already; choose another name"},
	[CHAT_E_NICK_LOOKS_LIKE] = {"\"%t\" looks like %N, who is here; choose another name"},
	[CHAT_E_NICK_RESERVED] = {
		"names with guest- are given by the server; choose another name",
		"\"%t\" is kept for the service %N; choose another name", has_nick2},
	[CHAT_E_ROOM_INVALID] = {"\"%t\" cannot be a room: 1 to 32 letters, digits or -_."},
	[CHAT_E_NO_SUCH_ROOM] = {
		"there is no room #%t; /rooms lists them",
		"there is no room #%t; did you mean #%N?", has_nick2},
	[CHAT_E_NO_SUCH_NICK] = {
		"nobody here is called \"%t\"; /who lists who is here",
		"nobody here is called \"%t\"; did you mean %N?", has_nick2},
	[CHAT_E_NO_REPLY] = {"nobody has written to you alone yet; /msg NICK TEXT begins"},
	[CHAT_E_NOT_IN_ROOM] = {
		"you are in no room; /join ROOM goes to one",
		"you are not in #%t; /join ROOM goes to one", has_text},
	[CHAT_E_TOO_MANY_ROOMS] = {"there are %l rooms, no more can be made; /rooms lists them"},
	[CHAT_E_ROOM_LOCKED] = {"#%r is locked: only operators may join"},
	[CHAT_E_NOT_A_NUMBER] = {"\"%t\" is not a number of lines; write 1 or more"},
	[CHAT_E_INVALID_INPUT] = {"that could not be read"},
	[CHAT_E_BAD_FIELD] = {"%t: %N"},
	[CHAT_E_ROOM_AND_NICK] = {"a room and a name are needed"},
	[CHAT_E_WHICH_ROOM] = {"you are in several rooms; say which"},
	[CHAT_E_TOO_MANY_SEATS] = {"you are in %l rooms, no more are allowed"},
	[CHAT_E_NOT_ON_OFF] = {"\"%t\" is neither on nor off; write /%N on or /%N off"},
	[CHAT_E_AWAY_TOO_LONG] = {"that text has %c characters, %l are allowed; it was not set"},
	[CHAT_E_IGNORE_SELF] = {"that is you"},
	[CHAT_E_IGNORE_FULL] = {"you ignore %l people, which is the most; /ignore lists them"},
	[CHAT_E_REPLY_OTHER] = {
		"the %t who wrote to you has gone, this is somebody else; /msg %t TEXT writes to them"},
	[CHAT_E_NO_RESUME] = {"nothing can be resumed here"},
	[CHAT_E_CODE_UNKNOWN] = {
		"there is no such code: each is good once, and for %d after one was cut off"},
	[CHAT_E_CODE_YOURS] = {"that is the code of this connection, for when you are cut off"},
	[CHAT_E_CODE_TRIES] = {"%l wrong codes are the most that one connection may try"},
	[CHAT_E_CODE_BUSY] = {"too many wrong codes were tried just now; try again in a moment"},
	[CHAT_E_TOO_FAST] = {"too many lines too fast; that one was not sent"},
	[CHAT_E_LEFT_FIRST] = {"you left first; that line was not sent"},
	[CHAT_E_NOT_OPERATOR] = {"/%t is for operators"},
	[CHAT_E_MUTED] = {
		"you are muted: that was not sent",
		"you are muted for %L: that was not sent", has_limit},
	[CHAT_E_NOT_DURATION] = {
		"\"%t\" is not a duration; write 30s, 10m, 2h or 7d, ten years at most"},
	[CHAT_E_NICK_BANNED] = {"the name \"%t\" is banned; choose another name"},
	[CHAT_E_BAN_INVALID] = {"this cannot be banned: %w"},
	[CHAT_E_BAN_GUEST] = {
		"names with guest- are given by the server; /kick %t disconnects",
		"names with guest- are given by the server; /ban %N bans the address", has_nick2},
	[CHAT_E_BAN_EXEMPT] = {
		"%t cannot be banned: %N is exempt by the configuration"},
	[CHAT_E_BAN_SELF] = {"%t cannot be banned: that is you"},
	[CHAT_E_BANS_FULL] = {"there are %l bans, no more can be made; /bans lists them"},
	[CHAT_E_NOT_BANNED] = {
		"%t is not banned; /bans lists who is",
		"%t is not banned by itself, but %N is", has_nick2},
	[CHAT_E_NO_ACCOUNTS] = {"this server has no accounts; /nick NAME takes a name"},
	[CHAT_E_NICK_ACCOUNT] = {
		"\"%t\" is kept for the account %N; if that is you: /login %N PASSWORD"},
	[CHAT_E_LOGIN_FIRST] = {"log in first: /login NAME PASSWORD"},
	[CHAT_E_LOGIN_PLAIN] = {
		"nothing hides a password on its way here; log in where sockd runs, by a unix socket"},
	[CHAT_E_LOGIN_WRONG] = {"that name and that password do not belong together"},
	[CHAT_E_LOGIN_TRIES] = {"%l wrong passwords are the most that one connection may try"},
	[CHAT_E_LOGIN_FAST] = {
		"too many wrong passwords came from your address; try again in a minute"},
	[CHAT_E_LOGIN_BUSY] = {"too many log in at once; try again in a moment"},
	[CHAT_E_LOGGED_IN] = {"you are logged in as %t already; /quit, and come again as another"},
	[CHAT_E_NO_MEMORY] = {"the server is short of memory; try again in a moment"},
};
/* clang-format on */

void dialect_text_end(unsigned view, struct strbuf *out)
{
	strbuf_adds(out, view & DIALECT_CRLF ? "\r\n" : "\n");
}

void dialect_text_count(uint64_t n, struct strbuf *out)
{
	char count[STR_COUNT_LEN];

	strbuf_adds(out, str_count(count, n));
}

static void put_here(const struct chat_msg *msg, struct strbuf *out)
{
	if (msg->n == 1) {
		strbuf_adds(out, "only you");
		return;
	}
	dialect_text_count(msg->n, out);
	strbuf_adds(out, " here");
	if (msg->flags & CHAT_QUIET)
		strbuf_adds(out, "; joins and leaves are not shown");
}

/* What `letter` stands for in a sentence about msg. */
static void put_field(
	char letter, const struct chat_msg *msg, struct strbuf *out)
{
	size_t max = msg->type >= CHAT_E_FIRST ? QUOTE_MAX : SIZE_MAX;
	char time[UNITS_LEN];

	switch (letter) {
	case 'n':
		utf8_make_safe_cut(out, msg->nick, max);
		break;
	case 'N':
		utf8_make_safe_cut(out, msg->nick2, max);
		break;
	case 'r':
		utf8_make_safe_cut(out, msg->room, max);
		break;
	case 't':
		utf8_make_safe_cut(out, msg->text, max);
		break;
	case 'c':
		dialect_text_count(msg->n, out);
		break;
	case 'l':
		dialect_text_count(msg->limit, out);
		break;
	case 'd':
		strbuf_adds(out, duration_format(time, msg->limit));
		break;
	case 'm':
		strbuf_adds(out, duration_format(time, msg->n));
		break;
	case 'L':
		strbuf_adds(out, duration_words(time, msg->limit));
		break;
	case 'w':
		utf8_make_safe(out, msg->nick2, strlen(msg->nick2));
		break;
	case 'h':
		put_here(msg, out);
		break;
	default:
		break;
	}
}

static void put_sentence(const char *words, const struct chat_msg *msg,
	unsigned view, struct strbuf *out)
{
	const char *mark = msg->type >= CHAT_E_FIRST ? TEXT_MARK "error: "
						     : TEXT_MARK;
	size_t run;

	strbuf_adds(out, mark);
	while (*words) {
		run = strcspn(words, "%\n");
		strbuf_add(out, words, run);
		words += run;
		if (*words == '%') {
			put_field(words[1], msg, out);
			words += 2;
		} else if (*words == '\n') {
			dialect_text_end(view, out);
			strbuf_adds(out, mark);
			words++;
		}
	}
	dialect_text_end(view, out);
}

/* Appends the pieces with one look at the buffer. */
static void put_pieces(const struct slice *pieces, size_t n, struct strbuf *out)
{
	size_t total = 0;
	char *end;

	for (size_t i = 0; i < n; i++)
		total += pieces[i].len;
	if (strbuf_reserve(out, total + 1) < 0)
		return;
	end = out->data + out->len;
	for (size_t i = 0; i < n; i++) {
		memcpy(end, pieces[i].data, pieces[i].len);
		end += pieces[i].len;
	}
	*end = '\0';
	out->len += total;
}

#define SLICE(literal) ((struct slice){literal, sizeof(literal) - 1})

/* "14:02 " of a wall time, in the server's zone. */
static struct slice clock_piece(char buf[static 6], int64_t wall_ms)
{
	time_t seconds = (time_t)(wall_ms / 1000);
	struct tm tm;

	if (!localtime_r(&seconds, &tm))
		return SLICE("");
	buf[0] = (char)('0' + tm.tm_hour / 10);
	buf[1] = (char)('0' + tm.tm_hour % 10);
	buf[2] = ':';
	buf[3] = (char)('0' + tm.tm_min / 10);
	buf[4] = (char)('0' + tm.tm_min % 10);
	buf[5] = ' ';
	return (struct slice){buf, 6};
}

/* How a line of a person begins: who said it between two marks. */
struct talk {
	const struct chat_msg *msg;
	unsigned view;
	const char *before, *who, *after;
};

static void put_talk_line(
	const struct talk *talk, struct slice line, struct strbuf *out)
{
	char clock[6];
	const struct slice pieces[] = {
		talk->view & DIALECT_TIME
			? clock_piece(clock, talk->msg->wall_ms)
			: SLICE(""),
		{talk->before, strlen(talk->before)},
		{talk->who, strlen(talk->who)},
		{talk->after, strlen(talk->after)},
		line,
		talk->view & DIALECT_BELL ? SLICE("\a") : SLICE(""),
		talk->view & DIALECT_CRLF ? SLICE("\r\n") : SLICE("\n"),
	};

	put_pieces(pieces, sizeof pieces / sizeof pieces[0], out);
}

static void put_left_out(
	const struct talk *talk, struct slice rest, struct strbuf *out)
{
	size_t n = 0;

	for (size_t i = 0; i < rest.len; i++)
		n += rest.data[i] == '\n' || i + 1 == rest.len;
	if (n == 0)
		return;
	strbuf_adds(out, TEXT_MARK);
	dialect_text_count(n, out);
	strbuf_addf(out, " more line%s of %s %s not shown", n > 1 ? "s" : "",
		talk->who, n > 1 ? "are" : "is");
	dialect_text_end(talk->view, out);
}

/* What a program says may have lines; each looks like one of its own, and the
 * first rings if one is to. An LF at the end begins none. */
static void put_talk(struct talk *talk, struct strbuf *out)
{
	struct slice rest = {talk->msg->text, talk->msg->text_len};
	const char *lf;

	for (int n = 1; (lf = memchr(rest.data, '\n', rest.len)); n++) {
		struct slice line = {rest.data, (size_t)(lf - rest.data)};

		put_talk_line(talk, line, out);
		talk->view &= DIALECT_RENDERING;
		rest.data += line.len + 1;
		rest.len -= line.len + 1;
		if (n == LINES_MAX) {
			put_left_out(talk, rest, out);
			return;
		}
	}
	if (rest.len > 0 || talk->msg->text_len == 0)
		put_talk_line(talk, rest, out);
}

static void render_said(
	const struct chat_msg *msg, unsigned view, struct strbuf *out)
{
	put_talk(&(struct talk){msg, view, "<", msg->nick, "> "}, out);
}

static void render_action(
	const struct chat_msg *msg, unsigned view, struct strbuf *out)
{
	put_talk(&(struct talk){msg, view, "* ", msg->nick, " "}, out);
}

static void render_private(
	const struct chat_msg *msg, unsigned view, struct strbuf *out)
{
	put_talk(&(struct talk){msg, view, "[", msg->nick, " -> you] "}, out);
}

static void render_copy(
	const struct chat_msg *msg, unsigned view, struct strbuf *out)
{
	view &= DIALECT_RENDERING;
	put_talk(&(struct talk){msg, view, "[you -> ", msg->nick2, "] "}, out);
}

static void render_nothing(
	const struct chat_msg *msg, unsigned view, struct strbuf *out)
{
}

void dialect_text_render(
	const struct chat_msg *msg, unsigned view, struct strbuf *out)
{
	const struct words *row = &table[msg->type];

	if (dialect_is_hidden(msg, view))
		return;
	if (row->render)
		row->render(msg, view, out);
	else if (row->when && row->when(msg))
		put_sentence(row->other, msg, view, out);
	else
		put_sentence(row->plain, msg, view, out);
}
