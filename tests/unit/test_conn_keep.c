/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What conn does for a raw protocol that keeps some of its input and output. */
#include <check.h>
#include <stdio.h>

#include "conn_probe.h"

/* A raw protocol that keeps what it was given, a byte for each time that it is
 * asked, and holds back what it says until it closes at the byte "!". */
static struct {
	struct strbuf kept;
	size_t done;
} keeper;

static void keeper_input(struct conn *c, struct evbuffer *in)
{
	char byte = keeper.done < keeper.kept.len
		? keeper.kept.data[keeper.done++]
		: '-';

	ck_assert_ptr_null(in);
	strbuf_addf(&probe.log, "%c ", byte);
	if (byte == '!')
		conn_close(c, CLOSE_DONE, NULL);
	else if (keeper.done < keeper.kept.len)
		conn_input_again(c);
}

static void keeper_data(struct conn *c, const void *data, size_t len)
{
	strbuf_addf(&probe.log, "data ");
	strbuf_add(&keeper.kept, data, len);
	conn_input_again(c);
}

static void keeper_eof(struct conn *c, struct evbuffer *in)
{
	strbuf_adds(&probe.log, "eof ");
	ck_assert_uint_eq(keeper.done, keeper.kept.len);
}

static void keeper_flush(struct conn *c)
{
	ck_assert(conn_is_open(c));
	conn_send(c, keeper.kept.data, keeper.done);
}

static const struct conn_ops keeper_ops = {
	.data = keeper_data,
	.input = keeper_input,
	.eof = keeper_eof,
	.flush = keeper_flush,
};
static const struct conn_type keeper_type = {.ops = &keeper_ops, .raw = true};

static void set_up_keeper(void)
{
	net_start(&net, &keeper_type, 1);
}

static void tear_down_keeper(void)
{
	tear_down();
	strbuf_fini(&keeper.kept);
}

START_TEST(raw_input_again_comes_before_all_else)
{
	int fd;

	net_open(&net, &fd);
	net_write(fd, "abc");
	event_base_loop(
		worker_base(net_worker(&net)), EVLOOP_NONBLOCK | EVLOOP_ONCE);
	ck_log("data ");
	net_write(fd, "d");
	shutdown(fd, SHUT_WR);
	NET_WAIT(&net, strstr(probe.log.data, "eof"));
	ck_log("data a b c data d eof ");
	close(fd);
}
END_TEST

/* Nothing more need ever come after a pause, so it is asked once at least. */
START_TEST(raw_input_comes_after_a_pause)
{
	int fd;
	struct conn *c = net_open(&net, &fd);

	net_write(fd, "abc");
	event_base_loop(
		worker_base(net_worker(&net)), EVLOOP_NONBLOCK | EVLOOP_ONCE);
	conn_pause(c);
	net_turns(&net, 5);
	ck_log("data ");
	conn_resume(c);
	net_turns(&net, 5);
	ck_log("data a b c ");
	close(fd);
}
END_TEST

START_TEST(raw_input_comes_when_the_output_fell)
{
	int fd;
	struct conn *c = net_open(&net, &fd);

	net_write(fd, "ab");
	event_base_loop(
		worker_base(net_worker(&net)), EVLOOP_NONBLOCK | EVLOOP_ONCE);
	send_until_queued(c, net.svc->output_soft);
	net_turns(&net, 5);
	ck_log("data ");
	NET_WAIT(&net, net_read(fd, &got) == 0 && probe.log.len > 8);
	ck_log("data a b ");
	close(fd);
}
END_TEST

START_TEST(what_was_held_back_goes_out_at_the_end)
{
	int fd;

	net_open(&net, &fd);
	net_write(fd, "ab!c");
	ck_assert_int_eq(net_read_all(&net, fd, &got), 1);
	ck_assert_str_eq(got.data, "ab!");
	close(fd);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("conn_keep");
	TCase *tc = tcase_create("conn_keep");
	SRunner *sr = srunner_create(s);
	int failed;

	tcase_add_checked_fixture(tc, set_up_keeper, tear_down_keeper);
	tcase_add_test(tc, raw_input_again_comes_before_all_else);
	tcase_add_test(tc, raw_input_comes_after_a_pause);
	tcase_add_test(tc, raw_input_comes_when_the_output_fell);
	tcase_add_test(tc, what_was_held_back_goes_out_at_the_end);
	suite_add_tcase(s, tc);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
