/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What operators write and read, in both dialects. */
#include <check.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/str.h"
#include "chat/command.h"
#include "chat/msg.h"
#include "proto/dialect.h"
#include "proto/dialect_json_private.h"

#define N(array) ((int)(sizeof(array) / sizeof((array)[0])))
#define NOW      INT64_C(1700000000000) /* 22:13 */

static struct strbuf out;

static void set_up(void)
{
	setenv("TZ", "UTC", 1);
	tzset();
}

static void tear_down(void)
{
	strbuf_fini(&out);
}

/* Reading. */

static const struct {
	const char *object, *parsed; /* "verb|arg|arg", or the refusal */
} parses[] = {
	{"\"kick\",\"username\":\"bob\",\"message\":\"no\"}", "kick|bob|no"},
	{"\"mute\",\"username\":\"bob\",\"duration\":\"1h\"}", "mute|bob|1h"},
	{"\"ban\",\"target\":\"::/1\",\"duration\":\"1h\",\"message\":\"no\"}",
		"ban|::/1|1h|no"},
	/* a field may be left out before another */
	{"\"ban\",\"target\":\"bob\",\"message\":\"no\"}", "ban|bob||no"},
	{"\"ban\",\"target\":\"bob\"}", "ban|bob"},
	{"\"ban\",\"message\":\"no\"}", "|target|is missing"},
	{"\"ban\",\"target\":\"\"}", "|target|must not be empty"},
	{"\"ban\",\"target\":\"x\",\"duration\":10}",
		"|duration|must be a text"},
	{"\"unban\",\"target\":\"bob\"}", "unban|bob"},
	{"\"bans\"}", "bans"},
	{"\"lock\",\"room\":\"ops\",\"on\":false}", "lock|ops|off"},
	{"\"lock\",\"room\":\"ops\"}", "lock|ops"},
	{"\"lock\",\"on\":true}", "|room|is missing"},
};

START_TEST(reads)
{
	struct strbuf object = {0};
	struct chat_call call = {0};

	strbuf_addf(&object, "{\"type\":%s", parses[_i].object);
	dialect_json_parse(object.data, object.len, &call);
	strbuf_adds(&out, call.is_error ? "" : chat_verb_info(call.verb)->name);
	for (size_t i = 0; !call.is_error && i < call.n_args; i++)
		strbuf_addf(&out, "|%s", call.args[i]);
	if (call.is_error)
		strbuf_addf(&out, "|%s|%s", call.error_text, call.error_near);
	ck_assert_str_eq(out.data, parses[_i].parsed);
	chat_call_fini(&call);
	strbuf_fini(&object);
}
END_TEST

/* Writing. */

#define NOTE(event)                                     \
	"{\"type\":\"notification\",\"event\":\"" event \
	"\",\"username\":\"ann\","

/* clang-format off */
static const struct {
	struct chat_msg_spec spec;
	const char *text;   /* without the mark and the LF */
	const char *object; /* "": none */
} renders[] = {
	{{CHAT_YOU_KICKED, .nick = "bob"}, "bob is disconnected", ""},
	{{CHAT_YOU_MUTED, .nick = "bob", .n = 5400000},
		"bob may say nothing for 90m; /mute bob 0 ends it", ""},
	{{CHAT_YOU_MUTED, .nick = "bob"},
		"bob may say nothing from now on; /mute bob 0 ends it", ""},
	{{CHAT_MUTED, .nick = "ann", .n = 60000},
		"ann has muted you: for 1m nothing that you say is sent",
		NOTE("mute") "\"muted\":true,\"seconds\":60,\"message\":\"ann has muted you\"}"},
	{{CHAT_MUTED, .nick = "ann"},
		"ann has muted you: nothing that you say is sent",
		NOTE("mute") "\"muted\":true,\"message\":\"ann has muted you\"}"},
	{{CHAT_UNMUTED, .nick = "ann"}, "ann has unmuted you: you may speak again",
		NOTE("mute") "\"muted\":false,\"message\":\"ann has unmuted you\"}"},
	{{CHAT_LOCKED, .nick = "ann", .room = "ops", .n = 1},
		"ann locked #ops: only operators may join",
		NOTE("lock") "\"room\":\"ops\",\"locked\":true,"
		"\"message\":\"ann locked the room: only operators may join\"}"},
	{{CHAT_LOCKED, .nick = "ann", .room = "ops"}, "ann opened #ops to everybody",
		NOTE("lock") "\"room\":\"ops\",\"locked\":false,"
		"\"message\":\"ann opened the room to everybody\"}"},
	{{CHAT_YOU_BANNED, .text = "192.0.2.0/24", .n = NOW + 60000},
		"192.0.2.0/24 is banned until 22:14; /unban 192.0.2.0/24 ends it",
		"{\"type\":\"ban\",\"target\":\"192.0.2.0/24\",\"until\":1700000060.000}"},
	{{CHAT_YOU_BANNED, .text = "bob", .nick = "Bob", .nick2 = "192.0.2.7"},
		"bob is banned; /unban bob ends it\n"
		"*** Bob is disconnected; /ban 192.0.2.7 bans the address",
		"{\"type\":\"ban\",\"target\":\"bob\",\"username\":\"Bob\","
		"\"address\":\"192.0.2.7\"}"},
	{{CHAT_BANS}, "0 bans", "{\"type\":\"bans\",\"bans\":[],\"total\":0}"},
	{{CHAT_E_MUTED, .limit = 599001}, "error: you are muted for 10m: that was not sent",
		"you are muted for 10m: that was not sent"},
	{{CHAT_E_MUTED, .limit = 90000}, "error: you are muted for 90s: that was not sent",
		"you are muted for 90s: that was not sent"},
	{{CHAT_E_MUTED}, "error: you are muted: that was not sent",
		"you are muted: that was not sent"},
	{{CHAT_E_BAN_GUEST, .text = "guest-1", .nick2 = "192.0.2.7"},
		"error: names with guest- are given by the server; /ban 192.0.2.7 bans the address",
		"names with guest- are given by the server; the address is 192.0.2.7"},
};
/* clang-format on */

static struct chat_msg *made(const struct chat_msg_spec *spec)
{
	struct chat_msg_spec dated = *spec;
	struct chat_msg *msg;

	dated.wall_ms = NOW;
	msg = chat_msg_new(&dated);
	ck_assert_ptr_nonnull(msg);
	return msg;
}

static void expect(const struct chat_msg *msg, const char *dialect,
	const char *before, const char *text)
{
	struct strbuf want = {0};

	strbuf_addf(&want, "%s%s%s", text[0] ? before : "", text,
		text[0] ? "\n" : "");
	strbuf_clear(&out);
	strbuf_adds(&out, "");
	dialect_find(dialect)->render(msg, 0, &out);
	ck_assert_str_eq(out.data, want.data);
	strbuf_fini(&want);
}

/* Refusals are also told, in the words of the objects, by sockctl. */
START_TEST(writes)
{
	struct chat_msg *msg = made(&renders[_i].spec);

	expect(msg, "text", "*** ", renders[_i].text);
	if (msg->type < CHAT_E_FIRST) {
		expect(msg, "json", "", renders[_i].object);
	} else {
		strbuf_clear(&out);
		dialect_refusal_words(msg, &out);
		ck_assert_str_eq(out.data, renders[_i].object);
	}
	chat_msg_unref(msg);
}
END_TEST

START_TEST(lists_bans)
{
	struct chat_msg *items[] = {
		made(&(struct chat_msg_spec){CHAT_BAN_ITEM, .nick2 = "::/1",
			.nick = "root by sockctl", .limit = NOW,
			.n = NOW + 86400000, .text = "a\x1B"}),
		made(&(struct chat_msg_spec){CHAT_BAN_ITEM, .nick2 = "bob",
			.nick = "account ann", .limit = NOW - 86400000}),
	};
	struct chat_msg *msg = made(&(struct chat_msg_spec){
		CHAT_BANS, .n = 3, .items = items, .n_items = 2});

	expect(msg, "text", "",
		"*** ::/1 until 2023-11-15 22:13, by root by sockctl 22:13: "
		"a\xE2\x90\x9B\n"
		"*** bob, by account ann 2023-11-13 22:13\n"
		"*** 3 bans, the last 2 are shown; /unban ends one");
	expect(msg, "json", "",
		"{\"type\":\"bans\",\"bans\":["
		"{\"target\":\"::/1\",\"by\":\"root by sockctl\","
		"\"time\":1700000000.000,\"until\":1700086400.000,"
		"\"message\":\"a\xE2\x90\x9B\"},"
		"{\"target\":\"bob\",\"by\":\"account ann\","
		"\"time\":1699913600.000}],\"total\":3}");
	chat_msg_unref(msg);
}
END_TEST

/* What is wrong with a network is told as a whole. */
START_TEST(explains_networks)
{
	struct chat_msg *msg = made(&(struct chat_msg_spec){CHAT_E_BAN_INVALID,
		.text = "10.0.0.1/8",
		.nick2 = "the address has bits beyond its prefix; write "
			 "\"10.0.0.0/8\""});

	expect(msg, "text", "*** ",
		"error: this cannot be banned: the address has bits beyond its "
		"prefix; write \"10.0.0.0/8\"");
	chat_msg_unref(msg);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("dialect_operator");
	TCase *tc = tcase_create("dialect_operator");
	SRunner *sr = srunner_create(s);
	int failed;

	tcase_add_checked_fixture(tc, set_up, tear_down);
	tcase_add_loop_test(tc, reads, 0, N(parses));
	tcase_add_loop_test(tc, writes, 0, N(renders));
	tcase_add_test(tc, lists_bans);
	tcase_add_test(tc, explains_networks);
	suite_add_tcase(s, tc);
	srunner_run_all(sr, CK_NORMAL);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
