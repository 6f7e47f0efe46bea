/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "chat/command.h"
#include "chat/msg.h"
#include "net/service.h"
#include "proto/dialect.h"

extern const struct dialect dialect_frame, dialect_json;

#define N(array) ((int)(sizeof(array) / sizeof((array)[0])))
#define BYTES(text)                    \
	{                              \
		text, sizeof(text) - 1 \
	}

static const struct service svc = {.message_max = 40};

static struct dialect_input in;
static struct chat_call call;
static struct strbuf out;

static void set_up(void)
{
	dialect_frame.start(&in, &svc);
	strbuf_adds(&out, "x"); /* renderings follow one another */
}

static void tear_down(void)
{
	chat_call_fini(&call);
	strbuf_fini(&out);
}

/* Reading one message. */
static const struct {
	struct slice bytes;
	enum dialect_event event;
	const char *verb; /* NULL: none */
	enum chat_type error;
} reads[] = {
	{BYTES(""), DIALECT_MORE},
	{BYTES("\0\0\0"), DIALECT_MORE},
	{BYTES("\0\0\0\x0F{\"type\":\"ping\""), DIALECT_MORE},
	{BYTES("\0\0\0\x0F{\"type\":\"ping\"}"), DIALECT_READ, "ping"},
	{BYTES("\0\0\0\x12 {\"type\":\"ping\"}\r\n"), DIALECT_READ, "ping"},
	{BYTES("\0\0\0\0"), DIALECT_READ},
	{BYTES("\0\0\0\x02\r\n"), DIALECT_READ},
	{BYTES("\0\0\0\x01\0"), DIALECT_READ, NULL, CHAT_E_INVALID_INPUT},
	{BYTES("\0\0\0\x04junk"), DIALECT_READ, NULL, CHAT_E_INVALID_INPUT},
	{BYTES("\0\0\0\x02[]"), DIALECT_READ, NULL, CHAT_E_INVALID_INPUT},
	{BYTES("\0\0\0\x04{}{}"), DIALECT_READ, NULL, CHAT_E_INVALID_INPUT},
	{BYTES("\0\0\0\x02{}"), DIALECT_READ, NULL, CHAT_E_BAD_FIELD},
	{BYTES("\0\0\0\x28"), DIALECT_MORE},
	{BYTES("\0\0\0\x29"), DIALECT_STRANGE},
	{BYTES("hell"), DIALECT_STRANGE},
};

START_TEST(reads_messages)
{
	const struct slice *bytes = &reads[_i].bytes;
	size_t used;

	ck_assert_int_eq(
		dialect_frame.read(&in, bytes, &call, &used), reads[_i].event);
	ck_assert_uint_eq(
		used, reads[_i].event == DIALECT_READ ? bytes->len : 0);
	if (reads[_i].verb)
		ck_assert_str_eq(
			chat_verb_info(call.verb)->name, reads[_i].verb);
	else
		ck_assert_ptr_null(call.verb);
	ck_assert_int_eq(call.is_error, reads[_i].error != 0);
	ck_assert_int_eq(call.error, reads[_i].error);
	if (reads[_i].event == DIALECT_STRANGE) {
		ck_assert_int_eq(
			strncmp(call.buf.data, "error: that is a length", 23),
			0);
		ck_assert_int_eq(call.buf.data[call.buf.len - 1], '\n');
		ck_assert_int_eq(in.why, CLOSE_FRAME);
		ck_assert_ptr_null(in.stranger);
	}
}
END_TEST

START_TEST(tells_what_was_cut_off)
{
	struct slice left = BYTES("\0\0\0\x0F{\"ty");
	struct slice none = {left.data, 0};

	ck_assert_int_eq(dialect_frame.end(&in, &none, &call), DIALECT_MORE);
	ck_assert_int_eq(dialect_frame.end(&in, &left, &call), DIALECT_STRANGE);
	ck_assert_str_eq(call.buf.data,
		"error: the input ended after 4 of the 15 bytes of a "
		"message\n");
}
END_TEST

/* The object that the JSON dialect writes, its length before it, no LF. */
static void check_frame(const char *object)
{
	size_t len = strlen(object);

	ck_assert_uint_gt(len, 1);
	len--;
	ck_assert_uint_eq(out.len, 1 + 4 + len);
	ck_assert_mem_eq(out.data, "x\0\0", 3);
	ck_assert_int_eq((unsigned char)out.data[3], (int)(len >> 8));
	ck_assert_int_eq((unsigned char)out.data[4], (int)(len & 0xFF));
	ck_assert_mem_eq(out.data + 5, object, len);
	ck_assert_int_eq(out.data[out.len], '\0');
	strbuf_clear(&out);
	strbuf_adds(&out, "x");
}

START_TEST(writes_messages)
{
	static char text[300];
	struct chat_msg_spec spec = {
		CHAT_SAID, .nick = "bob", .room = "ops", .text = text};
	const struct dialect_missed missed = {.n = 7};
	struct strbuf object = {0};
	struct chat_msg *msg;

	memset(text, 'a', sizeof(text) - 1);
	msg = chat_msg_new(&spec);
	dialect_json.render(msg, 0, &object);
	dialect_frame.render(msg, 0, &out);
	check_frame(object.data);
	chat_msg_unref(msg);
	strbuf_clear(&object);
	dialect_json.goodbye(CLOSE_IDLE, "5m", 0, &object);
	dialect_frame.goodbye(CLOSE_IDLE, "5m", 0, &out);
	check_frame(object.data);
	strbuf_clear(&object);
	dialect_json.missed(&missed, 0, &object);
	dialect_frame.missed(&missed, 0, &out);
	check_frame(object.data);
	strbuf_fini(&object);
}
END_TEST

/* What is not told takes no message either, not an empty one. */
START_TEST(writes_nothing)
{
	struct chat_msg *msg = chat_msg_new(
		&(struct chat_msg_spec){CHAT_PRIVATE_COPY, .nick = "bob"});

	dialect_frame.render(msg, 0, &out);
	ck_assert_str_eq(out.data, "x");
	dialect_frame.goodbye(CLOSE_EOF, NULL, 0, &out);
	ck_assert_str_eq(out.data, "x");
	ck_assert_uint_eq(out.len, 1);
	chat_msg_unref(msg);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("dialect_frame");
	TCase *tc = tcase_create("dialect_frame");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(tc, set_up, tear_down);
	tcase_add_loop_test(tc, reads_messages, 0, N(reads));
	tcase_add_test(tc, tells_what_was_cut_off);
	tcase_add_test(tc, writes_messages);
	tcase_add_test(tc, writes_nothing);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
