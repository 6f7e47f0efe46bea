/* SPDX-License-Identifier: GPL-3.0-or-later */
/* How bytes move: both ways to read, the marks, pauses, what is counted. */
#include <check.h>
#include <stdio.h>

#include "conn_probe.h"
#include "net/conn_loss.h"

START_TEST(sends_at_once)
{
	int fd;
	struct conn *c = net_open(&net, &fd);

	conn_send(c, "hello", 5);
	conn_send(c, "", 0);
	ck_assert_uint_eq(conn_queued(c), 0);
	ck_assert_int_eq(net_read(fd, &got), 0);
	ck_assert_str_eq(got.data, "hello");
	close(fd);
}
END_TEST

START_TEST(queues_what_the_socket_does_not_take)
{
	int fd, end;
	struct conn *c = net_open(&net, &fd);
	size_t sent = send_until_queued(c, 100000);

	ck_assert_uint_eq(net.crew.output_bytes, conn_queued(c));
	conn_close(c, CLOSE_DONE, NULL);
	ck_assert(!conn_is_open(c));
	end = net_read_all(&net, fd, &got);
	ck_assert_int_eq(end, 1);
	ck_assert_uint_eq(got.len, sent);
	check_blocks(&got);
	close(fd);
	wait_gone();
	ck_assert_uint_eq(net.crew.output_bytes, 0);
	ck_log("open closed(done) ");
}
END_TEST

/* What did not arrive: nothing, of a peer that answers; all that is queued here
 * and in the kernel, of one that does not read, or is gone. */
START_TEST(undelivered_bytes_are_known)
{
	struct conn *healthy, *stuck, *gone;
	int fds[2], peer, stuck_peer;

	net_tcp_pair(fds, 0);
	healthy = net_open_on(&net, net_worker(&net), fds[0]);
	peer = fds[1];
	conn_send(healthy, "hello", 5);
	ck_assert_uint_eq(conn_undelivered(healthy, false), 0);
	net_tcp_pair(fds, 4096);
	stuck = net_open_on(&net, net_worker(&net), fds[0]);
	stuck_peer = fds[1];
	send_until_queued(stuck, 1000);
	ck_assert_uint_gt(
		conn_undelivered(stuck, false), conn_queued(stuck) + 1000);
	net_tcp_pair(fds, 0);
	gone = net_open_on(&net, net_worker(&net), fds[0]);
	close(fds[1]);
	conn_send(gone, "in vain", 7);
	ck_assert_uint_eq(conn_undelivered(gone, true), 7);
	close(peer);
	close(stuck_peer);
}
END_TEST

START_TEST(of_a_unix_socket_only_what_is_queued)
{
	int fd;
	struct conn *c = net_open(&net, &fd);

	conn_send(c, "hello", 5);
	ck_assert_uint_eq(conn_undelivered(c, true), 0);
	send_until_queued(c, 1000);
	ck_assert_uint_eq(conn_undelivered(c, false), conn_queued(c));
	close(fd);
}
END_TEST

START_TEST(soft_mark_stops_reading)
{
	int fd;
	struct conn *c = net_open(&net, &fd);

	send_until_queued(c, net.svc->output_soft);
	net_write(fd, "x");
	net_turns(&net, 5);
	ck_log("open ");
	while (conn_queued(c) > net.svc->output_soft) {
		ck_assert_int_eq(net_read(fd, &got), 0);
		net_turn(&net);
	}
	NET_WAIT(&net, net_read(fd, &got) == 0 && probe.log.len > 15);
	ck_log(net.svc->type->raw ? "open writable data(x) "
				  : "open writable input(x) ");
	ck_assert_uint_le(conn_queued(c), net.svc->output_soft / 3);
	check_blocks(&got);
	close(fd);
}
END_TEST

START_TEST(below_the_soft_mark_reading_goes_on)
{
	int fd;
	struct conn *c = net_open(&net, &fd);

	send_until_queued(c, 1);
	net_write(fd, "x");
	net_turn(&net);
	ck_assert_uint_gt(conn_queued(c), 0);
	ck_log(net.svc->type->raw ? "open data(x) " : "open input(x) ");
	close(fd);
}
END_TEST

START_TEST(hard_mark_closes_raw)
{
	int fd;
	struct conn *c = net_open(&net, &fd);
	size_t sent = send_until_queued(c, 10 * net.svc->output_hard);

	ck_assert(!conn_is_open(c));
	ck_log("open closed(slow) ");
	ck_assert_int_eq(net_read_all(&net, fd, &got), 1);
	ck_assert_uint_eq(got.len, sent);
	close(fd);
}
END_TEST

START_TEST(hard_mark_floods_messages)
{
	int fd;
	struct conn *c = net_open(&net, &fd);

	send_until_queued(c, net.svc->output_hard);
	ck_assert(conn_is_open(c));
	ck_assert(conn_is_flooded(c));
	NET_WAIT(&net, net_read(fd, &got) == 0 && probe.log.len > 5);
	ck_log("open writable ");
	ck_assert(!conn_is_flooded(c));
	ck_assert(conn_is_open(c));
	close(fd);
}
END_TEST

START_TEST(patience_ends)
{
	int fd;
	struct conn *c;

	clock_hold();
	net.svc->patience_ms = 50;
	c = net_open(&net, &fd);
	send_until_queued(c, net.svc->output_hard);
	pass_ms(49);
	ck_log("open ");
	pass_ms(1);
	ck_assert(!conn_is_open(c));
	ck_log("open goodbye(slow) closed(slow) ");
	/* Now the drain has its bound, and then the connection is dropped. */
	pass_ms(49);
	ck_assert_uint_eq(net.crew.n_conns, 1);
	pass_ms(1);
	wait_gone();
	while (net_read(fd, &got) == 0)
		;
	ck_assert_ptr_null(strstr(got.data, "[slow"));
	close(fd);
}
END_TEST

START_TEST(reading_renews_patience)
{
	int fd;
	struct conn *c;

	clock_hold();
	net.svc->patience_ms = 200;
	c = net_open(&net, &fd);
	send_until_queued(c, net.svc->output_hard);
	pass_ms(150);
	/* Enough to be below the mark but not to be writable. */
	ck_assert_int_eq(net_read(fd, &got), 0);
	net_turns(&net, 3);
	ck_assert_uint_le(conn_queued(c), net.svc->output_hard);
	ck_assert(conn_is_flooded(c));
	pass_ms(50);
	pass_ms(149);
	ck_assert(conn_is_open(c));
	pass_ms(51);
	ck_log("open goodbye(slow) closed(slow) ");
	close(fd);
}
END_TEST

START_TEST(idle_ends)
{
	int fd;

	clock_hold();
	net.svc->idle_ms = 60;
	net_open(&net, &fd);
	/* Bytes put it off. */
	for (int i = 0; i < 10; i++) {
		pass_ms(10);
		net_write(fd, ".");
		net_turn(&net);
	}
	pass_ms(59);
	ck_assert_int_eq(net_read(fd, &got), 0);
	ck_assert_uint_eq(got.len, 0);
	pass_ms(1);
	ck_assert_int_eq(net_read_all(&net, fd, &got), 1);
	ck_assert_str_eq(got.data, "[idle 60ms]");
	close(fd);
}
END_TEST

/* More is queued than the low mark, and it shrinks without falling to it. */
START_TEST(output_that_moves_is_not_idle)
{
	int fd;
	struct conn *c;

	clock_hold();
	net.svc->idle_ms = 60;
	net.svc->output_soft = 3 << 20;
	net.svc->output_hard = 4 << 20;
	c = net_open(&net, &fd);
	send_until_queued(c, 3 << 20);
	for (int i = 0; i < 5; i++) {
		pass_ms(50);
		ck_assert_int_eq(net_read(fd, &got), 0);
		net_turn(&net);
		ck_assert_uint_gt(conn_queued(c), net.svc->output_soft / 3);
	}
	pass_ms(59);
	ck_assert(conn_is_open(c));
	pass_ms(1);
	ck_assert(!conn_is_open(c));
	close(fd);
}
END_TEST

START_TEST(pause_and_resume)
{
	int fd;
	struct conn *c = net_open(&net, &fd);

	net_write(fd, "a-b");
	net_turns(&net, 3);
	ck_log("open input(a-b) ");
	conn_pause(c);
	ck_assert(conn_is_paused(c));
	net_write(fd, "c");
	net_turns(&net, 3);
	ck_log("open input(a-b) ");
	/* The rest is offered though nothing new arrives before it. */
	probe.eats_all = true;
	conn_resume(c);
	ck_assert(!conn_is_paused(c));
	net_turns(&net, 3);
	ck_log("open input(a-b) input(-b) input(c) ");
	conn_resume(c);
	net_turns(&net, 3);
	ck_log("open input(a-b) input(-b) input(c) ");
	close(fd);
}
END_TEST

/* The same when it was our output that had stopped the reading. */
START_TEST(what_lies_there_is_offered_when_writable)
{
	int fd;
	struct conn *c = net_open(&net, &fd);

	net_write(fd, "a-b");
	net_turn(&net);
	send_until_queued(c, net.svc->output_soft);
	probe.eats_all = true;
	net_turns(&net, 3);
	ck_log("open input(a-b) ");
	NET_WAIT(&net, net_read(fd, &got) == 0 && probe.log.len > 30);
	ck_log("open input(a-b) writable input(-b) ");
	close(fd);
}
END_TEST

/* Who does only its share of work is asked again before more is read, and
 * before the peer's end. */
START_TEST(input_again_comes_before_all_else)
{
	int fd;

	probe.eats_one = true;
	net_open(&net, &fd);
	net_write(fd, "ab");
	event_base_loop(
		worker_base(net_worker(&net)), EVLOOP_NONBLOCK | EVLOOP_ONCE);
	ck_log("open input(ab) ");
	net_write(fd, "c");
	shutdown(fd, SHUT_WR);
	NET_WAIT(&net, strstr(probe.log.data, "eof"));
	ck_log("open input(ab) input(b) input(c) eof ");
	close(fd);
}
END_TEST

START_TEST(slow_work_bounds_what_is_read)
{
	static char block[65536];
	int fd;

	probe.eats_one = true;
	net_open(&net, &fd);
	for (int i = 0; i < 100; i++) {
		(void)!send(fd, block, sizeof(block), MSG_DONTWAIT);
		event_base_loop(worker_base(net_worker(&net)),
			EVLOOP_NONBLOCK | EVLOOP_ONCE);
	}
	ck_assert_uint_le(probe.most, 65536);
	close(fd);
}
END_TEST

START_TEST(parts_are_sent_as_one)
{
	int fd;
	struct conn *c = net_open(&net, &fd);
	const struct slice parts[] = {
		{"", 0}, {"ab", 2}, {NULL, 0}, {"c", 1}, {"d", 1}};
	char buf[8];

	conn_sendv(c, parts, 5);
	conn_sendv(c, parts, 1);
	conn_sendv(c, parts + 3, 1);
	ck_assert_int_eq(recv(fd, buf, sizeof(buf), MSG_DONTWAIT), 5);
	ck_assert_mem_eq(buf, "abcdc", 5);
	close(fd);
}
END_TEST

/* Wherever the socket stops taking, in which part ever. */
START_TEST(parts_are_queued_from_where_they_stopped)
{
	static char text[5 * 70001];
	int fds[2], small = 4096;
	struct slice parts[5];
	struct conn *c;

	net_tcp_pair(fds, 4096);
	setsockopt(fds[0], SOL_SOCKET, SO_SNDBUF, &small, sizeof(small));
	c = net_open_on(&net, net_worker(&net), fds[0]);
	for (size_t i = 0; i < sizeof(text); i++)
		text[i] = (char)(i * 31 >> 4);
	for (size_t i = 0; i < 5; i++)
		parts[i] = (struct slice){text + i * 70001, 70001};
	conn_sendv(c, parts, 5);
	ck_assert_uint_gt(conn_queued(c), 0);
	ck_assert_uint_lt(conn_queued(c), sizeof(text));
	conn_sendv(c, parts + 1, 2);
	conn_close(c, CLOSE_DONE, NULL);
	ck_assert_int_eq(net_read_all(&net, fds[1], &got), 1);
	ck_assert_uint_eq(got.len, 7 * 70001);
	ck_assert_mem_eq(got.data, text, sizeof(text));
	ck_assert_mem_eq(got.data + sizeof(text), text + 70001, 2 * 70001);
	close(fds[1]);
}
END_TEST

START_TEST(pause_keeps_the_end_back)
{
	int fd;
	struct conn *c = net_open(&net, &fd);

	net_turn(&net);
	conn_pause(c);
	net_write(fd, "x");
	shutdown(fd, SHUT_WR);
	net_turns(&net, 3);
	ck_log("open ");
	conn_resume(c);
	net_turns(&net, 3);
	ck_log(net.svc->type->raw ? "open data(x) eof " : "open input(x) eof ");
	close(fd);
}
END_TEST

START_TEST(the_largest_pays_for_too_much_output)
{
	int fds[3];
	struct conn *c[3];

	for (int i = 0; i < 3; i++)
		c[i] = net_open(&net, &fds[i]);
	send_until_queued(c[0], 30000);
	send_until_queued(c[1], 90000);
	send_until_queued(c[2], 1000);
	atomic_store(&net.crew.output_total, net.crew.output_bytes);
	net_turn(&net);
	ck_log("open open open ");
	send_until_queued(c[2], 2000);
	send_until_queued(c[2], 20000);
	net_turn(&net);
	ck_assert(conn_is_open(c[0]) && !conn_is_open(c[1]) &&
		conn_is_open(c[2]));
	/* What the dying one still has to send is not others' fault. */
	send_until_queued(c[2], 40000);
	net_turn(&net);
	ck_assert(conn_is_open(c[0]) && conn_is_open(c[2]));
	send_until_queued(c[2], 120000);
	net_turn(&net);
	ck_assert(conn_is_open(c[0]) && !conn_is_open(c[2]));
	for (int i = 0; i < 3; i++)
		close(fds[i]);
}
END_TEST

/* Not who happens to send, nor whoever is largest in its worker. */
START_TEST(the_largest_of_all_workers_pays)
{
	struct net_world two;
	struct conn *small, *large, *middle;
	int fds[2], small_fd, large_fd, middle_fd;

	net_start(&two, net.svc->type, 2);
	net_unix_pair(fds);
	small_fd = fds[1];
	small = net_open_on(&two, two.crew.workers[0], fds[0]);
	net_unix_pair(fds);
	large_fd = fds[1];
	large = net_open_on(&two, two.crew.workers[1], fds[0]);
	net_unix_pair(fds);
	middle_fd = fds[1];
	middle = net_open_on(&two, two.crew.workers[1], fds[0]);
	send_until_queued(large, 200000);
	send_until_queued(middle, 100000);
	atomic_store(&two.crew.output_total, two.crew.output_bytes + 1000);
	send_until_queued(small, 5000);
	NET_WAIT(&two, !conn_is_open(large));
	net_turns(&two, 3);
	ck_assert(conn_is_open(small) && conn_is_open(middle));
	/* Again, as the largest has not read it yet. */
	atomic_store(&two.crew.output_total, 50000);
	send_until_queued(small, 20000);
	NET_WAIT(&two, !conn_is_open(middle));
	net_turns(&two, 3);
	ck_assert(conn_is_open(small));
	ck_assert(!two.crew.is_shedding);
	net_stop(&two);
	close(small_fd);
	close(large_fd);
	close(middle_fd);
}
END_TEST

static struct strbuf logged;

static void sink(const struct log_record *record)
{
	strbuf_addf(&logged, "%s\n", record->text);
}

START_TEST(bytes_are_counted_in_the_log)
{
	int fd;
	struct conn *c = net_open(&net, &fd);

	log_set_level(LOG_LEVEL_INFO);
	ck_assert_int_eq(log_start(sink), 0);
	conn_set_nick(c, "bob");
	net_write(fd, "12");
	net_turn(&net);
	net_write(fd, "-4");
	net_turn(&net);
	conn_send(c, "abcde", 5);
	conn_close(c, CLOSE_KICKED, "alice");
	log_stop();
	ck_assert_msg(strstr(logged.data,
			      "closed service=test peer=unix conn=1 nick=bob "
			      "reason=kicked in=4 out=19 secs=0."),
		"%s", logged.data);
	strbuf_fini(&logged);
	close(fd);
}
END_TEST

static TCase *add_case(Suite *s, const char *name, void (*set_up)(void))
{
	TCase *tc = tcase_create(name);

	tcase_add_checked_fixture(tc, set_up, tear_down);
	tcase_add_test(tc, sends_at_once);
	tcase_add_test(tc, queues_what_the_socket_does_not_take);
	tcase_add_test(tc, soft_mark_stops_reading);
	tcase_add_test(tc, below_the_soft_mark_reading_goes_on);
	tcase_add_test(tc, output_that_moves_is_not_idle);
	tcase_add_test(tc, parts_are_sent_as_one);
	tcase_add_test(tc, parts_are_queued_from_where_they_stopped);
	tcase_add_test(tc, pause_keeps_the_end_back);
	tcase_add_test(tc, the_largest_pays_for_too_much_output);
	suite_add_tcase(s, tc);
	return tc;
}

int main(void)
{
	Suite *s = suite_create("conn_io");
	TCase *raw = add_case(s, "raw", set_up_raw);
	TCase *line = add_case(s, "line", set_up_line);
	SRunner *sr = srunner_create(s);
	int failed;

	tcase_add_test(raw, hard_mark_closes_raw);
	tcase_add_test(line, hard_mark_floods_messages);
	tcase_add_test(line, patience_ends);
	tcase_add_test(line, reading_renews_patience);
	tcase_add_test(line, idle_ends);
	tcase_add_test(line, pause_and_resume);
	tcase_add_test(line, input_again_comes_before_all_else);
	tcase_add_test(line, slow_work_bounds_what_is_read);
	tcase_add_test(line, what_lies_there_is_offered_when_writable);
	tcase_add_test(line, the_largest_of_all_workers_pays);
	tcase_add_test(line, bytes_are_counted_in_the_log);
	tcase_add_test(line, undelivered_bytes_are_known);
	tcase_add_test(line, of_a_unix_socket_only_what_is_queued);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
