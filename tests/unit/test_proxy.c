/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "net/proxy.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"

#define SIGN "\r\n\r\n\0\r\nQUIT\n"

/* Addresses of version 2: 192.0.2.5:51234 to 192.0.2.1:7008, and 2001:db8::5
 * to 2001:db8::1 with the same ports. */
#define PORTS "\xc8\x22\x1b\x60"
#define V4    "\xc0\0\2\5\xc0\0\2\1" PORTS
#define HALF6 "\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0"
#define V6    HALF6 "\5" HALF6 "\1" PORTS
#define UN         \
	"/run/a\0" \
	"0123456789012345678901234567890123456789012345678901"

#define FROM4  "192.0.2.5:51234 192.0.2.1:7008"
#define FROM6  "[2001:db8::5]:51234 [2001:db8::1]:7008"
#define MAPPED "::ffff:192.0.2."

struct row {
	const char *header;
	size_t len;
	const char *result; /* "SOURCE DESTINATION", a word, or the fault */
};

/* clang-format off */
#define ROW(header, result) {header, sizeof(header) - 1, result}
#define LINE(words, result) ROW("PROXY " words "\r\n", result)
#define V2(command, family, len, rest, result) \
	ROW(SIGN command family len rest, result)

static const struct row rows[] = {
	/* Version 1. */
	LINE("TCP4 192.0.2.5 192.0.2.1 51234 7008", FROM4),
	LINE("TCP6 2001:db8::5 2001:db8::1 51234 7008", FROM6),
	LINE("TCP6 2001:DB8::5 2001:0db8:0:0:0:0:0:1 51234 7008", FROM6),
	LINE("TCP6 " MAPPED "5 " MAPPED "1 51234 7008", FROM4),
	LINE("TCP4 255.255.255.255 255.255.255.255 65535 65535",
		"255.255.255.255:65535 255.255.255.255:65535"),
	LINE("TCP4 0.0.0.0 0.0.0.0 0 0", "0.0.0.0:0 0.0.0.0:0"),
	LINE("TCP6 ffff:ffff:ffff:ffff:ffff:ffff:ffff:fff1 "
	     "ffff:ffff:ffff:ffff:ffff:ffff:ffff:fff2 65535 65535",
		"[ffff:ffff:ffff:ffff:ffff:ffff:ffff:fff1]:65535 "
		"[ffff:ffff:ffff:ffff:ffff:ffff:ffff:fff2]:65535"),
	LINE("UNKNOWN", "unstated"),
	LINE("UNKNOWN ", "unstated"),
	LINE("UNKNOWN \0 \r whatever TCP4", "unstated"),
	LINE("UNKNOWN ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff "
	     "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff 65535 65535", "unstated"),

	ROW("G", "no PROXY header"),
	ROW("\n", "no PROXY header"),
	ROW("\0", "no PROXY header"),
	ROW("\x16", "no PROXY header"),
	ROW("proxy", "no PROXY header") /* at its first byte */,
	ROW("PR0", "no PROXY header"),
	ROW("PROXY\t", "no PROXY header"),
	ROW("PROXY\r", "no PROXY header"),
	ROW("PROXY \n", "the line ends without a CR"),
	ROW("PROXY UNKNOWN\n", "the line ends without a CR"),
	ROW("PROXY TCP4 192.0.2.5 192.0.2.1 51234 7008\n",
		"the line ends without a CR"),
	LINE("", "words of the line are missing"),
	LINE("TCP4", "words of the line are missing"),
	LINE("TCP4 192.0.2.5 192.0.2.1 51234", "words of the line are missing"),
	LINE("UNKNOWNS", "words of the line are missing"),
	LINE("TCP5 a b c d", "neither TCP4 nor TCP6 nor UNKNOWN"),
	LINE("tcp4 192.0.2.5 192.0.2.1 51234 7008",
		"neither TCP4 nor TCP6 nor UNKNOWN"),
	LINE("UDP4 192.0.2.5 192.0.2.1 51234 7008",
		"neither TCP4 nor TCP6 nor UNKNOWN"),
	LINE(" TCP4 192.0.2.5 192.0.2.1 51234 7008",
		"neither TCP4 nor TCP6 nor UNKNOWN"),
	LINE("TCP4 192.0.2.5 192.0.2.1 51234 7008\0", "a NUL in the line"),
	LINE("TCP4 192.0.2.5\0 192.0.2.1 51234 7008", "a NUL in the line"),
#define SOURCE "the source is no address and port"
	LINE("TCP4  192.0.2.5 192.0.2.1 51234 7008", SOURCE),
	LINE("TCP4 192.0.2.5 192.0.2.1  51234 7008", SOURCE),
	LINE("TCP4 192.0.2.256 192.0.2.1 51234 7008", SOURCE),
	LINE("TCP4 192.0.2.05 192.0.2.1 51234 7008", SOURCE),
	LINE("TCP4 192.0.2 192.0.2.1 51234 7008", SOURCE),
	LINE("TCP4 0xc0.0.2.5 192.0.2.1 51234 7008", SOURCE),
	LINE("TCP4 3221225989 192.0.2.1 51234 7008", SOURCE),
	LINE("TCP4 ::1 192.0.2.1 51234 7008", SOURCE),
	LINE("TCP6 192.0.2.5 ::1 51234 7008", SOURCE),
	LINE("TCP6 [::1] ::1 51234 7008", SOURCE),
	LINE("TCP6 fe80::1%lo ::1 51234 7008", SOURCE),
	LINE("TCP6 1:2:3:4:5:6:7 ::1 51234 7008", SOURCE),
	LINE("TCP6 1::2::3 ::1 51234 7008", SOURCE),
	LINE("TCP6 ::00001 ::1 51234 7008", SOURCE),
	LINE("TCP4 192.0.2.5 192.0.2.1 051234 7008", SOURCE),
	LINE("TCP4 192.0.2.5 192.0.2.1 00 7008", SOURCE),
	LINE("TCP4 192.0.2.5 192.0.2.1 65536 7008", SOURCE),
	LINE("TCP4 192.0.2.5 192.0.2.1 100000 7008", SOURCE),
	LINE("TCP4 192.0.2.5 192.0.2.1 -1 7008", SOURCE),
	LINE("TCP4 192.0.2.5 192.0.2.1 +1 7008", SOURCE),
	LINE("TCP4 192.0.2.5 192.0.2.1 0x1 7008", SOURCE),
	LINE("TCP4 192.0.2.5 192.0.2.1  7008", SOURCE),
	LINE("TCP4 192.0.2.5 192.0.2.1 http 7008", SOURCE),
#define DESTINATION "the destination is no address and port"
	LINE("TCP4 192.0.2.5 192.0.2.1 51234 7008 ", DESTINATION),
	LINE("TCP4 192.0.2.5 192.0.2.1 51234 7008 9", DESTINATION),
	LINE("TCP4 192.0.2.5 192.0.2.1 51234 7008\r", DESTINATION),
	LINE("TCP4 192.0.2.5 192.0.2.1 51234  7008", DESTINATION),
	LINE("TCP4 192.0.2.5 192.0.2.1 51234 65536", DESTINATION),
	LINE("TCP4 192.0.2.5 192.0.2.1 51234 ", DESTINATION),
	LINE("TCP4 192.0.2.5 ::1 51234 7008", DESTINATION),
	/* 107 bytes without an end; with the LF as the last it is a line. */
	ROW("PROXY UNKNOWN 00000000000000000000000000000000000000000000000000"
	    "0000000000000000000000000000000000000000000",
		"the line has more than 107 bytes"),
	ROW("PROXY UNKNOWN 00000000000000000000000000000000000000000000000000"
	    "00000000000000000000000000000000000000000\r\n", "unstated"),

	/* Version 2. */
	V2("\x21", "\x11", "\0\14", V4, FROM4),
	V2("\x21", "\x21", "\0\44", V6, FROM6),
	V2("\x21", "\x11", "\0\17", V4 "\4\0\0", FROM4),
	V2("\x21", "\x21", "\0\47", V6 "\4\0\0", FROM6),
	V2("\x21", "\x11", "\0\16", V4 "\1\xff" /* a broken TLV */, FROM4),
	V2("\x21", "\x12", "\0\14", V4, "unstated"),
	V2("\x21", "\x22", "\0\44", V6, "unstated"),
	V2("\x21", "\x31", "\0\73", UN, "unstated"),
	V2("\x21", "\x32", "\0\73", UN, "unstated"),
	V2("\x21", "\x00", "\0\0", "", "unstated"),
	V2("\x21", "\x00", "\0\14", V4, "unstated"),
	V2("\x21", "\x01", "\0\14", V4, "unstated"),
	V2("\x21", "\x10", "\0\14", V4, "unstated"),
	V2("\x20", "\x00", "\0\0", "", "local"),
	V2("\x20", "\x11", "\0\14", V4, "local"),
	V2("\x20", "\xff", "\0\14", V4, "local"),

	ROW("\r\nG", "no PROXY header"),
	ROW("\r\n\r\n\1", "no PROXY header"),
	ROW("\r\n\r\n\0\r\nQUIT\r", "no PROXY header"),
	V2("\x11", "\x11", "\0\14", "", "its version is neither 1 nor 2"),
	V2("\x31", "\x11", "\0\14", "", "its version is neither 1 nor 2"),
	V2("\x01", "\x11", "\0\14", "", "its version is neither 1 nor 2"),
	V2("\x22", "\x11", "\0\14", "", "neither LOCAL nor PROXY"),
	V2("\x2f", "\x11", "\0\14", "", "neither LOCAL nor PROXY"),
	V2("\x21", "\x41", "\0\14", "", "a family that does not exist"),
	V2("\x21", "\x13", "\0\14", "", "a family that does not exist"),
	V2("\x21", "\xff", "\0\14", "", "a family that does not exist"),
	V2("\x21", "\x11", "\0\13", "", "too short for its addresses"),
	V2("\x21", "\x21", "\0\43", "", "too short for its addresses"),
	V2("\x21", "\x11", "\0\0", "", "too short for its addresses"),
};
/* clang-format on */

static const char *name_of(enum proxy_outcome outcome)
{
	return outcome == PROXY_MORE      ? "more"
		: outcome == PROXY_LOCAL  ? "local"
		: outcome == PROXY_STATED ? "stated"
					  : "unstated";
}

static enum proxy_outcome parse_apart(struct proxy_parser *p, const char *data,
	size_t len, size_t *ret_used, struct proxy_addresses *ret)
{
	char *copy = malloc(len ? len : 1);
	enum proxy_outcome outcome;

	memcpy(copy, data, len);
	outcome = proxy_parse(p, copy, len, ret_used, ret);
	free(copy);
	return outcome;
}

/* Parses bytes cut at two places; what came out, in words. Where one of the
 * three pieces is empty, the others lie in memory of their own, so that a
 * sanitizer sees who looks past them. *ret_used: how many bytes all together. */
static const char *parse(
	const char *data, const size_t ends[3], char *buf, size_t *ret_used)
{
	struct proxy_parser p = {.n_head = 0};
	struct proxy_addresses got;
	enum proxy_outcome outcome = PROXY_MORE;
	char from[ADDR_LEN], to[ADDR_LEN];
	size_t begin = 0, used;
	bool apart = ends[0] == ends[1] || ends[1] == ends[2];

	*ret_used = 0;
	for (int i = 0; i < 3 && outcome == PROXY_MORE; i++) {
		size_t len = ends[i] - begin;

		outcome = apart
			? parse_apart(&p, data + begin, len, &used, &got)
			: proxy_parse(&p, data + begin, len, &used, &got);
		ck_assert(outcome == PROXY_MORE ? used == len : used <= len);
		*ret_used += used;
		begin = ends[i];
	}
	if (outcome == PROXY_INVALID)
		return p.fault;
	if (outcome != PROXY_STATED)
		return name_of(outcome);
	sprintf(buf, "%s %s", addr_format(from, &got.source.sa, got.source.len),
		addr_format(to, &got.destination.sa, got.destination.len));
	return buf;
}

static const char *parse_whole(const char *data, size_t len, size_t *ret_used)
{
	static char buf[2 * ADDR_LEN + 2];
	const size_t ends[] = {len, len, len};

	return parse(data, ends, buf, ret_used);
}

static void check_whole(const struct row *row)
{
	size_t used;

	ck_assert_str_eq(
		parse_whole(row->header, row->len, &used), row->result);
	/* A fault is told as soon as it shows. */
	ck_assert_uint_le(used, row->len);
	if (strcmp(row->header, "proxy") != 0)
		ck_assert_uint_eq(used, row->len);
	/* No beginning of it is enough. */
	ck_assert_str_eq(parse_whole(row->header, used - 1, &used), "more");
}

static void check_cuts(const struct row *row, const char *data,
	const size_t ends[3], size_t used_whole)
{
	char buf[2 * ADDR_LEN + 2];
	size_t used;

	ck_assert_str_eq(parse(data, ends, buf, &used), row->result);
	ck_assert_uint_eq(used, used_whole);
}

/* However it is cut, and whatever follows, which is left alone. */
static void check_pieces(const struct row *row)
{
	static const char behind[] = {'\n', 'P', 'R', 'O'};
	char data[256];
	size_t used, total = row->len + sizeof(behind);

	memcpy(data, row->header, row->len);
	memcpy(data + row->len, behind, sizeof(behind));
	(void)parse_whole(data, total, &used);
	ck_assert_uint_le(used, row->len);
	for (size_t i = 0; i <= total; i++)
		for (size_t k = i; k <= total; k++)
			check_cuts(row, data, (size_t[]){i, k, total}, used);
}

static void check_single_bytes(const struct row *row)
{
	struct proxy_parser p = {.n_head = 0};
	struct proxy_addresses got;
	enum proxy_outcome outcome = PROXY_MORE;
	size_t used, at = 0;

	while (outcome == PROXY_MORE) {
		ck_assert_uint_lt(at, row->len);
		outcome = proxy_parse(&p, row->header + at, 1, &used, &got);
		ck_assert_uint_eq(used, 1);
		at++;
	}
	if (outcome == PROXY_INVALID)
		ck_assert_str_eq(p.fault, row->result);
	else if (outcome != PROXY_STATED)
		ck_assert_str_eq(name_of(outcome), row->result);
}

START_TEST(headers)
{
	check_whole(&rows[_i]);
	check_pieces(&rows[_i]);
	check_single_bytes(&rows[_i]);
}
END_TEST

/* As long as its length can say, and no byte more. */
START_TEST(the_longest_header)
{
	static const struct row longest = V2(
		"\x21", "\x11", "\xff\xff", V4, FROM4);
	size_t total = 16 + 65535, used;
	char *data = calloc(1, total + 10);

	memcpy(data, longest.header, longest.len);
	ck_assert_str_eq(parse_whole(data, total - 1, &used), "more");
	ck_assert_str_eq(parse_whole(data, total, &used), FROM4);
	ck_assert_str_eq(parse_whole(data, total + 10, &used), FROM4);
	ck_assert_uint_eq(used, total);
	free(data);
}
END_TEST

START_TEST(nothing_is_not_enough)
{
	struct proxy_parser p = {.n_head = 0};
	struct proxy_addresses got;
	size_t used = 1;

	ck_assert_int_eq(proxy_parse(&p, "", 0, &used, &got), PROXY_MORE);
	ck_assert_uint_eq(used, 0);
}
END_TEST

int main(void)
{
	const int n_rows = (int)(sizeof(rows) / sizeof(rows[0]));
	Suite *s = suite_create("proxy");
	TCase *tc = tcase_create("parse");
	SRunner *sr;
	int failed;

	tcase_add_loop_test(tc, headers, 0, n_rows);
	tcase_add_test(tc, the_longest_header);
	tcase_add_test(tc, nothing_is_not_enough);
	suite_add_tcase(s, tc);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
