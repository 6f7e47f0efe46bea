/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <check.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/errmsg.h"
#include "net/census.h"

START_TEST(reads_words)
{
	static const char *const words[] = {"service=chat", "nick=Al",
		"state=flooded", "sort=queued", "limit=50",
		"address=192.0.2.0/24", "lob"};
	struct census_query query = {.id = 0};
	struct errmsg msg = {""};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		ck_assert_msg(census_query_add(&query, words[i], &msg) == 0,
			"%s", msg.text);
	ck_assert_str_eq(query.service, "chat");
	ck_assert_str_eq(query.nick, "Al");
	ck_assert_str_eq(query.text, "lob");
	ck_assert(query.has_state && query.state == CENSUS_FLOODED);
	ck_assert(query.has_network && query.network.prefix == 96 + 24);
	ck_assert_int_eq(query.key, CENSUS_BY_QUEUED);
	ck_assert_uint_eq(query.limit, 50);
}
END_TEST

/* What reads as an address is one, anything else is text. */
START_TEST(tells_addresses_from_text)
{
	static const struct {
		const char *word;
		bool is_network;
	} rows[] = {
		{"127.0.0.1", true},
		{"2001:db8::/32", true},
		{"::1", true},
		{"127.0.0", false},
		{"chat", false},
		{"10", false},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct census_query query = {.id = 0};

		ck_assert_int_eq(
			census_query_add(&query, rows[i].word, NULL), 0);
		ck_assert_int_eq(query.has_network, rows[i].is_network);
		ck_assert_int_eq(query.text[0] == '\0', rows[i].is_network);
	}
}
END_TEST

START_TEST(refuses_in_words)
{
	static const struct {
		const char *word, *error;
	} rows[] = {
		{"sort=fast",
			"sort: \"fast\" is none of id, age, idle, in, out, "
			"queued, messages"},
		{"state=",
			"state: \"\" is none of open, paused, flooded, "
			"closing"},
		{"limit=0", "limit: \"0\" is no number from 1 to 20000"},
		{"limit=20001",
			"limit: \"20001\" is no number from 1 to 20000"},
		{"limit=5x", "limit: \"5x\" is no number from 1 to 20000"},
		{"limit=99999999999999999999",
			"limit: \"99999999999999999999\" is no number from 1 "
			"to 20000"},
		{"servce=chat",
			"\"servce=\" is none of service=, address=, nick=, "
			"state=, sort=, limit=; did you mean service=?"},
		{"=x",
			"\"=\" is none of service=, address=, nick=, state=, "
			"sort=, limit="},
		{"nick=", "nick: 1 to 24 characters belong there"},
		{"nick=0123456789012345678901234",
			"nick: 1 to 24 characters belong there"},
		{"address=here",
			"\"here\" is not a network; write an address "
			"or a prefix, as in \"192.0.2.0/24\" or "
			"\"2001:db8::/32\""},
		{"", "text to look for: 1 to 63 characters belong there"},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct census_query query = {.id = 0};
		struct errmsg msg = {""};

		ck_assert_int_eq(
			census_query_add(&query, rows[i].word, &msg), -EINVAL);
		ck_assert_str_eq(msg.text, rows[i].error);
		ck_assert(
			!query.service[0] && !query.nick[0] && !query.text[0]);
		ck_assert(!query.has_network && !query.has_state);
		ck_assert(query.key == CENSUS_BY_ID && query.limit == 0);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("census_query");
	TCase *tc = tcase_create("census_query");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_test(tc, reads_words);
	tcase_add_test(tc, tells_addresses_from_text);
	tcase_add_test(tc, refuses_in_words);
	suite_add_tcase(suite, tc);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
