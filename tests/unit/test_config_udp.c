/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What is said of services over UDP. */
#include <check.h>
#include <sysexits.h>

#include "config_files.h"
#include "proto/proto.h"

#define N_OF(rows) ((int)(sizeof(rows) / sizeof((rows)[0])))
#define S(keys)    "services: { s: { transport = \"udp\"; " keys " }; };\n"
#define ECHO(keys) S("protocol = \"echo\"; listen = \"localhost:7\"; " keys)
#define GREETING(keys) \
	S("protocol = \"greeting\"; listen = \"localhost:7\"; " keys)
#define X64  "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
#define X512 X64 X64 X64 X64 X64 X64 X64 X64
#define LONGER                                                               \
	":1: services.s: answers over UDP may be longer than what asks for " \
	"them; without `allow` those go to loopback only\n"

/* Each must give exactly this error. */
static const struct {
	const char *text, *says;
} broken[] = {
	{S("protocol = \"echo\"; listen = \"e.sock\";"),
		":1: services.s.listen: \"e.sock\" is a unix socket; with "
		"transport = \"udp\" write \"HOST:PORT\"\n"},
	{S("protocol = \"echo\"; listen = [ \"localhost:7\", \"/e\" ];"),
		":1: services.s.listen: \"/e\" is a unix socket"},
	{ECHO("framing = \"line\";"),
		":1: services.s.framing: a datagram is a message as it is"},
	{ECHO("framing = \"length\";"),
		":1: services.s.framing: a datagram is a message as it is"},
	{ECHO("proxy_protocol = \"10.0.0.0/8\";"),
		":1: services.s.proxy_protocol: datagrams have no PROXY "
		"header"},
	{ECHO("one_shot = true;"),
		":1: services.s.one_shot: with transport = \"udp\" there is "
		"nothing to close\n"},
	{GREETING("allow = \"::1\"; message = \"" X512 "x\";"),
		":1: services.s.message: has 513 bytes; with transport = "
		"\"udp\" it has at most 512\n"},
	{S("protocol = \"chat\"; listen = \"localhost:7\";"),
		":1: services.s.transport: the protocol \"chat\" does not "
		"speak \"udp\"\n"},
	{"services: {\na: { protocol = \"echo\"; transport = \"udp\"; listen "
	 "= \"*:7\"; };\nb: { protocol = \"discard\"; transport = \"udp\"; "
	 "listen = \"127.0.0.1:7\"; };\n};",
		":3: services.b.listen: \"127.0.0.1:7\" is taken by \"*:7\" of "
		"the service a\n"},
};

START_TEST(nonsense_is_told)
{
	files_assert_refused(broken[_i].text, broken[_i].says);
}
END_TEST

/* Each is right, and these are all findings ("": none). */
static const struct {
	const char *text, *says;
} right[] = {
	{ECHO(""), ""},
	{ECHO("send_buffer = \"64KiB\"; idle = \"1m\"; framing = \"stream\";"),
		""},
	{S("protocol = \"discard\"; listen = [ \"*:7\", \"[::1]:0\" ];"), ""},
	{"services: { t: { protocol = \"echo\"; listen = \"*:7\"; };\n"
	 "u: { protocol = \"echo\"; transport = \"udp\"; listen = \"*:7\"; }; "
	 "};",
		""},
	{ECHO("prefix = \"> \";"), LONGER},
	{ECHO("prefix = \"> \"; allow = \"10.0.0.0/8\";"), ""},
	{GREETING("message = \"" X512 "\";"), LONGER},
	{GREETING("message = \"\";"), ""},
	{GREETING("message = \"hi\"; allow = [ \"::1\", \"127.0.0.1\" ];"), ""},
	{S("protocol = \"chargen\"; listen = \"localhost:7\";"), ""},
	{S("protocol = \"daytime\"; listen = \"localhost:7\";"), LONGER},
	{S("protocol = \"time\"; listen = \"localhost:7\";"), LONGER},
	{S("protocol = \"whoami\"; listen = \"localhost:7\";"), LONGER},
	{S("protocol = \"whoami\"; listen = \"localhost:7\"; "
	   "allow = \"::1\";"),
		""},
	{ECHO("backlog = 5;"),
		":1: services.s.backlog: has no meaning with transport = "
		"\"udp\"\n"},
	{ECHO("max_connections = 5;"),
		":1: services.s.max_connections: has no meaning with"},
	{ECHO("mode = \"0600\";"), ":1: services.s.mode: has no meaning with"},
	{ECHO("backlog = 4096; max_connections = 0; mode = \"0666\";"), ""},
};

START_TEST(what_is_right_loads)
{
	struct config *cfg;
	char want[400];

	files_put("t.conf", right[_i].text);
	cfg = files_must_load(NULL, NULL);
	snprintf(want, sizeof(want), "t.conf%s", right[_i].says);
	ck_assert_uint_eq(files_errors.n_items, right[_i].says[0] != '\0');
	ck_assert_int_eq(files_errors.n_errors, 0);
	if (right[_i].says[0])
		ck_assert_msg(strncmp(files_said(), want, strlen(want)) == 0,
			"want %s\ngot  %s", want, files_said());
	config_free(cfg);
}
END_TEST

START_TEST(an_override_is_named)
{
	struct config *cfg;

	files_put("t.conf",
		"services: { s: { protocol = \"echo\"; listen = "
		"\"localhost:7\"; prefix = \"x\"; }; };");
	cfg = files_must_load("services.s.transport=udp", NULL);
	ck_assert_uint_eq(files_errors.n_items, 1);
	ck_assert(files_errors.items[0].warning);
	config_free(cfg);
	ck_assert_int_eq(
		files_load_file("t.conf", &cfg, "services.s.transport=udp",
			"services.s.listen=x.sock"),
		EX_USAGE);
	files_assert_has(files_said(),
		"-o services.s.listen: \"x.sock\" is a unix socket");
}
END_TEST

/* A transport of the table is one the protocol can serve. */
START_TEST(protocols_have_what_they_promise)
{
	for (const struct proto *const *p = proto_table; *p; p++) {
		bool says = ((*p)->transports & PROTO_TRANSPORT_UDP) != 0;

		ck_assert_msg(!says || (*p)->type.datagram, "%s", (*p)->name);
	}
}
END_TEST

int main(void)
{
	Suite *s = suite_create("config_udp");
	TCase *tc = tcase_create("config_udp");
	SRunner *sr = srunner_create(s);
	int failed;

	tcase_add_checked_fixture(tc, files_setup, files_teardown);
	tcase_add_loop_test(tc, nonsense_is_told, 0, N_OF(broken));
	tcase_add_loop_test(tc, what_is_right_loads, 0, N_OF(right));
	tcase_add_test(tc, an_override_is_named);
	tcase_add_test(tc, protocols_have_what_they_promise);
	suite_add_tcase(s, tc);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
