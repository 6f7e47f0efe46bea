/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Many connections have something to do at once, and each of it takes a
 * millisecond: a turn of the loop does a few of them, all have their turn, and
 * nobody has a second one before that. */
#include <stdio.h>

#include <event2/buffer.h>

#include "held_clock.h"
#include "net_world.h"

#define N 20

static struct net_world net;
static struct conn *conns[N];
static int peers[N];
static struct strbuf order; /* of what was done: a letter each */
static unsigned n_done;

static void work(struct conn *c)
{
	strbuf_addc(&order, (char)('a' + conn_id(c) - 1));
	n_done++;
	clock_pass_ms(1);
}

static void on_input(struct conn *c, struct evbuffer *in)
{
	evbuffer_drain(in, evbuffer_get_length(in));
	work(c);
}

static void on_eof(struct conn *c, struct evbuffer *in)
{
	work(c);
	conn_close(c, CLOSE_EOF, NULL);
}

static void on_closed(struct conn *c, enum close_reason why)
{
	if (why == CLOSE_RESET)
		work(c);
}

static const struct conn_ops ops = {
	.input = on_input, .eof = on_eof, .timer = work, .closed = on_closed};
static const struct conn_type type = {.ops = &ops};

static void set_up(void)
{
	net_start(&net, &type, 1);
	for (int i = 0; i < N; i++)
		conns[i] = net_open(&net, &peers[i]);
	net_turns(&net, 3);
	strbuf_adds(&order, "");
	clock_hold();
}

static void tear_down(void)
{
	clock_release();
	net_stop(&net);
	for (int i = 0; i < N; i++)
		close(peers[i]);
	strbuf_fini(&order);
}

/* One and no more, unlike net_turn(), which goes on while there is something. */
static void turn_once(void)
{
	event_base_loop(
		worker_base(net_worker(&net)), EVLOOP_ONCE | EVLOOP_NONBLOCK);
}

/* Turns until n are done, no more than `most` in any of them. */
static void take_turns(unsigned n, unsigned most)
{
	for (int i = 0; n_done < n; i++) {
		unsigned before = n_done;

		ck_assert_int_lt(i, 3 * N);
		turn_once();
		ck_assert_uint_le(n_done - before, most);
	}
	ck_assert_uint_eq(n_done, n);
}

static void ck_all_once(const char *from)
{
	bool seen[N] = {false};

	for (int i = 0; i < N; i++) {
		ck_assert(!seen[from[i] - 'a']);
		seen[from[i] - 'a'] = true;
	}
}

START_TEST(input)
{
	for (int i = 0; i < N; i++)
		net_write(peers[i], ".");
	take_turns(2, 2);
	/* The first have more to say, and wait until all had their turn. */
	for (int i = 0; i < N; i++)
		net_write(peers[i], ".");
	take_turns(2 * N, 4);
	ck_all_once(order.data);
	ck_all_once(order.data + N);
}
END_TEST

START_TEST(ends_of_input)
{
	for (int i = 0; i < N; i++)
		shutdown(peers[i], SHUT_WR);
	take_turns(N, 3);
	ck_all_once(order.data);
	for (int i = 0; i < N; i++)
		ck_assert_int_eq(net_read_all(&net, peers[i], &order), 1);
}
END_TEST

START_TEST(losses)
{
	for (int i = 0; i < N; i++)
		conn_send(conns[i], "unread", 6);
	for (int i = 0; i < N; i++) {
		close(peers[i]);
		peers[i] = -1;
	}
	take_turns(N, 3);
	ck_all_once(order.data);
	net_turns(&net, 3);
	ck_assert_uint_eq(net.crew.n_conns, 0);
}
END_TEST

/* Whoever is closed while it waits for its end ends once. */
START_TEST(closed_while_it_waits)
{
	for (int i = 0; i < N; i++)
		shutdown(peers[i], SHUT_WR);
	take_turns(2, 2);
	for (int i = 0; i < N; i++)
		if (!strchr(order.data, 'a' + i))
			conn_close(conns[i], CLOSE_DONE, NULL);
	net_turns(&net, 2 * N);
	ck_assert_uint_eq(n_done, 2);
	ck_assert_uint_eq(net.crew.n_conns, 0);
}
END_TEST

START_TEST(timers)
{
	uint64_t now = worker_now_ms(net_worker(&net));

	for (int i = 0; i < N; i++)
		conn_set_timer(conns[i], now + 1);
	clock_pass_ms(1);
	take_turns(N, 8);
	ck_all_once(order.data);
}
END_TEST

static void on_changed(void *arg)
{
	clock_pass_ms(1);
}

START_TEST(freeing)
{
	unsigned left = N;

	net.crew.changed = on_changed;
	for (int i = 0; i < N; i++)
		conn_close(conns[i], CLOSE_RESET, NULL);
	for (int i = 0; i < N && left > 0; i++) {
		turn_once();
		ck_assert_uint_le(left - net.crew.n_conns, 8);
		left = net.crew.n_conns;
	}
	ck_assert_uint_eq(left, 0);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("conn_turns");
	TCase *tc = tcase_create("all");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(tc, set_up, tear_down);
	tcase_add_test(tc, input);
	tcase_add_test(tc, ends_of_input);
	tcase_add_test(tc, losses);
	tcase_add_test(tc, closed_while_it_waits);
	tcase_add_test(tc, timers);
	tcase_add_test(tc, freeing);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
