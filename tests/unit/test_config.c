/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Loading: files, drop-ins, includes, -o, defaults, and printing it again. */
#include <check.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/option.h"
#include "proto/proto.h"

#include "config_files.h"

#define E                                                                     \
	"services: { e: { protocol = \"echo\"; listen = \"localhost:7\"; }; " \
	"};\n"

static struct config *must_load(const char *first, const char *second)
{
	struct config *cfg;
	int r = files_load_file("t.conf", &cfg, first, second);

	ck_assert_msg(r == 0, "%d: %s", r, files_said());
	return cfg;
}

/* What config_dump() prints, without the origins; the caller frees it. */
static char *dump_values(const struct config *cfg)
{
	char *text = NULL, *from, *to;
	size_t len = 0;
	FILE *f = open_memstream(&text, &len);

	ck_assert_int_eq(config_dump(cfg, f), 0);
	fclose(f);
	for (from = to = text; *from; from++) {
		if (strncmp(from, "  # ", 4) == 0)
			from += strcspn(from, "\n");
		*to++ = *from;
	}
	*to = '\0';
	return text;
}

static char *dump(const struct config *cfg)
{
	char *text = NULL;
	size_t len = 0;
	FILE *f = open_memstream(&text, &len);

	ck_assert_int_eq(config_dump(cfg, f), 0);
	fclose(f);
	return text;
}

static void assert_has(const char *text, const char *line)
{
	ck_assert_msg(strstr(text, line), "no \"%s\" in\n%s", line, text);
}

START_TEST(defaults_are_those_of_the_manual)
{
	struct config *cfg;

	files_put("t.conf", E);
	cfg = must_load(NULL, NULL);
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
		"};\n");
	cfg = must_load(NULL, NULL);
	ck_assert_uint_eq(cfg->services[0].idle_ms, 420000);
	ck_assert_uint_eq(cfg->services[1].idle_ms, 0);
	ck_assert_uint_eq(cfg->services[2].idle_ms, 0);
	ck_assert_uint_eq(cfg->services[2].send_buffer, 128 * 1024);
	ck_assert_str_eq(cfg->chat.room, "hall");
	ck_assert_uint_eq(cfg->chat.n_rooms, 1);
	ck_assert_str_eq(cfg->chat.rooms[0].name, "ops");
	ck_assert_int_eq(cfg->chat.rooms[0].replay, 3);
	ck_assert_int_eq(cfg->chat.rooms[0].flood.burst, 9);
	ck_assert_int_eq(cfg->chat.rooms[0].flood.queue, 1);
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
	cfg = must_load(NULL, NULL);
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
	cfg = must_load(NULL, NULL);
	ck_assert_int_eq(cfg->workers, 26);
	ck_assert_uint_eq(cfg->exempt.n_items, 1);
	ck_assert_uint_eq(cfg->n_services, 2);
	ck_assert_str_eq(cfg->services[0].name, "b");
	ck_assert_str_eq(cfg->services[0].listen.items[0], "bb");
	ck_assert_str_eq(cfg->services[1].name, "c");
	ck_assert_str_eq(cfg->chat.rooms[0].topic, "x");
	text = dump(cfg);
	assert_has(text, "workers = 26;  # t.conf.d/Z.conf:1\n");
	assert_has(text, "drain = \"1s\";  # t.conf.d/10-a.conf:1\n");
	assert_has(text, "\t\tlisten = [ \"bb\" ];  # t.conf.d/Z.conf:2\n");
	assert_has(text, "\t\tprefix = \"p\";  # t.conf:4\n");
	assert_has(text, "keepalive = \"1m\";  # default\n");
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
	assert_has(files_said(), "t.conf:2: syntax error: the value of");
	assert_has(files_said(), "t.conf.d/a.conf:2: syntax error: a value");
	unlink("t.conf.d/a.conf");
	files_put("t.conf", E);
	ck_assert_int_eq(files_load(&cfg, NULL), EX_CONFIG);
	assert_has(files_said(), "t.conf.d/b.conf:1: wrokers: unknown key");
	unlink("t.conf.d/b.conf");
	ck_assert_int_eq(mkdir("t.conf.d/c.conf", 0755), 0);
	ck_assert_int_eq(files_load(&cfg, NULL), EX_NOINPUT);
	assert_has(files_said(), "t.conf.d/c.conf: cannot be read: it is a");
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
	cfg = must_load(NULL, NULL);
	text = dump(cfg);
	assert_has(text, "\nkeepalive = \"2m\";  # sub/b.conf:2\n");
	assert_has(text, "workers = 3;  # sub/a.conf:3\n");
	assert_has(text, "/sub/c.conf:1\n");
	assert_has(text, "connections = 5;  # t.conf:5\n");
	assert_has(text, "drain = \"3s\";  # t.conf:7\n");
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
	assert_has(files_said(), "larger than 4 MiB");
	for (int i = 0; i < 20; i++) {
		snprintf(name, sizeof(name), "%d.conf", i);
		snprintf(text, sizeof(text), "@include \"%d.conf\"\n", i + 1);
		files_put(name, text);
	}
	ck_assert_int_eq(
		files_load_file("0.conf", &cfg, NULL, NULL), EX_CONFIG);
	assert_has(files_said(), "too many files include one another");
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
	assert_has(files_said(), "it is not a regular file");
	ck_assert_int_eq(unlink("t.conf"), 0);
	strbuf_adds(&big, E);
	while (big.len < 1 << 20)
		strbuf_addc(&big, '\n');
	files_put("t.conf", big.data);
	config_free(must_load(NULL, NULL));
	strbuf_addc(&big, '\n');
	files_put("t.conf", big.data);
	ck_assert_int_eq(files_load(&cfg, NULL), EX_NOINPUT);
	assert_has(files_said(), "it is larger than 1 MiB");
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
	config_free(must_load(NULL, NULL));
	ck_assert_uint_eq(files_errors.n_items, 1);
	ck_assert(files_errors.items[0].warning);
	ck_assert_uint_eq(files_errors.n_errors, 0);
	assert_has(files_said(), "t.conf: anybody may write to this file");
}
END_TEST

START_TEST(overrides_win)
{
	struct config *cfg;
	char *text;

	files_put(
		"t.conf", E "workers = 1;\nchat: { rooms: { ops: { }; }; };\n");
	files_put("t.conf.d/a.conf", "workers = 2;\n");
	cfg = must_load("workers=3", "workers=4");
	ck_assert_int_eq(cfg->workers, 4);
	config_free(cfg);
	cfg = must_load("services.e.listen=*:7, x", "services.e.tls.key=");
	ck_assert_uint_eq(cfg->services[0].listen.n_items, 2);
	text = dump(cfg);
	assert_has(text, "\t\tlisten = [ \"*:7\", \"x\" ];  # -o\n");
	free(text);
	config_free(cfg);
	cfg = must_load("services.e.prefix=a = b", "chat.rooms.ops.topic=x=y");
	text = dump(cfg);
	assert_has(text, "\t\tprefix = \"a = b\";  # -o\n");
	free(text);
	ck_assert_str_eq(cfg->chat.rooms[0].topic, "x=y");
	config_free(cfg);
	cfg = must_load("timeouts.idle=0", "log.level=debug");
	ck_assert_uint_eq(cfg->services[0].idle_ms, 0);
	config_free(cfg);
}
END_TEST

/* A configuration that sets what it can to something else than the default. */
static const char everything[] =
	"workers = 3; runtime_dir = \"/r\"; state_dir = \"/s\";\n"
	"log: { level = \"debug\"; }; drain = \"1500ms\"; exempt = [ ];\n"
	"keepalive = \"0\";\n"
	"limits: { connections = 77; connections_per_address = 5;\n"
	"  connect_rate = \"0\"; udp_answers = \"7/m\"; line = \"1000\";\n"
	"  message = \"100KiB\"; rooms = 5; rooms_per_member = 2;\n"
	"  output_soft = \"1MiB\"; output_hard = \"2MiB\";\n"
	"  output_patience = \"90s\"; output_total = \"1GiB\"; };\n"
	"timeouts: { idle = \"0\"; handshake = \"1s\"; linger = \"250ms\"; };\n"
	"chat: { name = \"\xc3\xa4 \\\"q\\\" \\\\\"; room = \"a.b\";\n"
	"  motd = \"one\\ntwo\\t\\x1b[0m\\r\\f\"; text = \"1KiB\"; topic = 0;\n"
	"  history = 0; history_bytes = \"0\"; history_total = \"1\";\n"
	"  room_keep = \"2d\"; replay = 0; quiet_above = 0; resume = \"0\";\n"
	"  flood: { burst = 1; queue = 0; rate = \"10/h\"; patience = \"1s\";\n"
	"    exempt = [ \"10.0.0.0/8\", \"2001:db8::/32\" ]; };\n"
	"  rooms: { ops: { topic = \"t\"; replay = 50; locked = true; };\n"
	"    b-c: { flood: { rate = \"0\"; }; }; }; };\n"
	"control: { path = \"/c\"; mode = \"600\"; group = \"root\"; };\n"
	"services: {\n"
	"  echo: { protocol = \"echo\"; listen = [ \"*:7\", \"[::1]:0\" ];\n"
	"    backlog = 1; max_connections = 9; send_buffer = \"8KiB\";\n"
	"    idle = \"1h\"; allow = \"10.0.0.0/8\"; mode = \"0600\";\n"
	"    group = \"root\"; prefix = \"> \"; one_shot = true; };\n"
	"  off: { protocol = \"post\"; enabled = false; room = \"x\"; };\n"
	"  greet: { protocol = \"greeting\"; listen = \"g\";\n"
	"    message = \"hi\\n\"; when = \"data\"; };\n"
	"  bin: { protocol = \"discard\"; listen = \"d\"; };\n"
	"  chat: { protocol = \"chat\"; listen = \"c\"; dialect = \"text\";\n"
	"    room = \"ops\"; flood: { burst = 3; exempt = \"::1\"; }; };\n"
	"};\n";

START_TEST(a_dump_loads_to_the_same)
{
	const char *texts[] = {E, everything};

	for (int i = 0; i < 2; i++) {
		struct config *cfg;
		char *first, *second, *again;

		files_put("t.conf", texts[i]);
		cfg = must_load(NULL, NULL);
		first = dump_values(cfg);
		again = dump(cfg);
		config_free(cfg);
		files_put("t.conf", again);
		cfg = must_load(NULL, NULL);
		second = dump_values(cfg);
		ck_assert_str_eq(first, second);
		config_free(cfg);
		free(first);
		free(second);
		free(again);
	}
}
END_TEST

START_TEST(every_row_is_dumped)
{
	struct config *cfg;
	char *text;

	files_put("t.conf", everything);
	cfg = must_load(NULL, NULL);
	text = dump(cfg);
	for (const struct option *opt = config_options; opt->key; opt++) {
		const char *dot = strrchr(opt->key, '.');
		char line[80];

		snprintf(line, sizeof(line), "%s = ", dot ? dot + 1 : opt->key);
		assert_has(text, line);
	}
	assert_has(text, "workers = 3;  # t.conf:1\n");
	assert_has(text, "\t\tb-c: {\n");
	free(text);
	config_free(cfg);
}
END_TEST

/* "chat.flood." of "chat.flood.rate". */
static size_t group_len(const char *key)
{
	const char *dot = strrchr(key, '.');

	return dot ? (size_t)(dot + 1 - key) : 0;
}

static void check_rows(const struct option *table)
{
	for (const struct option *opt = table; opt->key; opt++) {
		ck_assert_msg(opt->help, "%s has no help", opt->key);
		ck_assert_ptr_eq(option_find(table, opt->key), opt);
		ck_assert(opt->fallback || (opt->flags & OPT_REQUIRED));
		if (opt->flags & OPT_INHERIT)
			ck_assert_ptr_nonnull(
				option_find(config_options, opt->fallback));
		/* Whole numbers of a file have 32 bits. */
		if (opt->type == OPT_INT) {
			ck_assert_int_ge(opt->min, INT32_MIN);
			ck_assert_int_le(opt->max, INT32_MAX);
			ck_assert_int_gt(opt->max, opt->min);
		}
	}
}

/* Rows of one group stand together, so that -T opens it once. */
static void check_groups(const struct option *table)
{
	for (const struct option *a = table; a->key; a++) {
		size_t len = group_len(a->key);
		bool left = false;

		for (const struct option *b = a; b->key && len; b++) {
			bool in = strncmp(a->key, b->key, len) == 0;

			ck_assert_msg(!in || !left, "%s, %s", a->key, b->key);
			left = left || !in;
		}
	}
}

START_TEST(tables_are_sound)
{
	check_rows(config_options);
	check_rows(config_service_options);
	check_rows(config_room_options);
	check_groups(config_options);
	check_groups(config_service_options);
	check_groups(config_room_options);
	for (size_t i = 0; proto_table[i]; i++) {
		const struct option *own = proto_table[i]->options;

		if (!own)
			continue;
		check_rows(own);
		check_groups(own);
		for (; own->key; own++)
			ck_assert_msg(
				!option_find(config_service_options, own->key),
				"%s", own->key);
	}
}
END_TEST

START_TEST(restart_keys_are_told)
{
	struct config *old, *now;
	struct strlist keys;

	files_put("t.conf", E);
	old = must_load(NULL, NULL);
	now = must_load("drain=1s", "chat.name=x");
	ck_assert_int_eq(config_restart_keys(old, now, &keys), 0);
	ck_assert_uint_eq(keys.n_items, 0);
	config_free(now);
	now = must_load("workers=2", "runtime_dir=/x");
	ck_assert_int_eq(config_restart_keys(old, now, &keys), 0);
	ck_assert_uint_eq(keys.n_items, 2);
	ck_assert_str_eq(keys.items[0], "workers");
	ck_assert_str_eq(keys.items[1], "runtime_dir");
	strlist_fini(&keys);
	config_free(now);
	config_free(old);
}
END_TEST

START_TEST(services_are_compared)
{
	static const struct {
		const char *override;
		bool equal;
	} rows[] = {
		{"services.e.listen=x", true},
		{"services.e.mode=0600", true},
		{"services.e.backlog=5", true},
		{"chat.name=x", true},
		{"services.e.prefix=x", false},
		{"timeouts.idle=1s", false},
		{"services.e.allow=::1", false},
		{"services.e.protocol=discard", false},
	};
	struct config *old, *now;

	files_put("t.conf", E);
	old = must_load(NULL, NULL);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		now = must_load(rows[i].override, NULL);
		ck_assert_msg(config_service_equal(&old->services[0],
				      &now->services[0]) == rows[i].equal,
			"%s", rows[i].override);
		config_free(now);
	}
	config_free(old);
}
END_TEST

static void assert_dirs(const char *runtime_dir, const char *state_dir)
{
	struct config *cfg = must_load(NULL, NULL);

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
	assert_has(files_said(), "t.conf:5: services.e.listen: the path /ddd");
	assert_has(files_said(), "has 108 bytes; a socket's has at most 107");
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
	tcase_add_test(tc, overrides_win);
	tcase_add_test(tc, a_dump_loads_to_the_same);
	tcase_add_test(tc, every_row_is_dumped);
	tcase_add_test(tc, tables_are_sound);
	tcase_add_test(tc, restart_keys_are_told);
	tcase_add_test(tc, services_are_compared);
	tcase_add_test(tc, directories_are_found);
	tcase_add_test(tc, a_path_too_long_is_told);
	suite_add_tcase(s, tc);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
