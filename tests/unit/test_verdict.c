/* SPDX-License-Identifier: GPL-3.0-or-later */
/* app/verdict: pairs of configurations and what is said of them. */
#include "app/verdict.h"

#include "net/service.h"
#include "proto/proto.h"

#include "config_files.h"

#define TWO                                                                   \
	"services: {\n"                                                       \
	"  e: { protocol = \"echo\"; listen = \"localhost:7\"; };\n"          \
	"  c: { protocol = \"chat\"; listen = [ \"localhost:8\", \"c\" ]; };" \
	"\n};\n"

static struct config *before, *after;
static struct verdict v;

static void set_up(void)
{
	files_setup();
	v = (struct verdict){0};
	before = after = NULL;
}

static void tear_down(void)
{
	verdict_fini(&v);
	config_free(before);
	config_free(after);
	files_teardown();
}

static void compare(void)
{
	verdict_fini(&v);
	ck_assert_int_eq(verdict_compare(&v, before, before, after), 0);
}

/* From one file to another. */
static void change(const char *old, const char *now)
{
	files_put("t.conf", old);
	before = files_must_load(NULL, NULL);
	files_put("t.conf", now);
	after = files_must_load(NULL, NULL);
	compare();
}

/* All lines, each with its newline. */
static const char *lines(void)
{
	static struct strbuf out;
	size_t i = 0;

	strbuf_clear(&out);
	strbuf_adds(&out, "");
	while (verdict_line(&v, i++, &out))
		strbuf_addc(&out, '\n');
	return out.data ? out.data : "";
}

static void assert_summary(const char *expected)
{
	struct strbuf out = {0};

	verdict_summary(&v, &out);
	ck_assert_str_eq(out.data, expected);
	strbuf_fini(&out);
}

START_TEST(the_same_is_no_change)
{
	change(TWO, TWO);
	ck_assert_uint_eq(v.n_changes, 0);
	ck_assert_uint_eq(v.listeners_kept.n_items, 3);
	ck_assert_uint_eq(
		v.listeners_added.n_items + v.listeners_removed.n_items, 0);
	ck_assert_str_eq(lines(), "");
	assert_summary("nothing changed");
}
END_TEST

START_TEST(changes_are_told_with_their_origin)
{
	files_put("t.conf", TWO "workers = 1;\n");
	before = files_must_load(NULL, NULL);
	files_put("t.conf", TWO "workers = 2;\nchat: { name = \"x\"; };\n");
	files_put("t.conf.d/a.conf",
		"services: { e: { prefix = \"> \"; }; };\ndrain = \"1s\";\n");
	after = files_must_load("log.level=debug", NULL);
	compare();
	ck_assert_str_eq(lines(),
		"workers: 1 -> 2 needs a restart (t.conf:5)\n"
		"log.level: \"info\" -> \"debug\" applied (-o)\n"
		"drain: \"10s\" -> \"1s\" applies to new connections "
		"(t.conf.d/a.conf:2)\n"
		"chat.name: \"sockd\" -> \"x\" applied (t.conf:6)\n"
		"services.e.prefix: \"\" -> \"> \" applies to new connections "
		"(t.conf.d/a.conf:1)\n");
	ck_assert_uint_eq(v.n_effects[RELOAD_NOW], 2);
	ck_assert_uint_eq(v.n_effects[RELOAD_NEW], 2);
	ck_assert_uint_eq(v.n_effects[RELOAD_RESTART], 1);
	assert_summary("2 applied, 2 for new connections, "
		       "1 needs a restart (workers)");
}
END_TEST

START_TEST(what_goes_back_to_its_default_says_so)
{
	change(TWO "drain = \"1s\";\n", TWO);
	ck_assert_str_eq(lines(),
		"drain: \"1s\" -> \"10s\" applies to new connections "
		"(default)\n");
	assert_summary("1 for new connections");
}
END_TEST

/* The value at the start is in force, whatever files said since then. */
START_TEST(a_restart_is_needed_until_it_was_done)
{
	struct config *start;

	files_put("t.conf", TWO "workers = 1;\n");
	start = files_must_load(NULL, NULL);
	change(TWO "workers = 2;\n", TWO "workers = 2;\n");
	ck_assert_uint_eq(v.n_changes, 0);
	ck_assert_int_eq(verdict_compare(&v, start, before, after), 0);
	ck_assert_str_eq(
		lines(), "workers: 1 -> 2 needs a restart (t.conf:5)\n");
	verdict_fini(&v);
	ck_assert_int_eq(verdict_compare(&v, start, before, start), 0);
	ck_assert_uint_eq(v.n_changes, 0);
	config_free(start);
}
END_TEST

START_TEST(many_restart_keys_are_named_in_part)
{
	change(TWO,
		TWO "workers = 2;\nruntime_dir = \"/x\";\n"
		    "state_dir = \"/y\";\ncontrol: { mode = \"0600\"; };\n");
	assert_summary("4 need a restart (workers, runtime_dir, state_dir, "
		       "...)");
}
END_TEST

START_TEST(what_is_inherited_is_told_once)
{
	change(TWO, TWO "timeouts: { idle = \"7m\"; };\n");
	ck_assert_str_eq(lines(),
		"timeouts.idle: \"5m\" -> \"7m\" applies to new connections "
		"(t.conf:5)\n");
}
END_TEST

START_TEST(what_was_inherited_and_is_written_is_told)
{
	change("timeouts: { idle = \"7m\"; };\n" TWO,
		"services: {\n"
		"  e: { protocol = \"echo\"; listen = \"localhost:7\";\n"
		"       idle = \"7m\"; };\n"
		"  c: { protocol = \"chat\"; listen = [ \"localhost:8\", \"c\" "
		"]; };\n};\n");
	ck_assert_str_eq(lines(),
		"timeouts.idle: \"7m\" -> \"5m\" applies to new connections "
		"(default)\n");
}
END_TEST

START_TEST(services_come_and_go)
{
	change(TWO,
		"services: {\n"
		"  e: { protocol = \"echo\"; listen = \"localhost:7\"; };\n"
		"  c: { protocol = \"chat\"; listen = \"c\"; "
		"enabled = false; };\n"
		"  n: { protocol = \"echo\"; listen = [ \"localhost:9\", "
		"\"n\" ]; };\n"
		"};\n");
	ck_assert_str_eq(lines(),
		"service added: n\n"
		"service removed: c\n"
		"listener added: n localhost:9\n"
		"listener added: n n\n"
		"listener removed: c localhost:8\n"
		"listener removed: c c\n");
	ck_assert_uint_eq(v.listeners_kept.n_items, 1);
	ck_assert_str_eq(v.listeners_kept.items[0], "e localhost:7");
	assert_summary("1 service added, 1 service removed");
}
END_TEST

/* The socket stays if an address moves, unless the kernel chose its port. */
START_TEST(an_address_moves_to_another_service)
{
	change("services: {\n"
	       "  a: { protocol = \"echo\"; listen = [ \"localhost:7\", "
	       "\"127.0.0.1:0\" ]; };\n"
	       "  b: { protocol = \"echo\"; listen = \"localhost:8\"; };\n"
	       "};\n",
		"services: {\n"
		"  a: { protocol = \"echo\"; listen = \"localhost:8\"; };\n"
		"  b: { protocol = \"echo\"; listen = [ \"localhost:7\", "
		"\"127.0.0.1:0\" ]; };\n"
		"};\n");
	ck_assert_uint_eq(v.n_changes, 2);
	ck_assert_str_eq(v.changes[0].path, "services.a.listen");
	ck_assert_str_eq(
		v.changes[0].old, "[ \"localhost:7\", \"127.0.0.1:0\" ]");
	ck_assert_uint_eq(v.listeners_kept.n_items, 2);
	ck_assert_uint_eq(v.listeners_added.n_items, 1);
	ck_assert_str_eq(v.listeners_added.items[0], "b 127.0.0.1:0");
	ck_assert_str_eq(v.listeners_removed.items[0], "a 127.0.0.1:0");
}
END_TEST

/* What is written twice are two. */
START_TEST(one_of_two_alike_goes_and_comes)
{
	change("services: { a: { protocol = \"echo\"; listen = [ "
	       "\"127.0.0.1:0\", \"127.0.0.1:0\" ]; }; };\n",
		"services: { a: { protocol = \"echo\"; listen = "
		"\"127.0.0.1:0\"; }; };\n");
	ck_assert_uint_eq(v.listeners_kept.n_items, 1);
	ck_assert_uint_eq(v.listeners_removed.n_items, 1);
	verdict_fini(&v);
	ck_assert_int_eq(verdict_compare(&v, after, after, before), 0);
	ck_assert_uint_eq(v.listeners_kept.n_items, 1);
	ck_assert_uint_eq(v.listeners_added.n_items, 1);
}
END_TEST

START_TEST(udp_and_tcp_are_two_listeners)
{
	change("services: { e: { protocol = \"echo\"; "
	       "listen = \"localhost:7\"; }; };\n",
		"services: { e: { protocol = \"echo\"; transport = \"udp\"; "
		"listen = \"localhost:7\"; }; };\n");
	ck_assert_str_eq(lines(),
		"services.e.transport: \"tcp\" -> \"udp\" applies to new "
		"connections (t.conf:1)\n"
		"listener added: e localhost:7 udp\n"
		"listener removed: e localhost:7\n");
}
END_TEST

START_TEST(rooms_come_and_go)
{
	change(TWO "chat: { rooms: { ops: { }; dev: { }; }; };\n",
		TWO "chat: { rooms: {\n dev: { topic = \"t\"; };\n new: { };\n"
		    "}; };\n");
	ck_assert_str_eq(lines(),
		"chat.rooms.dev.topic: \"\" -> \"t\" applied (t.conf:6)\n"
		"chat.rooms.new: none -> { ... } applied (t.conf:7)\n"
		"chat.rooms.ops: { ... } -> none applied\n");
}
END_TEST

/* Of another protocol the keys are others; those of one name are compared. */
START_TEST(another_protocol_has_other_keys)
{
	change("services: { s: { protocol = \"chat\"; listen = \"s\"; "
	       "room = \"a\"; dialect = \"text\"; }; };\n",
		"services: { s: { protocol = \"post\"; listen = \"s\"; "
		"room = \"b\"; nick = \"n\"; }; };\n");
	ck_assert_str_eq(lines(),
		"services.s.protocol: \"chat\" -> \"post\" applies to new "
		"connections (t.conf:1)\n"
		"services.s.dialect: \"text\" -> none applies to new "
		"connections\n"
		"services.s.room: \"a\" -> \"b\" applies to new connections "
		"(t.conf:1)\n"
		"services.s.nick: none -> \"n\" applies to new connections "
		"(t.conf:1)\n");
}
END_TEST

START_TEST(long_values_are_cut_and_safe)
{
	change(TWO,
		TWO "chat: { motd = \"\xe2\x80\xae"
		    "123456789012345678901234567890123456789012345678901234"
		    "\xc3\xa9"
		    "5678901234567890\"; };\n");
	ck_assert_uint_eq(v.n_changes, 1);
	ck_assert_str_eq(v.changes[0].now,
		"\"<U+202E>"
		"123456789012345678901234567890123456789012345678901234"
		"\xc3\xa9...");
}
END_TEST

START_TEST(rejected_is_rejected)
{
	struct config *cfg;

	files_put("t.conf",
		"services: { e: { protocol = \"echoo\";\n"
		"listen = \"localhost:7\"; }; };\nx = 1;\n");
	ck_assert_int_ne(files_load(&cfg, NULL), 0);
	v.is_rejected = true;
	v.errors = files_errors;
	files_errors = (struct config_errors){NULL};
	ck_assert_str_eq(lines(),
		"t.conf:1: services.e.protocol: there is no protocol "
		"\"echoo\"; did you mean \"echo\"?\n"
		"t.conf:3: x: unknown key\n");
	assert_summary("t.conf:1: services.e.protocol: there is no protocol "
		       "\"echoo\"; did you mean \"echo\"?");
}
END_TEST

/* Every row of every table. */

static struct strlist overrides;

/* A service of each protocol; what rows inherit is written, so that a change
 * of it is one of the row's own. */
static void write_every_service(void)
{
	struct strbuf out = {0};
	unsigned port = 2000;

	strbuf_adds(&out, "chat: { rooms: { ops: { }; }; };\nservices: {\n");
	for (const struct proto *const *p = proto_table; *p; p++)
		strbuf_addf(&out,
			" %s: { protocol = \"%s\"; listen = "
			"\"localhost:%u\"; };\n",
			(*p)->name, (*p)->name, port++);
	strbuf_adds(&out, "};\n");
	files_put("t.conf", out.data);
	strbuf_fini(&out);
}

static void override_inherited(const char *group, const struct option *table)
{
	for (const struct option *opt = table; opt && opt->key; opt++) {
		struct strbuf text = {0};

		if (!(opt->flags & OPT_INHERIT))
			continue;
		strbuf_addf(&text, "%s.%s=%s", group, opt->key,
			option_find(config_options, opt->fallback)->fallback);
		ck_assert_int_eq(strlist_add(&overrides, text.data), 0);
		strbuf_fini(&text);
	}
}

static struct config *load_every_service(void)
{
	struct config_source src = {"t.conf",
		(const char *const *)overrides.items, overrides.n_items};
	struct config *cfg;

	config_errors_fini(&files_errors);
	ck_assert_msg(config_load(&src, &cfg, &files_errors) == 0, "%s",
		files_said());
	return cfg;
}

/* Any other value that the row takes. */
static void set_other(const struct option *opt, void *target)
{
	static const char *const values[] = {"true", "false", "7", "70", "7/m",
		"8KiB", "1MiB", "2GiB", "7s", "zz", "/zz", "0644", "root",
		"10.9.8.0/24", "localhost:9"};
	struct strbuf old = {0}, now = {0};
	size_t i = 0, n = sizeof(values) / sizeof(values[0]);

	option_format(opt, target, &old);
	strbuf_adds(&now, old.data);
	for (; i < n && strcmp(old.data, now.data) == 0; i++) {
		strbuf_clear(&now);
		(void)option_set_text(opt, target, values[i], NULL);
		option_format(opt, target, &now);
	}
	for (i = 0; opt->names && opt->names[i]; i++)
		if (strcmp(old.data, now.data) == 0) {
			strbuf_clear(&now);
			(void)option_set_text(opt, target, opt->names[i], NULL);
			option_format(opt, target, &now);
		}
	ck_assert_msg(strcmp(old.data, now.data) != 0, "%s", opt->key);
	strbuf_fini(&old);
	strbuf_fini(&now);
}

static unsigned n_rows;

static void assert_only(const char *prefix, const struct option *opt)
{
	struct strbuf path = {0};

	strbuf_addf(&path, "%s%s", prefix, opt->key);
	compare();
	ck_assert_msg(v.n_changes == 1, "%s: %s", path.data, lines());
	ck_assert_str_eq(v.changes[0].path, path.data);
	ck_assert_int_eq(v.changes[0].effect, opt->reload);
	ck_assert_int_ge(opt->reload, RELOAD_NOW);
	ck_assert_int_le(opt->reload, RELOAD_RESTART);
	ck_assert_uint_eq(v.n_effects[opt->reload], 1);
	ck_assert_uint_eq(
		v.services_added.n_items + v.services_removed.n_items, 0);
	strbuf_fini(&path);
	n_rows++;
}

/* Where a table's rows lie in cfg. */
static void *target_of(struct config *cfg, const struct option *table)
{
	if (table == config_options)
		return cfg;
	if (table == config_room_options)
		return &cfg->chat.rooms[0];
	if (table == config_service_options)
		return &cfg->services[0];
	for (size_t i = 0; i < cfg->n_services; i++)
		if (cfg->services[i].proto->options == table)
			return cfg->services[i].options;
	return NULL;
}

static void change_each(const char *prefix, const struct option *table)
{
	for (const struct option *opt = table; opt && opt->key; opt++) {
		after = load_every_service();
		set_other(opt, target_of(after, table));
		assert_only(prefix, opt);
		config_free(after);
		after = NULL;
	}
}

START_TEST(each_option_is_told_and_only_it)
{
	char prefix[64];

	write_every_service();
	snprintf(prefix, sizeof(prefix), "services.%s", proto_table[0]->name);
	override_inherited(prefix, config_service_options);
	override_inherited("chat.rooms.ops", config_room_options);
	for (const struct proto *const *p = proto_table; *p; p++) {
		snprintf(prefix, sizeof(prefix), "services.%s", (*p)->name);
		override_inherited(prefix, (*p)->options);
	}
	before = load_every_service();
	n_rows = 0;
	change_each("", config_options);
	change_each("chat.rooms.ops.", config_room_options);
	snprintf(prefix, sizeof(prefix), "services.%s.", proto_table[0]->name);
	change_each(prefix, config_service_options);
	for (const struct proto *const *p = proto_table; *p; p++) {
		snprintf(prefix, sizeof(prefix), "services.%s.", (*p)->name);
		change_each(prefix, (*p)->options);
	}
	ck_assert_uint_gt(n_rows, 80);
	strlist_fini(&overrides);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("verdict");
	TCase *tc = tcase_create("verdict");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(tc, set_up, tear_down);
	tcase_add_test(tc, the_same_is_no_change);
	tcase_add_test(tc, changes_are_told_with_their_origin);
	tcase_add_test(tc, what_goes_back_to_its_default_says_so);
	tcase_add_test(tc, a_restart_is_needed_until_it_was_done);
	tcase_add_test(tc, many_restart_keys_are_named_in_part);
	tcase_add_test(tc, what_is_inherited_is_told_once);
	tcase_add_test(tc, what_was_inherited_and_is_written_is_told);
	tcase_add_test(tc, services_come_and_go);
	tcase_add_test(tc, an_address_moves_to_another_service);
	tcase_add_test(tc, one_of_two_alike_goes_and_comes);
	tcase_add_test(tc, udp_and_tcp_are_two_listeners);
	tcase_add_test(tc, rooms_come_and_go);
	tcase_add_test(tc, another_protocol_has_other_keys);
	tcase_add_test(tc, long_values_are_cut_and_safe);
	tcase_add_test(tc, rejected_is_rejected);
	tcase_add_test(tc, each_option_is_told_and_only_it);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
