/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "net/framer_json.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"

#define N(array) ((int)(sizeof(array) / sizeof((array)[0])))
#define MAX      40

/* What a framer says to bytes that come in pieces, the end of all included:
 * "[{object}]", "(long 52)", "?" for what is none. */
static struct strbuf said;

static void say(enum object_event event, const struct slice *object)
{
	if (event == OBJECT_WHOLE) {
		strbuf_addc(&said, '[');
		strbuf_add(&said, object->data, object->len);
		strbuf_addc(&said, ']');
	} else if (event == OBJECT_TOO_LONG) {
		strbuf_addf(&said, "(long %zu)", object->len);
	} else if (event == OBJECT_INVALID) {
		strbuf_addc(&said, '?');
	}
}

/* Gives the framer what is there, in memory of its own size. */
static void feed(struct framer_json *f, struct strbuf *in)
{
	struct slice object = {NULL, 0};
	size_t used, left = in->len;
	enum object_event event = OBJECT_SKIPPED;
	char *exact = malloc(left > 0 ? left : 1), *at = exact;

	memcpy(exact, in->data, left);
	while (event != OBJECT_MORE) {
		event = framer_json_next(f, at, left, &object, &used);
		ck_assert_uint_le(used, left);
		ck_assert_int_eq(used == 0, event == OBJECT_MORE);
		say(event, &object);
		at += used;
		left -= used;
	}
	ck_assert_uint_le(left, f->max);
	memmove(in->data, in->data + in->len - left, left);
	in->len = left;
	free(exact);
}

/* In two pieces, the first of `cut` bytes, or in pieces of one (cut 0). */
static const char *frame(const char *data, size_t len, size_t cut)
{
	struct framer_json f;
	struct strbuf in = {0};
	size_t piece;

	framer_json_init(&f, MAX);
	strbuf_clear(&said);
	strbuf_adds(&said, "");
	for (size_t at = 0; at < len; at += piece) {
		piece = cut == 0 ? 1 : at < cut ? cut : len - at;
		strbuf_add(&in, data + at, piece);
		feed(&f, &in);
	}
	say(framer_json_end(&f), NULL);
	ck_assert_int_eq(framer_json_end(&f), OBJECT_MORE);
	strbuf_fini(&in);
	return said.data;
}

#define BRACKETS_8 "[[[[[[[["

static const struct {
	const char *data, *out;
} streams[] = {
	{"", ""},
	{"{}", "[{}]"},
	{"{}\n", "[{}]"},
	{"{}{}", "[{}][{}]"},
	{" \t\r\n{} \n\n {}\r\n", "[{}][{}]"},
	{"{\"a\":[1,{\"b\":2}]}{}", "[{\"a\":[1,{\"b\":2}]}][{}]"},
	{"{\"a\":\"}\"}", "[{\"a\":\"}\"}]"},
	{"{\"a\":\"\\\"}\"}", "[{\"a\":\"\\\"}\"}]"},
	{"{\"a\":\"\\\\\"}{}", "[{\"a\":\"\\\\\"}][{}]"},
	{"{\"a\":\"\\u007b\"}{}", "[{\"a\":\"\\u007b\"}][{}]"},
	/* between tokens an LF is white space */
	{"{\n \"a\": 1,\n \"b\": 2\n}\n", "[{\n \"a\": 1,\n \"b\": 2\n}]"},
	/* brackets that do not match are the parser's business */
	{"{]{}", "[{]][{}]"},
	{"{\\}{}", "[{\\}][{}]"},
	/* junk is answered once, up to the end of its line or an object */
	{"x", "?"},
	{"hello world\n{}", "?[{}]"},
	{"one\ntwo\n\n \n{}", "??[{}]"},
	{"junk{}", "?[{}]"},
	{"{}x{}\ny{}", "[{}]?[{}]?[{}]"},
	{"}\n{}", "?[{}]"},
	{"[1,2]\n{}", "?[{}]"},
	{"\"{}\"\n", "?[{}]?"},
	{"null{}\n", "?[{}]"},
	{"\xFF\n{}", "?[{}]"},
	/* an object that was cut off by the end of its line */
	{"{\"a\":\"x\n{}", "?[{}]"},
	{"{\"a\":\"x\\\n{}", "?[{}]"},
	{"{\"a\":\"x\ny\"}\n{}", "?[{}]"},
	{"{\"a\":\"x\n  {}", "?[{}]"},
	/* ... or of all */
	{"{", "?"},
	{"{}{\"a\":", "[{}]?"},
	{"{\"a\":\"}", "?"},
	/* the bound is 40 bytes */
	{"{\"a\":\"0123456789012345678901234567890123\"}{}", "(long 42)[{}]"},
	{"{\"a\":\"01234567890123456789012345678901\"}{}",
		"[{\"a\":\"01234567890123456789012345678901\"}][{}]"},
	{"{\"a\":\"012345678901234567890123456789012\"}{}", "(long 41)[{}]"},
	{"{\"a\":\"01234567890123456789012345678901234567890{}}{\"}\n{}",
		"(long 53)[{}]"},
	{"{\"a\":\"0123456789012345678901234567890123456789\n{}", "?[{}]"},
	/* brackets in each other: 32 are allowed */
	{"{" BRACKETS_8 BRACKETS_8 "]]]]]]]]]]]]]]]]}{}",
		"[{" BRACKETS_8 BRACKETS_8 "]]]]]]]]]]]]]]]]}][{}]"},
	{"{" BRACKETS_8 BRACKETS_8 BRACKETS_8 BRACKETS_8
	 "]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]}{}",
		"?[{}]"},
};

START_TEST(cuts)
{
	const char *data = streams[_i].data;
	size_t len = strlen(data);

	for (size_t cut = 0; cut <= len; cut++)
		ck_assert_msg(
			strcmp(frame(data, len, cut), streams[_i].out) == 0,
			"%s cut at %zu: %s", data, cut, said.data);
	strbuf_fini(&said);
}
END_TEST

START_TEST(looks_inside_bytes_of_zero)
{
	ck_assert_str_eq(frame("{\0}{}", 5, 0), "[{");
	ck_assert_mem_eq(said.data + 1, "{\0}", 3);
	ck_assert_str_eq(frame("\0\0\n{}", 5, 2), "?[{}]");
	strbuf_fini(&said);
}
END_TEST

static void give(struct framer_json *f, struct strbuf *in, const char *data)
{
	strbuf_adds(in, data);
	feed(f, in);
}

/* What took too long is forgotten, with all that came of it and the rest of
 * its line. */
START_TEST(gives_up)
{
	static const char *const begins[] = {
		"{\"a\":",
		"{\"a\":\"x",
		"{\"a\":\n[1,\n{\"b\":",
		"{\"a\":\"012345678901234567890123456789012345678901",
	};
	struct strbuf in = {0};
	struct framer_json f;

	framer_json_init(&f, MAX);
	for (int i = 0; i < N(begins); i++) {
		strbuf_clear(&said);
		strbuf_adds(&said, "");
		give(&f, &in, begins[i]);
		ck_assert(framer_json_is_within(&f));
		framer_json_give_up(&f);
		ck_assert(!framer_json_is_within(&f));
		feed(&f, &in);
		ck_assert_uint_eq(in.len, 0);
		give(&f, &in, " {} 1}");
		give(&f, &in, "}]{\n{}");
		ck_assert_str_eq(said.data, "[{}]");
	}
	strbuf_fini(&in);
	strbuf_fini(&said);
}
END_TEST

/* A byte at a time costs no more looks than all at once. A framer that began
 * anew each time would look at 2^37 bytes. */
START_TEST(linear)
{
	enum { LEN = 1 << 19 };

	char *data = malloc(LEN + 2);
	struct framer_json f;
	struct slice object;
	size_t used;

	memset(data, ' ', LEN);
	data[0] = '{';
	framer_json_init(&f, LEN + 2);
	for (size_t len = 1; len <= LEN; len++) {
		ck_assert(framer_json_next(&f, data, len, &object, &used) ==
			OBJECT_MORE);
		ck_assert(f.seen == len);
		data[len - 1] = 'x'; /* it is not looked at again */
	}
	data[LEN] = '}';
	ck_assert(framer_json_next(&f, data, LEN + 1, &object, &used) ==
		OBJECT_WHOLE);
	ck_assert_uint_eq(used, LEN + 1);
	free(data);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("framer_json");
	TCase *tc = tcase_create("framer_json");
	SRunner *runner;
	int failed;

	tcase_add_loop_test(tc, cuts, 0, N(streams));
	tcase_add_test(tc, looks_inside_bytes_of_zero);
	tcase_add_test(tc, gives_up);
	tcase_add_test(tc, linear);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
