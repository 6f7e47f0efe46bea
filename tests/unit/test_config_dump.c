/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The tables, and that what -T prints loads to the same. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/option.h"
#include "proto/proto.h"

#include "config_files.h"

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

static const char minimum[] = "services: { e: { protocol = \"echo\"; listen = "
			      "\"localhost:7\"; }; };\n";

/* A configuration that sets what it can to something else than the default. */
static const char everything[] =
	"workers = 3; runtime_dir = \"/r\"; state_dir = \"/s\";\n"
	"log: { level = \"debug\"; }; drain = \"1500ms\"; exempt = [ ];\n"
	"keepalive = \"0\";\n"
	"limits: { connections = 77; connections_per_address = 5;\n"
	"  connect_rate = \"0\"; udp_answers = \"7/m\"; line = \"1000B\";\n"
	"  message = \"100KiB\"; rooms = 5; rooms_per_member = 2;\n"
	"  output_soft = \"1MiB\"; output_hard = \"2MiB\";\n"
	"  output_patience = \"90s\"; output_total = \"1GiB\"; };\n"
	"timeouts: { idle = \"0\"; handshake = \"1s\"; linger = \"250ms\"; };\n"
	"chat: { name = \"\xc3\xa4 \\\"q\\\" \\\\\"; room = \"a.b\";\n"
	"  motd = \"one\\ntwo\\t\\x1b[0m\\r\\f\"; text = \"1KiB\"; topic = 0;\n"
	"  history = 0; history_bytes = \"0\"; history_total = \"1B\";\n"
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
	const char *texts[] = {minimum, everything};

	for (int i = 0; i < 2; i++) {
		struct config *cfg;
		char *first, *second, *again;

		files_put("t.conf", texts[i]);
		cfg = files_must_load(NULL, NULL);
		first = dump_values(cfg);
		again = files_dump(cfg);
		config_free(cfg);
		files_put("t.conf", again);
		cfg = files_must_load(NULL, NULL);
		second = dump_values(cfg);
		ck_assert_str_eq(first, second);
		config_free(cfg);
		free(first);
		free(second);
		free(again);
	}
}
END_TEST

/* A path from the directory of the file is one from everywhere in a dump. */
START_TEST(a_dump_may_go_elsewhere)
{
	struct config *cfg;
	char *text, want[128], *here = getcwd(NULL, 0);

	files_put("conf/t.conf", minimum);
	files_put("conf/accounts", "");
	ck_assert_int_eq(chmod("conf/accounts", 0600), 0);
	ck_assert_int_eq(files_load_file("conf/t.conf", &cfg,
				 "chat.accounts=accounts", NULL),
		0);
	text = files_dump(cfg);
	config_free(cfg);
	snprintf(want, sizeof(want), "accounts = \"%s/conf/accounts\";  # -o\n",
		here);
	files_assert_has(text, want);
	files_put("t.conf", text);
	config_free(files_must_load(NULL, NULL));
	free(text);
	free(here);
}
END_TEST

START_TEST(every_row_is_dumped)
{
	struct config *cfg;
	char *text;

	files_put("t.conf", everything);
	cfg = files_must_load(NULL, NULL);
	text = files_dump(cfg);
	for (const struct option *opt = config_options; opt->key; opt++) {
		const char *dot = strrchr(opt->key, '.');
		char line[80];

		snprintf(line, sizeof(line), "%s = ", dot ? dot + 1 : opt->key);
		files_assert_has(text, line);
	}
	files_assert_has(text, "workers = 3;  # t.conf:1\n");
	files_assert_has(text, "\t\tb-c: {\n");
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

int main(void)
{
	Suite *s = suite_create("config_dump");
	TCase *tc = tcase_create("config_dump");
	SRunner *sr = srunner_create(s);
	int failed;

	tcase_add_checked_fixture(tc, files_setup, files_teardown);
	tcase_add_test(tc, a_dump_loads_to_the_same);
	tcase_add_test(tc, a_dump_may_go_elsewhere);
	tcase_add_test(tc, every_row_is_dumped);
	tcase_add_test(tc, tables_are_sound);
	suite_add_tcase(s, tc);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
