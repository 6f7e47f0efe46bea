/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Messages behind their lengths, and what is no length. */
#include "net/framer_length.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/errmsg.h"

#define N(array) ((int)(sizeof(array) / sizeof((array)[0])))
#define MAX      10

/* What the framer says to bytes that come in pieces of the given size, the end
 * of all included: "[message]", "(large 11)", "cut". */
static struct strbuf said;

/* Gives the framer what is there; false once it wants no more. */
static bool feed(const struct framer_length *f, struct strbuf *in)
{
	struct slice message;
	enum length_event event;
	size_t used;

	for (;;) {
		char *exact = malloc(in->len > 0 ? in->len : 1);

		memcpy(exact, in->data, in->len);
		event = framer_length_next(f, exact, in->len, &message, &used);
		if (event == LENGTH_WHOLE) {
			ck_assert_uint_eq(used, message.len + 4);
			strbuf_addc(&said, '[');
			strbuf_add(&said, message.data, message.len);
			strbuf_addc(&said, ']');
		} else {
			ck_assert_uint_eq(used, 0);
		}
		free(exact);
		if (event != LENGTH_WHOLE)
			break;
		memmove(in->data, in->data + used, in->len - used);
		in->len -= used;
	}
	if (event == LENGTH_TOO_LARGE)
		strbuf_addf(&said, "(large %zu)", message.len);
	return event == LENGTH_MORE;
}

static const char *frame(const char *data, size_t len, size_t piece)
{
	struct framer_length f;
	struct strbuf in = {0};
	bool goes_on = true;

	framer_length_init(&f, MAX);
	strbuf_fini(&said);
	strbuf_adds(&said, "");
	strbuf_adds(&in, "");
	for (size_t at = 0; at < len && goes_on; at += piece) {
		strbuf_add(&in, data + at, len - at < piece ? len - at : piece);
		goes_on = feed(&f, &in);
		/* What is kept for later is bounded. */
		ck_assert(!goes_on || in.len < MAX + 4);
	}
	if (goes_on && in.len > 0)
		strbuf_adds(&said, "cut");
	strbuf_fini(&in);
	return said.data;
}

static const struct {
	const char *data;
	size_t len;
	const char *says;
} rows[] = {
#define ROW(data, says)                      \
	{                                    \
		data, sizeof(data) - 1, says \
	}
	ROW("", ""),
	ROW("\0\0\0\0", "[]"),
	ROW("\0\0\0\1a", "[a]"),
	ROW("\0\0\0\0\0\0\0\3abc\0\0\0\0", "[][abc][]"),
	ROW("\0\0\0\12abcdefghij\0\0\0\1k", "[abcdefghij][k]"),
	ROW("\0\0\0\2\0\1", "["), /* the text ends with the NUL */
	ROW("\0\0\0", "cut"),
	ROW("\0\0\0\2a", "cut"),
	ROW("\0\0\0\1a\0", "[a]cut"),
	ROW("\0\0\0\13", "(large 11)"),
	ROW("\0\0\0\13abcdefghijk\0\0\0\1a", "(large 11)"),
	ROW("\0\0\0\1a\0\0\1\0a", "[a](large 256)"),
	ROW("\377\377\377\377a", "(large 4294967295)"),
	ROW("hello\n", "(large 1751477356)"),
	ROW("hel", "cut"),
};

START_TEST(messages_are_cut)
{
	for (size_t piece = 1; piece <= rows[_i].len + 1; piece++)
		ck_assert_msg(strcmp(frame(rows[_i].data, rows[_i].len, piece),
				      rows[_i].says) == 0,
			"pieces of %zu: %s instead of %s", piece, said.data,
			rows[_i].says);
}
END_TEST

#define WANTS "; this port wants 4 bytes of length before each message"

static const struct {
	char head[5];
	const char *says;
} lengths[] = {
	{"\0\1\0\1", "65,537 bytes, 65,536 are allowed"},
	{"\1\0\0\0", "16,777,216 bytes, 65,536 are allowed"},
	{"hell",
		"1,751,477,356 bytes, 65,536 are allowed" WANTS
		" (\"hell\": did you type text?)"},
	{"hi\r\n",
		"1,751,715,082 bytes, 65,536 are allowed" WANTS
		" (\"hi\\r\\n\": did you type text?)"},
	{"GET ",
		"1,195,725,856 bytes, 65,536 are allowed" WANTS
		" (\"GET \": this is no web server)"},
	{"POST",
		"1,347,375,956 bytes, 65,536 are allowed" WANTS
		" (\"POST\": this is no web server)"},
	{"\x16\x03\x01\x02",
		"369,295,618 bytes, 65,536 are allowed" WANTS
		" (\"\\x16\\x03\\x01\\x02\": TLS begins like "
		"that, and this port is without)"},
	{"{\"ty",
		"2,065,855,609 bytes, 65,536 are allowed" WANTS
		" (\"{\\\"ty\": JSON begins like that, its length is "
		"missing)"},
	{"{ \n\"",
		"2,065,697,314 bytes, 65,536 are allowed" WANTS
		" (\"{ \\n\\\"\": JSON begins like that, its length is "
		"missing)"},
	{"\5\0\0\0",
		"83,886,080 bytes, 65,536 are allowed" WANTS
		" (5 in reverse: the highest comes first)"},
	{"\0\2\0\0", "131,072 bytes, 65,536 are allowed"},
	{"\2\0\1\0", "33,554,688 bytes, 65,536 are allowed" WANTS},
	{"\376\355\372\316", "4,277,009,102 bytes, 65,536 are allowed" WANTS},
};

START_TEST(wrong_lengths_are_named)
{
	struct framer_length f;
	struct errmsg msg;
	struct slice message;
	char want[300];
	size_t used;

	framer_length_init(&f, 65536);
	ck_assert_int_eq(
		framer_length_next(&f, lengths[_i].head, 4, &message, &used),
		LENGTH_TOO_LARGE);
	framer_length_refusal(&f, lengths[_i].head, &msg);
	snprintf(
		want, sizeof(want), "that is a length of %s", lengths[_i].says);
	ck_assert_str_eq(msg.text, want);
}
END_TEST

START_TEST(what_is_missing_is_told)
{
	static const char data[] = "\0\1\2\3hello";
	struct errmsg msg;

	framer_length_cut(data, 3, &msg);
	ck_assert_str_eq(
		msg.text, "the input ended after 3 of the 4 bytes of a length");
	framer_length_cut(data, 9, &msg);
	ck_assert_str_eq(msg.text,
		"the input ended after 5 of the 66,051 bytes of a message");
}
END_TEST

START_TEST(lengths_are_encoded)
{
	char head[4];

	framer_length_encode(head, 0);
	ck_assert_mem_eq(head, "\0\0\0\0", 4);
	framer_length_encode(head, 0x01028384);
	ck_assert_mem_eq(head, "\x01\x02\x83\x84", 4);
	framer_length_encode(head, UINT32_MAX);
	ck_assert_mem_eq(head, "\xff\xff\xff\xff", 4);
}
END_TEST

START_TEST(large_messages_may_be_allowed)
{
	size_t max = 16 << 20, used;
	char *data = malloc(max + 4);
	struct framer_length f;
	struct slice message;

	framer_length_init(&f, max);
	framer_length_encode(data, max);
	memset(data + 4, 'x', max);
	ck_assert_int_eq(framer_length_next(&f, data, max + 3, &message, &used),
		LENGTH_MORE);
	ck_assert_int_eq(framer_length_next(&f, data, max + 4, &message, &used),
		LENGTH_WHOLE);
	ck_assert_uint_eq(message.len, max);
	ck_assert_uint_eq(used, max + 4);
	free(data);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("framer_length");
	TCase *tc = tcase_create("framer_length");
	SRunner *sr = srunner_create(s);
	int failed;

	tcase_add_loop_test(tc, messages_are_cut, 0, N(rows));
	tcase_add_loop_test(tc, wrong_lengths_are_named, 0, N(lengths));
	tcase_add_test(tc, what_is_missing_is_told);
	tcase_add_test(tc, lengths_are_encoded);
	tcase_add_test(tc, large_messages_may_be_allowed);
	suite_add_tcase(s, tc);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
