/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/password.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "base/errmsg.h"

#define BCRYPT   "abcdefghijklmnopqrstuu2r9OfJnfCsdneAXAGHnS4UpFFP8WIrW"
#define SHA256   "5ddODpS4oYUJCBwWoNxoIoNa0ato.KOsTPB5Q2NhIGA"
#define YESCRYPT "IwTmMKlsaeOO6brfZUmJTwvLEgoa/TABm2FWfM5r0p4"
#define SHA512                                        \
	"yW0rZsdrKfhoEfeRsluGUEodngFCJeIjIfb1YntbJEE" \
	"dptRbyjrs2Cb0iFphWjqPjir4LogV./63LuusHzyhz."

/* Of "secret"; NULL: it is one, else a part of the words that refuse it. */
static const struct {
	const char *hash, *refusal;
} hashes[] = {
	{"$y$j75$sodiumsodium$" YESCRYPT, NULL},
	{"$2b$04$" BCRYPT, NULL},
	{"$5$rounds=1000$sodium$" SHA256, NULL},
	{"$6$rounds=1000$sodium$" SHA512, NULL},
	{"", "there is no password hash"},
	{"secret", "not a password hash as crypt(5)"},
	{"ab1FQ8zQ2UjSM", "not a password hash as crypt(5)"},
	{"$1$md5md5md$abcdefghijklmnopqrstuv", "kind of password hash"},
	{"$7$CU..../....sodium$" YESCRYPT, "kind of password hash"},
	{"$y$", "parameters other than"},
	{"$y$j9T$sodium", "not a whole password hash"},
	{"$y$j9T$sodium$" YESCRYPT "x", "not a whole password hash"},
	{"$y$j9T$so:ium$" YESCRYPT, "not a whole password hash"},
	{"$y$jBT$sodium$" YESCRYPT, NULL}, /* 64 MiB */
	{"$y$jCT$sodium$" YESCRYPT, "more than 64 MiB"},
	{"$y$jzT$sodium$" YESCRYPT, "more than 64 MiB"},
	{"$y$jBU$sodium$" YESCRYPT, "more than 64 MiB"},
	{"$y$j9T1$sodium$" YESCRYPT, "parameters other than"},
	{"$y$k9T$sodium$" YESCRYPT, "parameters other than"},
	{"$y$j!T$sodium$" YESCRYPT, "not a whole password hash"},
	{"$2b$12$" BCRYPT, NULL},
	{"$2b$13$" BCRYPT, "has the cost 13; 12 is the most"},
	{"$2b$4$" BCRYPT, "not a whole password hash"},
	{"$2b$-4$" BCRYPT, "not a whole password hash"},
	{"$5$sodium$" SHA256, NULL},
	{"$5$rounds=500000$sodium$" SHA256, NULL},
	{"$5$rounds=500001$sodium$" SHA256, "500001 rounds; 500000 are"},
	{"$5$rounds=99999999999999999999$sodium$" SHA256, "rounds; 500000"},
	{"$5$rounds=$sodium$" SHA256, "not a whole password hash"},
	{"$5$rounds=1000$" SHA256, "not a whole password hash"},
	{"$6$sodium$" SHA256, "not a whole password hash"},
	{"*", NULL},
	{"!", NULL},
	{"!$y$j9T$sodium$" YESCRYPT, NULL},
};

START_TEST(hashes_are_looked_at)
{
	struct errmsg msg = {""};
	int err = password_check_hash(hashes[_i].hash, &msg);

	if (!hashes[_i].refusal) {
		ck_assert_msg(err == 0, "%s: %s", hashes[_i].hash, msg.text);
		return;
	}
	ck_assert_int_lt(err, 0);
	ck_assert_msg(strstr(msg.text, hashes[_i].refusal) != NULL, "%s: %s",
		hashes[_i].hash, msg.text);
	/* it may be logged */
	ck_assert_ptr_null(strstr(msg.text, "sodium"));
}
END_TEST

START_TEST(passwords_fit)
{
	for (size_t i = 0; i < 4; i++) {
		ck_assert(password_fits(hashes[i].hash, "secret"));
		ck_assert(!password_fits(hashes[i].hash, "Secret"));
		ck_assert(!password_fits(hashes[i].hash, ""));
		ck_assert(!password_is_locked(hashes[i].hash));
	}
	password_waste("secret");
}
END_TEST

START_TEST(nothing_fits_what_is_locked)
{
	static const char whole[] = "!$5$rounds=1000$sodium$" SHA256;
	static const char *const locked[] = {"*", "!", "*0", "*1", "!*", whole};

	for (size_t i = 0; i < 6; i++) {
		ck_assert(password_is_locked(locked[i]));
		ck_assert(!password_fits(locked[i], "secret"));
		ck_assert(!password_fits(locked[i], locked[i]));
	}
}
END_TEST

START_TEST(new_ones)
{
	char *one = NULL, *two = NULL;
	struct errmsg msg;

	ck_assert_int_eq(password_make("secret", &one), 0);
	ck_assert_int_eq(password_make("secret", &two), 0);
	ck_assert_str_ne(one, two);
	ck_assert_int_eq(password_check_hash(one, &msg), 0);
	ck_assert(password_fits(one, "secret"));
	ck_assert(!password_fits(one, "secret "));
	password_free(one);
	password_free(two);
	password_free(NULL);
}
END_TEST

static const struct {
	const char *phrase;
	bool is_good;
} phrases[] = {
	{"secret", true}, {"two words", true}, {"na\xC3\xAFve", true},
	{"", false}, {" x", false}, {"x ", false}, {"a\tb", false},
	{"a\x01"
	 "b",
		false},
	{"\xFF", false},
	{"\xE2\x80\xAE", false}, /* turns what follows around */
};

START_TEST(phrases_can_be_typed)
{
	struct errmsg msg;
	char phrase[300];

	ck_assert_int_eq(password_check_phrase(phrases[_i].phrase, &msg) == 0,
		phrases[_i].is_good);
	memset(phrase, 'x', sizeof(phrase));
	phrase[256] = '\0';
	ck_assert_int_eq(password_check_phrase(phrase, &msg), 0);
	phrase[256] = 'x';
	phrase[257] = '\0';
	ck_assert_int_lt(password_check_phrase(phrase, &msg), 0);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("password");
	TCase *tc = tcase_create("password");
	SRunner *runner;
	int failed;

	tcase_add_loop_test(tc, hashes_are_looked_at, 0,
		sizeof(hashes) / sizeof(hashes[0]));
	tcase_add_test(tc, passwords_fit);
	tcase_add_test(tc, nothing_fits_what_is_locked);
	tcase_add_test(tc, new_ones);
	tcase_add_loop_test(tc, phrases_can_be_typed, 0,
		sizeof(phrases) / sizeof(phrases[0]));
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
