/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Closing the connections of one service (net/service_close.c). */
#include "net/service.h"

#include "net_world.h"

static void on_input(struct conn *c, struct evbuffer *in)
{
}

static const struct conn_ops ops = {.input = on_input};
static const struct conn_type type = {.ops = &ops};
static struct net_world net;

static void set_up(void)
{
	net_start(&net, &type, 3);
}

static void tear_down(void)
{
	net_stop(&net);
}

/* On each worker one connection of svc; peers[i] is its other end. */
static void open_all(struct service *svc, int peers[3])
{
	struct service *usual = net.svc;

	net.svc = svc;
	for (unsigned i = 0; i < 3; i++) {
		int fds[2];

		net_unix_pair(fds);
		peers[i] = fds[1];
		net_open_on(&net, net.crew.workers[i], fds[0]);
	}
	net.svc = usual;
}

static bool is_closed(int peer)
{
	struct strbuf got = {0};
	int end = net_read(peer, &got);

	strbuf_fini(&got);
	return end != 0;
}

static void hang_up(const int peers[3])
{
	for (unsigned i = 0; i < 3; i++)
		close(peers[i]);
}

/* All workers, those of an older configuration too, and no other service. */
START_TEST(closes_one_service_everywhere)
{
	struct service *other = service_new("other", &type, NULL);
	struct service *again = service_new("test", &type, net.svc->count);
	int peers[3], others[3], later[3];

	again->linger_ms = other->linger_ms = NET_PATIENCE_MS;
	again->drain_ms = other->drain_ms = NET_PATIENCE_MS;
	open_all(net.svc, peers);
	open_all(other, others);
	open_all(again, later);
	net_turn(&net);
	ck_assert_int_eq(
		crew_close_service(&net.crew, again, CLOSE_STOPPING), 0);
	for (unsigned i = 0; i < 3; i++) {
		NET_WAIT(&net, is_closed(peers[i]));
		NET_WAIT(&net, is_closed(later[i]));
		ck_assert(!is_closed(others[i]));
	}
	hang_up(peers);
	hang_up(later);
	NET_WAIT(&net, net.crew.n_conns == 3);
	hang_up(others);
	NET_WAIT(&net, net.crew.n_conns == 0);
	service_unref(other);
	service_unref(again);
}
END_TEST

/* An order that nobody carries out any more keeps nothing. */
START_TEST(order_without_workers)
{
	ck_assert_int_eq(
		crew_close_service(&net.crew, net.svc, CLOSE_STOPPING), 0);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("service_close");
	TCase *tc = tcase_create("service_close");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(tc, set_up, tear_down);
	tcase_add_test(tc, closes_one_service_everywhere);
	tcase_add_test(tc, order_without_workers);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
