/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Messages between a protocol and its connection, whatever the framing. */
#include <check.h>

#include "framed_probe.h"

/* Sends all of the input through a socket, as fast as it is taken, with an end
 * or without; what came back by then is in got. */
static void send_input(bool end)
{
	size_t sent = 0;

	net_open(&net, &fd);
	while (sent < input.len && probe.closed < 0) {
		ssize_t n = send(fd, input.data + sent, input.len - sent,
			MSG_DONTWAIT | MSG_NOSIGNAL);

		sent += n > 0 ? (size_t)n : 0;
		net_turn(&net);
		ck_assert_int_ge(net_read(fd, &got), 0);
	}
	if (end)
		shutdown(fd, SHUT_WR);
}

/* The same and what comes up to our end, whose reason it gives. */
static int talk(void)
{
	send_input(true);
	ck_assert_int_eq(net_read_all(&net, fd, &got), 1);
	close(fd);
	NET_WAIT(&net, net.crew.n_conns == 0);
	return probe.closed;
}

#define INPUT(text) take(&input, text, sizeof(text) - 1)
#define WANT(text)  take(&want, text, sizeof(text) - 1)

START_TEST(answers_end_as_the_lines_did)
{
	serve("line");
	INPUT("a\nb\r\n\r\nc\r\0\nd");
	WANT("<a\n<b\r\n<\r\n<c\r\0<\n<d");
	ck_assert_int_eq(talk(), CLOSE_EOF);
	ck_got();
}
END_TEST

START_TEST(answers_have_a_length)
{
	serve("length");
	INPUT("\0\0\0\1a\0\0\0\0\0\0\0\3b\0c");
	WANT("\0\0\0\2<a\0\0\0\1<\0\0\0\4<b\0c");
	ck_assert_int_eq(talk(), CLOSE_EOF);
	ck_got();
}
END_TEST

/* Without a framing there are no messages but reads. */
START_TEST(streams_are_left_alone)
{
	serve("stream");
	ck_assert_ptr_null(net.svc->framer);
	ck_assert_ptr_eq(net.svc->type, &probe_type);
	probe.greeting = "hello\n";
	net_open(&net, &fd);
	for (int i = 0; i < 2; i++) {
		net_write(fd, "a\nb");
		net_turn(&net);
	}
	ck_assert_int_eq(net_read(fd, &got), 0);
	ck_assert_str_eq(got.data, "hello\n<a\nb<a\nb");
	close(fd);
}
END_TEST

START_TEST(what_is_sent_unasked_is_a_message)
{
	serve("length");
	probe.greeting = "hello\n";
	WANT("\0\0\0\6hello\n");
	ck_assert_int_eq(talk(), CLOSE_EOF);
	ck_got();
}
END_TEST

START_TEST(what_is_sent_unasked_is_as_written)
{
	serve("line");
	probe.greeting = "hello";
	INPUT("a\r\n");
	WANT("hello<a\r\n");
	ck_assert_int_eq(talk(), CLOSE_EOF);
	ck_got();
}
END_TEST

START_TEST(long_lines_are_refused)
{
	serve("line");
	INPUT("a\n");
	strbuf_add(&input, xs, 100);
	strbuf_adds(&input, "\r\n");
	strbuf_add(&input, xs, 101);
	strbuf_adds(&input, "\r\n");
	strbuf_add(&input, xs, 1000);
	strbuf_adds(&input, "\nb\n");
	strbuf_add(&input, xs, 101); /* also the last one, without an end */
	WANT("<a\n<");
	strbuf_add(&want, xs, 100);
	strbuf_adds(&want,
		"\r\nerror: that line has 101 bytes, 100 are allowed; it was "
		"not answered\r\nerror: that line has 1,000 bytes, 100 are "
		"allowed; it was not answered\n<b\nerror: that line has 101 "
		"bytes, 100 are allowed; it was not answered\n");
	ck_assert_int_eq(talk(), CLOSE_EOF);
	ck_got();
}
END_TEST

START_TEST(endless_lines_close)
{
	serve("line");
	INPUT("a\r\n");
	for (int i = 0; i < 100; i++)
		strbuf_add(&input, xs, 1000);
	strbuf_adds(&input, "\nb\n");
	WANT("<a\r\nerror: 64 KiB without an end of line; this port wants "
	     "lines\r\n");
	ck_assert_int_eq(talk(), CLOSE_LINE);
	ck_got();
}
END_TEST

START_TEST(wrong_lengths_close)
{
	serve("length");
	INPUT("\0\0\0\1a\0\0\0\1b");
	strbuf_add(&input, broken[_i].data, broken[_i].len);
	WANT("\0\0\0\2<a\0\0\0\2<b");
	strbuf_addf(&want, "error: %s\n", broken[_i].says);
	ck_assert_int_eq(talk(), CLOSE_FRAME);
	ck_got();
}
END_TEST

/* A length that is wrong is told although no more need ever come. */
START_TEST(wrong_lengths_are_told_at_once)
{
	serve("length");
	INPUT("hell");
	send_input(false);
	ck_assert_int_eq(net_read_all(&net, fd, &got), 1);
	ck_assert_ptr_nonnull(strstr(got.data, "did you type text?"));
	close(fd);
}
END_TEST

/* What was answered in the same turn is not lost, and nothing follows. */
START_TEST(closing_sends_what_was_gathered)
{
	serve("line");
	for (int i = 0; i < 500; i++) {
		strbuf_addf(&input, "%d\n", i);
		strbuf_addf(&want, "<%d\n", i);
	}
	strbuf_adds(&input, "quit\nmore\n");
	strbuf_adds(&want, "<quit\n");
	ck_assert_int_eq(talk(), CLOSE_DONE);
	ck_got();
	ck_assert_uint_eq(probe.n_messages, 501);
}
END_TEST

START_TEST(closing_by_the_last_line_answers_it)
{
	serve("line");
	INPUT("a\nquit");
	WANT("<a\n<quit");
	ck_assert_int_eq(talk(), CLOSE_DONE);
	ck_got();
}
END_TEST

/* Closing lets go of what is kept, also from within. */
START_TEST(closing_while_bytes_are_kept)
{
	serve("length");
	INPUT("\0\0\0\4qu");
	send_input(false);
	net_write(fd, "it");
	ck_assert_int_eq(send(fd, "\0\0\0\1", 4, 0), 4);
	ck_assert_int_eq(net_read_all(&net, fd, &got), 1);
	WANT("\0\0\0\5<quit");
	ck_got();
	close(fd);
}
END_TEST

START_TEST(one_turn_takes_so_many)
{
	size_t after_one;

	serve("line");
	net_open(&net, &fd);
	for (int i = 0; i < 30000; i++) {
		strbuf_adds(&input, "\n");
		strbuf_adds(&want, "<\n");
	}
	ck_assert_int_eq(send(fd, input.data, input.len, MSG_DONTWAIT),
		(ssize_t)input.len);
	event_base_loop(
		worker_base(net_worker(&net)), EVLOOP_ONCE | EVLOOP_NONBLOCK);
	after_one = probe.n_messages;
	ck_assert_uint_gt(after_one, 0);
	ck_assert_uint_le(after_one, 2000);
	NET_WAIT(&net, net_read(fd, &got) == 0 && got.len >= want.len);
	ck_got();
	close(fd);
}
END_TEST

/* Answers that are longer than their questions, to one who does not read: he is
 * not served on, and not closed either. */
START_TEST(who_does_not_read_is_not_served_on)
{
	static char prefix[512];
	size_t held, n_turns = 0;

	serve("length");
	memset(prefix, 'p', sizeof(prefix) - 1);
	probe.prefix = prefix;
	for (int i = 0; i < 10000; i++) {
		add_frame(&input, "", "", 0);
		add_frame(&want, prefix, "", 0);
	}
	net_open(&net, &fd);
	ck_assert_int_eq(send(fd, input.data, input.len, MSG_DONTWAIT),
		(ssize_t)input.len);
	shutdown(fd, SHUT_WR);
	do {
		held = probe.n_messages;
		net_turns(&net, 5);
	} while (held != probe.n_messages && n_turns++ < 10000);
	ck_assert_uint_gt(held, 0);
	ck_assert_uint_lt(held, 10000);
	ck_assert(conn_is_open(probe.conn));
	ck_assert_uint_gt(conn_queued(probe.conn), net.svc->output_soft);
	ck_assert_uint_le(
		conn_queued(probe.conn), net.svc->output_soft + 20000);
	ck_assert_int_eq(net_read_all(&net, fd, &got), 1);
	ck_got();
	ck_assert_int_eq(probe.closed, CLOSE_EOF);
	close(fd);
}
END_TEST

START_TEST(pauses_are_honoured)
{
	serve("line");
	INPUT("a\npause\nb\npause\nc\nd");
	send_input(true);
	net_turns(&net, 5);
	ck_assert_uint_eq(probe.n_messages, 2);
	conn_resume(probe.conn);
	NET_WAIT(&net, probe.n_messages == 4);
	net_turns(&net, 5);
	ck_assert_uint_eq(probe.n_messages, 4);
	conn_resume(probe.conn);
	ck_assert_int_eq(net_read_all(&net, fd, &got), 1);
	ck_assert_str_eq(got.data, "<a\n<pause\n<b\n<pause\n<c\n<d");
	close(fd);
}
END_TEST

/* An answer of more than output_hard does not make its reader slow. */
START_TEST(large_messages_come_back)
{
	static const size_t sizes[] = {65536, 65532, 65537, 2 << 20, 16 << 20};
	size_t len = sizes[_i];
	char *data = malloc(len);

	serve("length");
	net_stop(&net);
	net_start(&net, &probe_type, 1);
	net.svc->message_max = 16 << 20;
	framed_setup(net.svc, framer_find("length"));
	for (size_t i = 0; i < len; i++)
		data[i] = (char)(i * 31 >> 3);
	for (int i = 0; i < 2; i++) {
		add_frame(&input, "", data, len);
		add_frame(&input, "", "x", 1);
		add_frame(&want, "<", data, len);
		add_frame(&want, "<", "x", 1);
	}
	free(data);
	ck_assert_int_eq(talk(), CLOSE_EOF);
	ck_assert_uint_eq(got.len, want.len);
	ck_assert(memcmp(got.data, want.data, want.len) == 0);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("framed");
	TCase *tc = tcase_create("framed");
	SRunner *sr = srunner_create(s);
	int failed;

	tcase_add_checked_fixture(tc, NULL, tear_down);
	tcase_add_test(tc, answers_end_as_the_lines_did);
	tcase_add_test(tc, answers_have_a_length);
	tcase_add_test(tc, streams_are_left_alone);
	tcase_add_test(tc, what_is_sent_unasked_is_a_message);
	tcase_add_test(tc, what_is_sent_unasked_is_as_written);
	tcase_add_test(tc, long_lines_are_refused);
	tcase_add_test(tc, endless_lines_close);
	tcase_add_loop_test(tc, wrong_lengths_close, 0, N(broken));
	tcase_add_test(tc, wrong_lengths_are_told_at_once);
	tcase_add_test(tc, closing_sends_what_was_gathered);
	tcase_add_test(tc, closing_by_the_last_line_answers_it);
	tcase_add_test(tc, closing_while_bytes_are_kept);
	tcase_add_test(tc, one_turn_takes_so_many);
	tcase_add_test(tc, who_does_not_read_is_not_served_on);
	tcase_add_test(tc, pauses_are_honoured);
	tcase_add_loop_test(tc, large_messages_come_back, 0, 5);
	suite_add_tcase(s, tc);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
