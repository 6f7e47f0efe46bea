/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Where sockets are to be: hosts that nobody knows, addresses of many,
 * directories that are not there; and what of it another try may find mended.
 */
#include <check.h>
#include <dlfcn.h>
#include <netdb.h>
#include <string.h>
#include <sysexits.h>

#include "config_files.h"

/* The name server is ours: nobody answers for later.test. */
int getaddrinfo(const char *node, const char *service,
	const struct addrinfo *hints, struct addrinfo **res)
{
	int (*real)(const char *, const char *, const struct addrinfo *,
		struct addrinfo **);

	if (node && strcmp(node, "later.test") == 0)
		return EAI_AGAIN;
	if (node && strcmp(node, "nobody.test") == 0)
		return EAI_NONAME;
	if (node && strcmp(node, "memory.test") == 0)
		return EAI_MEMORY;
	*(void **)&real = dlsym(RTLD_NEXT, "getaddrinfo");
	return real(node, service, hints, res);
}

#define ONE(listen)                                                          \
	"services: { s: { protocol = \"echo\"; listen = \"" listen "\"; }; " \
	"};\n"
#define UDP(listen)                                                   \
	"services: { s: { protocol = \"echo\"; transport = \"udp\"; " \
	"listen = \"" listen "\"; }; };\n"

static const struct {
	const char *text, *says;
	int code;
} bad[] = {
	{ONE("nobody.test:7"),
		"t.conf:1: services.s.listen: unknown host \"nobody.test\"",
		EX_CONFIG},
	{ONE("later.test:7"),
		"t.conf:1: services.s.listen: no name server answers for the "
		"host \"later.test\"",
		EX_OSERR},
	{ONE("memory.test:7") "wrokers = 1;\n",
		"t.conf:2: wrokers: unknown key; did you mean \"workers\"?\n"
		"out of memory\n",
		EX_OSERR},
	/* Whatever else is wrong will not pass. */
	{ONE("later.test:7") "wrokers = 1;\n",
		"t.conf:1: services.s.listen: no name server answers",
		EX_CONFIG},

	{UDP("224.0.0.1:7"),
		"t.conf:1: services.s.listen: 224.0.0.1:7 is the address of "
		"many, not of one machine; write one of this machine",
		EX_CONFIG},
	{ONE("224.0.0.1:7"),
		"t.conf:1: services.s.listen: 224.0.0.1:7 is the address of "
		"many",
		EX_CONFIG},
	{UDP("255.255.255.255:7"),
		"t.conf:1: services.s.listen: 255.255.255.255:7 is the address "
		"of many",
		EX_CONFIG},
	{UDP("127.255.255.255:7"),
		"t.conf:1: services.s.listen: 127.255.255.255:7 is the address "
		"of many",
		EX_CONFIG},
	{ONE("[ff02::1]:7"),
		"t.conf:1: services.s.listen: [ff02::1]:7 is the address of "
		"many",
		EX_CONFIG},

	/* Who makes a directory may come after us. */
	{ONE("/none/x.sock"),
		"t.conf:1: services.s.listen: there is no directory /none; "
		"make it, or write another",
		EX_OSERR},
	{ONE("/etc/passwd/x"),
		"t.conf:1: services.s.listen: /etc/passwd is not a directory",
		EX_CONFIG},
	{ONE("/etc/passwd"),
		"t.conf:1: services.s.listen: /etc/passwd is there and is no "
		"socket; remove it, or write another path",
		EX_CONFIG},
	{ONE("localhost:7") "control: { path = \"/none/c\"; };\n",
		"t.conf:2: control.path: there is no directory /none",
		EX_OSERR},
	{ONE("x.sock") "runtime_dir = \"/none/run\";\n",
		"t.conf:2: runtime_dir: there is no directory /none", EX_OSERR},
	{ONE("x.sock") "runtime_dir = \"/etc/passwd\";\n",
		"t.conf:2: runtime_dir: /etc/passwd is not a directory",
		EX_CONFIG},
};

START_TEST(what_cannot_be_there_is_told)
{
	struct config *cfg;
	int code;

	files_put("t.conf", bad[_i].text);
	code = files_load(&cfg, NULL);
	ck_assert_msg(
		strncmp(files_said(), bad[_i].says, strlen(bad[_i].says)) == 0,
		"want %s\ngot  %s", bad[_i].says, files_said());
	ck_assert_msg(code == bad[_i].code, "%d: %s", code, files_said());
}
END_TEST

/* What stands at a default is told too, though nobody wrote it. */
START_TEST(the_default_control_socket)
{
	struct config *cfg;

	files_put("t.conf", ONE("localhost:7"));
	files_put("control.sock", "not one");
	setenv("RUNTIME_DIRECTORY", files_dir, 1);
	ck_assert_int_eq(files_load(&cfg, NULL), EX_CONFIG);
	files_assert_has(files_said(), "t.conf: control.path: /tmp/");
	files_assert_has(files_said(), "/control.sock is there and is no ");
}
END_TEST

static const char *const good[] = {
	ONE("x.sock") "runtime_dir = \"/sockd-run\";\n", /* made if missing */
	ONE("/sockd-run/x.sock") "runtime_dir = \"/sockd-run\";\n",
	ONE("/tmp/sockd-no-such.sock"),
	ONE("/sockd-no-such.sock"),
};

START_TEST(what_can_be_there_loads)
{
	files_put("t.conf", good[_i]);
	config_free(files_must_load(NULL, NULL));
	ck_assert_str_eq(files_said(), "");
}
END_TEST

int main(void)
{
	Suite *s = suite_create("config_place");
	TCase *tc = tcase_create("config_place");
	SRunner *sr = srunner_create(s);
	int failed;

	tcase_add_checked_fixture(tc, files_setup, files_teardown);
	tcase_add_loop_test(tc, what_cannot_be_there_is_told, 0,
		(int)(sizeof(bad) / sizeof(bad[0])));
	tcase_add_test(tc, the_default_control_socket);
	tcase_add_loop_test(tc, what_can_be_there_loads, 0,
		(int)(sizeof(good) / sizeof(good[0])));
	suite_add_tcase(s, tc);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
