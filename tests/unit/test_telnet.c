/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "net/telnet.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define N(array) ((int)(sizeof(array) / sizeof((array)[0])))

/* What the parser made of bytes: the text, with "<end>" and "<ayt>" where it
 * was told so; and the bytes of all its answers. */
static struct strbuf text, replies;

static void set_up(void)
{
	strbuf_adds(&text, "");
	strbuf_adds(&replies, "");
}

static void tear_down(void)
{
	strbuf_fini(&text);
	strbuf_fini(&replies);
}

static void take_reply(struct telnet_reply *reply)
{
	ck_assert_uint_eq(reply->len % 3, 0);
	strbuf_add(&replies, reply->bytes, reply->len);
	reply->len = 0;
}

static void feed(struct telnet *t, const char *data, size_t len)
{
	struct telnet_reply reply = {0};
	char *exact = malloc(len > 0 ? len : 1); /* for ASan */
	struct slice left = {exact, len};
	enum telnet_event event;
	size_t used;

	memcpy(exact, data, len);
	do {
		event = telnet_read(t, &left, &text, &reply, &used);
		ck_assert_uint_le(used, left.len);
		ck_assert(event == TELNET_MORE || used > 0);
		ck_assert(event != TELNET_MORE || used == left.len);
		if (event == TELNET_LINE)
			ck_assert_int_eq(text.data[text.len - 1], '\n');
		if (event == TELNET_END)
			strbuf_adds(&text, "<end>");
		if (event == TELNET_AYT)
			strbuf_adds(&text, "<ayt>");
		if (event == TELNET_FULL)
			ck_assert_uint_eq(reply.len, TELNET_REPLY_MAX);
		take_reply(&reply);
		left.data += used;
		left.len -= used;
	} while (event != TELNET_MORE);
	free(exact);
}

/* The whole in pieces of this size. */
static void read_pieces(const char *data, size_t len, size_t piece)
{
	struct telnet t = {0};

	strbuf_clear(&text);
	strbuf_clear(&replies);
	for (size_t at = 0; at < len; at += piece)
		feed(&t, data + at, len - at < piece ? len - at : piece);
}

#define IAC  "\xFF"
#define DONT IAC "\xFE"
#define DO   IAC "\xFD"
#define WONT IAC "\xFC"
#define WILL IAC "\xFB"
#define SB   IAC "\xFA"
#define SE   IAC "\xF0"
#define TM   "\x06"

/* clang-format off */
static const struct {
	const char *data;
	size_t len;
	const char *text;
	size_t text_len;
	const char *replies;
	size_t replies_len;
} rows[] = {
#define ROW(data, text, replies)                                        \
	{                                                               \
		data, sizeof(data) - 1, text, sizeof(text) - 1, replies, \
			sizeof(replies) - 1                             \
	}
	ROW("", "", ""),
	ROW("h\xC3\xBC\n", "h\xC3\xBC\n", ""),
	/* Ends of lines: each of them once. */
	ROW("a\r\nb\r\0c\nd\re\r\r\nf\n\nx", "a\nb\nc\nd\ne\n\nf\n\nx", ""),
	ROW("a\rbc\nd\r\r\0\0", "a\nbc\nd\n\n\0", ""),
	ROW("\r\0\0\r\n\n", "\n\0\n\n", ""),
	ROW("a\r" IAC "\xF1\nb\r" DO TM "\0c", "a\nb\nc", WILL TM),
	ROW("a\r" IAC IAC "\nb", "a\n\xFF\nb", ""),
	/* Commands. */
	ROW("a" IAC IAC "b" IAC IAC IAC IAC, "a\xFF" "b\xFF\xFF", ""),
	ROW("a" IAC "\xF1" IAC "\xF2" IAC "\xF5" IAC "\xF9" IAC "\xEF" IAC
	    "\xED" SE "b", "ab", ""),
	ROW("ab" IAC "\xF7" "c" IAC "\xF8" "d", "ab\x7F" "c\x15" "d", ""),
	ROW("a" IAC "\xF4" "b" IAC "\xF3" "c" IAC "\xEE", "a\x15" "b\x15"
	    "c\x15", ""),
	ROW("a" IAC "\xF6" "b" IAC "\xEC" "c\x04", "a<ayt>b<end>c\x04<end>",
		""),
	/* No command: the IAC alone is dropped. */
	ROW("a" IAC "bc" IAC "\xC3\xBC" IAC "\nd" IAC "\r\ne", "abc\xC3\xBC\nd\ne",
		""),
	ROW("a" IAC, "a", ""),
	/* Options: each is refused once in each direction. */
	ROW(DO "\x01" DO "\x01" WILL "\x01" DO "\x01" WILL "\x01" "x", "x",
		WONT "\x01" DONT "\x01"),
	ROW(WONT "\x01" DONT "\x01" WONT "\x01" DO "\x01", "", WONT "\x01"),
	ROW(DO IAC WILL IAC DO "\0" WILL "\xF0" "x", "x",
		WONT IAC DONT IAC WONT "\0" DONT "\xF0"),
	ROW(DO TM DO TM DONT TM DO TM WILL TM WILL TM, "",
		WILL TM WILL TM WILL TM DONT TM),
	/* Subnegotiations. */
	ROW("a" SB "\x1F\0\x50\0\x18" SE "b", "ab", ""),
	ROW("a" SB "\x1F" IAC IAC "\0" IAC IAC "\n" SE "b", "ab", ""),
	ROW("a" SB "\x18\0xterm\r\n" IAC "y\x04" SE "b", "ab", ""),
	ROW("a" SB "\x18\0xt" DO TM "b", "ab", WILL TM),
	ROW("a" SB "\x18\0xt" IAC "\xF4" "b", "a\x15" "b", ""),
	ROW("a" SB "\x18" SB "\x18" SE "b", "ab", ""),
	/* inetutils telnet: Ctrl-C, and -PORT or port 23. */
	ROW("hi\r\n" IAC "\xF4" DO TM "there\r\n", "hi\n\x15there\n", WILL TM),
	ROW(DO "\x03" WILL "\x18" WILL "\x1F" WILL " " WILL "!" WILL "\"" WILL
	    "'" DO "\x05" "hi\r\n", "hi\n",
		WONT "\x03" DONT "\x18" DONT "\x1F" DONT " " DONT "!" DONT "\""
		DONT "'" WONT "\x05"),
	/* ... -8, then the answers to our refusals */
	ROW(WILL "\0" DO "\0" WONT "\0" DONT "\0" "h\xC3\xBC\r\n", "h\xC3\xBC\n",
		DONT "\0" WONT "\0"),
	/* ... `mode character`: Enter is CR NUL there */
	ROW(DO "\x03" DO "\x01" "hi\r\0", "hi\n", WONT "\x03" WONT "\x01"),
	/* ... `send synch` */
	ROW("a" IAC "\xF2" "b\r\n", "ab\n", ""),
	/* PuTTY at the beginning. */
	ROW(WILL "\x1F" WILL " " WILL "\x18" WILL "'" DO "\x01" WILL "\x03" DO
	    "\x03" "hi\r\n", "hi\n",
		DONT "\x1F" DONT " " DONT "\x18" DONT "'" WONT "\x01" DONT
		"\x03" WONT "\x03"),
	/* Windows telnet: a key at a time. */
	ROW("hek\x08llo\r\n", "hek\x08llo\n", ""),
};
/* clang-format on */

START_TEST(reads)
{
	for (size_t piece = 1; piece <= rows[_i].len + 1; piece++) {
		read_pieces(rows[_i].data, rows[_i].len, piece);
		ck_assert_msg(text.len == rows[_i].text_len &&
				memcmp(text.data, rows[_i].text, text.len) == 0,
			"pieces of %zu: text %s", piece, text.data);
		ck_assert_uint_eq(replies.len, rows[_i].replies_len);
		ck_assert_mem_eq(replies.data, rows[_i].replies, replies.len);
	}
}
END_TEST

/* Where each row is cut in two. */
START_TEST(reads_halves)
{
	for (size_t cut = 0; cut <= rows[_i].len; cut++) {
		struct telnet t = {0};

		strbuf_clear(&text);
		strbuf_clear(&replies);
		feed(&t, rows[_i].data, cut);
		feed(&t, rows[_i].data + cut, rows[_i].len - cut);
		ck_assert_uint_eq(text.len, rows[_i].text_len);
		ck_assert_mem_eq(text.data, rows[_i].text, text.len);
		ck_assert_uint_eq(replies.len, rows[_i].replies_len);
	}
}
END_TEST

/* All 256 in both directions, over and over. */
START_TEST(never_loops)
{
	struct telnet t = {0};

	for (int round = 0; round < 3; round++)
		for (int option = 0; option < 256; option++)
			for (int verb = 0xFB; verb <= 0xFE; verb++) {
				char ask[] = {'\xFF', (char)verb, (char)option};

				feed(&t, ask, 3);
			}
	/* A timing mark is a question each time. */
	ck_assert_uint_eq(replies.len, 3 * (2 * 256 + 2));
	ck_assert_uint_eq(text.len, 0);
}
END_TEST

START_TEST(subnegotiations_end_by_themselves)
{
	static const char begin[] = SB "\x18", iacs[] = IAC IAC;
	struct telnet t = {0};

	feed(&t, begin, 3);
	for (int i = 0; i < 1000; i++)
		feed(&t, "x", 1);
	ck_assert_uint_eq(text.len, 0);
	for (int i = 0; i < 100; i++)
		feed(&t, "y", 1);
	ck_assert_uint_gt(text.len, 0);
	ck_assert_uint_lt(text.len, 100);
	strbuf_clear(&text);
	feed(&t, begin, 3);
	for (int i = 0; i < 2000; i++)
		feed(&t, iacs, 2);
	ck_assert_uint_gt(text.len, 0);
}
END_TEST

/* However random bytes are cut, the same comes out. */
START_TEST(pieces_do_not_matter)
{
	static const char alphabet[] = "\xFF\xFF\xFF\xFB\xFC\xFD\xFE\xFA\xF0"
				       "\xF4\xF6\xF7\xEC\x06\x01\r\n\0\x04"
				       "ab";
	char data[400];
	struct strbuf whole_text = {0}, whole_replies = {0};

	srand((unsigned)_i);
	for (size_t i = 0; i < sizeof data; i++)
		data[i] = _i % 4 == 0
			? (char)rand()
			: alphabet[(size_t)rand() % (sizeof alphabet - 1)];
	read_pieces(data, sizeof data, sizeof data);
	strbuf_add(&whole_text, text.data, text.len);
	strbuf_add(&whole_replies, replies.data, replies.len);
	for (size_t piece = 1; piece < 60; piece++) {
		read_pieces(data, sizeof data, piece);
		ck_assert_uint_eq(text.len, whole_text.len);
		ck_assert_mem_eq(text.data, whole_text.data, text.len);
		ck_assert_uint_eq(replies.len, whole_replies.len);
		ck_assert_mem_eq(replies.data, whole_replies.data, replies.len);
	}
	strbuf_fini(&whole_text);
	strbuf_fini(&whole_replies);
}
END_TEST

/* clang-format off */
static const struct {
	const char *typed, *meant;
} edits[] = {
	{"", ""},
	{"hello", "hello"},
	{"hek\x08llo", "hello"},
	{"hek\x7Fllo", "hello"},
	{"\x08\x7F\x08hi", "hi"},
	{"a\x08\x08\x08", ""},
	{"\xC3\xBC\x08x", "x"},                   /* two bytes */
	{"\xE6\xBC\xA2\xE5\xAD\x97\x7F", "\xE6\xBC\xA2"}, /* three */
	{"a\xF0\x9F\x98\x80\x7F" "b", "ab"},      /* four */
	{"e\xCC\x81\x08", "e"},                   /* an accent of its own */
	{"a\xBC\x7F", "a"},                       /* what is no UTF-8: */
	{"\xC3\xBC\xBC\x7F", "\xC3\xBC"},
	{"\xC3\x7F", ""},
	{"\x80\x80\x80\x80\x80\x7F", "\x80\x80\x80\x80"},
	{"\xFF\x7Fx", "x"},
	{"one two\x17", "one "},
	{"one two  \x17three", "one three"},
	{"one\ttwo\x17\x17\x17x", "x"},
	{"not this\x15this", "this"},
	{"not this\x03this", "this"},
	{"a\x15\x7F\x17\x03" "b", "b"},
	{"\x1B[D\x04\x07", "\x1B[D\x04\x07"},     /* not keys of ours */
};
/* clang-format on */

START_TEST(edits_lines)
{
	char line[64];
	size_t len = strlen(edits[_i].typed);

	memcpy(line, edits[_i].typed, len);
	ck_assert_int_eq(telnet_has_edits(line, len),
		strcmp(edits[_i].typed, edits[_i].meant) != 0);
	len = telnet_edit(line, len);
	ck_assert_uint_eq(len, strlen(edits[_i].meant));
	ck_assert_mem_eq(line, edits[_i].meant, len);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("telnet");
	TCase *tc = tcase_create("telnet");
	SRunner *sr = srunner_create(s);
	int failed;

	tcase_add_checked_fixture(tc, set_up, tear_down);
	tcase_add_loop_test(tc, reads, 0, N(rows));
	tcase_add_loop_test(tc, reads_halves, 0, N(rows));
	tcase_add_test(tc, never_loops);
	tcase_add_test(tc, subnegotiations_end_by_themselves);
	tcase_add_loop_test(tc, pieces_do_not_matter, 0, 60);
	tcase_add_loop_test(tc, edits_lines, 0, N(edits));
	suite_add_tcase(s, tc);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
