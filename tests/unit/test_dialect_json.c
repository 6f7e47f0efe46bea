/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <check.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "base/str.h"
#include "base/utf8.h"
#include "chat/command.h"
#include "chat/msg.h"
#include "net/service.h"
#include "proto/dialect.h"
#include "proto/dialect_json_private.h"

extern const struct dialect dialect_json;

#define N(array) ((int)(sizeof(array) / sizeof((array)[0])))

/* Reading. */

/* "verb|arg|arg room=R nick=N ref=X keep since=N", "error CODE|text|near". */
static const char *parsed(const char *object)
{
	static const char *const types[] = {
#define TYPE_NAME(name) #name,
		CHAT_TYPES(TYPE_NAME)
#undef TYPE_NAME
	};
	static struct strbuf got;
	struct chat_call call = {0};

	strbuf_clear(&got);
	strbuf_adds(&got, "");
	dialect_json_parse(object, strlen(object), &call);
	if (call.verb)
		strbuf_adds(&got, chat_verb_info(call.verb)->name);
	for (size_t i = 0; call.verb && i < call.n_args; i++)
		strbuf_addf(&got, "|%s", call.args[i]);
	if (call.is_error)
		strbuf_addf(&got, "%s|%s|%s", types[call.error],
			call.error_text ? call.error_text : "",
			call.error_near ? call.error_near : "");
	if (call.verb && call.room)
		strbuf_addf(&got, " room=%s", call.room);
	if (call.verb && call.nick)
		strbuf_addf(&got, " nick=%s", call.nick);
	if (call.ref)
		strbuf_addf(&got, " ref=%s", call.ref);
	if (call.keep)
		strbuf_adds(&got, " keep");
	if (call.has_since)
		strbuf_addf(&got, " since=%" PRIu64, call.since);
	ck_assert(!call.verb == call.is_error);
	chat_call_fini(&call);
	return got.data;
}

#define JOIN   "{\"type\":\"join\","
#define CHAT   "{\"type\":\"chat\","
#define PING   "{\"type\":\"ping\","
#define DIGITS "0123456789012345678901234567890123456789"
#define TEXTS  "must be a text"

/* clang-format off */
static const struct {
	const char *object, *parsed;
} parses[] = {
	{CHAT "\"message\":\"hi\"}", "say|hi"},
	{" \n" CHAT " \"message\" : \"hi\" }\r\n", "say|hi"},
	{"{\"type\":\"say\",\"message\":\"hi\"}", "E_UNKNOWN_COMMAND|say|"},
	{CHAT "\"message\":\"hi\",\"room\":\"#ops\"}", "say|hi room=#ops"},
	{CHAT "\"message\":\"hi\",\"more\":[1,{}]}", "say|hi"},
	{CHAT "\"message\":\"/join ops\"}", "say|/join ops"},
	/* text is made safe, lines stay */
	{CHAT "\"message\":\"a\\nb\\r\\nc\\rd\"}", "say|a\nb\nc\xE2\x90\x8D" "d"},
	{CHAT "\"message\":\"\\u001b[2J\\u0000\\u2028\\u202e\"}",
		"say|\xE2\x90\x9B[2J\xE2\x90\x80<U+2028><U+202E>"},
	{CHAT "\"message\":\"\\ud83c\\udf75\"}", "say|\xF0\x9F\x8D\xB5"},
	{"{\"type\":\"me\",\"message\":\"a\\nb\"}", "me|a\nb"},
	{"{\"type\":\"topic\",\"message\":\"a\\nb\"}", "topic|a\xE2\x90\x8A" "b"},
	{"{\"type\":\"quit\",\"message\":\"a\\nb\"}", "quit|a\xE2\x90\x8A" "b"},
	{CHAT "\"message\":\"hi\",\"room\":\"a\\nb\"}", "say|hi room=a\xE2\x90\x8A" "b"},
	/* fields */
	{CHAT "\"message\":\"\"}", "E_BAD_FIELD|message|must not be empty"},
	{CHAT "\"message\":null}", "E_BAD_FIELD|message|is missing"},
	{CHAT "\"text\":\"hi\"}", "E_BAD_FIELD|message|is missing"},
	{CHAT "\"message\":1}", "E_BAD_FIELD|message|" TEXTS},
	{CHAT "\"message\":[\"hi\"]}", "E_BAD_FIELD|message|" TEXTS},
	{CHAT "\"message\":\"hi\",\"room\":1}", "E_BAD_FIELD|room|" TEXTS},
	{"{\"type\":\"msg\",\"username\":\"bob\",\"message\":\"a\\nb\"}", "msg|bob|a\nb"},
	{"{\"type\":\"msg\",\"message\":\"hi\"}", "E_BAD_FIELD|username|is missing"},
	{"{\"type\":\"msg\",\"username\":\"bob\"}", "E_BAD_FIELD|message|is missing"},
	{"{\"type\":\"nick\",\"username\":\"bob\"}", "nick|bob"},
	{"{\"type\":\"nick\",\"nick\":\"bob\"}", "nick|bob"},
	{"{\"type\":\"topic\"}", "topic"},
	{"{\"type\":\"topic\",\"topic\":\"tea\"}", "topic|tea"},
	{"{\"type\":\"topic\",\"topic\":\"\"}", "topic|"},
	{"{\"type\":\"topic\",\"room\":\"ops\"}", "topic room=ops"},
	{"{\"type\":\"who\"}", "who"},
	{"{\"type\":\"who\",\"room\":\"ops\"}", "who|ops"},
	{"{\"type\":\"rooms\"}", "rooms"},
	{"{\"type\":\"leave\",\"room\":\"ops\"}", "part room=ops"},
	{"{\"type\":\"part\"}", "E_UNKNOWN_COMMAND|part|"},
	{"{\"type\":\"history\"}", "history"},
	{"{\"type\":\"history\",\"last\":5}", "history|5"},
	{"{\"type\":\"history\",\"last\":-5}", "history|-5"},
	{"{\"type\":\"history\",\"last\":\"5\"}", "E_BAD_FIELD|last|must be a whole number"},
	{"{\"type\":\"history\",\"since\":9007199254740991,\"room\":\"ops\"}",
		"history room=ops since=9007199254740991"},
	{"{\"type\":\"history\",\"since\":0,\"last\":2}", "history|2 since=0"},
	{"{\"type\":\"history\",\"since\":-1}", "E_BAD_FIELD|since|must be an id, a whole number"},
	{"{\"type\":\"history\",\"since\":1.5}", "E_BAD_FIELD|since|must be an id, a whole number"},
	{"{\"type\":\"quit\"}", "quit"},
	{"{\"type\":\"help\",\"command\":\"who\"}", "help|who"},
	{"{\"type\":\"help\",\"command\":\"chat\"}", "help|say"},
	{"{\"type\":\"help\",\"help\":\"leave\"}", "help|part"},
	{"{\"type\":\"login\",\"username\":\"a\",\"password\":\"b\",\"room\":5}",
		"E_BAD_FIELD|room|" TEXTS},
	{"{\"type\":\"help\",\"help\":\"leave\\u0000\"}", "help|leave\xE2\x90\x80"},
	{"{\"type\":\"login\",\"username\":\"a\"}", "E_BAD_FIELD|password|is missing"},
	{"{\"type\":\"login\",\"password\":\"a\"}", "E_BAD_FIELD|username|is missing"},
	{JOIN "\"room\":\"ops\",\"username\":\"bob\"}", "join|ops nick=bob"},
	{JOIN "\"room\":\"ops\",\"username\":\"bob\",\"keep\":true}", "join|ops nick=bob keep"},
	{JOIN "\"room\":\"ops\",\"username\":\"bob\",\"keep\":false}", "join|ops nick=bob"},
	{JOIN "\"room\":\"ops\",\"username\":\"bob\",\"keep\":1}",
		"E_BAD_FIELD|keep|must be true or false"},
	{JOIN "\"room\":\"ops\"}", "E_ROOM_AND_NICK||"},
	{JOIN "\"room\":\"\",\"username\":\"bob\"}", "E_ROOM_AND_NICK||"},
	{JOIN "\"username\":\"bob\"}", "E_ROOM_AND_NICK||"},
	{JOIN "\"room\":null,\"username\":\"bob\"}", "E_ROOM_AND_NICK||"},
	{JOIN "\"room\":5,\"username\":\"bob\"}", "E_BAD_FIELD|room|" TEXTS},
	{JOIN "\"room\":\"ops\",\"username\":[]}", "E_BAD_FIELD|username|" TEXTS},
	/* references */
	{PING "\"ref\":1}", "ping ref=1"},
	{PING "\"ref\":-1.5}", "ping ref=-1.5"},
	{PING "\"ref\":\"a\\\"b\\u0000\\u00e9\"}", "ping ref=\"a\\\"b\\u0000\\u00E9\""},
	{PING "\"ref\":null}", "ping"},
	{PING "\"ref\":{}}", "E_BAD_FIELD|ref|must be a text or a number"},
	{PING "\"ref\":true}", "E_BAD_FIELD|ref|must be a text or a number"},
	{PING "\"ref\":\"" DIGITS DIGITS DIGITS "012345\"}",
		"ping ref=\"" DIGITS DIGITS DIGITS "012345\""},
	{PING "\"ref\":\"" DIGITS DIGITS DIGITS "0123456\"}", "E_BAD_FIELD|ref|is too long"},
	{JOIN "\"ref\":\"x\"}", "E_ROOM_AND_NICK|| ref=\"x\""},
	{CHAT "\"message\":1,\"ref\":7}", "E_BAD_FIELD|message|" TEXTS " ref=7"},
	/* types */
	{"{\"type\":\"jion\",\"ref\":1}", "E_UNKNOWN_COMMAND|jion|join ref=1"},
	{"{\"type\":\"chatt\"}", "E_UNKNOWN_COMMAND|chatt|chat"},
	{"{\"type\":\"JOIN\"}", "E_UNKNOWN_COMMAND|JOIN|join"},
	{"{\"type\":\"\\u001b\"}", "E_UNKNOWN_COMMAND|\xE2\x90\x9B|"},
	{"{\"type\":\"ping\\u0000\"}", "E_UNKNOWN_COMMAND|ping\xE2\x90\x80|ping"},
	{"{\"type\":1,\"ref\":2}", "E_BAD_FIELD|type|" TEXTS " ref=2"},
	{"{\"type\":null}", "E_BAD_FIELD|type|is missing"},
	{"{}", "E_BAD_FIELD|type|is missing"},
	/* what is no JSON */
	{"{]", "E_INVALID_INPUT||"},
	{"{\"type\":\"ping\",}", "E_INVALID_INPUT||"},
	{"{'type':'ping'}", "E_INVALID_INPUT||"},
	{"{\"type\":\"ping\",\"type\":\"who\"}", "E_INVALID_INPUT||"},
	{"{\"type\":\"ping\",\"a\":{\"b\":1,\"b\":1}}", "E_INVALID_INPUT||"},
	{"{\"type\":\"\xFF\"}", "E_INVALID_INPUT||"},
	{"{\"type\":\"\xC0\xAF\"}", "E_INVALID_INPUT||"},
	{"{\"type\":\"\\ud800\"}", "E_INVALID_INPUT||"},
	{"{\"type\":\"a\tb\"}", "E_INVALID_INPUT||"},
	{"{\"type\":\"ping\",\"a\":NaN}", "E_INVALID_INPUT||"},
	{"{\"type\":\"ping\",\"a\":99999999999999999999}", "E_INVALID_INPUT||"},
	{"{\"type\":\"ping\",\"a\":1e999}", "E_INVALID_INPUT||"},
	{"{} x", "E_INVALID_INPUT||"},
	{"[]", "E_INVALID_INPUT||"},
	{"", "E_INVALID_INPUT||"},
};
/* clang-format on */

START_TEST(reads)
{
	ck_assert_str_eq(parsed(parses[_i].object), parses[_i].parsed);
}
END_TEST

/* Each verb can be asked for, with fields that have names. */
START_TEST(knows_every_verb)
{
	const struct chat_verb *verb;
	struct strbuf object = {0};

	for (size_t i = 0; (verb = chat_verb_at(i)) != NULL; i++) {
		const struct chat_verb_info *info = chat_verb_info(verb);
		const char *got;

		strbuf_clear(&object);
		strbuf_addf(&object, "{\"type\":\"%s\"}",
			strcmp(info->name, "say") == 0            ? "chat"
				: strcmp(info->name, "part") == 0 ? "leave"
								  : info->name);
		got = parsed(object.data);
		if (strcmp(info->name, "join") == 0)
			ck_assert_str_eq(got, "E_ROOM_AND_NICK||");
		else if (!info->usage[0] || info->usage[0] == '[')
			ck_assert_str_eq(got, info->name);
		else
			ck_assert_ptr_nonnull(strstr(got, "|is missing"));
		ck_assert_ptr_null(strstr(got, "||is missing"));
	}
	strbuf_fini(&object);
}
END_TEST

/* Cutting: what a stream leads to. */
START_TEST(reads_a_stream)
{
	static const char stream[] =
		"junk {\"type\":\"ping\"}{\"type\":\"who\"}\n{\"a\":\"x\n"
		"{\"type\":\"chat\",\"message\":\"this is too long\"} {\"ty";
	static const struct service svc = {.message_max = 30};
	struct slice data = {stream, sizeof(stream) - 1};
	struct dialect_input in;
	struct chat_call call = {0};
	struct strbuf said = {0};
	size_t used;

	dialect_json.start(&in, &svc);
	do {
		chat_call_clear(&call);
		ck_assert_int_eq(dialect_json.read(&in, &data, &call, &used),
			used > 0 ? DIALECT_READ : DIALECT_MORE);
		if (call.verb)
			strbuf_addf(
				&said, "%s ", chat_verb_info(call.verb)->name);
		if (call.is_error)
			strbuf_addf(&said, "%s:%d:%d ",
				call.error == CHAT_E_INVALID_INPUT ? "invalid"
								   : "long",
				(int)call.n, (int)call.limit);
		data.data += used;
		data.len -= used;
	} while (used > 0);
	ck_assert_uint_eq(data.len, 4);
	ck_assert_uint_eq(dialect_json.patience_ms(&in), 10000);
	ck_assert_str_eq(
		said.data, "invalid:0:0 ping who invalid:0:0 long:44:30 ");
	chat_call_clear(&call);
	ck_assert_int_eq(dialect_json.late(&in, &call), DIALECT_READ);
	ck_assert_int_eq(call.error, CHAT_E_INVALID_INPUT);
	ck_assert_uint_eq(dialect_json.patience_ms(&in), 0);
	ck_assert_int_eq(dialect_json.late(&in, &call), DIALECT_MORE);
	chat_call_clear(&call);
	ck_assert_int_eq(dialect_json.end(&in, &data, &call), DIALECT_MORE);
	dialect_json.start(&in, &svc);
	dialect_json.read(&in, &data, &call, &used);
	ck_assert_int_eq(dialect_json.end(&in, &data, &call), DIALECT_READ);
	ck_assert_int_eq(call.error, CHAT_E_INVALID_INPUT);
	chat_call_fini(&call);
	strbuf_fini(&said);
}
END_TEST

/* Writing. */

static const char *render(const struct chat_msg *msg)
{
	static struct strbuf out;

	strbuf_clear(&out);
	strbuf_adds(&out, "");
	dialect_json.render(msg, 0, &out);
	ck_assert(!out.failed);
	return out.data;
}

static const char *rendered(const struct chat_msg_spec *spec)
{
	struct chat_msg *msg = chat_msg_new(spec);
	const char *text = render(msg);

	chat_msg_unref(msg);
	return text;
}

#define NOTE "{\"type\":\"notification\",\"event\":"
#define BOB  "\"username\":\"bob\""
#define OPS  ",\"room\":\"ops\""
#define HERE .nick = "bob", .room = "ops"
#define X40  "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"

/* clang-format off */
static const struct {
	struct chat_msg_spec spec;
	const char *object; /* without the LF; "": nothing */
} renders[] = {
	{{CHAT_SAID, HERE, .text = "a \"b\"\n\\c", .id = 1700000000123000,
			.wall_ms = 1700000000123},
		"{\"type\":\"chat\"," BOB OPS ",\"message\":\"a \\\"b\\\"\\n\\\\c\","
		"\"id\":1700000000123000,\"time\":1700000000.123}"},
	{{CHAT_ACTION, HERE, .text = "waves", .id = 7, .wall_ms = 1000},
		"{\"type\":\"me\"," BOB OPS ",\"message\":\"waves\",\"id\":7,\"time\":1.000}"},
	{{CHAT_PRIVATE, .nick = "bob", .nick2 = "al", .text = "hi", .wall_ms = 50},
		"{\"type\":\"msg\"," BOB ",\"message\":\"hi\",\"time\":0.050}"},
	{{CHAT_PRIVATE_COPY, .nick = "al", .nick2 = "bob", .text = "hi"}, ""},
	{{CHAT_JOINED, HERE}, NOTE "\"join\"," BOB OPS ",\"message\":\"bob joined ops\"}"},
	{{CHAT_YOU_JOINED, HERE, .text = "sockd"},
		NOTE "\"join\"," BOB OPS ",\"message\":\"bob joined ops\"}"},
	{{CHAT_ARRIVED, HERE, .text = "tea", .n = 3, .id = 9, .nick2 = "k7fd-92"},
		NOTE "\"join\"," BOB OPS ",\"message\":\"bob joined ops\",\"members\":3,"
		"\"last_id\":9,\"resume\":\"k7fd-92\",\"topic\":\"tea\"}"},
	{{CHAT_LEFT, HERE}, NOTE "\"leave\"," BOB OPS ",\"message\":\"bob left ops\"}"},
	{{CHAT_LEFT, HERE, .text = "tea"},
		NOTE "\"leave\"," BOB OPS ",\"message\":\"bob left ops\",\"reason\":\"tea\"}"},
	{{CHAT_RENAMED, .nick = "bob", .nick2 = "rob"},
		NOTE "\"nick\"," BOB ",\"new_username\":\"rob\",\"message\":\"bob is now rob\"}"},
	{{CHAT_PROCLAIMED, .room = "ops", .text = "back at \"noon\""},
		"{\"type\":\"notification\",\"event\":\"announcement\","
		"\"room\":\"ops\",\"message\":\"back at \\\"noon\\\"\"}"},
	{{CHAT_TOPIC_SET, HERE, .text = "tea\n"},
		NOTE "\"topic\"," BOB OPS ",\"topic\":\"tea\xE2\x90\x8A\","
		"\"message\":\"bob set the topic\"}"},
	{{CHAT_WELCOME, .nick = "bob", .text = "my\x01server"},
		"{\"type\":\"welcome\",\"message\":\"welcome to my\xE2\x90\x81server\"," BOB "}"},
	{{CHAT_MOTD, .text = "one\ntwo\x07\n"},
		"{\"type\":\"motd\",\"message\":\"one\\ntwo\xE2\x90\x87\\n\"}"},
	{{CHAT_MOTD}, "{\"type\":\"motd\",\"message\":\"\"}"},
	{{CHAT_YOU_TOPIC, .room = "ops", .text = "tea"},
		"{\"type\":\"topic\"" OPS ",\"topic\":\"tea\"}"},
	{{CHAT_REPLAY, .room = "ops", .n = 4},
		"{\"type\":\"history\"" OPS ",\"messages\":[],\"lost\":4}"},
	{{CHAT_WHO, .room = "ops"}, "{\"type\":\"who\"" OPS ",\"members\":[],\"total\":0}"},
	{{CHAT_ROOMS}, "{\"type\":\"rooms\",\"rooms\":[],\"total\":0}"},
	{{CHAT_WHOIS, .nick = "bob", .n = 7999, .limit = 2000},
		"{\"type\":\"whois\"," BOB ",\"rooms\":[],\"here\":7,\"silent\":2,"
		"\"away\":false}"},
	{{CHAT_WHOIS, .nick = "bob", .nick2 = "rob", .text = "tea", .flags = CHAT_AWAY},
		"{\"type\":\"whois\"," BOB ",\"user\":\"rob\",\"rooms\":[],\"here\":0,"
		"\"silent\":0,\"away\":true,\"message\":\"tea\"}"},
	{{CHAT_AWAY_NOTE, .nick = "bob"}, "{\"type\":\"away\"," BOB ",\"message\":\"\"}"},
	{{CHAT_IGNORING}, "{\"type\":\"ignore\",\"members\":[],\"total\":0}"},
	{{CHAT_WELCOME_BACK, .nick = "bob", .nick2 = "rob", .n = 3, .limit = 2, .text = "k7fd-92"},
		"{\"type\":\"resume\"," BOB ",\"taken\":\"rob\",\"missed\":3,\"lost\":2,"
		"\"resume\":\"k7fd-92\"}"},
	{{CHAT_HELP, .text = "history"},
		"{\"type\":\"help\",\"commands\":["
		"{\"type\":\"history\",\"fields\":[\"last\",\"since\"]}]}"},
	{{CHAT_HELP, .text = "part"},
		"{\"type\":\"help\",\"commands\":[{\"type\":\"leave\",\"fields\":[]}]}"},
	{{CHAT_PONG}, "{\"type\":\"pong\"}"},
	{{CHAT_YOU_RENAMED, .nick = "bob"}, ""},
	{{CHAT_OK, .ref = "\"x\""}, "{\"type\":\"ok\",\"ref\":\"x\"}"},
	{{CHAT_OK, .ref = "7", .id = 9}, "{\"type\":\"ok\",\"ref\":7,\"id\":9}"},
	{{CHAT_BYE, .text = "x"}, ""},
	{{CHAT_E_INVALID_INPUT},
		"{\"type\":\"error\",\"code\":\"invalid_json\",\"message\":\"Invalid JSON\"}"},
	{{CHAT_E_ROOM_AND_NICK, .ref = "1"},
		"{\"type\":\"error\",\"code\":\"room_and_username_required\","
		"\"message\":\"Room and username required\",\"ref\":1}"},
	{{CHAT_E_BAD_FIELD, .text = "room", .nick2 = "must be a text"},
		"{\"type\":\"error\",\"code\":\"bad_field\","
		"\"message\":\"\\\"room\\\" must be a text\"}"},
	{{CHAT_E_LINE_TOO_LONG, .n = 70000, .limit = 65536},
		"{\"type\":\"error\",\"code\":\"too_long\",\"message\":"
		"\"that object has 70,000 bytes, 65,536 are allowed; it was not read\"}"},
	{{CHAT_E_UNKNOWN_COMMAND, .text = "jion", .nick2 = "join"},
		"{\"type\":\"error\",\"code\":\"unknown_type\",\"message\":"
		"\"there is no type \\\"jion\\\"; did you mean \\\"join\\\"?\"}"},
	{{CHAT_E_NICK_RESERVED, .text = "guest-x"},
		"{\"type\":\"error\",\"code\":\"name_invalid\",\"message\":"
		"\"names with guest- are given by the server\"}"},
	{{CHAT_E_NICK_RESERVED, .text = "cr0n", .nick2 = "cron"},
		"{\"type\":\"error\",\"code\":\"name_invalid\",\"message\":"
		"\"\\\"cr0n\\\" is kept for the service cron\"}"},
	{{CHAT_E_NICK_TAKEN, .text = X40 X40},
		"{\"type\":\"error\",\"code\":\"name_taken\",\"message\":"
		"\"somebody is called \\\"" X40 "...\\\" already\"}"},
};
/* clang-format on */

START_TEST(writes)
{
	const char *text = rendered(&renders[_i].spec);
	size_t len = strlen(renders[_i].object);

	ck_assert_msg(strncmp(text, renders[_i].object, len) == 0 &&
			strcmp(text + len, len > 0 ? "\n" : "") == 0,
		"%s instead of %s", text, renders[_i].object);
}
END_TEST

static struct chat_msg *item(struct chat_msg_spec spec)
{
	return chat_msg_new(&spec);
}

START_TEST(writes_lists)
{
	struct chat_msg *said[] = {
		item((struct chat_msg_spec){
			CHAT_SAID, HERE, .text = "a", .id = 1}),
		item((struct chat_msg_spec){
			CHAT_ACTION, HERE, .text = "b", .id = 2}),
	};
	struct chat_msg *people[] = {
		item((struct chat_msg_spec){CHAT_WHO_ITEM, .nick = "al"}),
		item((struct chat_msg_spec){CHAT_WHO_ITEM, .nick = "bob"}),
	};
	struct chat_msg *rooms[] = {
		item((struct chat_msg_spec){CHAT_ROOM_ITEM, .room = "ops",
			.n = 2, .text = "t\x7F"}),
		item((struct chat_msg_spec){
			CHAT_ROOM_ITEM, .room = "den", .n = 1}),
	};

	ck_assert_str_eq(rendered(&(struct chat_msg_spec){CHAT_REPLAY,
				 .room = "ops", .items = said, .n_items = 2}),
		"{\"type\":\"history\",\"room\":\"ops\",\"messages\":["
		"{\"type\":\"chat\"," BOB OPS
		",\"message\":\"a\",\"id\":1,\"time\":0.000},"
		"{\"type\":\"me\"," BOB OPS
		",\"message\":\"b\",\"id\":2,\"time\":0.000}],\"lost\":0}\n");
	ck_assert_str_eq(
		rendered(&(struct chat_msg_spec){CHAT_WHO, .room = "ops",
			.n = 60, .items = people, .n_items = 2}),
		"{\"type\":\"who\",\"room\":\"ops\",\"members\":["
		"{\"username\":\"al\"},{\"username\":\"bob\"}],"
		"\"total\":60}\n");
	ck_assert_str_eq(rendered(&(struct chat_msg_spec){CHAT_ROOMS, .n = 2,
				 .items = rooms, .n_items = 2}),
		"{\"type\":\"rooms\",\"rooms\":["
		"{\"room\":\"ops\",\"members\":2,\"topic\":\"t\xE2\x90\xA1\"},"
		"{\"room\":\"den\",\"members\":1,\"topic\":\"\"}],"
		"\"total\":2}\n");
}
END_TEST

/* One line, which a strict reader takes for one object. */
static void check_object(const char *text, const char *type)
{
	size_t len = strlen(text);
	json_t *object = json_loadb(text, len, JSON_REJECT_DUPLICATES, NULL);

	ck_assert_msg(json_is_object(object), "no object: %s", text);
	ck_assert_ptr_eq(strchr(text, '\n'), text + len - 1);
	ck_assert_ptr_nonnull(
		json_string_value(json_object_get(object, "type")));
	if (type)
		ck_assert_str_eq(
			json_string_value(json_object_get(object, "type")),
			type);
	json_decref(object);
}

static bool is_known_code(const char *code)
{
	static const char *const codes[] = {"invalid_json",
		"room_and_username_required", "unknown_type", "bad_field",
		"name_invalid", "name_taken", "room_invalid", "not_in_room",
		"too_long", "too_fast", "no_such_name", "not_allowed", "busy"};

	for (int i = 0; i < N(codes); i++)
		if (strcmp(codes[i], code) == 0)
			return true;
	return false;
}

/* Whatever chat tells has its object, or is left out on purpose; a refusal has
 * one of the codes that programs know. */
START_TEST(every_type_has_its_object)
{
	static const enum chat_type silent[] = {CHAT_PRIVATE_COPY,
		CHAT_YOU_RENAMED, CHAT_WHO_ITEM, CHAT_ROOM_ITEM, CHAT_SAID_WORD,
		CHAT_BYE, CHAT_RESUMED, CHAT_YOU_AWAY, CHAT_YOU_BACK,
		CHAT_IGNORED, CHAT_UNIGNORED, CHAT_TIME_SET, CHAT_BELL_SET,
		CHAT_QUIET_SET, CHAT_KICKED, CHAT_BANNED, CHAT_OPERATED,
		CHAT_YOU_KICKED, CHAT_YOU_MUTED, CHAT_YOU_UNMUTED,
		CHAT_YOU_LOCKED, CHAT_YOU_UNBANNED, CHAT_BAN_ITEM};
	json_t *object;

	for (int type = 0; type < CHAT_TYPE_N; type++) {
		const char *text = rendered(
			&(struct chat_msg_spec){.type = (enum chat_type)type,
				.nick = "a",
				.nick2 = "b",
				.room = "r",
				.text = "\x1B \" 100%n \xFF",
				.ref = "\"x\"",
				.n = 2,
				.limit = 3});
		bool is_silent = false;

		for (int i = 0; i < N(silent); i++)
			is_silent = is_silent ||
				silent[i] == (enum chat_type)type;
		if (is_silent) {
			ck_assert_str_eq(text, "");
			continue;
		}
		/* the parsers make safe what people say */
		if (type <= CHAT_PRIVATE_COPY || type == CHAT_LEFT)
			continue;
		check_object(text, type >= CHAT_E_FIRST ? "error" : NULL);
		if (type < CHAT_E_FIRST)
			continue;
		object = json_loads(text, 0, NULL);
		ck_assert(is_known_code(
			json_string_value(json_object_get(object, "code"))));
		ck_assert_str_eq(
			json_string_value(json_object_get(object, "ref")), "x");
		ck_assert_uint_gt(
			json_string_length(json_object_get(object, "message")),
			5);
		json_decref(object);
	}
}
END_TEST

/* The longest names, and a topic that would take four times as much. */
START_TEST(a_joiner_is_told_in_1000_bytes)
{
	static const char nick[] = "abcdefghijklmnopqrstuvwx";
	static const char room[] = "abcdefghijklmnopqrstuvwxyz-_.012";
	static const char *const units[] = {
		"x", "\"", "\xC3\xA9", "\xF0\x9F\x8D\xB5", "\x1B", "\xFF"};
	struct strbuf topic = {0};

	for (int i = 0; i < N(units); i++) {
		const char *text;

		strbuf_clear(&topic);
		for (int n = 0; n < 1200; n++)
			strbuf_adds(&topic, units[i]);
		text = rendered(&(struct chat_msg_spec){CHAT_ARRIVED,
			.nick = nick, .room = room, .nick2 = "k7fd-92",
			.text = topic.data, .n = 9007199254740991,
			.id = 9007199254740991});
		check_object(text, "notification");
		ck_assert_uint_lt(strlen(text), 1000);
		ck_assert_uint_gt(strlen(text), 950);
	}
	strbuf_fini(&topic);
}
END_TEST

START_TEST(says_goodbye)
{
	struct strbuf out = {0};

	for (int why = 0; why < CLOSE_N; why++) {
		strbuf_clear(&out);
		strbuf_adds(&out, "");
		dialect_json.goodbye(
			(enum close_reason)why, "a\"\x1B\xFF", 0, &out);
		if (close_row((enum close_reason)why)->words)
			check_object(out.data, "disconnected");
		else
			ck_assert_str_eq(out.data, "");
	}
	strbuf_clear(&out);
	dialect_json.goodbye(CLOSE_IDLE, "5m", 0, &out);
	dialect_json.goodbye(CLOSE_QUIT, NULL, 0, &out);
	ck_assert_str_eq(out.data,
		"{\"type\":\"disconnected\",\"code\":\"idle\",\"message\":"
		"\"nothing was sent for 5m\",\"retry\":true}\n"
		"{\"type\":\"disconnected\",\"code\":\"quit\",\"message\":"
		"\"bye\",\"retry\":false}\n");
	strbuf_fini(&out);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("dialect_json");
	TCase *tc = tcase_create("dialect_json");
	SRunner *runner;
	int failed;

	tcase_add_loop_test(tc, reads, 0, N(parses));
	tcase_add_test(tc, knows_every_verb);
	tcase_add_test(tc, reads_a_stream);
	tcase_add_loop_test(tc, writes, 0, N(renders));
	tcase_add_test(tc, writes_lists);
	tcase_add_test(tc, every_type_has_its_object);
	tcase_add_test(tc, a_joiner_is_told_in_1000_bytes);
	tcase_add_test(tc, says_goodbye);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
