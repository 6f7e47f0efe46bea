/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/str.h"
#include "chat/command.h"
#include "chat/msg.h"
#include "proto/dialect.h"
#include "proto/dialect_text_private.h"

extern const struct dialect dialect_text;

/* Reading. */

static const struct {
	const char *line, *parsed; /* "verb|arg|arg", "error N text near" */
	size_t len;                /* 0: up to the NUL */
	bool is_word;
} parses[] = {
	{"hello", "say|hello"},
	{"  hello / there ", "say|  hello / there "},
	{"hello\r", "say|hello"},
	{"", ""},
	{" \t ", ""},
	{"\r\n", ""},
	{"//join x", "say|/join x"},
	{"///", "say|//"},
	{"/join ops", "join|ops"},
	{"/J  #ops  ", "join|#ops"},
	{"/join\t#ops", "join|#ops"},
	{"/join", "join"},
	{"/msg bob hi  there", "msg|bob|hi  there"},
	{"/tell bob", "msg|bob"},
	{"/me  waves\t", "me|waves"},
	{"/rooms and more", "rooms"},
	{"/quit", "quit"},
	{"/bye see you", "quit|see you"},
	{"\x04", "quit"},
	{"x\x04", "say|x\xE2\x90\x84"},
	{"a\0z", "say|a\xE2\x90\x80z", 3},
	{"/me \x1B[2J", "me|\xE2\x90\x9B[2J"},
	{"/nick \xFF", "nick|\xEF\xBF\xBD"},
	{"help", "say|help", 0, true},
	{"QUIT ", "say|QUIT ", 0, true},
	{"?", "say|?", 0, true},
	{"exit", "say|exit", 0, true},
	{"exit now", "say|exit now"},
	{"//quit", "say|/quit"},
	{"/jion ops", "error jion join"},
	{"/", "error  "},
	{"/ join", "error  "},
	{"/usr/bin", "error usr/bin "},
	{"/\x1B", "error \xE2\x90\x9B "},
};

START_TEST(reads)
{
	struct chat_call call = {0};
	struct strbuf got = {0};
	size_t len = parses[_i].len;

	if (len == 0)
		len = strlen(parses[_i].line);
	dialect_text_parse(parses[_i].line, len, &call);
	strbuf_adds(&got, "");
	if (call.verb)
		strbuf_adds(&got, chat_verb_info(call.verb)->name);
	for (size_t i = 0; i < call.n_args; i++)
		strbuf_addf(&got, "|%s", call.args[i]);
	if (call.is_error) {
		ck_assert_int_eq(call.error, CHAT_E_UNKNOWN_COMMAND);
		strbuf_addf(&got, "error %s %s", call.error_text,
			call.error_near ? call.error_near : "");
	}
	ck_assert_str_eq(got.data ? got.data : "", parses[_i].parsed);
	ck_assert_int_eq(call.is_word, parses[_i].is_word);
	strbuf_fini(&got);
	chat_call_fini(&call);
}
END_TEST

/* A call used again must not keep anything of the one before. */
START_TEST(reads_again)
{
	struct chat_call call = {0};
	char longer[3000] = "/msg bob ";

	memset(longer + 9, 'x', sizeof longer - 9);
	for (size_t i = 0; i < sizeof parses / sizeof parses[0]; i++) {
		chat_call_clear(&call);
		dialect_text_parse("/msg a b", 8, &call);
		chat_call_clear(&call);
		dialect_text_parse(
			parses[i].line, strlen(parses[i].line), &call);
		ck_assert(call.n_args < 2 || call.args[1] > call.args[0]);
	}
	chat_call_clear(&call);
	dialect_text_parse(longer, sizeof longer, &call);
	ck_assert_str_eq(call.args[0], "bob");
	ck_assert_uint_eq(strlen(call.args[1]), sizeof longer - 9);
	chat_call_fini(&call);
}
END_TEST

START_TEST(refuses_long_lines)
{
	struct chat_call call = {0};

	chat_call_refuse_length(&call, 5312, 4096);
	ck_assert(call.is_error && !call.verb);
	ck_assert_int_eq(call.error, CHAT_E_LINE_TOO_LONG);
	ck_assert_uint_eq(call.n, 5312);
	ck_assert_uint_eq(call.limit, 4096);
	chat_call_fini(&call);
}
END_TEST

/* Writing. */

static const char *rendered(const struct chat_msg_spec *spec, unsigned view)
{
	static struct strbuf out;
	struct chat_msg *msg = chat_msg_new(spec);

	strbuf_clear(&out);
	strbuf_adds(&out, "");
	dialect_text.render(msg, view, &out);
	ck_assert(!out.failed);
	chat_msg_unref(msg);
	return out.data ? out.data : "";
}

#define HERE .nick = "bob", .room = "ops", .text = "sockd"
#define HELLO                                         \
	"*** type a line and press Enter to say it. " \
	"/nick NAME renames you, /help lists the commands\n"
#define X40 "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"

/* clang-format off */
static const struct {
	struct chat_msg_spec spec;
	const char *line;
} renders[] = {
	{{CHAT_SAID, .nick = "bob", .room = "ops", .text = "hi 100%n"},
		"<bob> hi 100%n\n"},
	{{CHAT_ACTION, .nick = "bob", .text = "** waves"}, "* bob ** waves\n"},
	{{CHAT_PRIVATE, .nick = "bob", .nick2 = "al", .text = "hi"},
		"[bob -> you] hi\n"},
	{{CHAT_PRIVATE_COPY, .nick = "al", .nick2 = "bob", .text = "hi"},
		"[you -> bob] hi\n"},
	{{CHAT_JOINED, .nick = "bob", .room = "ops"}, "*** bob joined #ops\n"},
	{{CHAT_LEFT, .nick = "bob", .room = "ops"}, "*** bob left #ops\n"},
	{{CHAT_LEFT, .nick = "bob", .room = "ops", .text = "tea"},
		"*** bob left #ops: tea\n"},
	{{CHAT_RENAMED, .nick = "bob", .nick2 = "robert"},
		"*** bob is now robert\n"},
	{{CHAT_PROCLAIMED, .room = "ops", .text = "back at noon"},
		"*** announcement: back at noon\n"},
	{{CHAT_TOPIC_SET, .nick = "bob", .room = "ops", .text = "tea"},
		"*** bob set the topic: tea\n"},
	{{CHAT_WELCOME, HERE, .n = 3},
		"*** welcome to sockd. You are bob in #ops (3 here)\n" HELLO},
	{{CHAT_WELCOME, HERE, .n = 1},
		"*** welcome to sockd. You are bob in #ops (only you)\n" HELLO},
	{{CHAT_WELCOME, .nick = "bob", .text = "sockd"},
		"*** welcome to sockd. You are bob\n"
		"*** log in to go on: /login NAME PASSWORD. /help explains a "
		"command, /quit leaves\n"},
	{{CHAT_LOGGED_IN, .nick = "bob"}, "*** you are logged in as bob\n"},
	{{CHAT_LOGGED_IN, .nick = "bob", .flags = CHAT_OPERATOR},
		"*** you are logged in as bob, an operator\n"},
	{{CHAT_GAVE_WAY, .nick = "b0b", .nick2 = "guest-x", .text = "bob"},
		"*** bob has logged in, whose name that is; you are now "
		"guest-x\n"},
	{{CHAT_E_NICK_ACCOUNT, .text = "b0b", .nick2 = "bob"},
		"*** error: \"b0b\" is kept for the account bob; if that is "
		"you: /login bob PASSWORD\n"},
	{{CHAT_E_LOGIN_TRIES, .limit = 3},
		"*** error: 3 wrong passwords are the most that one connection "
		"may try\n"},
	{{CHAT_MOTD}, "*** there is no message of the day\n"},
	{{CHAT_MOTD, .text = "one\n\n*** two\x07\n"},
		"*** one\n*** \n*** *** two\xE2\x90\x87\n"},
	{{CHAT_YOU_JOINED, HERE, .n = 12}, "*** you are in #ops (12 here)\n"},
	{{CHAT_YOU_JOINED, HERE, .n = 1312, .flags = CHAT_QUIET},
		"*** you are in #ops (1,312 here; joins and leaves "
		"are not shown)\n"},
	{{CHAT_YOU_TOPIC, .room = "ops", .text = "tea"}, "*** topic: tea\n"},
	{{CHAT_YOU_TOPIC, .room = "ops"},
		"*** #ops has no topic; /topic TEXT sets one\n"},
	{{CHAT_REPLAY, .room = "ops"},
		"*** nothing has been said in #ops yet\n"},
	{{CHAT_YOU_RENAMED, .nick = "bob"}, "*** you are now bob\n"},
	{{CHAT_YOU_RENAMED, .nick = "bob", .text = "k7fd-92"},
		"*** you are now bob. If you are cut off: /resume k7fd-92\n"},
	{{CHAT_WHO, .room = "ops"}, "*** nobody is in #ops\n"},
	{{CHAT_HELP, .text = "join"},
		"*** /join ROOM: goes to a room, a new one if need be; "
		"also /j\n"},
	{{CHAT_HELP, .text = "ping"}, "*** /ping: is answered at once\n"},
	{{CHAT_SAID_WORD, .room = "lobby", .text = "quit"},
		"*** you said \"quit\" to #lobby; /quit leaves\n"},
	{{CHAT_SAID_WORD, .room = "lobby", .text = "HELP "},
		"*** you said \"HELP \" to #lobby; /help lists the commands\n"},
	{{CHAT_PONG}, "*** pong\n"},
	{{CHAT_BYE, .text = "x"}, ""},
	{{CHAT_SLOW_DOWN, .n = 2, .text = "a second"},
		"*** slow down: 2 lines a second; yours are waiting\n"},
	{{CHAT_SLOW_DOWN, .n = 1, .text = "an hour"},
		"*** slow down: 1 line an hour; yours are waiting\n"},
	{{CHAT_NOT_SENT, .n = 1940, .limit = 40, .text = "2 a second"},
		"*** 1,940 of your lines were not sent: "
		"40 at once, then 2 a second\n"},
	{{CHAT_NOT_SENT, .n = 1, .limit = 40, .text = "2 a second"},
		"*** 1 of your lines was not sent: "
		"40 at once, then 2 a second\n"},
	{{CHAT_LEFT_FIRST, .n = 12},
		"*** 12 of your lines were not sent: you left first\n"},
	{{CHAT_LEFT_FIRST, .n = 1},
		"*** 1 of your lines was not sent: you left first\n"},
	{{CHAT_E_LINE_TOO_LONG, .n = 5312, .limit = 4096},
		"*** error: that line has 5,312 bytes, 4,096 are allowed; "
		"it was not sent\n"},
	{{CHAT_E_NO_SUCH_NICK, .text = "bbo", .nick2 = "bob"},
		"*** error: nobody here is called \"bbo\"; "
		"did you mean bob?\n"},
	{{CHAT_E_NO_SUCH_NICK, .text = "bbo"},
		"*** error: nobody here is called \"bbo\"; /who lists who is here\n"},
	{{CHAT_E_NICK_RESERVED, .text = "guest-x"},
		"*** error: names with guest- are given by the server; "
		"choose another name\n"},
	{{CHAT_E_NICK_RESERVED, .text = "cr0n", .nick2 = "cron"},
		"*** error: \"cr0n\" is kept for the service cron; "
		"choose another name\n"},
	{{CHAT_E_UNKNOWN_COMMAND, .text = "jion", .nick2 = "join"},
		"*** error: there is no command /jion; did you mean /join?\n"},
	{{CHAT_E_AMBIGUOUS_COMMAND, .text = "xx", .nick2 = "/xxa or /xxb"},
		"*** error: /xx may be /xxa or /xxb; write more of it\n"},
	{{CHAT_E_NICK_INVALID, .text = X40 X40},
		"*** error: \"" X40 "...\" cannot be a name: "
		"use 1 to 24 of a-z 0-9 -_[]{}|^, no digit or dash first\n"},
	{{CHAT_E_MISSING_ARGUMENT, .text = "msg", .nick2 = "NICK TEXT"},
		"*** error: write it so: /msg NICK TEXT\n"},
};
/* clang-format on */

START_TEST(writes)
{
	ck_assert_str_eq(rendered(&renders[_i].spec, 0), renders[_i].line);
}
END_TEST

START_TEST(ends_lines_as_telnet_does)
{
	ck_assert_str_eq(rendered(&(struct chat_msg_spec){CHAT_SAID,
					  .nick = "bob", .text = "hi"},
				 DIALECT_CRLF),
		"<bob> hi\r\n");
	ck_assert_str_eq(
		rendered(&(struct chat_msg_spec){CHAT_PONG}, DIALECT_CRLF),
		"*** pong\r\n");
}
END_TEST

/* What a program says may have lines: each is one of its own, so that none
 * looks like the server's. */
START_TEST(says_each_line)
{
	struct chat_msg_spec said = {CHAT_SAID, .nick = "bot"};
	struct strbuf text = {0};

	said.text = "one\n*** two\n\nfour";
	ck_assert_str_eq(rendered(&said, 0),
		"<bot> one\n<bot> *** two\n<bot> \n<bot> four\n");
	ck_assert_str_eq(rendered(&said, DIALECT_CRLF),
		"<bot> one\r\n<bot> *** two\r\n<bot> \r\n<bot> four\r\n");
	said.text = "one\n";
	ck_assert_str_eq(rendered(&said, 0), "<bot> one\n");
	said.text = "\n";
	ck_assert_str_eq(rendered(&said, 0), "<bot> \n");
	said.type = CHAT_ACTION;
	said.text = "a\nb";
	ck_assert_str_eq(rendered(&said, 0), "* bot a\n* bot b\n");
	said.type = CHAT_PRIVATE;
	ck_assert_str_eq(
		rendered(&said, 0), "[bot -> you] a\n[bot -> you] b\n");
	said.type = CHAT_SAID;
	for (int i = 0; i < 40; i++)
		strbuf_adds(&text, "x\n");
	said.text = text.data;
	ck_assert_uint_eq(strlen(rendered(&said, 0)), 40 * strlen("<bot> x\n"));
	strbuf_adds(&text, "y");
	ck_assert_ptr_nonnull(strstr(rendered(&said, 0),
		"<bot> x\n*** 1 more line of bot is not shown\n"));
	strbuf_adds(&text, "y\nz\n");
	ck_assert_ptr_nonnull(strstr(rendered(&said, 0),
		"<bot> x\n*** 2 more lines of bot are not shown\n"));
	strbuf_fini(&text);
}
END_TEST

/* Every type is told in whole lines that bear the mark, but for what people
 * say; and every refusal is told as one. */
START_TEST(every_type_has_its_words)
{
	for (int type = 0; type < CHAT_TYPE_N; type++) {
		const char *text = rendered(
			&(struct chat_msg_spec){.type = (enum chat_type)type,
				.nick = "a",
				.nick2 = "b",
				.room = "r",
				.text = "*** t",
				.n = 2,
				.limit = 3},
			0);

		if (type == CHAT_WHO_ITEM || type == CHAT_ROOM_ITEM ||
			type == CHAT_BYE || type == CHAT_RESUMED ||
			type == CHAT_KICKED || type == CHAT_BANNED ||
			type == CHAT_OPERATED || type == CHAT_BAN_ITEM) {
			ck_assert_str_eq(text, "");
			continue;
		}
		ck_assert_uint_gt(strlen(text), 5);
		ck_assert_int_eq(text[strlen(text) - 1], '\n');
		ck_assert_int_eq(strncmp(text, "*** ", 4) == 0,
			type > CHAT_PRIVATE_COPY);
		ck_assert_int_eq(strncmp(text, "*** error: ", 11) == 0,
			type >= CHAT_E_FIRST);
		ck_assert_ptr_null(strchr(text, '%'));
	}
}
END_TEST

/* Items. */

static struct chat_msg *item(enum chat_type type, int64_t wall_s,
	const char *name, uint64_t n, const char *text)
{
	return chat_msg_new(&(struct chat_msg_spec){.type = type,
		.wall_ms = wall_s * 1000,
		.nick = name,
		.room = name,
		.n = n,
		.text = text});
}

START_TEST(writes_the_time_of_day)
{
	struct chat_msg_spec spec = {CHAT_SAID, .wall_ms = 1763474520000,
		.nick = "bob", .text = "hi"};

	setenv("TZ", "UTC0", 1);
	tzset();
	ck_assert_str_eq(rendered(&spec, DIALECT_TIME), "14:02 <bob> hi\n");
	setenv("TZ", "IST-5:30", 1);
	tzset();
	ck_assert_str_eq(rendered(&spec, DIALECT_TIME), "19:32 <bob> hi\n");
}
END_TEST

START_TEST(replays_with_days)
{
	enum { TUE = 1763474520, DAY = 86400 }; /* 18 Nov 2025, 14:02 UTC */
	struct chat_msg *items[] = {
		item(CHAT_SAID, TUE, "bob", 0, "one"),
		item(CHAT_ACTION, TUE + 60, "bob", 0, "waves"),
		item(CHAT_SAID, TUE + DAY, "al", 0, "two"),
	};
	struct chat_msg_spec spec = {CHAT_REPLAY, .room = "ops",
		.wall_ms = (int64_t)(TUE + DAY + 60) * 1000, .items = items,
		.n_items = 3};

	setenv("TZ", "UTC0", 1);
	tzset();
	ck_assert_str_eq(rendered(&spec, 0),
		"*** the last 3 lines:\n"
		"*** Tue 18 Nov 2025\n"
		"14:02 <bob> one\n"
		"14:03 * bob waves\n"
		"*** Wed 19 Nov 2025\n"
		"14:02 <al> two\n"
		"*** end of the last lines\n");
}
END_TEST

START_TEST(replays_today_without_a_day)
{
	enum { TUE = 1763474520 };
	struct chat_msg *items[] = {item(CHAT_SAID, TUE, "bob", 0, "one")};
	struct chat_msg_spec spec = {CHAT_REPLAY, .room = "ops",
		.wall_ms = (int64_t)(TUE + 60) * 1000, .items = items,
		.n_items = 1};

	setenv("TZ", "UTC0", 1);
	tzset();
	ck_assert_str_eq(rendered(&spec, 0),
		"*** the last line:\n"
		"14:02 <bob> one\n"
		"*** end of the last lines\n");
}
END_TEST

static struct chat_msg *away_item(const char *nick)
{
	return chat_msg_new(&(struct chat_msg_spec){
		.type = CHAT_WHO_ITEM, .flags = CHAT_AWAY, .nick = nick});
}

START_TEST(writes_lists)
{
	struct chat_msg *all[] = {
		item(CHAT_WHO_ITEM, 0, "alice", 0, ""), away_item("bob")};
	struct chat_msg *some[] = {item(CHAT_WHO_ITEM, 0, "alice", 0, ""),
		item(CHAT_WHO_ITEM, 0, "bob", 0, "")};
	struct chat_msg *rooms[] = {item(CHAT_ROOM_ITEM, 0, "ops", 12, "tea"),
		item(CHAT_ROOM_ITEM, 0, "lobby", 0, "")};

	ck_assert_str_eq(
		rendered(&(struct chat_msg_spec){CHAT_WHO, .room = "ops",
				 .n = 2, .items = all, .n_items = 2},
			0),
		"*** 2 in #ops: alice, bob (away)\n");
	ck_assert_str_eq(
		rendered(&(struct chat_msg_spec){CHAT_WHO, .room = "ops",
				 .n = 312, .items = some, .n_items = 2},
			0),
		"*** 312 in #ops, the first 2: alice, bob\n");
	ck_assert_str_eq(rendered(&(struct chat_msg_spec){CHAT_ROOMS, .n = 2,
					  .items = rooms, .n_items = 2},
				 0),
		"*** #ops  12  tea\n"
		"*** #lobby  0\n"
		"*** 2 rooms; /join NAME goes there\n");
}
END_TEST

/* Operators read of theirs too, the others do not. */
START_TEST(helps_with_every_verb)
{
	const char *text = rendered(&(struct chat_msg_spec){.type = CHAT_HELP,
					    .flags = _i ? CHAT_OPERATOR : 0},
		0);
	const struct chat_verb *verb;
	char start[64], *at;
	size_t n_lines = 0;

	for (size_t i = 0; (verb = chat_verb_at(i)) != NULL; i++) {
		const struct chat_verb_info *info = chat_verb_info(verb);

		snprintf(start, sizeof start, "%s/%s%s",
			info->is_minor || info->is_for_operators ? " " : "*** ",
			info->name, strcmp(info->name, "lock") ? " " : "\n");
		at = strstr(text, start);
		ck_assert_int_eq(at != NULL, _i || !info->is_for_operators);
		if (info->is_for_operators)
			continue;
		ck_assert_int_eq(
			strstr(at, info->help) != NULL, !info->is_minor);
	}
	for (; *text; n_lines++) {
		ck_assert_int_eq(strncmp(text, "*** ", 4), 0);
		ck_assert_uint_le(strcspn(text, "\n"), 79);
		text += strcspn(text, "\n") + 1;
	}
	/* with the line that asked for it, all fits a screen */
	ck_assert_uint_le(n_lines, 23 + (size_t)_i);
}
END_TEST

/* The end. */

static const struct {
	enum close_reason why;
	const char *arg;
	unsigned view;
	const char *line;
} goodbyes[] = {
	{CLOSE_QUIT, NULL, 0, "*** disconnected: bye. Press Ctrl-C.\n"},
	{CLOSE_QUIT, NULL, DIALECT_CRLF, "*** disconnected: bye.\r\n"},
	{CLOSE_IDLE, "5m", 0,
		"*** disconnected: nothing was sent for 5m. Press Ctrl-C.\n"},
	{CLOSE_SLOW, "512 KiB", 0,
		"*** disconnected: you read too slowly: 512 KiB were waiting."
		" Press Ctrl-C.\n"},
	{CLOSE_KICKED, "a\x1B", 0,
		"*** disconnected: kicked by a\xE2\x90\x9B. Press Ctrl-C.\n"},
	{CLOSE_EOF, NULL, 0, ""},
	{CLOSE_DONE, NULL, 0, ""},
	{CLOSE_RESET, NULL, 0, ""},
};

START_TEST(says_goodbye)
{
	struct strbuf out = {0};

	dialect_text.goodbye(
		goodbyes[_i].why, goodbyes[_i].arg, goodbyes[_i].view, &out);
	ck_assert_str_eq(out.data ? out.data : "", goodbyes[_i].line);
	strbuf_fini(&out);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("dialect_text");
	TCase *tc = tcase_create("dialect_text");
	SRunner *runner;
	int failed;

	tcase_add_loop_test(tc, reads, 0, sizeof parses / sizeof parses[0]);
	tcase_add_test(tc, reads_again);
	tcase_add_test(tc, refuses_long_lines);
	tcase_add_loop_test(tc, writes, 0, sizeof renders / sizeof renders[0]);
	tcase_add_test(tc, ends_lines_as_telnet_does);
	tcase_add_test(tc, says_each_line);
	tcase_add_test(tc, every_type_has_its_words);
	tcase_add_test(tc, writes_the_time_of_day);
	tcase_add_test(tc, replays_with_days);
	tcase_add_test(tc, replays_today_without_a_day);
	tcase_add_test(tc, writes_lists);
	tcase_add_loop_test(tc, helps_with_every_verb, 0, 2);
	tcase_add_loop_test(
		tc, says_goodbye, 0, sizeof goodbyes / sizeof goodbyes[0]);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
