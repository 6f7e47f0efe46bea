/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "net/acceptor.h"

#include <check.h>
#include <stdio.h>
#include <sys/resource.h>

#include "acceptor_world.h"

/* A protocol that greets, and has words for those who may not come in. */
static size_t n_opened, n_closed;

static int on_open(struct conn *c)
{
	n_opened++;
	conn_send(c, "hi", 2);
	return 0;
}

static void on_input(struct conn *c, struct evbuffer *in)
{
}

static void on_goodbye(struct conn *c, enum close_reason why, const char *arg,
	struct strbuf *out)
{
	strbuf_addf(out, "[%s %s]", close_row(why)->code, arg);
}

static void on_closed(struct conn *c, enum close_reason why)
{
	n_closed++;
}

static const struct conn_ops ops = {
	.open = on_open,
	.input = on_input,
	.goodbye = on_goodbye,
	.closed = on_closed,
};
static const struct conn_type type = {.ops = &ops};
static const struct conn_ops silent_ops = {.input = on_input};
static const struct conn_type silent_type = {.ops = &silent_ops};

static void start(unsigned n_workers)
{
	acceptor_world_start(&type, n_workers);
}

static void set_up(void)
{
	start(1);
}

static void set_up_three(void)
{
	start(3);
}

static void tear_down(void)
{
	acceptor_world_stop();
}

static size_t come(void)
{
	return come_from("127.0.0.1");
}

static void go(size_t i)
{
	close(clients[i]);
	clients[i] = -1;
}

static void wait_conns(unsigned n)
{
	NET_WAIT(&net, net.crew.n_conns == n);
}

/* What is counted of the service; all who came are let in or refused. */
static struct metrics_service_sum counted(void)
{
	struct metrics_service_sum sum;
	uint64_t n = 0;

	service_sum(net.svc->count, &sum);
	for (unsigned why = 0; why < CLOSE_N; why++)
		n += sum.rejected[why];
	ck_assert_uint_eq(net.crew.n_accepted, sum.accepted[METRICS_TCP] + n);
	return sum;
}

START_TEST(connections_are_served)
{
	struct metrics_service_sum sum;

	use(set_new());
	for (int i = 0; i < 100; i++)
		come();
	for (size_t i = 0; i < 100; i++)
		ck_hears(i, "hi");
	ck_assert_uint_eq(net.crew.n_conns, 100);
	ck_assert_uint_eq(net.crew.n_accepted, 100);
	for (size_t i = 0; i < 100; i++)
		go(i);
	sum = counted();
	ck_assert_uint_eq(sum.accepted[METRICS_TCP], 100);
	ck_assert_uint_eq(metrics_n_open(&sum, METRICS_TCP), net.crew.n_conns);
	wait_conns(0);
	ck_assert_uint_eq(n_closed, 100);
	sum = counted();
	ck_assert_uint_eq(metrics_n_open(&sum, METRICS_TCP), 0);
	ck_assert_uint_eq(metrics_n_closed(&sum, CLOSE_EOF) +
			metrics_n_closed(&sum, CLOSE_RESET),
		100);
	ck_assert_uint_eq(sum.sent_bytes[0], 200);
}
END_TEST

START_TEST(a_turn_accepts_a_bounded_number)
{
	use(set_new());
	for (int i = 0; i < 100; i++)
		come();
	event_base_loop(
		worker_base(net_worker(&net)), EVLOOP_NONBLOCK | EVLOOP_ONCE);
	ck_assert_uint_gt(net.crew.n_accepted, 0);
	ck_assert_uint_le(net.crew.n_accepted, 32);
	NET_WAIT(&net, n_opened == 100);
}
END_TEST

START_TEST(workers_share)
{
	use(set_new());
	for (int i = 0; i < 30; i++)
		come();
	NET_WAIT(&net, n_opened == 30);
	for (unsigned i = 0; i < 3; i++)
		ck_assert_uint_eq(worker_load(net.crew.workers[i]), 10);
	ck_assert_uint_eq(net.svc->count->n_conns, 30);
	for (size_t i = 0; i < 30; i++)
		ck_hears(i, "hi");
}
END_TEST

START_TEST(the_server_may_be_full)
{
	struct accept_set *set = set_new();

	set->max_connections = 2;
	use(set);
	ck_hears(come(), "hi");
	ck_hears(come(), "hi");
	ck_hears(come(), "[full ]");
	ck_hears(come(), "[full ]");
	/* Those who are told so take nobody's place. */
	ck_assert_uint_eq(net.crew.n_conns, 4);
	go(0);
	wait_conns(3);
	ck_hears(come(), "hi");
	ck_hears(come(), "[full ]");
	ck_assert_uint_eq(n_opened, 3);
	ck_assert_uint_eq(counted().rejected[CLOSE_FULL], 3);
}
END_TEST

START_TEST(a_service_may_be_full)
{
	net.svc->max_connections = 1;
	use(set_new());
	ck_hears(come(), "hi");
	ck_hears(come(), "[full ]");
	ck_hears(come(), "[full ]");
	go(0);
	wait_conns(2);
	ck_hears(come(), "hi");
}
END_TEST

START_TEST(refusals_are_bounded)
{
	struct accept_set *set = set_new();

	set->max_connections = 0;
	set->max_refusals = 3;
	use(set);
	for (size_t i = 0; i < 3; i++)
		ck_hears(come(), "[full ]");
	ck_hears(come(), "");
	go(1);
	wait_conns(2);
	ck_hears(come(), "[full ]");
	ck_hears(come(), "");
}
END_TEST

START_TEST(silent_protocols_refuse_in_silence)
{
	struct accept_set *set;

	net.svc->type = &silent_type;
	set = set_new();
	set->max_connections = 0;
	use(set);
	ck_hears(come(), "");
	wait_conns(0);
}
END_TEST

static struct accept_set *strict_set(uint32_t connections, uint32_t rate)
{
	struct accept_set *set = set_new();

	set->per_address = (struct addrtab_limits){connections, {rate, 1000}};
	return set;
}

/* Also when its connections were served by other workers. */
START_TEST(an_address_may_be_full)
{
	use(strict_set(3, 1000));
	for (int i = 0; i < 3; i++)
		ck_hears(come(), "hi");
	ck_hears(come(), "[address_full 3]");
	ck_hears(come_from("127.0.0.2"), "hi");
	for (size_t i = 0; i < 3; i++)
		go(i);
	wait_conns(2);
	net_turns(&net, 3);
	for (int i = 0; i < 3; i++)
		ck_hears(come(), "hi");
	ck_hears(come(), "[address_full 3]");
}
END_TEST

START_TEST(an_address_may_be_too_fast)
{
	use(strict_set(1000, 2));
	ck_hears(come(), "hi");
	ck_hears(come(), "hi");
	ck_hears(come(), "[connect_rate ]");
	ck_hears(come_from("127.0.0.3"), "hi");
}
END_TEST

START_TEST(the_exempt_are_not_counted)
{
	struct accept_set *set = strict_set(1, 1);
	char text[] = "127.0.0.0/31", *items[] = {text};
	struct strlist texts = {items, 1};

	ck_assert_int_eq(netlist_init(&set->exempt, &texts), 0);
	use(set);
	for (int i = 0; i < 5; i++)
		ck_hears(come(), "hi");
	ck_hears(come_from("127.0.0.2"), "hi");
	ck_hears(come_from("127.0.0.2"), "[address_full 1]");
}
END_TEST

START_TEST(networks_may_be_shut_out)
{
	char text[] = "127.0.0.2", *items[] = {text};
	struct strlist texts = {items, 1};

	ck_assert_int_eq(netlist_init(&net.svc->allow, &texts), 0);
	use(set_new());
	ck_hears(come(), "");
	ck_hears(come_from("127.0.0.2"), "hi");
	ck_assert_uint_eq(n_opened, 1);
}
END_TEST

START_TEST(a_new_set_keeps_connections)
{
	struct listener *second = listen_on("127.0.0.1"), *first = listener;

	use(set_new());
	ck_hears(come(), "hi");
	listener = second;
	use(set_new());
	ck_hears(come(), "hi");
	ck_assert_uint_eq(net.crew.n_conns, 2);
	net_turns(&net, 3);
	ck_assert_uint_eq(n_closed, 0);
	/* The first one is not watched any more: it only has a reference. */
	listener = first;
	come();
	net_turns(&net, 3);
	ck_assert_uint_eq(net.crew.n_conns, 2);
	listener_unref(second);
}
END_TEST

START_TEST(counts_outlive_a_new_set)
{
	use(strict_set(2, 1000));
	ck_hears(come(), "hi");
	use(strict_set(1, 1000));
	ck_hears(come(), "[address_full 1]");
	go(0);
	wait_conns(1);
	net_turns(&net, 3);
	ck_hears(come(), "hi");
}
END_TEST

START_TEST(without_a_set_nobody_comes_in)
{
	use(set_new());
	ck_hears(come(), "hi");
	use(NULL);
	come();
	net_turns(&net, 3);
	ck_assert_uint_eq(n_opened, 1);
	use(set_new());
	ck_hears(1, "hi");
}
END_TEST

START_TEST(a_set_never_used_is_freed)
{
	commit(set_new());
	commit(NULL);
	commit(set_new());
	accept_set_free(set_new());
}
END_TEST

/* All descriptors in use: those who wait are let go, it does not spin, and
 * serves again when there are some. */
START_TEST(descriptors_may_run_out)
{
	struct rlimit old, low;
	int end;

	use(set_new());
	ck_hears(come(), "hi");
	for (int i = 0; i < 5; i++)
		come();
	getrlimit(RLIMIT_NOFILE, &old);
	low = old;
	low.rlim_cur = (rlim_t)clients[5] + 1;
	log_set_level((enum log_level)(LOG_LEVEL_ERROR - 1));
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &low), 0);
	net_turn(&net);
	ck_assert_uint_eq(n_opened, 1);
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &old), 0);
	come();
	net_turn(&net);
	ck_assert_uint_eq(n_opened, 1); /* it rests */
	for (size_t i = 1; i < 6; i++)
		NET_WAIT(&net, (end = net_read(clients[i], &got)) != 0);
	ck_assert_uint_eq(counted().rejected[CLOSE_FULL], 5);
	ck_hears(6, "hi");
	ck_assert_uint_eq(net.crew.n_conns, 2);
}
END_TEST

/* Readable, but there is nothing to accept. */
START_TEST(broken_listeners_do_not_spin)
{
	use(set_new());
	log_set_level((enum log_level)(LOG_LEVEL_ERROR - 1));
	shutdown(listener_fd(listener), SHUT_RDWR);
	net_turns(&net, 3); /* they end */
	ck_assert_uint_eq(net.crew.n_accepted, 0);
}
END_TEST

START_TEST(handed_over_at_the_end)
{
	use(set_new());
	for (int i = 0; i < 9; i++)
		come();
	/* Worker 0 accepts, the others never look into their mail. */
	event_base_loop(worker_base(net_worker(&net)), EVLOOP_NONBLOCK);
	ck_assert_uint_eq(net.crew.n_conns, 9);
	ck_assert_uint_eq(n_opened, 3);
	net_turns(&net, 2);
	ck_assert_uint_eq(n_opened, 9);
}
END_TEST

static TCase *add_case(Suite *s, const char *name, void (*fixture)(void))
{
	TCase *tc = tcase_create(name);

	tcase_add_checked_fixture(tc, fixture, tear_down);
	tcase_add_test(tc, connections_are_served);
	tcase_add_test(tc, the_server_may_be_full);
	tcase_add_test(tc, a_service_may_be_full);
	tcase_add_test(tc, refusals_are_bounded);
	tcase_add_test(tc, silent_protocols_refuse_in_silence);
	tcase_add_test(tc, an_address_may_be_full);
	tcase_add_test(tc, an_address_may_be_too_fast);
	tcase_add_test(tc, the_exempt_are_not_counted);
	tcase_add_test(tc, networks_may_be_shut_out);
	tcase_add_test(tc, a_new_set_keeps_connections);
	tcase_add_test(tc, counts_outlive_a_new_set);
	tcase_add_test(tc, without_a_set_nobody_comes_in);
	tcase_add_test(tc, a_set_never_used_is_freed);
	suite_add_tcase(s, tc);
	return tc;
}

int main(void)
{
	Suite *s = suite_create("acceptor");
	TCase *one = add_case(s, "one", set_up);
	TCase *three = add_case(s, "three", set_up_three);
	SRunner *sr = srunner_create(s);
	int failed;

	tcase_add_test(one, a_turn_accepts_a_bounded_number);
	tcase_add_test(one, descriptors_may_run_out);
	tcase_add_test(one, broken_listeners_do_not_spin);
	tcase_add_test(three, workers_share);
	tcase_add_test(three, handed_over_at_the_end);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
