/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the text dialect reads from netcats and telnets, however it is cut. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "chat/command.h"
#include "net/service.h"
#include "proto/dialect.h"

extern const struct dialect dialect_text;

#define N(array) ((int)(sizeof(array) / sizeof((array)[0])))
#define MAX      10

/* A connection: bytes that are not done with, and what was read: a call as
 * "verb|arg;", then, if this read brought them, answers as "<fb06>", and "~"
 * if the client showed itself to be a telnet. */
struct stream {
	struct dialect_input in;
	struct strbuf left, said;
	uint8_t view;
	bool is_over;
};

static struct service svc = {.line_max = MAX};

static void open_stream(struct stream *s)
{
	*s = (struct stream){0};
	strbuf_adds(&s->said, "");
	dialect_text.start(&s->in, &svc);
}

static void close_stream(struct stream *s)
{
	dialect_text.stop(&s->in);
	dialect_text.stop(&s->in); /* what was freed is not freed again */
	strbuf_fini(&s->left);
	strbuf_fini(&s->said);
}

static void say(struct stream *s, const struct chat_call *call)
{
	if (call->verb)
		strbuf_adds(&s->said, chat_verb_info(call->verb)->name);
	for (size_t i = 0; i < call->n_args; i++)
		strbuf_addf(&s->said, "|%s", call->args[i]);
	if (call->is_error && call->error == CHAT_E_LINE_TOO_LONG)
		strbuf_addf(&s->said, "long %u", (unsigned)call->n);
	else if (call->is_error)
		strbuf_adds(&s->said, "error");
	if (call->verb || call->is_error)
		strbuf_addc(&s->said, ';');
	if (call->verb && !strcmp(chat_verb_info(call->verb)->name, "quit"))
		s->is_over = true;
}

static void see_to(struct stream *s)
{
	struct telnet_reply *reply = &s->in.reply;

	for (uint8_t i = 0; i < reply->len; i += 3)
		strbuf_addf(&s->said, "<%02x%02x>", reply->bytes[i + 1],
			reply->bytes[i + 2]);
	reply->len = 0;
	if (s->in.view != s->view)
		strbuf_adds(&s->said, "~");
	s->view = s->in.view;
}

static void feed(struct stream *s, const char *data, size_t len)
{
	struct chat_call call = {0};
	enum dialect_event event = DIALECT_READ;
	size_t done = 0, used;

	strbuf_add(&s->left, data, len);
	while (done < s->left.len && event == DIALECT_READ && !s->is_over) {
		char *exact = malloc(s->left.len - done); /* for ASan */
		struct slice rest = {exact, s->left.len - done};

		memcpy(exact, s->left.data + done, rest.len);
		chat_call_clear(&call);
		event = dialect_text.read(&s->in, &rest, &call, &used);
		ck_assert_uint_le(used, rest.len);
		ck_assert(event != DIALECT_READ || used > 0);
		ck_assert(event != DIALECT_MORE || used == 0);
		ck_assert_int_ne(event, DIALECT_NO_MEMORY);
		free(exact);
		if (event == DIALECT_READ)
			say(s, &call);
		see_to(s);
		done += used;
	}
	if (event == DIALECT_ENDLESS) {
		strbuf_adds(&s->said, "endless");
		s->is_over = true;
	}
	memmove(s->left.data, s->left.data + done, s->left.len - done);
	s->left.len -= done;
	ck_assert(s->is_over || s->left.len <= svc.line_max + 1);
	chat_call_fini(&call);
}

static void end(struct stream *s)
{
	struct slice rest = {s->left.data, s->left.len};
	struct chat_call call = {0};

	if (!s->is_over &&
		dialect_text.end(&s->in, &rest, &call) == DIALECT_READ)
		say(s, &call);
	chat_call_fini(&call);
}

#define IAC "\xFF"
#define DO  IAC "\xFD"
#define TM  "\x06"

/* clang-format off */
static const struct {
	const char *data;
	size_t len;
	const char *said;
} rows[] = {
#define ROW(data, said)                      \
	{                                    \
		data, sizeof(data) - 1, said \
	}
	/* Netcats. */
	ROW("hi\n\x7F\n\x04x\n\x04\n", "say|hi;say|\u2421;say|\u2404x;quit;"),
	ROW("a\rb\n", "say|a\u240Db;"),
	ROW("hi", "say|hi;"),
	ROW("", ""),
	ROW("0123456789a\nb\n", "long 11;say|b;"),
	/* Ends of lines that telnets send, and nc -C. */
	ROW("hi\r\nthere\n", "say|hi;~say|there;"),
	ROW("hi\r\0there\r\0", "say|hi;~say|there;"),
	ROW("hi\nthere\r\n\r\n", "say|hi;say|there;~"),
	ROW("0123456789a\r\nb\r\n", "long 11;~say|b;"),
	ROW("0123456789abcdefg\r\0b\r\n", "long 17;~say|b;"),
	ROW("0123456789a\r\r\n", "long 12;~"),
	ROW("a\rb\r\nc\rd\r\n", "say|a\u240Db;~say|c\u240Dd;"),
	/* ... then the keys are for the line, also of the first. */
	ROW("hek\x08llo\r\n/wo\x7Fho\n", "say|hello;~who;"),
	ROW("\xC3\xBC\x7Fx\r\n", "say|x;~"),
	ROW("a\x7F\n" "a\x7F\r\n" "a\x7F\n", "say|a\u2421;~"),
	ROW("\x04x\n" "x\x04\r\n" "\x04x\r\n", "say|\u2404x;say|x\u2404;~quit;"),
	ROW("hi\r\n" "\x04", "say|hi;~quit;"),
	ROW("hi\r\n" "ab\x7F", "say|hi;~say|a;"),
	/* With the first IAC a line is a telnet's as a whole. */
	ROW(IAC, "~"),
	ROW("hi" IAC, "~say|hi;"),
	ROW("hi\n" "x\x7Fyo" IAC "\xF1\n", "say|hi;say|yo;~"),
	ROW("a\rb" IAC "\xF1" "c\nd\r", "say|a;~say|bc;say|d;"),
	ROW("a\r" IAC "\xF1\nb\r" IAC "\xF1\0c\n", "say|a;~say|b;say|c;"),
	ROW("h" IAC IAC "i\n", "say|h\uFFFDi;~"),
	ROW("a" IAC "\xFA\x1F\0\n\0\r" IAC "\xF0" "b\r\n", "say|ab;~"),
	ROW("\x04" IAC "\xF1", "quit;~"),
	ROW("a" IAC "\xF7" "bc" IAC "\xF4" "d\x04\n", "~say|d\u2404;"),
	ROW("say" IAC "\xF6 it\n", "ping;~say|say it;"),
	ROW("a" IAC "\xEC" "b\n" IAC "\xEC" "c\n", "~say|ab;quit;"),
	/* Its answers. */
	ROW(DO TM "hi\r\n" IAC "\xF4" DO TM, "say|hi;<fb06>~<fb06>"),
	ROW(DO "\x01" DO "\x01" IAC "\xFB\x03" DO TM "a\n",
		"<fc01><fe03>~say|a;<fb06>"),
	/* Too long: what came before the IAC counts as it would have. */
	ROW("0123456789a" IAC "\xF1" "b\r\nc\r\n", "long 12;~say|c;"),
	ROW("01234567" IAC "\xF1" "89a\nc\n", "long 11;~say|c;"),
	ROW("01234567" IAC "\xF1" "89\r\nc\n", "say|0123456789;~say|c;"),
	ROW("0123456789abcde\rf\r" IAC "\xF1" "gh\ni\n",
		"long 17;~say|gh;say|i;"),
	ROW(IAC "\xF1" "0123456789abcde\rf\r\0gh", "long 15;~say|f;say|gh;"),
	ROW(IAC "\xF1" "0123456789abcdef\x04" IAC "\xEC\n", "~long 17;"),
	ROW(IAC "\xF1" "0123456789abcdef", "~long 16;"),
};
/* clang-format on */

/* Answers and the change of the view come with the read that found them, so
 * they may stand elsewhere among the calls if that read was cut otherwise:
 * three strings are compared. */
static char *sorted(const struct strbuf *said)
{
	char *out = malloc(3 * said->len + 1), *to = out;
	const char *end = said->data + said->len, *at;

	for (at = said->data; at < end; at += *at == '<' ? 6 : 1)
		if (*at != '<' && *at != '~')
			*to++ = *at;
	for (at = said->data; at < end; at++)
		if (*at == '<') {
			memcpy(to, at, 6);
			to += 6;
		}
	for (at = said->data; at < end; at++)
		if (*at == '~')
			*to++ = '~';
	*to = '\0';
	return out;
}

static char *read_pieces(const char *data, size_t len, size_t piece)
{
	struct stream s;
	char *got;

	open_stream(&s);
	for (size_t at = 0; at < len && !s.is_over; at += piece)
		feed(&s, data + at, len - at < piece ? len - at : piece);
	end(&s);
	got = sorted(&s.said);
	close_stream(&s);
	return got;
}

START_TEST(reads)
{
	struct strbuf said = {0};
	char *want;

	strbuf_adds(&said, rows[_i].said);
	want = sorted(&said);
	for (size_t piece = 1; piece <= rows[_i].len + 1; piece++) {
		char *got = read_pieces(rows[_i].data, rows[_i].len, piece);

		ck_assert_msg(strcmp(got, want) == 0,
			"pieces of %zu: %s instead of %s", piece, got, want);
		free(got);
	}
	free(want);
	strbuf_fini(&said);
}
END_TEST

/* In order, where the read is not cut. */
START_TEST(says_in_order)
{
	struct stream s;

	open_stream(&s);
	feed(&s, rows[_i].data, rows[_i].len);
	end(&s);
	ck_assert_str_eq(s.said.data, rows[_i].said);
	close_stream(&s);
}
END_TEST

/* Of a line without end no more is kept than its bound. */
START_TEST(lines_end_or_close)
{
	static const char ayt[] = IAC "\xF6";
	static char data[70000];
	struct stream s;

	memset(data, 'x', sizeof data);
	open_stream(&s);
	feed(&s, IAC, 1);
	for (size_t n = 0; n < 66000 && !s.is_over; n += 8) {
		feed(&s, data, 8);
		if (n % 1024 == 0)
			feed(&s, ayt, 2);
	}
	ck_assert(s.is_over);
	ck_assert_ptr_nonnull(strstr(s.said.data, "ping;endless"));
	close_stream(&s);

	open_stream(&s);
	data[0] = '\xFF';
	feed(&s, data, sizeof data);
	ck_assert_str_eq(s.said.data, "~endless");
	close_stream(&s);
}
END_TEST

/* Reads that end at n, at n + 1, and with the data. */
static char *read_cut(const struct strbuf *data, size_t n)
{
	struct stream s;
	char *got;

	open_stream(&s);
	feed(&s, data->data, n);
	if (n < data->len && !s.is_over)
		feed(&s, data->data + n, 1);
	if (n + 1 < data->len && !s.is_over)
		feed(&s, data->data + n + 1, data->len - n - 1);
	end(&s);
	got = sorted(&s.said);
	close_stream(&s);
	return got;
}

/* Lines about as long as one may be, with the bounds that are in use. */
START_TEST(long_lines_in_three_reads)
{
	static const uint32_t bounds[] = {64, 4094, 4095, 4096, 5000, 9000};
	static const char *const ends[] = {
		"", "\nhi\n", "\r\nhi\r\n", IAC "\xF1\nhi\n"};
	uint32_t max = bounds[_i];

	svc.line_max = max;
	for (size_t len = max - 1; len <= max + 4; len++) {
		for (int k = 0; k < N(ends); k++) {
			struct strbuf data = {0};
			char *whole, *got;

			for (size_t i = 0; i < len; i++)
				strbuf_addc(&data, 'x');
			strbuf_adds(&data, ends[k]);
			whole = read_cut(&data, data.len);
			for (size_t n = max - 2; n < data.len; n++) {
				got = read_cut(&data, n);
				ck_assert_msg(strcmp(got, whole) == 0,
					"%zu bytes, end %d, cut at %zu", len, k,
					n);
				free(got);
			}
			free(whole);
			strbuf_fini(&data);
		}
	}
	svc.line_max = MAX;
}
END_TEST

START_TEST(pieces_do_not_matter)
{
	static const char alphabet[] =
		"\xFF\xFF\xFF\xFB\xFD\xFA\xF0\xF4\xF6"
		"\xF7\x06\x01\r\n\r\n\0\x7F\x15/aaab\xC3\xBC";
	char data[200];
	char *whole, *got;

	srand((unsigned)_i);
	for (size_t i = 0; i < sizeof data; i++)
		data[i] = alphabet[(size_t)rand() % (sizeof alphabet - 1)];
	/* some of them are no telnets at first */
	for (size_t i = 0; i < (size_t)_i * 2; i++)
		data[i] = data[i] == '\xFF' ? 'x' : data[i];
	whole = read_pieces(data, sizeof data, sizeof data);
	for (size_t piece = 1; piece < 40; piece++) {
		got = read_pieces(data, sizeof data, piece);
		ck_assert_str_eq(got, whole);
		free(got);
	}
	free(whole);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("text_input");
	TCase *tc = tcase_create("text_input");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_loop_test(tc, reads, 0, N(rows));
	tcase_add_loop_test(tc, says_in_order, 0, N(rows));
	tcase_add_test(tc, lines_end_or_close);
	tcase_add_loop_test(tc, long_lines_in_three_reads, 0, 6);
	tcase_add_loop_test(tc, pieces_do_not_matter, 0, 80);
	suite_add_tcase(suite, tc);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
