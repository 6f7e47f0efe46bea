/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A load for which memory runs out is no error of the configuration: the next
 * try may do. */
#include <check.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "config_files.h"

/* There is no memory for one copy of this text, the how manieth. */
#define TEXT "guest7"
static int fails_at, n_copies;

char *strdup(const char *text)
{
	char *copy = NULL;

	if (strcmp(text, TEXT) != 0 || ++n_copies != fails_at)
		copy = malloc(strlen(text) + 1);
	return copy ? strcpy(copy, text) : NULL;
}

#define E                                                                     \
	"services: { e: { protocol = \"echo\"; listen = \"localhost:7\"; }; " \
	"};\n"
#define NAMED(name, protocol)                            \
	"services: { " name ": { protocol = \"" protocol \
	"\"; listen = \"localhost:7\"; }; };\n"

static const char *const texts[] = {
	E "chat: { name = \"" TEXT "\"; };\n",
	E "chat: { operators = \"" TEXT "\"; };\n",
	E "chat: { operators = [ \"" TEXT "\" ]; };\n",
	E "chat: { rooms: { " TEXT ": { }; }; };\n",
	NAMED(TEXT, "echo"),
	NAMED(TEXT, "post"),
};

START_TEST(no_memory_is_no_error_of_the_file)
{
	struct config *cfg;
	int code = EX_OSERR;

	files_put("t.conf", texts[_i]);
	for (fails_at = 1; code; fails_at++) {
		n_copies = 0;
		code = files_load(&cfg, NULL);
		if (n_copies < fails_at) {
			ck_assert_int_eq(code, 0);
			config_free(cfg);
			continue;
		}
		ck_assert_msg(code == EX_OSERR, "%d, copy %d\n%s\n%s", code,
			fails_at, texts[_i], files_said());
		files_assert_has(files_said(), "out of memory\n");
	}
	ck_assert_int_gt(fails_at, 2);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("config_memory");
	TCase *tc = tcase_create("config_memory");
	SRunner *sr = srunner_create(s);
	int failed;

	tcase_add_checked_fixture(tc, files_setup, files_teardown);
	tcase_add_loop_test(tc, no_memory_is_no_error_of_the_file, 0,
		(int)(sizeof(texts) / sizeof(texts[0])));
	suite_add_tcase(s, tc);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
