/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A load for which memory runs out is no error of the configuration: the next
 * try may do. */
#include <check.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "config_files.h"

/* There is no memory for one copy, the how manieth; of this text or of any. */
#define TEXT "guest7"
static const char *only;
static int fails_at, n_copies;

char *strdup(const char *text)
{
	char *copy = NULL;

	if ((only && strcmp(text, only) != 0) || ++n_copies != fails_at)
		copy = malloc(strlen(text) + 1);
	return copy ? strcpy(copy, text) : NULL;
}

#define E                                                                     \
	"services: { e: { protocol = \"echo\"; listen = \"localhost:7\"; }; " \
	"};\n"
#define NAMED(name, protocol)                            \
	"services: { " name ": { protocol = \"" protocol \
	"\"; listen = \"localhost:7\"; }; };\n"

/* The first ones cause a warning, which may get lost. */
#define N_WARNED 2
static const char *const texts[] = {
	E "chat: { operators = \"" TEXT "\"; };\n",
	E "chat: { operators = [ \"" TEXT "\" ]; };\n",
	E "chat: { name = \"" TEXT "\"; };\n",
	E "chat: { rooms: { " TEXT ": { }; }; };\n",
	NAMED(TEXT, "echo"),
	NAMED(TEXT, "post"),
};

/* Loads with each of the copies missing, and at last with all of them. */
static void fail_each_copy(const char *text)
{
	struct config *cfg;
	int code = EX_OSERR, nth, n;

	files_put("t.conf", text);
	for (nth = 1; code; nth++) {
		n_copies = 0;
		fails_at = nth;
		code = files_load(&cfg, NULL);
		n = n_copies;
		fails_at = 0; /* Check makes copies, too */
		if (n < nth) {
			ck_assert_int_eq(code, 0);
			config_free(cfg);
			continue;
		}
		ck_assert_msg(code == EX_OSERR, "%d, copy %d\n%s\n%s", code,
			nth, text, files_said());
		files_assert_has(files_said(), "out of memory\n");
	}
	ck_assert_int_gt(nth, 2);
}

START_TEST(no_memory_is_no_error_of_the_file)
{
	only = TEXT;
	fail_each_copy(texts[_i]);
}
END_TEST

START_TEST(no_memory_for_a_default)
{
	only = NULL;
	fail_each_copy(texts[_i]);
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
	tcase_add_loop_test(tc, no_memory_for_a_default, N_WARNED,
		(int)(sizeof(texts) / sizeof(texts[0])));
	suite_add_tcase(s, tc);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
