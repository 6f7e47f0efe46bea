/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "net/receiver.h"

#include <check.h>
#include <stdio.h>

#include "base/errmsg.h"
#include "net/dgram.h"
#include "net/listener.h"
#include "net_world.h"

#define N_WORKERS 2

/* A protocol that answers with what came, after a prefix that the test sets;
 * to "hush" it says nothing. */
static const char *prefix;
static size_t n_asked;
static struct addr last_to;

static bool on_datagram(const struct datagram *in, struct datagram_answer *out)
{
	const char *own = in->service->options;

	n_asked++;
	last_to = (struct addr){.len = in->to->sa_family == AF_INET
			? sizeof(last_to.in)
			: sizeof(last_to.in6)};
	memcpy(&last_to.sa, in->to, last_to.len);
	if (in->len == 4 && memcmp(in->data, "hush", 4) == 0)
		return false;
	if (!own)
		own = prefix;
	datagram_answer_add(out, own, strlen(own));
	datagram_answer_add(out, in->data, in->len);
	return true;
}

static void on_data(struct conn *c, const void *data, size_t len)
{
}

static const struct conn_ops ops = {.data = on_data};
static const struct conn_type type = {
	.ops = &ops, .raw = true, .datagram = on_datagram};

static struct net_world net;
static struct receiver *receiver;
static int client;

static void set_up(void)
{
	net_start(&net, &type, N_WORKERS);
	ck_assert_int_eq(receiver_new(&receiver, &net.crew), 0);
	prefix = "";
	n_asked = 0;
	client = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
}

static void tear_down(void)
{
	close(client);
	receiver_free(receiver);
	net_stop(&net);
}

static struct addr address(const char *ip)
{
	struct addr a = {.len = sizeof(a.in)};

	if (strchr(ip, ':')) {
		a.len = sizeof(a.in6);
		a.in6.sin6_family = AF_INET6;
		inet_pton(AF_INET6, ip, &a.in6.sin6_addr);
	} else {
		a.in.sin_family = AF_INET;
		inet_pton(AF_INET, ip, &a.in.sin_addr);
	}
	return a;
}

static struct listener *open_at(const char *ip)
{
	static const struct listener_settings settings = {0};
	const struct listener_name name = {
		"test", "x", address(ip), .datagram = true};
	struct errmsg msg = {""};
	struct listener *l;

	ck_assert_msg(
		listener_open(&l, &name, &settings, &msg) == 0, "%s", msg.text);
	return l;
}

static struct receive_set *set_of(struct listener *const *listeners, size_t n)
{
	struct receive_set *set = receive_set_new();

	for (size_t i = 0; i < n; i++)
		ck_assert_int_eq(
			receive_set_add(set, listener_ref(listeners[i]),
				service_ref(net.svc)),
			0);
	return set;
}

static void use(struct receive_set *set)
{
	struct receive_change *change = receiver_prepare(receiver, set);

	ck_assert_ptr_nonnull(change);
	receiver_commit(change);
}

/* Opens and uses one socket. */
static struct listener *serve(const char *ip)
{
	struct listener *l = open_at(ip);

	use(set_of(&l, 1));
	net_turn(&net);
	return l;
}

static void ask(const struct addr *to, const void *data, size_t len)
{
	ck_assert_int_eq(
		sendto(client, data, len, 0, &to->sa, to->len), (ssize_t)len);
}

/* Waits for one datagram. */
static size_t answer(char *buf, size_t size, struct addr *from)
{
	ssize_t n;

	from->len = sizeof(from->un);
	NET_WAIT(&net,
		(n = recvfrom(client, buf, size, 0, &from->sa, &from->len)) >=
			0);
	return (size_t)n;
}

static const char *text_of(const struct addr *a, int nth)
{
	static char text[2][ADDR_LEN];

	return addr_format(text[nth], &a->sa, a->len);
}

static void assert_echoes(const struct addr *to, const char *text)
{
	struct addr from;
	char buf[512];
	size_t n;

	ask(to, text, strlen(text));
	n = answer(buf, sizeof(buf), &from);
	ck_assert_uint_eq(n, strlen(text));
	ck_assert_int_eq(memcmp(buf, text, n), 0);
	ck_assert(addr_equal(&from, to));
	ck_assert_str_eq(text_of(&from, 0), text_of(&last_to, 1));
}

static uint64_t refused(enum dgram_refusal why)
{
	return receiver_counts(receiver).refused[why];
}

START_TEST(each_datagram_is_answered_from_where_it_went)
{
	static const char *const ips[] = {"127.0.0.1", "127.0.0.7"};
	struct listener *l = serve("0.0.0.0");
	struct addr to = *listener_addr(l);

	for (int i = 0; i < 2; i++) {
		inet_pton(AF_INET, ips[i], &to.in.sin_addr);
		assert_echoes(&to, "abc");
		assert_echoes(&to, "");
	}
	ck_assert_uint_eq(receiver_counts(receiver).received, 4);
	ck_assert_uint_eq(receiver_counts(receiver).answered, 4);
	listener_unref(l);
}
END_TEST

START_TEST(one_socket_serves_both_families)
{
	struct listener *l = serve("::");
	struct addr to = address("127.0.0.9");
	int fd;

	to.in.sin_port = listener_addr(l)->in.sin_port;
	assert_echoes(&to, "four");
	ck_assert_int_eq(last_to.sa.sa_family, listener_addr(l)->sa.sa_family);
	fd = socket(AF_INET6, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd >= 0) {
		close(client);
		client = fd;
		to = address("::1");
		to.in6.sin6_port = listener_addr(l)->in.sin_port;
		assert_echoes(&to, "six");
	}
	listener_unref(l);
}
END_TEST

START_TEST(the_longest_datagram_comes_back)
{
	static char sent[65507], got[65536];
	struct listener *l = serve("127.0.0.1");
	struct addr from;

	for (size_t i = 0; i < sizeof(sent); i++)
		sent[i] = (char)(i * 7 + i / 251);
	ask(listener_addr(l), sent, sizeof(sent));
	ck_assert_uint_eq(answer(got, sizeof(got), &from), sizeof(sent));
	ck_assert_int_eq(memcmp(sent, got, sizeof(sent)), 0);
	listener_unref(l);
}
END_TEST

/* What cannot be sent is counted, and those beside it are answered. */
START_TEST(an_answer_too_long_harms_nobody)
{
	static char sent[65507], got[65536];
	struct listener *l = serve("127.0.0.1");
	struct addr from;

	prefix = ">";
	ask(listener_addr(l), "a", 1);
	ask(listener_addr(l), sent, sizeof(sent));
	ask(listener_addr(l), sent, sizeof(sent));
	ask(listener_addr(l), "b", 1);
	ck_assert_uint_eq(answer(got, sizeof(got), &from), 2);
	ck_assert_int_eq(memcmp(got, ">a", 2), 0);
	ck_assert_uint_eq(answer(got, sizeof(got), &from), 2);
	ck_assert_int_eq(memcmp(got, ">b", 2), 0);
	ck_assert_uint_eq(refused(DGRAM_FAILED), 2);
	ck_assert_uint_eq(receiver_counts(receiver).answered, 2);
	listener_unref(l);
}
END_TEST

START_TEST(silence_is_no_refusal)
{
	struct listener *l = serve("127.0.0.1");

	ask(listener_addr(l), "hush", 4);
	assert_echoes(listener_addr(l), "x");
	ck_assert_uint_eq(n_asked, 2);
	ck_assert_uint_eq(receiver_counts(receiver).received, 2);
	ck_assert_uint_eq(receiver_counts(receiver).answered, 1);
	for (int i = 0; i < DGRAM_N_REFUSALS; i++)
		ck_assert_uint_eq(refused((enum dgram_refusal)i), 0);
	listener_unref(l);
}
END_TEST

START_TEST(strangers_do_not_reach_the_protocol)
{
	struct listener *l = serve("127.0.0.1");

	net.svc->allow.nets = calloc(1, sizeof(struct network));
	net.svc->allow.n_nets = 1;
	network_parse("10.0.0.0/8", net.svc->allow.nets, NULL);
	ask(listener_addr(l), "x", 1);
	NET_WAIT(&net, refused(DGRAM_NOT_ALLOWED) == 1);
	ck_assert_uint_eq(n_asked, 0);
	listener_unref(l);
}
END_TEST

/* One of the daemon's own sockets asks the other. */
START_TEST(own_ports_are_not_answered)
{
	struct listener *both[] = {open_at("127.0.0.1"), open_at("127.0.0.1")};
	const struct addr *to = listener_addr(both[0]);

	use(set_of(both, 2));
	net_turn(&net);
	ck_assert_int_eq(
		sendto(listener_fd(both[1]), "loop", 4, 0, &to->sa, to->len),
		4);
	NET_WAIT(&net, refused(DGRAM_OWN_PORT) == 1);
	ck_assert_uint_eq(n_asked, 1);

	/* It is no longer ours: it may ask. */
	use(set_of(both, 1));
	net_turn(&net);
	ck_assert_int_eq(
		sendto(listener_fd(both[1]), "fine", 4, 0, &to->sa, to->len),
		4);
	NET_WAIT(&net, receiver_counts(receiver).answered == 1);
	ck_assert_uint_eq(refused(DGRAM_OWN_PORT), 1);
	listener_unref(both[0]);
	listener_unref(both[1]);
}
END_TEST

/* What sockets beside it are sent later is. */
START_TEST(a_broadcast_is_not_answered)
{
	struct listener *l[] = {
		open_at("0.0.0.0"), open_at("127.0.0.1"), open_at("127.0.0.1")};
	struct addr to = *listener_addr(l[0]);
	int on = 1;

	use(set_of(l, 3));
	net_turn(&net);
	inet_pton(AF_INET, "127.255.255.255", &to.in.sin_addr);
	setsockopt(client, SOL_SOCKET, SO_BROADCAST, &on, sizeof(on));
	for (int i = 0; i < 40; i++)
		ask(&to, "all", 3);
	NET_WAIT(&net, refused(DGRAM_GROUP) == 40);
	for (int i = 0; i < 40; i++)
		ask(listener_addr(l[1 + i % 2]), "you", 3);
	NET_WAIT(&net, receiver_counts(receiver).received == 80);
	ck_assert_uint_eq(receiver_counts(receiver).answered, 40);
	for (int i = 0; i < 3; i++)
		listener_unref(l[i]);
}
END_TEST

START_TEST(one_address_is_not_flooded)
{
	struct listener *l = open_at("127.0.0.1");
	struct receive_set *set = set_of(&l, 1);

	set->answers = (struct rate_spec){1, 3600000};
	use(set);
	for (int i = 0; i < 150; i++)
		ask(listener_addr(l), "x", 1);
	NET_WAIT(&net, receiver_counts(receiver).received == 150);
	for (int i = 0; i < 150; i++)
		ask(listener_addr(l), "x", 1);
	NET_WAIT(&net, receiver_counts(receiver).received == 300);
	ck_assert_uint_eq(receiver_counts(receiver).answered, 200);
	ck_assert_uint_eq(refused(DGRAM_RATE), 100);
	listener_unref(l);
}
END_TEST

START_TEST(a_turn_is_bounded)
{
	struct listener *l = serve("127.0.0.1");
	uint64_t n;

	for (int i = 0; i < 200; i++)
		ask(listener_addr(l), "x", 1);
	for (unsigned i = 0; i < N_WORKERS; i++)
		event_base_loop(worker_base(net.crew.workers[i]),
			EVLOOP_ONCE | EVLOOP_NONBLOCK);
	n = receiver_counts(receiver).received;
	ck_assert_uint_gt(n, 0);
	ck_assert_uint_lt(n, 200);
	NET_WAIT(&net, receiver_counts(receiver).received == 200);
	listener_unref(l);
}
END_TEST

/* A change: what waits in a socket is answered by the new settings. */
START_TEST(a_socket_that_stays_loses_nothing)
{
	struct listener *l = serve("127.0.0.1");
	struct receive_set *set = receive_set_new();
	struct service *svc = service_new("test", &type, NULL);
	struct addr from;
	char buf[16];

	svc->options = "new ";
	ck_assert_int_eq(receive_set_add(set, listener_ref(l), svc), 0);
	ask(listener_addr(l), "a", 1);
	ask(listener_addr(l), "b", 1);
	use(set);
	/* The letter may run before or after what waits is seen. */
	net_turns(&net, 3);
	ask(listener_addr(l), "c", 1);
	ck_assert_uint_ge(answer(buf, sizeof(buf), &from), 1);
	ck_assert_uint_ge(answer(buf, sizeof(buf), &from), 1);
	ck_assert_uint_eq(answer(buf, sizeof(buf), &from), 5);
	ck_assert_int_eq(memcmp(buf, "new c", 5), 0);
	listener_unref(l);
}
END_TEST

START_TEST(a_socket_that_goes_is_closed)
{
	struct listener *l = serve("127.0.0.1");
	struct addr to = *listener_addr(l);
	char byte;

	listener_unref(l);
	assert_echoes(&to, "x");
	use(NULL);
	net_turn(&net);
	ck_assert_int_eq(connect(client, &to.sa, to.len), 0);
	ck_assert_int_eq(send(client, "x", 1, 0), 1);
	ck_assert_int_eq(recv(client, &byte, 1, 0), -1);
	ck_assert_int_eq(errno, ECONNREFUSED);
}
END_TEST

static int n_events(unsigned worker)
{
	return event_base_get_num_events(
		worker_base(net.crew.workers[worker]), EVENT_BASE_COUNT_ADDED);
}

START_TEST(sockets_are_spread_and_stay)
{
	struct listener *l[5];
	int before[N_WORKERS] = {n_events(0), n_events(1)};

	for (size_t i = 0; i < 5; i++)
		l[i] = open_at("127.0.0.1");
	use(set_of(l, 4));
	net_turn(&net);
	ck_assert_int_eq(n_events(0) - before[0], 2);
	ck_assert_int_eq(n_events(1) - before[1], 2);
	use(set_of(l, 5));
	net_turn(&net);
	ck_assert_int_eq(n_events(0) + n_events(1) - before[0] - before[1], 5);
	/* Two that were on one worker stay there together. */
	use(set_of((struct listener *[]){l[0], l[2]}, 2));
	net_turn(&net);
	ck_assert_int_eq(
		abs(n_events(0) - before[0] - n_events(1) + before[1]), 2);
	for (size_t i = 0; i < 5; i++)
		listener_unref(l[i]);
}
END_TEST

START_TEST(a_change_that_is_not_made_leaves_nothing)
{
	struct listener *l = open_at("127.0.0.1");
	struct receive_change *change = receiver_prepare(
		receiver, set_of(&l, 1));

	ck_assert_ptr_nonnull(change);
	receive_change_free(change);
	receive_change_free(NULL);
	/* One that no worker gets to see any more. */
	use(set_of(&l, 1));
	listener_unref(l);
}
END_TEST

START_TEST(counts_are_told_by_name)
{
	struct receive_counts counts = {.received = 9};
	struct strbuf text = {0};

	receive_counts_format(&counts, &text);
	ck_assert_str_eq(net_text(&text), "");
	counts.refused[DGRAM_LOW_PORT] = 3;
	counts.refused[DGRAM_RATE] = 12345678901;
	receive_counts_format(&counts, &text);
	ck_assert_str_eq(net_text(&text), " low_port=3 rate=12345678901");
	strbuf_fini(&text);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("receiver");
	TCase *tc = tcase_create("receiver");
	SRunner *sr = srunner_create(s);
	int failed;

	tcase_add_checked_fixture(tc, set_up, tear_down);
	tcase_add_test(tc, each_datagram_is_answered_from_where_it_went);
	tcase_add_test(tc, one_socket_serves_both_families);
	tcase_add_test(tc, the_longest_datagram_comes_back);
	tcase_add_test(tc, an_answer_too_long_harms_nobody);
	tcase_add_test(tc, silence_is_no_refusal);
	tcase_add_test(tc, strangers_do_not_reach_the_protocol);
	tcase_add_test(tc, own_ports_are_not_answered);
	tcase_add_test(tc, a_broadcast_is_not_answered);
	tcase_add_test(tc, one_address_is_not_flooded);
	tcase_add_test(tc, a_turn_is_bounded);
	tcase_add_test(tc, a_socket_that_stays_loses_nothing);
	tcase_add_test(tc, a_socket_that_goes_is_closed);
	tcase_add_test(tc, sockets_are_spread_and_stay);
	tcase_add_test(tc, a_change_that_is_not_made_leaves_nothing);
	tcase_add_test(tc, counts_are_told_by_name);
	suite_add_tcase(s, tc);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
