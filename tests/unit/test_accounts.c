/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "chat/accounts.h"

#include <check.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"

#define HASH "$5$rounds=1000$sodium$5ddODpS4oYUJCBwWoNxoIoNa0ato.KOsTPB5Q2NhIGA"

static struct strbuf faults;

static void on_fault(void *arg, unsigned line, const char *text)
{
	ck_assert_ptr_eq(arg, &faults);
	strbuf_addf(&faults, "%u: %.40s\n", line, text);
}

static int parse(struct accounts **ret, const char *text, size_t len)
{
	const struct slice data = {text, len};

	*ret = NULL;
	strbuf_clear(&faults);
	strbuf_adds(&faults, "");
	return accounts_parse(ret, &data, on_fault, &faults);
}

static void expect_faults(const char *text, size_t len, const char *expected)
{
	struct accounts *accounts;

	ck_assert_int_eq(parse(&accounts, text, len), -EINVAL);
	ck_assert_ptr_null(accounts);
	ck_assert_str_eq(faults.data, expected);
}

START_TEST(reads_lines)
{
	static const char text[] = "# people\n\n \t\nalice:" HASH "\n"
				   "  Bill_0:" HASH " \r\nbob:!\r\n"
				   "#carol:x\nzoe:*";
	struct accounts *accounts;
	const struct account *row;

	ck_assert_int_eq(parse(&accounts, text, sizeof(text) - 1), 0);
	ck_assert_str_eq(faults.data, "");
	ck_assert_uint_eq(accounts->n, 4);
	ck_assert_uint_eq(accounts->n_open, 2);
	row = accounts_find(accounts, "ALICE");
	ck_assert_str_eq(row->name, "alice");
	ck_assert_str_eq(row->hash, HASH);
	ck_assert_uint_eq(row->line, 4);
	ck_assert(!row->is_locked);
	ck_assert_str_eq(accounts_find(accounts, "bill_0")->hash, HASH);
	ck_assert(accounts_find(accounts, "bob")->is_locked);
	ck_assert(accounts_find(accounts, "zoe")->is_locked);
	ck_assert_ptr_null(accounts_find(accounts, "carol"));
	ck_assert_ptr_null(accounts_find(accounts, "a1ice"));
	ck_assert_ptr_eq(accounts_find_alike(accounts, "A1ICE"), row);
	ck_assert_ptr_null(accounts_find(accounts, "alice2"));
	ck_assert_ptr_null(accounts_find_alike(accounts, ""));
	for (uint64_t i = 0; i < 5; i++)
		ck_assert_str_eq(accounts_decoy(accounts, i), HASH);
	accounts_free(accounts);
}
END_TEST

START_TEST(nobody)
{
	struct accounts *accounts;

	ck_assert_int_eq(parse(&accounts, "", 0), 0);
	ck_assert_uint_eq(accounts->n, 0);
	ck_assert_ptr_null(accounts_find_alike(accounts, "alice"));
	ck_assert_ptr_null(accounts_decoy(accounts, 7));
	accounts_free(accounts);
	ck_assert_ptr_null(accounts_find(NULL, "alice"));
	ck_assert_ptr_null(accounts_decoy(NULL, 7));
	accounts_free(NULL);
}
END_TEST

#define EXPECT(text, expected) expect_faults(text, sizeof(text) - 1, expected)

START_TEST(says_all_faults)
{
	EXPECT("alice\n:" HASH "\n9:!\nguest-x:!\nbob:\ncarol:x\n",
		"1: a line is NAME:HASH, or begins with \"#\"\n"
		"2: \"\" cannot be the name of an account: use\n"
		"3: \"9\" cannot be the name of an account: us\n"
		"4: \"guest-x\" cannot be the name of an accou\n"
		"5: bob: there is no password hash; write * \n"
		"6: carol: this is not a password hash as cr\n");
	EXPECT("a\0b:!\nab:!\0\n",
		"1: \"a\" cannot be the name of an account: us\n"
		"2: ab: a NUL byte\n");
	/* a hash in the wrong place is not shown */
	EXPECT(HASH ":alice",
		"1: \"...\" cannot be the name of an account: \n");
	EXPECT("abcdefghijklmnopqrstuvwxy:!",
		"1: \"abcdefghijklmnopqrstuvwxy\" cannot be th\n");
	EXPECT("alice:" HASH ":99999:7",
		"1: alice: this is not a whole password hash\n");
}
END_TEST

START_TEST(no_two_look_alike)
{
	EXPECT("bob:!\nalice:!\nBOB:!\n",
		"3: BOB: this account is bob of line 1\n");
	EXPECT("b0b:!\nbob:!\n",
		"2: bob: this account looks like b0b of line\n");
}
END_TEST

START_TEST(equal_or_not)
{
	static const char *const texts[] = {
		"a:!\n", "a:*\n", "b:!\n", "a:!\nb:!\n", "A:!\n"};
	struct accounts *all[5], *other;

	for (size_t i = 0; i < 5; i++)
		ck_assert_int_eq(parse(&all[i], texts[i], strlen(texts[i])), 0);
	for (size_t i = 0; i < 5; i++)
		for (size_t k = 0; k < 5; k++)
			ck_assert_int_eq(
				accounts_equal(all[i], all[k]), i == k);
	ck_assert_int_eq(parse(&other, "#\nb:!\na:!", 9), 0);
	ck_assert(accounts_equal(other, all[3]));
	ck_assert(!accounts_equal(NULL, other));
	ck_assert(accounts_equal(NULL, NULL));
	accounts_free(other);
	for (size_t i = 0; i < 5; i++)
		accounts_free(all[i]);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("accounts");
	TCase *tc = tcase_create("accounts");
	SRunner *runner;
	int failed;

	tcase_add_test(tc, reads_lines);
	tcase_add_test(tc, nobody);
	tcase_add_test(tc, says_all_faults);
	tcase_add_test(tc, no_two_look_alike);
	tcase_add_test(tc, equal_or_not);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	strbuf_fini(&faults);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
