/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The life of connections: how they open, end and are told. */
#include "net/conn.h"

#include <check.h>
#include <stdio.h>

#include "conn_probe.h"

static void ignore_log(int severity, const char *text)
{
}

START_TEST(state_is_zeroed_and_ids_are_found)
{
	static const char zeros[40];
	int fd;
	struct conn *c = net_open(&net, &fd);
	char buf[128];

	ck_assert_mem_eq(conn_state(c), zeros, sizeof(zeros));
	ck_assert_uint_eq((uintptr_t)conn_state(c) % 16, 0);
	ck_assert_ptr_eq(worker_find_conn(net_worker(&net), conn_id(c)), c);
	ck_assert_ptr_null(worker_find_conn(net_worker(&net), 77));
	ck_assert_str_eq(conn_peer_text(c, buf), "unix");
	ck_assert_ptr_eq(conn_service(c), net.svc);
	ck_assert_uint_eq(net.crew.n_conns, 1);
	ck_assert_uint_eq(net.svc->count->n_conns, 1);
	ck_assert_uint_eq(worker_load(net_worker(&net)), 1);
	close(fd);
}
END_TEST

START_TEST(words_of_slow_name_the_mark)
{
	int fd;
	struct conn *c = net_open(&net, &fd);

	conn_close(c, CLOSE_SLOW, NULL);
	ck_assert_int_eq(net_read_all(&net, fd, &got), 1);
	ck_assert_str_eq(got.data, "[slow 512 KiB]");
	close(fd);
}
END_TEST

START_TEST(eof_without_a_hook_drains_and_ends)
{
	int fd;
	struct conn *c;
	size_t sent;

	net.svc->type = &bare_type;
	c = net_open(&net, &fd);
	sent = send_until_queued(c, 1);
	shutdown(fd, SHUT_WR);
	ck_assert_int_eq(net_read_all(&net, fd, &got), 1);
	ck_assert_uint_eq(got.len, sent);
	wait_gone();
	close(fd);
}
END_TEST

START_TEST(eof_hook_may_go_on)
{
	int fd;
	struct conn *c = net_open(&net, &fd);

	net_write(fd, "last");
	shutdown(fd, SHUT_WR);
	net_turns(&net, 5);
	ck_log(net.svc->type->raw ? "open data(last) eof "
				  : "open input(last) eof ");
	ck_assert(conn_is_open(c));
	conn_send(c, "answer", 6);
	conn_close(c, CLOSE_EOF, NULL);
	ck_assert_int_eq(net_read_all(&net, fd, &got), 1);
	ck_assert_str_eq(got.data, "answer");
	wait_gone(); /* without a linger: the peer's end was seen */
	close(fd);
}
END_TEST

START_TEST(first_close_counts)
{
	int fd;
	struct conn *c = net_open(&net, &fd);

	conn_close(c, CLOSE_KICKED, "alice");
	conn_close(c, CLOSE_BANNED, NULL);
	conn_send(c, "never", 5);
	conn_close(c, CLOSE_RESET, NULL);
	ck_assert_int_eq(net_read_all(&net, fd, &got), 1);
	ck_assert_str_eq(got.data, "[kicked alice]");
	ck_log("open goodbye(kicked) closed(kicked) ");
	ck_assert_ptr_eq(worker_find_conn(net_worker(&net), conn_id(c)), c);
	close(fd);
	wait_gone();
	ck_log("open goodbye(kicked) closed(kicked) ");
}
END_TEST

static const enum close_reason wordless[] = {
	CLOSE_EOF, CLOSE_DONE, CLOSE_RESET, CLOSE_TIMEOUT, CLOSE_NOT_ALLOWED};

START_TEST(wordless_reasons_say_nothing)
{
	int fd;
	struct conn *c = net_open(&net, &fd);
	char want[64];

	conn_close(c, wordless[_i], NULL);
	snprintf(want, sizeof(want), "open closed(%s) ",
		close_row(wordless[_i])->code);
	ck_log(want);
	ck_assert_int_eq(net_read_all(&net, fd, &got), 1);
	ck_assert_uint_eq(got.len, 0);
	close(fd);
}
END_TEST

/* The peer's unread bytes would make the kernel reset it, and with that throw
 * away what we said last. */
START_TEST(goodbye_reaches_a_peer_that_is_still_sending)
{
	static char block[65536];
	int fds[2], end;
	struct conn *c;
	ssize_t n;

	net_tcp_pair(fds, 0);
	c = net_open_on(&net, net_worker(&net), fds[0]);
	memset(block, '.', sizeof(block));
	while (send(fds[1], block, sizeof(block), MSG_DONTWAIT) > 0)
		;
	conn_close(c, CLOSE_KICKED, "alice");
	while (!(end = net_read(fds[1], &got))) {
		n = send(fds[1], block, sizeof(block),
			MSG_DONTWAIT | MSG_NOSIGNAL);
		ck_assert(n > 0 || errno == EAGAIN);
		net_turn(&net);
	}
	ck_assert_int_eq(end, 1);
	ck_assert_str_eq(got.data, "[kicked alice]");
	for (int i = 0; i < 20; i++) {
		(void)!send(fds[1], block, sizeof(block),
			MSG_DONTWAIT | MSG_NOSIGNAL);
		net_turn(&net);
	}
	ck_assert_int_eq(net_read(fds[1], &got), 1);
	ck_assert_uint_eq(net.crew.n_conns, 1); /* it lingers */
	close(fds[1]);
	wait_gone();
}
END_TEST

START_TEST(drain_has_a_deadline)
{
	static const struct {
		enum close_reason why;
		uint64_t patience_ms, drain_ms, linger_ms;
	} rows[] = {
		{CLOSE_DONE, 40, NET_PATIENCE_MS, NET_PATIENCE_MS},
		{CLOSE_STOPPING, NET_PATIENCE_MS, 40, NET_PATIENCE_MS},
		{CLOSE_MEMORY, NET_PATIENCE_MS, NET_PATIENCE_MS, 40},
	};
	uint64_t begin = clock_mono_ms();
	struct conn *c;
	int fd;

	net.svc->patience_ms = rows[_i].patience_ms;
	net.svc->drain_ms = rows[_i].drain_ms;
	net.svc->linger_ms = rows[_i].linger_ms;
	c = net_open(&net, &fd);
	send_until_queued(c, 1);
	conn_close(c, rows[_i].why, NULL);
	wait_gone();
	ck_assert_uint_ge(clock_mono_ms() - begin, 40);
	close(fd);
}
END_TEST

/* "A half-closed client gets all of its bytes back": slowly is fine as long as
 * it goes on. */
START_TEST(slow_reader_drains_as_long_as_it_reads)
{
	char buf[500]; /* the kernel frees 4 KiB once all of it was read */
	struct conn *c;
	size_t sent, n_read = 0;
	uint64_t took = 0;
	int fds[2], size = 4096;
	ssize_t n;

	clock_hold();
	net.svc->patience_ms = 400;
	net.svc->type = &bare_type;
	net_unix_pair(fds);
	setsockopt(fds[0], SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
	c = net_open_on(&net, net_worker(&net), fds[0]);
	sent = send_until_queued(c, 40000);
	shutdown(fds[1], SHUT_WR);
	NET_WAIT(&net, !conn_is_open(c));
	for (; net.crew.n_conns; took += 8) {
		n = read(fds[1], buf, sizeof(buf));
		ck_assert_int_gt(n, 0);
		n_read += (size_t)n;
		pass_ms(8);
	}
	ck_assert_uint_gt(took, net.svc->patience_ms + 100);
	ck_assert_int_eq(net_read(fds[1], &got), 1);
	ck_assert_uint_eq(n_read + got.len, sent);
	close(fds[1]);
}
END_TEST

/* True once the kernel told us that the peer reset the connection. */
static bool is_reset(int fd)
{
	struct pollfd p = {.fd = fd, .events = POLLIN};

	return poll(&p, 1, 0) == 1 && (p.revents & POLLERR);
}

START_TEST(linger_ends_with_a_reset)
{
	int fds[2];
	uint64_t begin = clock_mono_ms();
	struct conn *c;

	net.svc->linger_ms = 40;
	net_tcp_pair(fds, 0);
	c = net_open_on(&net, net_worker(&net), fds[0]);
	conn_close(c, CLOSE_KICKED, "alice");
	ck_assert_int_eq(net_read_all(&net, fds[1], &got), 1);
	ck_assert_str_eq(got.data, "[kicked alice]");
	ck_assert(!is_reset(fds[1]));
	wait_gone();
	ck_assert_uint_ge(clock_mono_ms() - begin, 40);
	NET_WAIT(&net, is_reset(fds[1]));
	close(fds[1]);
}
END_TEST

/* Sends more than the peer's kernel takes, all of which ours does. */
static struct conn *open_unacknowledged(int fds[2])
{
	int size = 1 << 20;
	struct conn *c;

	net_tcp_pair(fds, 4096);
	setsockopt(fds[0], SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
	c = net_open_on(&net, net_worker(&net), fds[0]);
	for (int i = 0; i < 100; i++)
		conn_send(c, (const char[1000]){'x'}, 1000);
	ck_assert_uint_eq(conn_queued(c), 0);
	return c;
}

START_TEST(no_reset_before_all_is_acknowledged)
{
	int fds[2];
	uint64_t begin;
	struct conn *c;

	net.svc->linger_ms = 30;
	c = open_unacknowledged(fds);
	conn_close(c, CLOSE_DONE, NULL);
	for (begin = clock_mono_ms(); clock_mono_ms() < begin + 100;)
		net_turn(&net);
	ck_assert_uint_eq(net.crew.n_conns, 1);
	ck_assert_int_eq(net_read_all(&net, fds[1], &got), 1);
	ck_assert_uint_eq(got.len, 100000);
	wait_gone();
	NET_WAIT(&net, is_reset(fds[1]));
	close(fds[1]);
}
END_TEST

/* Elsewhere the kernel has ten seconds to bring its bytes to their reader. */
START_TEST(a_stop_waits_for_acknowledgement_as_long_as_drain)
{
	int fds[2];

	clock_hold();
	net.svc->linger_ms = 30;
	net.svc->drain_ms = 60;
	conn_close(open_unacknowledged(fds), CLOSE_STOPPING, NULL);
	pass_ms(59);
	ck_assert_uint_eq(net.crew.n_conns, 1);
	pass_ms(250); /* it looks that often */
	wait_gone();
	close(fds[1]);
}
END_TEST

START_TEST(quit_lingers_briefly)
{
	int fd;
	struct conn *c = net_open(&net, &fd);
	uint64_t begin = clock_mono_ms();

	conn_close(c, CLOSE_QUIT, NULL);
	wait_gone();
	ck_assert_uint_ge(clock_mono_ms() - begin, 240);
	close(fd);
}
END_TEST

START_TEST(timer_fires_once)
{
	int fd;
	struct conn *c = net_open(&net, &fd);
	uint64_t begin = clock_mono_ms();

	conn_set_timer(c, begin + 5000);
	conn_set_timer(c, begin + 30); /* moved nearer */
	NET_WAIT(&net, probe.log.len > 5);
	ck_assert_uint_ge(clock_mono_ms(), begin + 30);
	ck_log("open timer ");
	conn_set_timer(c, clock_mono_ms() + 10);
	conn_set_timer(c, clock_mono_ms() + 60); /* moved away */
	conn_set_timer(c, 0);                    /* taken back */
	for (begin = clock_mono_ms(); clock_mono_ms() < begin + 80;)
		net_turn(&net);
	ck_log("open timer ");
	conn_set_timer(c, 1); /* long ago */
	NET_WAIT(&net, probe.log.len > 11);
	ck_log("open timer timer ");
	conn_set_timer(c, clock_mono_ms() + 10);
	conn_close(c, CLOSE_DONE, NULL);
	for (begin = clock_mono_ms(); clock_mono_ms() < begin + 30;)
		net_turn(&net);
	ck_log("open timer timer closed(done) ");
	close(fd);
}
END_TEST

START_TEST(lost_connections_end_once)
{
	int fds[2];
	struct conn *c;
	struct linger hard = {.l_onoff = 1};

	net_tcp_pair(fds, 0);
	c = net_open_on(&net, net_worker(&net), fds[0]);
	setsockopt(fds[1], SOL_SOCKET, SO_LINGER, &hard, sizeof(hard));
	close(fds[1]);
	if (_i == 1) /* noticed while sending */
		conn_send(c, "x", 1);
	if (_i == 2) /* noticed while saying goodbye */
		conn_close(c, CLOSE_KICKED, "bob");
	wait_gone();
	ck_log(_i == 2 ? "open goodbye(kicked) closed(kicked) "
		       : "open closed(reset) ");
}
END_TEST

START_TEST(lost_while_draining_or_lingering)
{
	int fd;
	struct conn *c = net_open(&net, &fd);

	if (_i == 0)
		send_until_queued(c, 1);
	conn_close(c, CLOSE_DONE, NULL);
	ck_assert_uint_eq(net.crew.n_conns, 1);
	close(fd);
	wait_gone();
	ck_log("open closed(done) ");
}
END_TEST

START_TEST(closing_in_a_hook)
{
	static const char *const logs[] = {
		[OPEN] = "open ",
		[INPUT] = "open input(x) ",
		[DATA] = "open data(x) ",
		[HOOK_EOF] = "open eof ",
		[WRITABLE] = "open writable ",
		[TIMER] = "open timer ",
	};
	int fd;
	struct conn *c;
	char want[99];

	probe.close_in = (enum hook)_i;
	c = net_open(&net, &fd);
	if (_i == INPUT || _i == DATA)
		net_write(fd, "x");
	if (_i == HOOK_EOF)
		shutdown(fd, SHUT_WR);
	if (_i == TIMER)
		conn_set_timer(c, 1);
	if (_i == WRITABLE)
		send_until_queued(c, net.svc->output_soft);
	ck_assert_int_eq(net_read_all(&net, fd, &got), 1);
	snprintf(want, sizeof(want), "%s%sclosed(kicked) ", logs[_i],
		net.svc->type->raw ? "" : "goodbye(kicked) ");
	ck_log(want);
	(void)!send(fd, "late", 4, MSG_NOSIGNAL | MSG_DONTWAIT);
	net_turns(&net, 3);
	ck_log(want);
	close(fd);
	wait_gone();
	ck_log(want);
}
END_TEST

START_TEST(failing_to_open_closes)
{
	int fd;

	probe.fails_to_open = true;
	net_open(&net, &fd);
	ck_log("open goodbye(memory) closed(memory) ");
	ck_assert_int_eq(net_read_all(&net, fd, &got), 1);
	close(fd);
}
END_TEST

/* The kernel may refuse to watch a descriptor (it never watches plain files):
 * the protocol then hears nothing of it. */
START_TEST(what_cannot_be_watched_ends)
{
	struct sockaddr_in peer = {.sin_family = AF_INET};
	struct conn_origin from = {
		.fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC),
		.id = 1,
		.peer = (struct sockaddr *)&peer,
		.peer_len = sizeof(peer),
	};

	event_set_log_callback(ignore_log);
	conn_enter(net_worker(&net), net.svc->count);
	conn_open(net_worker(&net), net.svc, &from);
	net_turn(&net);
	ck_assert_uint_eq(net.crew.n_conns, 0);
	ck_log("");
}
END_TEST

START_TEST(refusals_are_told_and_end)
{
	int fds[2];
	struct sockaddr_storage peer;
	struct conn_origin from;

	net_unix_pair(fds);
	from = net_origin(&net, fds[0], &peer);
	conn_enter(net_worker(&net), NULL);
	ck_assert_ptr_nonnull(conn_open_refused(
		net_worker(&net), net.svc, &from, CLOSE_ADDRESS_FULL, "64"));
	net_write(fds[1], "hello?");
	ck_assert_int_eq(net_read_all(&net, fds[1], &got), 1);
	ck_assert_str_eq(got.data, "[address_full 64]");
	ck_log("goodbye(address_full) ");
	close(fds[1]);
	wait_gone();
	ck_log("goodbye(address_full) ");
}
END_TEST

START_TEST(all_are_closed_and_so_is_who_comes_later)
{
	int fds[3];

	net_open(&net, &fds[0]);
	net_open(&net, &fds[1]);
	crew_close_all(&net.crew, CLOSE_STOPPING);
	net_turns(&net, 2);
	net_open(&net, &fds[2]);
	for (int i = 0; i < 3; i++) {
		strbuf_clear(&got);
		ck_assert_int_eq(net_read_all(&net, fds[i], &got), 1);
		ck_assert_str_eq(got.data, "[stopping ]");
		close(fds[i]);
	}
	wait_gone();
}
END_TEST

START_TEST(many_come_and_go)
{
	enum { N = 300 };
	int fds[N];

	for (int i = 0; i < N; i++) {
		struct conn *c = net_open(&net, &fds[i]);

		conn_set_timer(c, clock_mono_ms() + (uint64_t)(i * 7919 % 50));
	}
	for (int i = 0; i < N; i++) {
		struct conn *c = worker_find_conn(
			net_worker(&net), (uint64_t)(i * 7 % N) + 1);

		ck_assert_ptr_nonnull(c);
		if (i % 3 == 0)
			conn_close(c, CLOSE_DONE, NULL);
		else if (i % 3 == 1)
			conn_close(c, CLOSE_RESET, NULL);
	}
	for (int i = 0; i < N; i++)
		close(fds[i]);
	probe.close_in = HOOK_EOF;
	wait_gone();
}
END_TEST

static TCase *add_case(Suite *s, const char *name, void (*set_up)(void))
{
	TCase *tc = tcase_create(name);

	tcase_add_checked_fixture(tc, set_up, tear_down);
	tcase_add_test(tc, state_is_zeroed_and_ids_are_found);
	tcase_add_test(tc, eof_without_a_hook_drains_and_ends);
	tcase_add_test(tc, eof_hook_may_go_on);
	tcase_add_loop_test(tc, wordless_reasons_say_nothing, 0, 5);
	tcase_add_test(tc, slow_reader_drains_as_long_as_it_reads);
	tcase_add_test(tc, timer_fires_once);
	tcase_add_test(tc, what_cannot_be_watched_ends);
	tcase_add_loop_test(tc, lost_while_draining_or_lingering, 0, 2);
	tcase_add_test(tc, quit_lingers_briefly);
	tcase_add_test(tc, many_come_and_go);
	suite_add_tcase(s, tc);
	return tc;
}

int main(void)
{
	Suite *s = suite_create("conn");
	TCase *raw = add_case(s, "raw", set_up_raw);
	TCase *line = add_case(s, "line", set_up_line);
	SRunner *sr = srunner_create(s);
	int failed;

	tcase_add_loop_test(raw, closing_in_a_hook, DATA, TIMER + 1);
	tcase_add_loop_test(line, closing_in_a_hook, OPEN, INPUT + 1);
	tcase_add_loop_test(line, closing_in_a_hook, HOOK_EOF, TIMER + 1);
	tcase_add_loop_test(line, drain_has_a_deadline, 0, 3);
	tcase_add_test(line, words_of_slow_name_the_mark);
	tcase_add_test(line, first_close_counts);
	tcase_add_test(line, goodbye_reaches_a_peer_that_is_still_sending);
	tcase_add_test(line, linger_ends_with_a_reset);
	tcase_add_test(line, no_reset_before_all_is_acknowledged);
	tcase_add_test(line, a_stop_waits_for_acknowledgement_as_long_as_drain);
	tcase_add_loop_test(line, lost_connections_end_once, 0, 3);
	tcase_add_test(line, failing_to_open_closes);
	tcase_add_test(line, refusals_are_told_and_end);
	tcase_add_test(line, all_are_closed_and_so_is_who_comes_later);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
