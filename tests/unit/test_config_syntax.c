/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Files that do not parse: the guessed cause, its line, and what to write. */
#include <check.h>
#include <stdlib.h>
#include <sysexits.h>

#include "config_files.h"

/* A good service on line 1, then what is broken on line 2. */
#define E                                                                     \
	"services: { e: { protocol = \"echo\"; listen = \"localhost:7\"; }; " \
	"};\n"
/* One service with these keys, all on line 1. */
#define S(keys)    "services: { s: { " keys " }; };\n"
#define ECHO(keys) S("protocol = \"echo\"; listen = \"localhost:7\"; " keys)

/* Each must give exactly one finding, "t.conf:LINE: text", and EX_CONFIG. */
static const struct {
	const char *text, *says;
} broken[] = {
	{E "/* open\nworkers = 1;\n",
		":2: syntax error: the comment that begins here with /* is "
		"never closed"},
	{E "drain = \"1s;\nworkers = 1;\n",
		":2: syntax error: a quote (\") is missing on this line; in: "
		"drain = \"1s;"},
	{E "drain = 1s\";\nworkers = 1;\n",
		":2: syntax error: a value with a unit needs quotes: write "
		"\"1s\"; in: drain = 1s\";"},
	{E "drain = \"1s",
		":2: syntax error: a quote (\") is missing on this line"},
	{E "drain = 10s;",
		":2: syntax error: a value with a unit needs quotes: write "
		"\"10s\""},
	{E "drain = 10 s;",
		":2: syntax error: a value with a unit needs quotes and no "
		"space"},
	{E "limits: { line = 4KiB; };",
		":2: syntax error: a value with a unit needs quotes: write "
		"\"4KiB\""},
	{E "exempt = 127.0.0.0/8;",
		":2: syntax error: a value with a unit needs quotes: write "
		"\"127.0.0.0/8\""},
	{E "exempt = [ \"::1\", ];",
		":2: syntax error: a comma before \"]\"; take it out; in: "
		"exempt = [ \"::1\", ];"},
	{E "exempt = ( \"::1\", );",
		":2: syntax error: a comma before \")\"; take it out"},
	{E "exempt = [ \"::1\"\n\"::2\" ];",
		":3: syntax error: a comma is missing between two items"},
	{E "exempt = [ \"::1\";\n",
		":2: syntax error: the \"[\" of line 2 is not closed before "
		"\";\""},
	{E "exempt = [ , \"::1\" ];",
		":2: syntax error: a value belongs here, not \",\""},
	{E "exempt = [ { } ];",
		":2: syntax error: \"{\" inside \"[\": an array holds plain "
		"values"},
	{E "log: { level = info; };",
		":2: syntax error: text needs quotes: write \"info\""},
	{S("protocol = echo; listen = \"localhost:7\";"),
		":1: syntax error: text needs quotes: write \"echo\""},
	{S("protocol = \"echo\"; listen = localhost:7;"),
		":1: syntax error: text needs quotes: write \"localhost:7\""},
	{S("protocol = \"echo\"; listen = *:7;"),
		":1: syntax error: text needs quotes: write \"*:7\""},
	{S("protocol = \"echo\"; listen = /run/x;"),
		":1: syntax error: \"/\" has no meaning here; text needs "
		"quotes"},
	{S("protocol = \"echo\"; listen = 'x';"),
		":1: syntax error: text stands in double quotes (\")"},
	{S("protocol = \xe2\x80\x9c"
	   "echo\xe2\x80\x9d;"),
		":1: syntax error: typographic quotes"},
	{ECHO("one_shot = yes;"),
		":1: syntax error: write true instead of yes"},
	{ECHO("one_shot = Off;"),
		":1: syntax error: write false instead of Off"},
	{ECHO("mode = 0600;"),
		":1: syntax error: the number 0600 begins with 0; write it "
		"without, or \"0600\" if it is a mode"},
	{E "log { level = \"info\"; };",
		":2: syntax error: \":\" is missing: write log: {"},
	{E "workers 1;",
		":2: syntax error: \"=\" is missing behind \"workers\""},
	{E "workers = ;",
		":2: syntax error: the value of \"workers\" is missing"},
	{E "workers = 1;;", ":2: syntax error: a \";\" too many"},
	{E "log: { level = \"info\", , };",
		":2: syntax error: a \",\" too many"},
	{E "log: { level = , };",
		":2: syntax error: the value of \"level\" is missing"},
	{E "workers = 1 2;",
		":2: syntax error: \";\" is missing behind the value of "
		"\"workers\""},
	{E "drain = \"1s\" workers = 1;",
		":2: syntax error: \";\" is missing before \"workers\""},
	{E "workers = 1; }", ":2: syntax error: \"}\" closes nothing"},
	{E "workers = 1; };\n\n", ":2: syntax error: \"}\" closes nothing"},
	{E "log: {\n level = \"info\";\n\n",
		":2: syntax error: the \"{\" of this line is never closed"},
	{E "log: {\n level = \"info\"; ];",
		":3: syntax error: \"]\" closes the \"{\" of line 2"},
	{E "workers =",
		":2: syntax error: the file ends before the value of "
		"\"workers\""},
	{E "chat.name = \"x\";",
		":2: syntax error: a name holds no dot; write chat: { ... }"},
	{E "chat: { motd = \"a\\qb\"; };",
		":2: syntax error: an unknown escape in a text"},
	{E "chat: { motd = \"a\\x00b\"; };",
		":2: syntax error: an unknown escape in a text"},
	{E "chat: { motd = \"a\x01\"; };",
		":2: syntax error: a control character in a text; write \\x01"},
	{E "x = @include;",
		":2: syntax error: @include stands alone on a line"},
	{E "@include more.conf\n", ":2: syntax error: write @include \"FILE\""},
	{E "@include \"t.conf\"\n",
		":2: @include \"t.conf\": t.conf: it includes itself"},
	{E "= 1;",
		":2: syntax error: the name of a setting belongs here, not ="},
	{E "true = 1;",
		":2: syntax error: the name of a setting belongs here, not "
		"true"},
	{E "\x80 = 1;",
		":2: syntax error: a name has only the letters a to z, digits, "
		"\"-\" and \"_\""},
	{"services: { ch\xc3\xa1t: { }; };",
		":1: syntax error: a name has only the letters a to z, digits"},
	{E "workers = \x80;",
		":2: syntax error: the byte 0x80 has no meaning here"},
	{E "workers =\xc2\xa0 1;", ":2: syntax error: a no-break space"},
	{E "limits: { connections = 10,000; };",
		":2: syntax error: a number is written without commas: 10000; "
		"in: limits"},
	{E "limits: { connections = 1,000,500; };",
		":2: syntax error: a number is written without commas: "
		"1000500"},
	{E "limits: { connections = 10_000; };",
		":2: syntax error: a number is written without \"_\": 10000"},
	{E "limits: { connections = 10,\n000; };",
		":3: syntax error: the number 000 begins with 0"},
	{"services: { 1st: { }; };",
		":1: syntax error: a name begins with a letter, not with "
		"\"1\""},
	{"services:\n  a:\n    protocol: echo\n",
		":2: syntax error: a group stands in braces: write services: "
		"{ a: ... };"},
	{"services:\n  1st:\n    protocol: echo\n",
		":2: syntax error: a group stands in braces"},
	{E "a=(((((((((((((((((1)))))))))))))))));",
		":2: syntax error: more than 16 brackets"},
};

START_TEST(broken_file_is_told)
{
	files_assert_refused(broken[_i].text, broken[_i].says);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("config_syntax");
	TCase *tc = tcase_create("config_syntax");
	SRunner *sr = srunner_create(s);
	int failed;

	tcase_add_checked_fixture(tc, files_setup, files_teardown);
	tcase_add_loop_test(tc, broken_file_is_told, 0,
		(int)(sizeof(broken) / sizeof(broken[0])));
	suite_add_tcase(s, tc);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
