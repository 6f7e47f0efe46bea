/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What comes from each address, with an acceptor on workers that the test turns
 * by itself; the asker is one more loop. */
#include "net/addresses.h"

#include <check.h>

#include "base/errmsg.h"
#include "net/acceptor.h"
#include "net/listener.h"
#include "net/mailbox.h"
#include "net_world.h"

#define N_CLIENTS 20

static void on_data(struct conn *c, const void *data, size_t len)
{
}

static const struct conn_ops ops = {.data = on_data};
static const struct conn_type type = {.ops = &ops, .raw = true};

static struct net_world net;
static struct acceptor *acceptor;
static struct listener *listener;
static struct event_base *base;
static struct mailbox *box;
static int clients[N_CLIENTS];
static size_t n_clients;

static struct {
	int n_calls;
	size_t n_rows, n_found;
	struct address_row rows[8];
	uint64_t window_ms;
} got;

static void listen_here(void)
{
	static const struct listener_settings settings = {.backlog = 64};
	struct addr addr = {.len = sizeof(addr.in)};
	struct errmsg msg = {""};

	addr.in.sin_family = AF_INET;
	ck_assert_msg(listener_open(&listener,
			      &(struct listener_name){"test", "x", addr},
			      &settings, &msg) == 0,
		"%s", msg.text);
}

static void use(uint32_t per_address)
{
	struct accept_set *set = accept_set_new();

	set->max_connections = 1000;
	set->per_address = (struct addrtab_limits){per_address, {1000, 1000}};
	ck_assert_int_eq(accept_set_add(set, listener_ref(listener),
				 service_ref(net.svc)),
		0);
	acceptor_commit(acceptor_prepare(acceptor, set));
	net_turn(&net);
}

static void set_up(void)
{
	memset(&got, 0, sizeof(got));
	n_clients = 0;
	net_start(&net, &type, 2);
	ck_assert_int_eq(acceptor_new(&acceptor, &net.crew), 0);
	listen_here();
	base = event_base_new();
	ck_assert_int_eq(mailbox_new(&box, base, NULL), 0);
	use(5);
}

static void tear_down(void)
{
	acceptor_free(acceptor);
	net_stop(&net);
	listener_unref(listener);
	mailbox_free(box);
	event_base_free(base);
	for (size_t i = 0; i < n_clients; i++)
		close(clients[i]);
}

static void connect_from(const char *ip)
{
	struct sockaddr_in in = {.sin_family = AF_INET};
	struct addr to = *listener_addr(listener);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	ck_assert_uint_lt(n_clients, N_CLIENTS);
	inet_pton(AF_INET, ip, &in.sin_addr);
	ck_assert_int_eq(bind(fd, (struct sockaddr *)&in, sizeof(in)), 0);
	inet_pton(AF_INET, "127.0.0.1", &to.in.sin_addr);
	ck_assert_int_eq(connect(fd, &to.sa, to.len), 0);
	net_set_nonblock(fd);
	clients[n_clients++] = fd;
	net_turn(&net);
}

static void on_found(void *arg, uint64_t ref, const struct addresses *found)
{
	ck_assert_uint_eq(ref, 9);
	ck_assert_ptr_nonnull(found);
	ck_assert(!found->is_short);
	ck_assert_uint_le(found->n_rows, 8);
	got.n_calls++;
	got.n_rows = found->n_rows;
	got.n_found = found->n_found;
	got.window_ms = found->window_ms;
	memcpy(got.rows, found->rows, found->n_rows * sizeof(got.rows[0]));
}

static void ask(const char *network, size_t limit)
{
	const struct addresses_asker asker = {on_found, NULL, 9, base, box};
	struct addresses_query query = {.limit = limit};

	if (network)
		ck_assert_int_eq(
			network_parse(network, &query.network, NULL), 0);
	query.has_network = network != NULL;
	ck_assert_int_eq(addresses_ask(acceptor, &query, &asker), 0);
}

static void turn(void)
{
	net_turn(&net);
	event_base_loop(base, EVLOOP_NONBLOCK);
}

static void wait_for_answer(void)
{
	uint64_t end = clock_mono_ms() + NET_PATIENCE_MS / 2;

	while (!got.n_calls) {
		ck_assert(clock_mono_ms() < end);
		turn();
	}
	got.n_calls = 0;
}

static const struct address_row *row_of(const char *key)
{
	char buf[PEER_KEY_LEN];

	for (size_t i = 0; i < got.n_rows; i++)
		if (strcmp(peer_key_format(buf, &got.rows[i].key), key) == 0)
			return &got.rows[i];
	ck_abort_msg("%s is not there", key);
	return NULL;
}

START_TEST(brings_together_what_comes_from_one)
{
	const struct address_row *row;

	for (int i = 0; i < 3; i++)
		connect_from("127.0.0.2");
	for (int i = 0; i < 8; i++)
		connect_from("127.0.0.3"); /* 5 are allowed */
	ask(NULL, 8);
	wait_for_answer();
	ck_assert_uint_ge(got.window_ms, ADDRESSES_WINDOW_MS - 20);
	ck_assert_uint_eq(got.n_found, 2);
	row = row_of("127.0.0.2");
	ck_assert_uint_eq(row->n_open, 3);
	ck_assert_uint_eq(row->counts[ADDRTAB_ACCEPTED], 3);
	ck_assert_uint_eq(row->counts[ADDRTAB_ADDRESS_FULL], 0);
	ck_assert_uint_eq(row->n_accepted, 0);
	row = row_of("127.0.0.3");
	ck_assert_uint_eq(row->n_open, 5);
	ck_assert_uint_eq(row->counts[ADDRTAB_ACCEPTED], 5);
	ck_assert_uint_eq(row->counts[ADDRTAB_ADDRESS_FULL], 3);
	ck_assert_uint_eq(row->n_refused, 0);
}
END_TEST

/* What happened before does not count, what happens between the looks does,
 * also by those who came meanwhile; and who does most comes first. */
START_TEST(tells_what_happens_now)
{
	connect_from("127.0.0.2");
	connect_from("127.0.0.3");
	for (int i = 0; i < 50; i++) {
		net_write(clients[0], "before");
		net_turns(&net, 2);
	}
	ask(NULL, 8);
	for (int i = 0; i < 20; i++)
		turn(); /* the first look is done */
	for (int i = 0; i < 10; i++) {
		net_write(clients[1], "now");
		net_turns(&net, 2);
	}
	for (int i = 0; i < 6; i++)
		connect_from("127.0.0.4");
	net_write(clients[2], "too");
	wait_for_answer();
	ck_assert_uint_eq(got.n_rows, 3);
	ck_assert_ptr_eq(row_of("127.0.0.3"), &got.rows[0]);
	ck_assert_uint_eq(got.rows[0].n_messages, 10);
	ck_assert_uint_eq(got.rows[0].in_bytes, 30);
	ck_assert_ptr_eq(row_of("127.0.0.4"), &got.rows[1]);
	ck_assert_uint_eq(got.rows[1].n_accepted, 5);
	ck_assert_uint_eq(got.rows[1].n_refused, 1);
	ck_assert_uint_eq(got.rows[1].n_messages, 1);
	ck_assert_uint_eq(got.rows[2].n_messages, 0);
}
END_TEST

START_TEST(shows_what_was_asked_for)
{
	connect_from("127.0.0.2");
	connect_from("127.0.0.3");
	connect_from("127.0.0.3");
	ask(NULL, 1);
	wait_for_answer();
	ck_assert_uint_eq(got.n_rows, 1);
	ck_assert_uint_eq(got.n_found, 2);
	ck_assert_ptr_nonnull(row_of("127.0.0.3"));
	ask("127.0.0.2", 8);
	wait_for_answer();
	ck_assert_uint_eq(got.n_found, 1);
	ck_assert_ptr_nonnull(row_of("127.0.0.2"));
}
END_TEST

/* In the first look, in the pause, and in the second look. */
START_TEST(may_end_at_any_time)
{
	connect_from("127.0.0.2");
	ask(NULL, 8);
	ask(NULL, 8);
	if (_i > 0)
		for (int i = 0; i < 20; i++)
			turn();
	if (_i > 1) {
		struct timeval wait = {.tv_usec = ADDRESSES_WINDOW_MS * 1100};

		event_base_loopexit(base, &wait);
		event_base_loop(base, EVLOOP_NO_EXIT_ON_EMPTY);
	}
	ck_assert_int_eq(got.n_calls, 0);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("addresses");
	TCase *tc = tcase_create("addresses");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_checked_fixture(tc, set_up, tear_down);
	tcase_add_test(tc, brings_together_what_comes_from_one);
	tcase_add_test(tc, tells_what_happens_now);
	tcase_add_test(tc, shows_what_was_asked_for);
	tcase_add_loop_test(tc, may_end_at_any_time, 0, 3);
	suite_add_tcase(suite, tc);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
