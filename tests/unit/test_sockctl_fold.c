/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "src/bin/sockctl_fold.h"

/* Folds a text, line by line. */
static void expect(
	size_t columns, bool cuts, const char *text, const char *want)
{
	struct fold fold = {.columns = columns, .cuts = cuts};
	struct strbuf out = {0};
	const char *end;

	for (; (end = strchr(text, '\n')); text = end + 1)
		fold_line(&fold, text, (size_t)(end - text), &out);
	ck_assert_str_eq(out.data, want);
	strbuf_fini(&out);
}

static const char table[] =
	"file    line  kind     finding\n"
	"c.conf  2     error    five minutes is not a duration; write \"5m\"\n"
	"c.conf  -     warning  nothing\n";

START_TEST(last_column)
{
	expect(50, false, table,
		"file    line  kind     finding\n"
		"c.conf  2     error    five minutes is not a\n"
		"                       duration; write \"5m\"\n"
		"c.conf  -     warning  nothing\n");
}
END_TEST

/* To the column: what just fits stays, and a blank needs no room. */
START_TEST(edges)
{
	static const char line[] = "one  2222222222 3333333333 44444444\n";

	expect(35, false, line, line);
	expect(34, false, line,
		"one  2222222222 3333333333\n"
		"     44444444\n");
	expect(26, false, "2222222222 33333333333 444 5\n",
		"2222222222 33333333333 444\n"
		"    5\n");
}
END_TEST

/* In too narrow a terminal, and in rows that a wide cell has pushed. */
START_TEST(elsewhere)
{
	expect(30, false, table,
		"file    line  kind     finding\n"
		"c.conf  2     error    five\n"
		"    minutes is not a duration;\n"
		"    write \"5m\"\n"
		"c.conf  -     warning  nothing\n");
	expect(40, false,
		"one  two\n"
		"a cell that is wide  what is to be read of it\n",
		"one  two\n"
		"a cell that is wide  what is to be read\n"
		"    of it\n");
}
END_TEST

/* What somebody copies is in one piece, and no line is made of blanks. */
START_TEST(long_words)
{
	expect(34, false,
		"one  two\n"
		"x    /a/path/that/is/longer/than/a/line or is it\n",
		"one  two\n"
		"x    /a/path/that/is/longer/than/a/line\n"
		"     or is it\n");
	expect(30, false, "/a/path/that/is/longer/than/a/line\n",
		"/a/path/that/is/longer/than/a/line\n");
	expect(30, false, "a    /a/path/that/is/longer/than/a/line\n",
		"a    /a/path/that/is/longer/than/a/line\n");
}
END_TEST

/* Each part has columns of its own. */
START_TEST(parts)
{
	expect(40, false,
		"name  the name of it, which is a long one\n"
		"\n"
		"a name  text\n"
		"b       the name of it, which is a long one\n",
		"name  the name of it, which is a long\n"
		"      one\n"
		"\n"
		"a name  text\n"
		"b       the name of it, which is a long\n"
		"        one\n");
}
END_TEST

/* By characters: one of several bytes is never taken apart. */
START_TEST(characters)
{
	expect(30, false,
		"x  ääääääääää ääääääääää äääää\n"
		"x  ääääääääää ääääääääää äääää1\n",
		"x  ääääääääää ääääääääää äääää\n"
		"x  ääääääääää ääääääääää\n"
		"   äääää1\n");
	expect(13, true, "ääääääääääääää\n", "äääääääääääää\n");
}
END_TEST

START_TEST(as_they_are)
{
	static const char line[] = "a  b c d e f g h i j k l m n o p\n\n";

	expect(0, false, line, line);
	expect(0, true, line, line);
	expect(11, false, line, line); /* no terminal to make lines for */
	expect(9, true, line, "a  b c d \n\n");
}
END_TEST

int main(void)
{
	Suite *s = suite_create("sockctl_fold");
	TCase *tc = tcase_create("sockctl_fold");
	SRunner *sr = srunner_create(s);
	int failed;

	tcase_add_test(tc, last_column);
	tcase_add_test(tc, edges);
	tcase_add_test(tc, elsewhere);
	tcase_add_test(tc, long_words);
	tcase_add_test(tc, parts);
	tcase_add_test(tc, characters);
	tcase_add_test(tc, as_they_are);
	suite_add_tcase(s, tc);
	srunner_run_all(sr, CK_NORMAL);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
