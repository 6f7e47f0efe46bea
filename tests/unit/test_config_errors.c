/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Broken configurations: each names its line and says what to write. */
#include <check.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "config_files.h"

/* A good service on line 1, then what is broken on line 2. */
#define E                                                                     \
	"services: { e: { protocol = \"echo\"; listen = \"localhost:7\"; }; " \
	"};\n"
/* One service with these keys, all on line 1. */
#define S(keys)    "services: { s: { " keys " }; };\n"
#define ECHO(keys) S("protocol = \"echo\"; listen = \"localhost:7\"; " keys)
#define CHAT(keys) S("protocol = \"chat\"; listen = \"localhost:7\"; " keys)
#define POST(keys) S("protocol = \"post\"; listen = \"localhost:7\"; " keys)

/* Each must give exactly one finding, "t.conf:LINE: text", and EX_CONFIG. */
static const struct {
	const char *text, *says;
} broken[] = {
	/* Numbers that libconfig would wrap or take for another. */
	{E "workers = 2147483648;",
		":2: workers: 2147483648 is out of bounds; write 0 to 64"},
	{E "workers = 4294967376;", ":2: workers: 4294967376 is out of bounds"},
	{E "workers = 4294967297;", ":2: workers: 4294967297 is out of bounds"},
	{E "workers = 99999999999;",
		":2: workers: 99999999999 is out of bounds"},
	{E "workers = -4294967295;",
		":2: workers: -4294967295 is out of bounds"},
	{E "workers = 0xFFFFFFFF;", ":2: workers: 4294967295 is out of bounds"},
	{E "workers = 0x100000001L;",
		":2: workers: 4294967297 is out of bounds"},
	{E "workers = 4294967297L;",
		":2: workers: 4294967297 is out of bounds"},
	{E "workers = 2147483648LL;",
		":2: workers: 2147483648 is out of bounds"},
	{E "workers = 99999999999999999999;",
		":2: syntax error: the number 99999999999999999999 is too "
		"large"},
	{E "workers = 010;", ":2: syntax error: the number 010 begins with 0"},
	{E "workers = -1;", ":2: workers: -1 is out of bounds"},
	{E "limits: { topic = 99999999999; };",
		":2: limits.topic: unknown key; did you mean \"chat.topic\"?"},

	/* Values of another type. */
	{E "workers = 1.5;",
		":2: workers: the number 1.5 does not fit here; write a whole "
		"number"},
	{E "workers = \"1\";",
		":2: workers: the text \"1\" does not fit here; write a whole "
		"number"},
	{E "workers = true;",
		":2: workers: true does not fit here; write a whole number"},
	{E "limits: { line = 4096; };",
		":2: limits.line: the number 4096 has no unit; write a size in "
		"quotes: \"4KiB\""},
	{E "limits: { line = \"64K\"; };",
		":2: limits.line: \"64K\" is not a size; write \"64KiB\""},
	{E "limits: { line = \"1GiB\"; };",
		":2: limits.line: \"1GiB\" is out of bounds; write 64B "
		"to 64KiB"},
	{E "drain = 30;",
		":2: drain: the number 30 has no unit; write a duration in "
		"quotes: \"30s\""},
	{E "drain = \"30\";",
		":2: drain: \"30\" has no unit; write ms, s, m, h or d"},
	{E "drain = { };",
		":2: drain: a group does not fit here; write a duration"},
	{E "drain = [ \"1s\" ];",
		":2: drain: a list does not fit here; write a duration"},
	{E "timeouts: { linger = \"0\"; };",
		":2: timeouts.linger: \"0\" is out of bounds; write 100ms to "
		"1h"},
	{E "limits: { connect_rate = \"5\"; };",
		":2: limits.connect_rate: \"5\" is not a rate"},
	{E "log: { level = \"inof\"; };",
		":2: log.level: \"inof\" is not known here; did you mean "
		"\"info\"?"},
	{E "limits = 5;", ":2: limits: is a group; write limits: { ... };"},
	{E "chat: { flood = \"2/s\"; };",
		":2: chat.flood: is a group; write flood: { ... };"},
	{E "exempt = [ 1, 2 ];",
		":2: exempt: the list holds something else than text"},
	{E "exempt = [ \"::1\", 2 ];",
		":2: texts and numbers mixed in one list"},
	{E "exempt = ( \"::1\", { } );",
		":2: exempt: the list holds something else than text"},
	{E "exempt = [ \"::1\",\n\n\"10.0.0.1/8\" ];",
		":4: exempt: the address has bits beyond its prefix; write "
		"\"10.0.0.0/8\""},
	{E "exempt = \"localhost\";",
		":2: exempt: \"localhost\" is not a network"},
	{E "runtime_dir = \"run\";",
		":2: runtime_dir: \"run\" is not a whole path"},
	{E "chat: { name = \"\"; };",
		":2: chat.name: a text of 0 bytes is out of bounds; write 1 to "
		"64"},
	{E "chat: { name = \"a\\nb\"; };",
		":2: chat.name: a control character"},
	{E "chat: { room = \"a b\"; };",
		":2: chat.room: \"a b\" is not the name of a room"},
	{E "chat: { room = \"#\"; };",
		":2: chat.room: the name of a room has 1 to 32 characters, not "
		"0"},
	{E "control: { mode = \"rw\"; };",
		":2: control.mode: \"rw\" is not a mode"},
	{E "control: { path = \"localhost:1\"; };",
		":2: control.path: \"localhost:1\" is not a unix socket"},
	{E "control: { group = \"no-such-group\"; };",
		":2: control.group: there is no group \"no-such-group\""},
	{"services = 5;", ":1: services: is a group"},
	{"services: { a = 5; };", ":1: services.a: is a group"},
	{E "chat: { rooms = [ \"a\" ]; };", ":2: chat.rooms: is a group"},
	{E "chat: { rooms: { a = 1; }; };", ":2: chat.rooms.a: is a group"},

	/* Names. */
	{E "wrokers = 1;",
		":2: wrokers: unknown key; did you mean \"workers\"?"},
	{E "Workers = 1;",
		":2: Workers: unknown key; did you mean \"workers\"?"},
	{E "servces: { };",
		":2: servces: unknown key; did you mean \"services\"?"},
	{E "zzz = 1;", ":2: zzz: unknown key"},
	{E "limits: { lien = \"1KiB\"; };",
		":2: limits.lien: unknown key; did you mean \"line\"?"},
	{E "idle = \"5m\";",
		":2: idle: unknown key; did you mean \"timeouts.idle\"?"},
	{E "listen = \"*:1\";",
		":2: listen: unknown key here; it belongs to a service"},
	{E "chat: { rooms: { a: { tpoic = \"\"; }; }; };",
		":2: chat.rooms.a.tpoic: unknown key; did you mean \"topic\"?"},
	{E "chat: { rooms: { a*: { }; }; };",
		":2: chat.rooms.a*: \"a*\" is not the name of a room"},
	{E "chat: { rooms: { Ops: { };\n ops: { }; }; };",
		":3: chat.rooms: \"Ops\" and \"ops\" are the same room"},
	{E "workers = 1;\nworkers = 2;",
		":3: a name twice in one group of one file; take one out; in: "
		"workers = 2;"},
	{ECHO("enabled = true;\n enabled = true;"),
		":2: a name twice in one group"},
	{"services: { a: { }; a: { }; };", ":1: a name twice in one group"},
	{"services: { a*: { protocol = \"echo\"; listen = \"localhost:7\"; }; "
	 "};",
		":1: services.a*: a name of letters"},

	/* Services. */
	{S("protocol = \"eco\"; listen = \"localhost:7\";"),
		":1: services.s.protocol: there is no protocol \"eco\"; did "
		"you mean \"echo\"?"},
	{S("protocol = \"irc\"; listen = \"localhost:7\";"),
		":1: services.s.protocol: there is no protocol \"irc\"; write "
		"one of \"chargen\", \"chat\", "},
	{S("protocol = 7; listen = \"localhost:7\";"),
		":1: services.s.protocol: the number 7 does not fit here; "
		"write text"},
	{S("listen = \"localhost:7\";"), ":1: services.s: has no protocol"},
	{S("protocl = \"echo\"; listen = \"localhost:7\";"),
		":1: services.s.protocl: unknown key; did you mean "
		"\"protocol\"?"},
	{S("protocol = \"echo\";"), ":1: services.s: has no listen"},
	{S("protocol = \"echo\"; listen = [ ];"),
		":1: services.s.listen: names no address"},
	{S("protocol = \"echo\"; listne = \"localhost:7\";"),
		":1: services.s.listne: unknown key; did you mean \"listen\"?"},
	{S("protocol = \"echo\"; listen = 7007;"),
		":1: services.s.listen: the number 7007 does not fit here; "
		"write text"},
	{S("protocol = \"echo\"; listen = \"7007\";"),
		":1: services.s.listen: \"7007\" names no host; write "
		"\"localhost:7007\""},
	{S("protocol = \"echo\"; listen = \"localhost:70000\";"),
		":1: services.s.listen: there is no port 70000"},
	{S("protocol = \"echo\"; listen = \"::1:7\";"),
		":1: services.s.listen: \"::1:7\" has several colons"},
	{S("protocol = \"echo\"; listen = \"127.0.0.1:no-such-port\";"),
		":1: services.s.listen: unknown port"},
	{S("protocol = \"echo\"; listen = [ \"localhost:7\",\n\"localhost:7\" "
	   "];"),
		":2: services.s.listen: \"localhost:7\" is taken by "
		"\"localhost:7\" of the service s"},
	{E "@include \"more.conf\"\n",
		":2: @include \"more.conf\": more.conf: No such file"},
	{ECHO("mode = \"999\";"), ":1: services.s.mode: \"999\" is not a mode"},
	{ECHO("allow = [ \"10.0.0.0/33\" ];"),
		":1: services.s.allow: \"10.0.0.0/33\" has no prefix from /0 "
		"to /32"},
	{ECHO("one_shot = \"yes\";"),
		":1: services.s.one_shot: the text \"yes\" does not fit here; "
		"write true or false"},
	{ECHO("flood: { burst = 1; };"), ":1: services.s.flood: unknown key"},
	{ECHO("tls: { certficate = \"\"; };"),
		":1: services.s.tls.certficate: unknown key; did you mean "
		"\"certificate\"?"},
	{CHAT("flood: { brust = 1; };"),
		":1: services.s.flood.brust: unknown key; did you mean "
		"\"burst\"?"},
	{CHAT("flood: { burst = 0; };"),
		":1: services.s.flood.burst: 0 is out of bounds"},
	{POST("nikc = \"log\";"),
		":1: services.s.nikc: unknown key; did you mean \"nick\"?"},
	{POST("nick = \"no name\";"),
		":1: services.s.nick: \"no name\" cannot be a name in the "
		"chat: write 1 to 24 of a-z 0-9 -_[]{}|^"},
	{POST("nick = \"Guest-7\";"),
		":1: services.s.nick: \"Guest-7\" cannot be a name in the "
		"chat: those that begin with guest- are for guests"},
	{"services: { guest-book: { protocol = \"post\"; "
	 "listen = \"localhost:7\"; }; };",
		":1: services.guest-book.nick: \"guest-book\", that of the "
		"service, cannot be a name in the chat: those that begin with "
		"guest-"},
	{S("protocol = \"metrics\"; listen = \"localhost:7\"; path = \"/m\";"),
		":1: services.s.path: unknown key\n"},
	{E "path = \"x\";",
		":2: path: unknown key; did you mean \"control.path\"?"},
	{POST("room = \"no room\";"),
		":1: services.s.room: \"no room\" is not the name of a room"},
	{POST("flood: { burst = 0; };"),
		":1: services.s.flood.burst: 0 is out of bounds"},
	{"services: { alerts-of-the-whole-house: { protocol = \"post\"; "
	 "listen = \"localhost:7\"; }; };",
		":1: services.alerts-of-the-whole-house.nick: "
		"\"alerts-of-the-whole-house\", that of the service, cannot "
		"be a name"},
	{S("protocol = \"echo\"; listen = \"control.sock\";"),
		":1: services.s.listen: \"control.sock\" is the control "
		"socket"},

	/* Known, but not in this build. */
	{ECHO("transport = \"tls\";"),
		":1: services.s.transport: \"tls\" is not possible: built "
		"without TLS"},
	{CHAT("transport = \"udp\";"),
		":1: services.s.transport: the protocol \"chat\" does not "
		"speak \"udp\""},
	{ECHO("transport = \"upd\";"),
		":1: services.s.transport: \"upd\" is not known here; did you "
		"mean \"udp\"?"},
	{CHAT("framing = \"line\";"),
		":1: services.s.framing: the protocol \"chat\" does not speak "
		"\"line\""},
	{S("protocol = \"discard\"; listen = \"localhost:7\"; "
	   "framing = \"line\";"),
		":1: services.s.framing: the protocol \"discard\" does not "
		"speak \"line\""},
	{ECHO("framing = \"lines\";"),
		":1: services.s.framing: \"lines\" is not known here; did you "
		"mean \"line\"?"},
	{ECHO("tls: { key = \"/k\"; };"),
		":1: services.s.tls.key: this is not in this build"},
	{CHAT("dialect = \"jason\";"),
		":1: services.s.dialect: \"jason\" is not known here; did you "
		"mean \"json\"?"},
	{CHAT("framing = \"length\"; dialect = \"text\";"),
		":1: services.s.dialect: \"text\" has no framing \"length\"; "
		"write \"json\""},
	{CHAT("login = \"required\";"), ":1: services.s.login: "},
	{S("protocol = \"metrics\"; transport = \"udp\"; listen = "
	   "\"localhost:7\";"),
		":1: services.s.transport: the protocol \"metrics\" does not "
		"speak \"udp\""},
	{S("protocol = \"metrics\"; enabled = false;") E,
		":2: a name twice in one group"},
	{S("protocol = \"echo\"; listen = \"systemd:echo\";"),
		":1: services.s.listen: \"systemd:echo\": passed sockets are "
		"not in this build"},
	{E "chat: { accounts = \"/etc/a\"; };",
		":2: chat.accounts: /etc/a cannot be read: No such file or "
		"directory"},
	{E "chat: { operators = [\n\"@no such\" ]; };",
		":3: chat.operators: there is no group \"no such\""},
	{E "chat: { operators = \"9a\"; };",
		":2: chat.operators: \"9a\" cannot be the name of an account; "
		"write one, or \"@GROUP\" for a Unix group"},
	{S("protocol = \"chat\"; listen = \"localhost:7\";\n"
	   "login = \"required\";"),
		":2: services.s.login: there are no accounts to log in to; "
		"write chat.accounts"},

	/* Proxies. */
	{ECHO("\nproxy_protocol = [ \"::1\",\n\"10.0.0.1/8\" ];"),
		":3: services.s.proxy_protocol: the address has bits beyond "
		"its prefix; write \"10.0.0.0/8\""},
	{ECHO("proxy_protocol = \"localhost\";"),
		":1: services.s.proxy_protocol: \"localhost\" is not a "
		"network"},
	{S("protocol = \"echo\"; listen = [ \"a.sock\", \"/b.sock\" ];\n"
	   "proxy_protocol = \"::1\";"),
		":2: services.s.proxy_protocol: no peer of a unix socket is "
		"in a network"},

	/* What only the whole tells. */
	{"", ": no services configured"},
	{"services: { };", ": no services configured"},
	{S("protocol = \"echo\"; enabled = false;"),
		": no services configured"},
	{E "limits: { output_soft = \"512KiB\"; };",
		":2: limits.output_soft: must be less than limits.output_hard "
		"(\"512KiB\")"},
	{E "limits: { output_hard = \"1KiB\"; };",
		":2: limits.output_hard: must be more than limits.output_soft "
		"(\"64KiB\")"},
	{E "limits: { output_total = \"1MiB\";\noutput_hard = \"2MiB\"; };",
		":2: limits.output_total: must not be less than "
		"limits.output_hard (\"2MiB\")"},
	{E "limits: { message = \"1KiB\"; };",
		":2: limits.message: must not be less than chat.text "
		"(\"4KiB\")"},
	{E "chat: { history_bytes = \"1GiB\"; };",
		":2: chat.history_bytes: must not be more than "
		"chat.history_total"},
	{"services: {\na: { protocol = \"echo\"; listen = \"*:7\"; };\nb: { "
	 "protocol = \"discard\"; listen = [ \"x\",\n\"127.0.0.1:7\" ]; };\n};",
		":4: services.b.listen: \"127.0.0.1:7\" is taken by \"*:7\" of "
		"the service a"},
	{"services: {\na: { protocol = \"echo\"; listen = \"x.sock\"; };\nb: { "
	 "protocol = \"echo\"; listen = \"x.sock\"; };\n};",
		":3: services.b.listen: \"x.sock\" is taken by \"x.sock\" of "
		"the service a"},
};
#define N_BROKEN ((int)(sizeof(broken) / sizeof(broken[0])))

START_TEST(broken_file_is_told)
{
	files_assert_refused(broken[_i].text, broken[_i].says);
}
END_TEST

/* What -o says; always EX_USAGE. */
static const struct {
	const char *override, *says;
} bad_overrides[] = {
	{"workers", "-o workers: write PATH=VALUE"},
	{"=1", "-o =1: write PATH=VALUE"},
	{".workers=1", "-o .workers=1: write PATH=VALUE"},
	{"limits..line=1", "-o limits..line=1: write PATH=VALUE"},
	{"limits.=1", "-o limits.=1: write PATH=VALUE"},
	{"workers=two", "-o workers: \"two\" is not a whole number"},
	{"workers=4294967297", "-o workers: 4294967297 is out of bounds"},
	{"wrokers=1", "-o wrokers: unknown key; did you mean \"workers\"?"},
	{"limits.lien=1",
		"-o limits.lien: unknown key; did you mean \"line\"?"},
	{"limits=1", "-o limits: is a group"},
	{"services=1", "-o services: is a group"},
	{"services.e=1", "-o services.e: is a group"},
	{"services.ee.listen=*:1",
		"-o services.ee.listen: there is no \"ee\" in"},
	{"services.e.listne=*:1", "-o services.e.listne: unknown key"},
	{"services.e.listen=4000",
		"-o services.e.listen: \"4000\" names no host"},
	{"services.e.listen=", "-o services.e.listen: names no address"},
	{"services.e.protocol=eco",
		"-o services.e.protocol: there is no protocol"},
	{"services.e.one_shot=1",
		"-o services.e.one_shot: \"1\" is neither true"},
	{"services.e.transport=tls",
		"-o services.e.transport: \"tls\" is not possible"},
	{"chat.rooms.ops.topic=x",
		"-o chat.rooms.ops.topic: there is no \"ops\""},
	{"no.such.key=1", "-o no.such.key: unknown key"},
	{"limtis.line=1",
		"-o limtis.line: unknown key; did you mean \"limits\"?"},
	{"services.e.flood.burst=2", "-o services.e.flood.burst: unknown key"},
	{"workers.x=1", "-o workers.x: a group does not fit here"},
	{"limits.output_hard=1KiB", "-o limits.output_hard: must be more than"},
	{"limits.output_soft=1MiB", "-o limits.output_soft: must be less than"},
};

START_TEST(broken_override_is_told)
{
	struct config *cfg;
	const char *says = bad_overrides[_i].says;

	files_put("t.conf", E);
	ck_assert_msg(files_load(&cfg, bad_overrides[_i].override) == EX_USAGE,
		"%s: %s", bad_overrides[_i].override, files_said());
	ck_assert_msg(strncmp(files_said(), says, strlen(says)) == 0,
		"want %s\ngot  %s", says, files_said());
	ck_assert_msg(files_errors.n_errors == 1, "%s", files_said());
}
END_TEST

START_TEST(near_service_is_offered)
{
	struct config *cfg;

	files_put("t.conf",
		"services: { chat: { protocol = \"chat\"; "
		"listen = \"localhost:7\"; }; };");
	ck_assert_int_eq(
		files_load(&cfg, "services.caht.listen=*:1"), EX_USAGE);
	ck_assert_ptr_nonnull(strstr(files_said(), "did you mean \"chat\"?"));
}
END_TEST

START_TEST(every_finding_is_told)
{
	struct config *cfg;

	files_put("t.conf",
		"wrokers = 1;\n"
		"services: {\n"
		"  a: { protocol = \"eco\"; };\n"
		"  b: { protocol = \"echo\"; listen = \"4000\";\n"
		"       idle = 5; };\n"
		"  c: { protocol = \"metrics\"; nick = \"x\"; };\n"
		"};\n"
		"limits: { line = 1; output_soft = \"1GiB\"; };\n");
	ck_assert_int_eq(files_load(&cfg, NULL), EX_CONFIG);
	ck_assert_str_eq(files_said(),
		"t.conf:1: wrokers: unknown key; did you mean \"workers\"?\n"
		"t.conf:3: services.a.protocol: there is no protocol \"eco\"; "
		"did you mean \"echo\"?\n"
		"t.conf:3: services.a: has no listen; write listen = "
		"\"localhost:PORT\", for example\n"
		"t.conf:4: services.b.listen: \"4000\" names no host; write "
		"\"localhost:4000\" or \"*:4000\"\n"
		"t.conf:5: services.b.idle: the number 5 has no unit; write a "
		"duration in quotes: \"5s\"\n"
		"t.conf:6: services.c.nick: unknown key\n"
		"t.conf:8: limits.line: the number 1 has no unit; write a size "
		"in quotes: \"1B\"\n"
		"t.conf:8: limits.output_soft: must be less than "
		"limits.output_hard (\"512KiB\")\n");
}
END_TEST

START_TEST(rubbish_is_bounded)
{
	struct strbuf text = {0};
	struct config *cfg;

	for (int i = 0; i < 5000; i++)
		strbuf_addf(&text, "k%d = 1;\n", i);
	files_put("t.conf", text.data);
	strbuf_fini(&text);
	ck_assert_int_eq(files_load(&cfg, NULL), EX_CONFIG);
	ck_assert_uint_eq(files_errors.n_items, CONFIG_ERRORS_MAX + 1);
	ck_assert_uint_eq(files_errors.n_errors, 5001);
	files_assert_has(files_said(), "\nand 4,801 more\n");
}
END_TEST

int main(void)
{
	Suite *s = suite_create("config_errors");
	TCase *tc = tcase_create("config_errors");
	SRunner *sr = srunner_create(s);
	int failed;

	tcase_add_checked_fixture(tc, files_setup, files_teardown);
	tcase_add_loop_test(tc, broken_file_is_told, 0, N_BROKEN);
	tcase_add_loop_test(tc, broken_override_is_told, 0,
		(int)(sizeof(bad_overrides) / sizeof(bad_overrides[0])));
	tcase_add_test(tc, near_service_is_offered);
	tcase_add_test(tc, every_finding_is_told);
	tcase_add_test(tc, rubbish_is_bounded);
	suite_add_tcase(s, tc);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
