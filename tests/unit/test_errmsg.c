/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/errmsg.h"

#include <check.h>
#include <errno.h>
#include <string.h>

START_TEST(set_returns_the_error)
{
	struct errmsg msg;

	ck_assert_int_eq(errmsg_set(&msg, EINVAL, "bad %s", "port"), -EINVAL);
	ck_assert_str_eq(msg.text, "bad port");
	ck_assert_int_eq(errmsg_set(NULL, ERANGE, "x"), -ERANGE);
}
END_TEST

START_TEST(prefix_goes_in_front)
{
	struct errmsg msg;

	errmsg_set(&msg, EINVAL, "no such port");
	errmsg_prefix(&msg, "service %s", "echo");
	ck_assert_str_eq(msg.text, "service echo: no such port");
	errmsg_prefix(NULL, "x");
}
END_TEST

START_TEST(long_text_is_cut)
{
	char text[2 * ERRMSG_LEN];
	struct errmsg msg;

	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	errmsg_set(&msg, EINVAL, "%s", text);
	ck_assert_uint_eq(strlen(msg.text), ERRMSG_LEN - 1);
	errmsg_prefix(&msg, "front");
	ck_assert_int_eq(strncmp(msg.text, "front: xxx", 10), 0);
	ck_assert_uint_eq(strlen(msg.text), ERRMSG_LEN - 1);
	errmsg_prefix(&msg, "%s", text);
	ck_assert_uint_eq(strlen(msg.text), ERRMSG_LEN - 1);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("errmsg");
	TCase *tc = tcase_create("errmsg");
	SRunner *sr = srunner_create(s);
	int failed;

	tcase_add_test(tc, set_returns_the_error);
	tcase_add_test(tc, prefix_goes_in_front);
	tcase_add_test(tc, long_text_is_cut);
	suite_add_tcase(s, tc);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
