/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Loading: files, drop-ins, includes, -o, defaults, and printing it again. */
#include <check.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "proto/proto.h"

#include "config_files.h"

#define E                                                                     \
	"services: { e: { protocol = \"echo\"; listen = \"localhost:7\"; }; " \
	"};\n"

START_TEST(defaults_are_those_of_the_manual)
{
	struct config *cfg;

	files_put("t.conf", E);
	cfg = files_must_load(NULL, NULL);
	ck_assert_int_eq(cfg->workers, 0);
	ck_assert_uint_eq(cfg->drain_ms, 10000);
	ck_assert_uint_eq(cfg->exempt.n_items, 2);
	ck_assert_int_eq(cfg->limits.connections, 10000);
	ck_assert_uint_eq(cfg->limits.output_hard, 512 * 1024);
	ck_assert_int_eq(cfg->chat.max_rooms, 1000);
	ck_assert_str_eq(cfg->chat.room, "lobby");
	ck_assert_uint_eq(cfg->n_services, 1);
	ck_assert_str_eq(cfg->services[0].name, "e");
	ck_assert_ptr_eq(cfg->services[0].proto, proto_find("echo"));
	ck_assert_uint_eq(cfg->services[0].idle_ms, 300000);
	ck_assert_uint_eq(cfg->services[0].send_buffer, 0);
	ck_assert_int_eq(cfg->services[0].backlog, 4096);
	ck_assert_uint_eq(files_errors.n_items, 0);
	config_free(cfg);
	config_free(NULL);
}
END_TEST

START_TEST(services_inherit)
{
	struct config *cfg;

	files_put("t.conf",
		"timeouts: { idle = \"7m\"; };\n"
		"chat: { room = \"#hall\"; replay = 3; flood: { burst = 9; };\n"
		"  rooms: { ops: { flood: { queue = 1; }; }; }; };\n"
		"services: {\n"
		"  e: { protocol = \"echo\"; listen = \"localhost:7\"; };\n"
		"  f: { protocol = \"echo\"; listen = \"f\"; idle = \"0\"; };\n"
		"  c: { protocol = \"chat\"; listen = \"c\"; };\n"
		"  p: { protocol = \"post\"; listen = \"p\"; };\n"
		"};\n");
	cfg = files_must_load(NULL, NULL);
	ck_assert_uint_eq(cfg->services[0].idle_ms, 420000);
	ck_assert_uint_eq(cfg->services[1].idle_ms, 0);
	ck_assert_uint_eq(cfg->services[2].idle_ms, 0);
	ck_assert_uint_eq(cfg->services[2].send_buffer, 128 * 1024);
	ck_assert_uint_eq(cfg->services[3].idle_ms, 420000);
	ck_assert_uint_eq(cfg->services[3].send_buffer, 128 * 1024);
	ck_assert_str_eq(cfg->chat.room, "hall");
	ck_assert_uint_eq(cfg->chat.n_rooms, 1);
	ck_assert_str_eq(cfg->chat.rooms[0].name, "ops");
	ck_assert_int_eq(cfg->chat.rooms[0].replay, 3);
	ck_assert_int_eq(cfg->chat.rooms[0].flood.burst, 9);
	ck_assert_int_eq(cfg->chat.rooms[0].flood.queue, 1);
	ck_assert(cfg->chat.rooms[0].has_flood);
	config_free(cfg);
}
END_TEST

/* Of services that are there, whether they say so or not. */
START_TEST(services_keep_their_nicks)
{
	struct config *cfg;

	files_put("t.conf",
		"services: {\n"
		"  cron: { protocol = \"post\"; listen = \"a\"; };\n"
		"  off: { protocol = \"post\"; listen = \"b\"; enabled = "
		"false; };\n"
		"  log: { protocol = \"post\"; listen = \"c\"; nick = "
		"\"Journal\"; };\n"
		"  echo: { protocol = \"echo\"; listen = \"d\"; };\n"
		"};\n");
	cfg = files_must_load(NULL, NULL);
	ck_assert_uint_eq(cfg->chat.reserved.n_items, 2);
	ck_assert_str_eq(cfg->chat.reserved.items[0], "cron");
	ck_assert_str_eq(cfg->chat.reserved.items[1], "Journal");
	config_free(cfg);
}
END_TEST

START_TEST(libconfig_spellings_are_known)
{
	struct config *cfg;

	files_put("t.conf",
		"\xef\xbb\xbf# one\r\n// two\r\n/* three\r\n */\r\n"
		"workers=0x2\r\n"
		"chat = { motd : \"a\" \"b\"\n  \"\\x41\\n\", topic = +5 };\n"
		"exempt = ( \"::1\" );\f\n"
		"services:{e:{protocol=\"echo\",listen=[\"localhost:7\"],"
		"one_shot=TRUE}}");
	cfg = files_must_load(NULL, NULL);
	ck_assert_int_eq(cfg->workers, 2);
	ck_assert_str_eq(cfg->chat.motd, "abA\n");
	ck_assert_int_eq(cfg->chat.topic, 5);
	ck_assert_uint_eq(cfg->exempt.n_items, 1);
	config_free(cfg);
}
END_TEST

START_TEST(drop_ins_merge)
{
	struct config *cfg;
	char *text;

	files_put("t.conf",
		"workers = 1; exempt = [ \"::1\", \"10.0.0.0/8\" ];\n"
		"services: {\n"
		"  a: { protocol = \"echo\"; listen = \"localhost:7\"; };\n"
		"  b: { protocol = \"echo\"; listen = \"b\"; prefix = \"p\"; "
		"};\n"
		"};\n");
	/* The C locale: capitals first, and 10 before 9. */
	files_put("t.conf.d/10-a.conf", "workers = 10; drain = \"1s\";\n");
	files_put("t.conf.d/9-a.conf", "workers = 9;\n");
	files_put("t.conf.d/Z.conf",
		"workers = 26; exempt = \"::2\";\n"
		"services: { b: { listen = \"bb\"; }; a: { enabled = false; "
		"};\n"
		"  c: { protocol = \"discard\"; listen = \"c\"; }; };\n");
	files_put("t.conf.d/a.conf", "chat: { rooms: { ops: { }; }; };\n");
	files_put("t.conf.d/b.conf",
		"chat: { rooms: { ops: { topic = \"x\"; }; }; };\n");
	files_put("t.conf.d/.hidden.conf", "syntax error");
	files_put("t.conf.d/old.conf~", "syntax error");
	files_put("t.conf.d/x.conf.dpkg-old", "syntax error");
	files_put("t.conf.d/README", "syntax error");
	files_put("t.conf.d/.conf", "syntax error");
	cfg = files_must_load(NULL, NULL);
	ck_assert_int_eq(cfg->workers, 26);
	ck_assert_uint_eq(cfg->exempt.n_items, 1);
	ck_assert_uint_eq(cfg->n_services, 2);
	ck_assert_str_eq(cfg->services[0].name, "b");
	ck_assert_str_eq(cfg->services[0].listen.items[0], "bb");
	ck_assert_str_eq(cfg->services[1].name, "c");
	ck_assert_str_eq(cfg->chat.rooms[0].topic, "x");
	ck_assert(!cfg->chat.rooms[0].has_flood);
	text = files_dump(cfg);
	files_assert_has(text, "workers = 26;  # t.conf.d/Z.conf:1\n");
	files_assert_has(text, "drain = \"1s\";  # t.conf.d/10-a.conf:1\n");
	files_assert_has(
		text, "\t\tlisten = [ \"bb\" ];  # t.conf.d/Z.conf:2\n");
	files_assert_has(text, "\t\tprefix = \"p\";  # t.conf:4\n");
	files_assert_has(text, "keepalive = \"1m\";  # default\n");
	free(text);
	config_free(cfg);
}
END_TEST

START_TEST(broken_drop_ins_are_named)
{
	struct config *cfg;

	files_put("t.conf", E "workers = ;\n");
	files_put("t.conf.d/a.conf", "workers = 1;\ndrain = 5s;\n");
	files_put("t.conf.d/b.conf", "wrokers = 1;\n");
	ck_assert_int_eq(files_load(&cfg, NULL), EX_CONFIG);
	/* Each file that does not parse by its first error; no guesses about
	 * the rest. */
	ck_assert_uint_eq(files_errors.n_errors, 2);
	files_assert_has(files_said(), "t.conf:2: syntax error: the value of");
	files_assert_has(
		files_said(), "t.conf.d/a.conf:2: syntax error: a value");
	unlink("t.conf.d/a.conf");
	files_put("t.conf", E);
	ck_assert_int_eq(files_load(&cfg, NULL), EX_CONFIG);
	files_assert_has(
		files_said(), "t.conf.d/b.conf:1: wrokers: unknown key");
	unlink("t.conf.d/b.conf");
	ck_assert_int_eq(mkdir("t.conf.d/c.conf", 0755), 0);
	ck_assert_int_eq(files_load(&cfg, NULL), EX_NOINPUT);
	files_assert_has(
		files_said(), "t.conf.d/c.conf: cannot be read: it is a");
}
END_TEST

START_TEST(includes_are_relative_to_their_file)
{
	struct config *cfg;
	char *text, name[256];

	snprintf(name, sizeof(name),
		E "@include \"sub/a.conf\" # why\n"
		  "limits: {\n  @include \"%s/sub/c.conf\"\n"
		  "  connections = 5;\n};\ndrain = \"3s\";\n",
		files_dir);
	files_put("t.conf", name);
	files_put("sub/a.conf", "// a\n@include \"b.conf\"\nworkers = 3;");
	files_put("sub/b.conf", "\nkeepalive = \"2m\";\n");
	files_put("sub/c.conf", "line = \"1KiB\"\n");
	cfg = files_must_load(NULL, NULL);
	text = files_dump(cfg);
	files_assert_has(text, "\nkeepalive = \"2m\";  # sub/b.conf:2\n");
	files_assert_has(text, "workers = 3;  # sub/a.conf:3\n");
	files_assert_has(text, "/sub/c.conf:1\n");
	files_assert_has(text, "connections = 5;  # t.conf:5\n");
	files_assert_has(text, "drain = \"3s\";  # t.conf:7\n");
	free(text);
	config_free(cfg);
}
END_TEST

/* Files below "t.conf" that includes a.conf on line 2. */
static const struct {
	const char *a, *b, *says;
} includes[] = {
	{"workers = 4294967297;\n", "", "a.conf:1: workers: 4294967297 is out"},
	{"\nwrokers = 1;", "", "a.conf:2: wrokers: unknown key"},
	{"/* x\n", "", "a.conf:1: syntax error: the comment"},
	{"log: {", "", "a.conf:1: syntax error: the \"{\" of this line"},
	{"\n}", "", "a.conf:2: syntax error: \"}\" closes nothing"},
	{"drain = \n\n", "", "a.conf:1: syntax error: the file ends before"},
	{"@include \"b.conf\"\n", "\n\nworkers = 2x;",
		"b.conf:3: syntax error: a value with a unit"},
	{"\n@include \"b.conf\"\n", "@include \"a.conf\"",
		"b.conf:1: @include \"a.conf\": a.conf: it includes itself"},
	{"\n@include \"none\"\n", "",
		"a.conf:2: @include \"none\": none: No such"},
	{"\n@include \"/\"\n", "",
		"a.conf:2: @include \"/\": /: it is a directory"},
	{"services: { };", "", "a.conf:1: a name twice in one group"},
};

START_TEST(included_mistakes_are_named)
{
	struct config *cfg;
	const char *says = includes[_i].says;

	files_put("t.conf", E "@include \"a.conf\"\n");
	files_put("a.conf", includes[_i].a);
	files_put("b.conf", includes[_i].b);
	ck_assert_int_eq(files_load(&cfg, NULL), EX_CONFIG);
	ck_assert_msg(strncmp(files_said(), says, strlen(says)) == 0,
		"want %s\ngot  %s", says, files_said());
	ck_assert_uint_eq(files_errors.n_errors, 1);
}
END_TEST

START_TEST(includes_do_not_explode)
{
	struct config *cfg;
	char name[16], text[512];
	struct strbuf big = {0};

	/* Each includes the next twice: 2^9 times 64 KiB. */
	for (int i = 0; i < 9; i++) {
		snprintf(name, sizeof(name), "%d.conf", i);
		snprintf(text, sizeof(text),
			"@include \"%d.conf\"\n"
			"@include \"%d.conf\"\n",
			i + 1, i + 1);
		files_put(name, text);
	}
	for (int i = 0; i < 65536; i++)
		strbuf_addc(&big, '\n');
	files_put("9.conf", big.data);
	strbuf_fini(&big);
	ck_assert_int_eq(
		files_load_file("0.conf", &cfg, NULL, NULL), EX_CONFIG);
	files_assert_has(files_said(), "larger than 4 MiB");
	for (int i = 0; i < 20; i++) {
		snprintf(name, sizeof(name), "%d.conf", i);
		snprintf(text, sizeof(text), "@include \"%d.conf\"\n", i + 1);
		files_put(name, text);
	}
	ck_assert_int_eq(
		files_load_file("0.conf", &cfg, NULL, NULL), EX_CONFIG);
	files_assert_has(files_said(), "too many files include one another");
}
END_TEST

START_TEST(unreadable_files_are_told)
{
	struct config *cfg;
	struct strbuf big = {0};

	ck_assert_int_eq(files_load(&cfg, NULL), EX_NOINPUT);
	ck_assert_str_eq(files_said(),
		"t.conf: cannot be read: No such file or directory\n");
	ck_assert_int_eq(mkdir("t.conf", 0755), 0);
	ck_assert_int_eq(files_load(&cfg, NULL), EX_NOINPUT);
	ck_assert_str_eq(
		files_said(), "t.conf: cannot be read: it is a directory\n");
	ck_assert_int_eq(rmdir("t.conf"), 0);
	ck_assert_int_eq(mkfifo("t.conf", 0600), 0);
	ck_assert_int_eq(files_load(&cfg, NULL), EX_NOINPUT);
	files_assert_has(files_said(), "it is not a regular file");
	ck_assert_int_eq(unlink("t.conf"), 0);
	strbuf_adds(&big, E);
	while (big.len < 1 << 20)
		strbuf_addc(&big, '\n');
	files_put("t.conf", big.data);
	config_free(files_must_load(NULL, NULL));
	strbuf_addc(&big, '\n');
	files_put("t.conf", big.data);
	ck_assert_int_eq(files_load(&cfg, NULL), EX_NOINPUT);
	files_assert_has(files_said(), "it is larger than 1 MiB");
	strbuf_fini(&big);
}
END_TEST

START_TEST(a_nul_is_told)
{
	static const char text[] = E "\n\n \0";
	struct config *cfg;

	files_put_bytes("t.conf", text, sizeof(text));
	ck_assert_int_eq(files_load(&cfg, NULL), EX_CONFIG);
	ck_assert_str_eq(files_said(),
		"t.conf:4: a NUL byte: this is not a text file\n");
}
END_TEST

START_TEST(a_file_for_everybody_is_warned_of)
{
	files_put("t.conf", E);
	ck_assert_int_eq(chmod("t.conf", 0666), 0);
	config_free(files_must_load(NULL, NULL));
	ck_assert_uint_eq(files_errors.n_items, 1);
	ck_assert(files_errors.items[0].warning);
	ck_assert_uint_eq(files_errors.n_errors, 0);
	files_assert_has(
		files_said(), "t.conf: anybody may write to this file");
}
END_TEST

/* All that is warned of in "t.conf", each alone. */
static const struct {
	const char *text, *says;
} odd[] = {
	{E "control: { mode = \"0666\"; };\n",
		"t.conf:2: control.mode: anybody on this machine may stop the "
		"daemon; write control.group, and only its members may\n"},
	{E "control: { mode = \"0666\"; group = \"root\"; };\n", ""},
	{E "control: { mode = \"0666\"; path = \"\"; };\n", ""},
	{E "/* \xe4 */ chat: { name = \"\xc3\xa4\";\n motd = \"\xe4\"; };\n"
	   "drain = \"1s\"; state_dir = \"/\xe4\";",
		"t.conf:3: this text is not UTF-8, and would be shown with "
		"\xef\xbf\xbd in it; iconv -f latin1 -t utf8 may make it so\n"},
	{E "@include \"a.conf\"\n@include \"b.conf\"\n",
		"a.conf:1: this text is not UTF-8, and would be shown with "
		"\xef\xbf\xbd in it; iconv -f latin1 -t utf8 may make it so\n"
		"b.conf:1: this text is not UTF-8, and would be shown with "
		"\xef\xbf\xbd in it; iconv -f latin1 -t utf8 may make it so\n"},
};

START_TEST(what_is_odd_is_warned_of)
{
	files_put("t.conf", odd[_i].text);
	files_put("a.conf", "chat: { name = \"\xe4\"; };\n");
	files_put("b.conf", "state_dir = \"/\xe4\";\n");
	config_free(files_must_load(NULL, NULL));
	ck_assert_str_eq(files_said(), odd[_i].says);
	ck_assert_uint_eq(files_errors.n_errors, 0);
}
END_TEST

START_TEST(overrides_win)
{
	struct config *cfg;
	char *text;

	files_put(
		"t.conf", E "workers = 1;\nchat: { rooms: { ops: { }; }; };\n");
	files_put("t.conf.d/a.conf", "workers = 2;\n");
	cfg = files_must_load("workers=3", "workers=4");
	ck_assert_int_eq(cfg->workers, 4);
	config_free(cfg);
	cfg = files_must_load(
		"services.e.listen=*:7, x", "services.e.tls.key=");
	ck_assert_uint_eq(cfg->services[0].listen.n_items, 2);
	text = files_dump(cfg);
	files_assert_has(text, "\t\tlisten = [ \"*:7\", \"x\" ];  # -o\n");
	free(text);
	config_free(cfg);
	cfg = files_must_load(
		"services.e.prefix=a = b", "chat.rooms.ops.topic=x=y");
	text = files_dump(cfg);
	files_assert_has(text, "\t\tprefix = \"a = b\";  # -o\n");
	free(text);
	ck_assert_str_eq(cfg->chat.rooms[0].topic, "x=y");
	config_free(cfg);
	cfg = files_must_load("timeouts.idle=0", "log.level=debug");
	ck_assert_uint_eq(cfg->services[0].idle_ms, 0);
	config_free(cfg);
}
END_TEST

static void assert_dirs(const char *runtime_dir, const char *state_dir)
{
	struct config *cfg = files_must_load(NULL, NULL);

	ck_assert_str_eq(cfg->runtime_dir, runtime_dir);
	ck_assert_str_eq(cfg->state_dir, state_dir);
	config_free(cfg);
}

START_TEST(directories_are_found)
{
	char tmp[64];

	files_put("t.conf", E);
	if (geteuid() == 0) {
		assert_dirs("/run/sockd", "/var/lib/sockd");
		/* 65534 can read what was made for root only if told to. */
		ck_assert_int_eq(chmod(files_dir, 0777), 0);
		ck_assert_int_eq(seteuid(65534), 0);
	}
	snprintf(tmp, sizeof(tmp), "/tmp/sockd-%u", (unsigned)geteuid());
	setenv("HOME", "/h", 1);
	assert_dirs(tmp, "/h/.local/state/sockd");
	setenv("XDG_RUNTIME_DIR", "/run/user/7", 1);
	setenv("XDG_STATE_HOME", "/x", 1);
	assert_dirs("/run/user/7/sockd", "/x/sockd");
	setenv("RUNTIME_DIRECTORY", "/run/a:/run/b", 1);
	setenv("STATE_DIRECTORY", "/var/lib/a", 1);
	assert_dirs("/run/a", "/var/lib/a");
	setenv("RUNTIME_DIRECTORY", "relative", 1);
	assert_dirs("/run/user/7/sockd", "/var/lib/a");
	if (getuid() == 0)
		ck_assert_int_eq(seteuid(0), 0);
}
END_TEST

static int load_for(const char *reader, bool is_guess)
{
	struct config_source src = {
		.file = "c/t.conf",
		.reader = reader,
		.reader_is_guess = is_guess,
	};
	struct config *cfg = NULL;
	int code;

	config_errors_fini(&files_errors);
	code = config_load(&src, &cfg, &files_errors);
	config_free(cfg);
	return code;
}

#define MAY_NOT(path, mode)                                          \
	path ": the user nobody, as whom the service runs, may not " \
	     "read this; chgrp nobody and chmod " mode " mend it\n"

/* Root reads everything; whom it is for may not. */
START_TEST(who_is_to_read_it_is_asked)
{
	char want[400];

	if (geteuid() != 0)
		return;
	files_put("c/t.conf", E "chat: { accounts = \"people\"; };\n");
	files_put("c/people", "");
	ck_assert_int_eq(chmod("c/people", 0640), 0);
	ck_assert_int_eq(chmod(files_dir, 0755), 0);
	ck_assert_int_eq(load_for("no-such-user", false), 0);
	ck_assert_str_eq(files_said(), "");

	ck_assert_int_eq(load_for("nobody", false), EX_CONFIG);
	snprintf(want, sizeof(want), "%s/" MAY_NOT("c/people", "g+r"),
		files_dir);
	ck_assert_str_eq(files_said(), want);
	ck_assert_int_eq(load_for("nobody", true), 0);
	ck_assert_str_eq(files_said(), want);

	ck_assert_int_eq(chmod("c/people", 0604), 0);
	ck_assert_int_eq(chmod("c/t.conf", 0600), 0);
	ck_assert_int_eq(mkdir("c/t.conf.d", 0700), 0);
	ck_assert_int_eq(load_for("nobody", false), EX_CONFIG);
	files_assert_has(files_said(), MAY_NOT("c/t.conf", "g+r"));
	files_assert_has(files_said(), MAY_NOT("c/t.conf.d", "g+rx"));

	ck_assert_int_eq(chmod("c", 0700), 0);
	ck_assert_int_eq(load_for("nobody", false), EX_CONFIG);
	files_assert_has(files_said(),
		"c/t.conf: the user nobody, as whom the service runs, cannot "
		"get there: a directory above is closed to it\n");
	ck_assert_int_eq(load_for("nobody", true), 0);
	ck_assert_uint_eq(geteuid(), 0);
}
END_TEST

START_TEST(a_path_too_long_is_told)
{
	struct config *cfg;
	char text[400], dir[101] = "/";

	memset(dir + 1, 'd', 99);
	snprintf(text, sizeof(text),
		"runtime_dir = \"%s\";\ncontrol: "
		"{ path = \"c\"; };\nservices: { e: { protocol = \"echo\";\n"
		"listen = [ \"6bytes\",\n\"7-bytes\" ]; }; };\n",
		dir);
	files_put("t.conf", text);
	ck_assert_int_eq(files_load(&cfg, NULL), EX_CONFIG);
	files_assert_has(
		files_said(), "t.conf:5: services.e.listen: the path /ddd");
	files_assert_has(
		files_said(), "has 108 bytes; a socket's has at most 107");
	ck_assert_uint_eq(files_errors.n_errors, 1);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("config");
	TCase *tc = tcase_create("config");
	SRunner *sr = srunner_create(s);
	int failed;

	tcase_add_checked_fixture(tc, files_setup, files_teardown);
	tcase_add_test(tc, defaults_are_those_of_the_manual);
	tcase_add_test(tc, services_inherit);
	tcase_add_test(tc, services_keep_their_nicks);
	tcase_add_test(tc, libconfig_spellings_are_known);
	tcase_add_test(tc, drop_ins_merge);
	tcase_add_test(tc, broken_drop_ins_are_named);
	tcase_add_test(tc, includes_are_relative_to_their_file);
	tcase_add_loop_test(tc, included_mistakes_are_named, 0,
		(int)(sizeof(includes) / sizeof(includes[0])));
	tcase_add_test(tc, includes_do_not_explode);
	tcase_add_test(tc, unreadable_files_are_told);
	tcase_add_test(tc, a_nul_is_told);
	tcase_add_test(tc, a_file_for_everybody_is_warned_of);
	tcase_add_loop_test(tc, what_is_odd_is_warned_of, 0,
		(int)(sizeof(odd) / sizeof(odd[0])));
	tcase_add_test(tc, overrides_win);
	tcase_add_test(tc, directories_are_found);
	tcase_add_test(tc, who_is_to_read_it_is_asked);
	tcase_add_test(tc, a_path_too_long_is_told);
	suite_add_tcase(s, tc);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
