/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "proto/sniff.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"

#define N(array) ((int)(sizeof(array) / sizeof((array)[0])))
#define DATA(text)                     \
	{                              \
		text, sizeof(text) - 1 \
	}
#define LINE_MAX_ 32

#define REQUEST   "{\"type\":\"x\"}"

/* What is seen at first, in all if that is all, and of one who was greeted. */
static const struct {
	struct slice data;
	enum sniff first, all, greeted;
} cases[] = {
	{DATA(""), SNIFF_MORE, SNIFF_MORE, SNIFF_MORE},
	{DATA("h"), SNIFF_MORE, SNIFF_PERSON, SNIFF_MORE},
	{DATA("hello\n"), SNIFF_PERSON, SNIFF_PERSON, SNIFF_PERSON},
	{DATA("\n"), SNIFF_PERSON, SNIFF_PERSON, SNIFF_PERSON},
	{DATA("hello\r\n"), SNIFF_PERSON, SNIFF_PERSON, SNIFF_PERSON},
	{DATA("\xFF\xFD\x06"), SNIFF_PERSON, SNIFF_PERSON, SNIFF_PERSON},
	{DATA("he\xFF\xF4"), SNIFF_PERSON, SNIFF_PERSON, SNIFF_PERSON},
	{DATA("a line that never comes to its end"), SNIFF_PERSON, SNIFF_PERSON,
		SNIFF_PERSON},
	/* programs */
	{DATA("{"), SNIFF_JSON, SNIFF_JSON, SNIFF_MORE},
	{DATA("{hello}\n"), SNIFF_JSON, SNIFF_JSON, SNIFF_PERSON},
	{DATA("{}\n"), SNIFF_JSON, SNIFF_JSON, SNIFF_PERSON},
	{DATA("{\"type\":1}\n"), SNIFF_JSON, SNIFF_JSON, SNIFF_PERSON},
	{DATA(REQUEST), SNIFF_JSON, SNIFF_JSON, SNIFF_JSON},
	{DATA(REQUEST "\n"), SNIFF_JSON, SNIFF_JSON, SNIFF_JSON},
	{DATA(REQUEST "\r\n{"), SNIFF_JSON, SNIFF_JSON, SNIFF_JSON},
	{DATA(REQUEST REQUEST), SNIFF_JSON, SNIFF_JSON, SNIFF_JSON},
	{DATA("{\"type\":\"x"), SNIFF_JSON, SNIFF_JSON, SNIFF_MORE},
	{DATA("{\"type\":\n"), SNIFF_JSON, SNIFF_JSON, SNIFF_PERSON},
	{DATA(" " REQUEST "\n"), SNIFF_JSON, SNIFF_JSON, SNIFF_JSON},
	{DATA(" " REQUEST), SNIFF_JSON, SNIFF_JSON, SNIFF_JSON},
	{DATA("x" REQUEST "\n"), SNIFF_PERSON, SNIFF_PERSON, SNIFF_PERSON},
	{DATA("\0"), SNIFF_FRAME, SNIFF_FRAME, SNIFF_FRAME},
	{DATA("\0\0\0\x02{}"), SNIFF_FRAME, SNIFF_FRAME, SNIFF_FRAME},
	/* those who are wrong here */
	{DATA("\x16"), SNIFF_MORE, SNIFF_PERSON, SNIFF_MORE},
	{DATA("\x16\x03"), SNIFF_MORE, SNIFF_PERSON, SNIFF_MORE},
	{DATA("\x16\x03\x01"), SNIFF_TLS, SNIFF_TLS, SNIFF_TLS},
	{DATA("\x16\x03\x01\x02\x00\x01"), SNIFF_TLS, SNIFF_TLS, SNIFF_TLS},
	{DATA("\x16\x03\x09\n"), SNIFF_PERSON, SNIFF_PERSON, SNIFF_PERSON},
	{DATA("\x16\x41\n"), SNIFF_PERSON, SNIFF_PERSON, SNIFF_PERSON},
	{DATA("GET / HTTP/1.1\r\n"), SNIFF_HTTP, SNIFF_HTTP, SNIFF_HTTP},
	{DATA("GET / HTTP/1.0\nHost: x\n"), SNIFF_HTTP, SNIFF_HTTP, SNIFF_HTTP},
	{DATA("GET / HTTP/1.1"), SNIFF_MORE, SNIFF_HTTP, SNIFF_MORE},
	{DATA("GET / HTTP/2.0\n"), SNIFF_PERSON, SNIFF_PERSON, SNIFF_PERSON},
	{DATA("GET / HTTP/1.x\n"), SNIFF_PERSON, SNIFF_PERSON, SNIFF_PERSON},
	{DATA("GET /\xFF HTTP/1.1\n"), SNIFF_PERSON, SNIFF_PERSON,
		SNIFF_PERSON},
	{DATA("hello\r\0" REQUEST "\n"), SNIFF_PERSON, SNIFF_PERSON,
		SNIFF_PERSON},
	{DATA("GET / HTTP/1.1\r\0"), SNIFF_HTTP, SNIFF_HTTP, SNIFF_HTTP},
	{DATA(" " REQUEST " x\n"), SNIFF_JSON, SNIFF_JSON, SNIFF_JSON},
	{DATA(REQUEST "\xFF"), SNIFF_JSON, SNIFF_JSON, SNIFF_JSON},
	{DATA("\xFF" REQUEST), SNIFF_PERSON, SNIFF_PERSON, SNIFF_PERSON},
	{DATA("GET /0123456789012345678 HTTP/1.1\n"), SNIFF_PERSON,
		SNIFF_PERSON, SNIFF_PERSON},
	{DATA("GET /01234567890123456 HTTP/1.1\r\n"), SNIFF_HTTP, SNIFF_HTTP,
		SNIFF_HTTP},
	{DATA("it is HTTP/1.1, no?\n"), SNIFF_PERSON, SNIFF_PERSON,
		SNIFF_PERSON},
	{DATA(" HTTP/1.1\n"), SNIFF_PERSON, SNIFF_PERSON, SNIFF_PERSON},
};

/* In memory of its own size, for a sanitizer to see its end. */
START_TEST(tells_them_apart)
{
	size_t len = cases[_i].data.len;
	char *exact = malloc(len > 0 ? len : 1);
	struct slice data = {exact, len};

	memcpy(exact, cases[_i].data.data, len);
	ck_assert_int_eq(sniff_first(&data, LINE_MAX_), cases[_i].first);
	ck_assert_int_eq(
		sniff_end(sniff_first(&data, LINE_MAX_), &data), cases[_i].all);
	ck_assert_int_eq(sniff_greeted(&data, LINE_MAX_), cases[_i].greeted);
	free(exact);
}
END_TEST

/* What was said of some bytes is said whatever follows them. */
START_TEST(more_bytes_change_nothing)
{
	static const char *const words[] = {"{\"type\":\"x\"}", "{", "}", "{}",
		" ", "\r", "\n", "\r\n", "\xFF", "GET / ", " HTTP/1.1", "\"",
		"hello", "\x16\x03\x01", "a longer word, so it gets long"};
	char bytes[200];
	size_t len = 0;

	srand((unsigned)_i);
	while (len < 120) {
		int k = rand() % (N(words) + 1);

		if (k == N(words))
			bytes[len++] = '\0';
		else
			len += (size_t)sprintf(bytes + len, "%s", words[k]);
	}
	for (int greeted = 0; greeted < 2; greeted++) {
		enum sniff said = SNIFF_MORE, now;

		for (size_t n = 1; n <= len; n++) {
			struct slice data = {bytes, n};

			now = (greeted ? sniff_greeted : sniff_first)(
				&data, LINE_MAX_);
			ck_assert_msg(said == SNIFF_MORE || now == said,
				"%zu bytes: %d, before %d", n, now, said);
			said = now;
		}
		ck_assert_int_ne(said, SNIFF_MORE);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("sniff");
	TCase *tc = tcase_create("sniff");
	SRunner *runner;
	int failed;

	tcase_add_loop_test(tc, tells_them_apart, 0, N(cases));
	tcase_add_loop_test(tc, more_bytes_change_nothing, 0, 300);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
