/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "net/http_head.h"

#include <check.h>
#include <stdio.h>
#include <string.h>

#define HOST  "Host: x\r\n"
#define A64   "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define A256  A64 A64 A64 A64
#define A1024 A256 A256 A256 A256

struct row {
	const char *text;
	size_t len;
	enum http_outcome outcome;
	const char *said; /* "METHOD PATH minor [accept]", or the fault */
};

/* clang-format off */
#define ROW(text, outcome, said) {text, sizeof(text) - 1, HTTP_##outcome, said}

static const struct row rows[] = {
	ROW("GET /metrics HTTP/1.1\r\n" HOST "\r\n", WHOLE, "GET /metrics 1 []"),
	ROW("HEAD / HTTP/1.0\r\n\r\n", WHOLE, "HEAD / 0 []"),
	ROW("GET /healthz HTTP/1.0\n\n", WHOLE, "GET /healthz 0 []"),
	ROW("GET /a HTTP/1.9\nhOsT:\n\r\n", WHOLE, "GET /a 9 []"),
	ROW("\r\n\n\r\nGET / HTTP/1.0\r\n\r\n", WHOLE, "GET / 0 []"),
	ROW("GET /a?b=/c HTTP/1.0\r\n\r\n", WHOLE, "GET /a 0 []"),
	ROW("GET http://h:1/a?b HTTP/1.0\n\n", WHOLE, "GET /a 0 []"),
	ROW("GET HTTP://h?b HTTP/1.0\n\n", WHOLE, "GET  0 []"),
	ROW("GET http:/ HTTP/1.0\n\n", WHOLE, "GET http:/ 0 []"),
	ROW("OPTIONS * HTTP/1.0\n\n", WHOLE, "OPTIONS * 0 []"),
	ROW("A-VERY-LONG-METHOD / HTTP/1.0\n\n", WHOLE, "A-VERY-LONG-METH / 0 []"),
	ROW("GET / HTTP/1.1\r\nAccept:\t a, b;q=0 \r\n" HOST "X:\r\n\r\n", WHOLE,
		"GET / 1 [a, b;q=0 ]"),
	ROW("GET / HTTP/1.0\nAccept: a\naccept:b\nAccepted: c\n\n", WHOLE,
		"GET / 0 [a,b]"),
	ROW("GET / HTTP/1.0\nAccept: " A1024 "\n\n", WHOLE, "GET / 0 [" A1024 "]"),
	ROW("GET / HTTP/1.0\nAccept: a" A1024 "\nX: y\n\n", WHOLE, "GET / 0 []"),
	ROW("GET / HTTP/1.0\nX: \x80\xff\t~\n\n", WHOLE, "GET / 0 []"),

	ROW("", MORE, ""),
	ROW("\r\n", MORE, ""),
	ROW("GET / HTTP/1.1\r\n" HOST "\r", MORE, ""),

	ROW(" GET / HTTP/1.0", BAD, "no method"),
	ROW("\x16\x03\x01", BAD, "no method"),
	ROW("\rGET", BAD, "a CR without LF"),
	ROW("GET\t/", BAD, "no blank behind the method"),
	ROW("GET\n", BAD, "no blank behind the method"),
	ROW("GET  /", BAD, "no target"),
	ROW("GET /\x7f", BAD, "no target"),
	ROW("GET /\xc3\xa4", BAD, "no target"),
	ROW("GET /\r\n", BAD, "no version of HTTP"),
	ROW("GET / http/1.0", BAD, "no version of HTTP"),
	ROW("GET / HTTP/1\n", BAD, "no version of HTTP"),
	ROW("GET / HTTP/1.x", BAD, "no version of HTTP"),
	ROW("GET / HTTP/1.10", BAD, "more than a method, a target, a version"),
	ROW("GET / HTTP/1.0 ", BAD, "more than a method, a target, a version"),
	ROW("GET / HTTP/1.0\rX", BAD, "a CR without LF"),
	ROW("GET / HTTP/1.0\n X: y", BAD, "a line that begins with no field"),
	ROW("GET / HTTP/1.0\nX: y\n\tz", BAD, "a line that begins with no field"),
	ROW("GET / HTTP/1.0\n: y", BAD, "a line that begins with no field"),
	ROW("GET / HTTP/1.0\nX : y", BAD, "no colon behind the name of a field"),
	ROW("GET / HTTP/1.0\nX\n", BAD, "no colon behind the name of a field"),
	ROW("GET / HTTP/1.0\nX: a\0", BAD, "a control character in a field"),
	ROW("GET / HTTP/1.0\nX: \x7f", BAD, "a control character in a field"),
	ROW("GET / HTTP/1.0\nX: a\rb", BAD, "a CR without LF"),
	ROW("GET / HTTP/1.0\n\rb", BAD, "a CR without LF"),
	ROW("GET / HTTP/1.1\r\n\r\n", BAD, "HTTP/1.1 takes one field \"Host\""),
	ROW("GET / HTTP/1.1\r\n" HOST HOST "\r\n", BAD,
		"HTTP/1.1 takes one field \"Host\""),
	ROW("GET / HTTP/1.0\r\n" HOST HOST "\r\n", BAD,
		"HTTP/1.1 takes one field \"Host\""),
	ROW("PRI * HTTP/2.0\r\n", OTHER_VERSION, ""),
	ROW("GET / HTTP/0.9\r\n", OTHER_VERSION, ""),
	ROW("GET /" A256 A256 " HTTP/1.0", TARGET_TOO_LONG, ""),
};

struct wish {
	const char *accept, *type, *version;
	unsigned quality;
};

#define OM   "application/openmetrics-text"
#define TEXT "text/plain"

static const struct wish wishes[] = {
	{"", TEXT, "1", 0},
	{"*/*", TEXT, "1", 0},
	{"text/*", TEXT, "1", 0},
	{"text/plain", TEXT, "1", 1000},
	{"TEXT/Plain", TEXT, "1", 1000},
	{"text/plainer", TEXT, "1", 0},
	{"text/plain;q=0.5", TEXT, "1", 500},
	{"text/plain ; Q=0.125 ", TEXT, "1", 125},
	{" a/b , text/plain; q=1.000", TEXT, "1", 1000},
	{"text/plain;q=0", TEXT, "1", 0},
	{"text/plain;q=1.001", TEXT, "1", 0},
	{"text/plain;q=0.1234", TEXT, "1", 0},
	{"text/plain;q=", TEXT, "1", 0},
	{"text/plain;q=x", TEXT, "1", 0},
	{"text/plain;q=.5", TEXT, "1", 0},
	{"text/plain;q=2", TEXT, "1", 0},
	{"text/plain;version=0.0.4;q=0.3", TEXT, "0.0.4", 300},
	{"text/plain;version=\"0.0.4\"", TEXT, "0.0.4", 1000},
	{"text/plain;version=0.0.1", TEXT, "0.0.4", 0},
	{"text/plain;q=0.1,text/plain;q=0.4,text/plain;q=0.2", TEXT, "1", 400},
	{"a/b;c=\"text/plain,\\\",text/plain\"", TEXT, "1", 0},
	{"a/b;c=\",\",text/plain", TEXT, "1", 1000},
	{"text/plain;c=\"", TEXT, "1", 1000},
	{",,;,=;text/plain", TEXT, "1", 0},
	{OM ";version=1.0.0;escaping=allow-utf-8;q=0.6," OM ";version=0.0.1;q=0.5,"
	 "text/plain;version=1.0.0;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2",
		OM, "1.0.0", 600},
	{OM ";version=1.0.0;q=0.6,text/plain;version=1.0.0;q=0.4,"
	 "text/plain;version=0.0.4;q=0.3", TEXT, "0.0.4", 300},
};
/* clang-format on */

#define N_ROWS   (sizeof(rows) / sizeof(rows[0]))
#define N_WISHES (sizeof(wishes) / sizeof(wishes[0]))

static void check_result(const struct row *row, const struct http_head *h,
	enum http_outcome outcome)
{
	struct slice path = http_path(h);
	char said[4096] = "";

	ck_assert_int_eq(outcome, row->outcome);
	if (outcome == HTTP_WHOLE)
		snprintf(said, sizeof(said), "%s %.*s %u [%s]", h->method,
			(int)path.len, path.data, h->minor, h->accept);
	if (outcome == HTTP_BAD)
		snprintf(said, sizeof(said), "%s", h->fault);
	ck_assert_str_eq(said, row->said);
}

/* In two pieces, cut at every place, and what follows is not touched. */
START_TEST(heads_in_two_pieces)
{
	static const char rest[] = {'r', 'e', 's', 't'};
	const struct row *row = &rows[_i];
	char text[4096];

	memcpy(text, row->text, row->len);
	memcpy(text + row->len, rest, sizeof(rest));
	for (size_t cut = 0; cut <= row->len; cut++) {
		struct http_head h = {0};
		size_t used = 0, more = 0;
		enum http_outcome outcome = http_parse(&h, text, cut, &used);

		if (outcome == HTTP_MORE) {
			size_t len = row->len - cut;

			if (row->outcome == HTTP_WHOLE)
				len += sizeof(rest);
			outcome = http_parse(&h, text + cut, len, &more);
		}
		check_result(row, &h, outcome);
		if (row->outcome == HTTP_WHOLE)
			ck_assert_uint_eq(used + more, row->len);
	}
}
END_TEST

START_TEST(heads_byte_by_byte)
{
	const struct row *row = &rows[_i];
	enum http_outcome outcome = HTTP_MORE;
	struct http_head h = {0};
	size_t used;

	for (size_t i = 0; i < row->len && outcome == HTTP_MORE; i++) {
		outcome = http_parse(&h, row->text + i, 1, &used);
		ck_assert_uint_eq(used, 1);
	}
	check_result(row, &h, outcome);
}
END_TEST

/* A head of 8 KiB is one, a byte more is not. */
START_TEST(heads_are_bounded)
{
	static const char end[] = {'\n', '\n'};
	char text[HTTP_HEAD_MAX + 2];

	for (int more = 0; more < 2; more++) {
		struct http_head h = {0};
		size_t used, len = HTTP_HEAD_MAX + (size_t)more;

		memset(text, 'a', sizeof(text));
		text[snprintf(text, sizeof(text), "GET / HTTP/1.0\nX: ")] = 'a';
		memcpy(text + len - sizeof(end), end, sizeof(end));
		ck_assert_int_eq(http_parse(&h, text, len, &used),
			more ? HTTP_TOO_LARGE : HTTP_WHOLE);
		ck_assert_uint_eq(used, HTTP_HEAD_MAX);
	}
}
END_TEST

START_TEST(media_types_are_wanted)
{
	const struct wish *w = &wishes[_i];

	ck_assert_uint_eq(
		http_quality(w->accept, w->type, w->version), w->quality);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("http_head");
	TCase *tc = tcase_create("http_head");
	SRunner *sr = srunner_create(s);
	int failed;

	tcase_add_loop_test(tc, heads_in_two_pieces, 0, (int)N_ROWS);
	tcase_add_loop_test(tc, heads_byte_by_byte, 0, (int)N_ROWS);
	tcase_add_test(tc, heads_are_bounded);
	tcase_add_loop_test(tc, media_types_are_wanted, 0, (int)N_WISHES);
	suite_add_tcase(s, tc);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
