/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Connections of proxies, from accept until they are let in. */
#include <check.h>
#include <stdio.h>
#include <sys/resource.h>

#include <event2/buffer.h>

#include "base/errmsg.h"
#include "net/acceptor.h"
#include "net/listener.h"
#include "net_world.h"

#define MAX_CLIENTS 200
#define FROM(ip)    "PROXY TCP4 " ip " 192.0.2.1 51234 7008\r\n"
#define LOCAL       "\r\n\r\n\0\r\nQUIT\n\x20\0\0\0"
#define LOCAL_LEN   16

/* A protocol that tells whom it serves, then gives back what it reads. */
static size_t n_opened;

static int on_open(struct conn *c)
{
	char text[2 * ADDR_LEN], peer[ADDR_LEN], local[ADDR_LEN];

	n_opened++;
	snprintf(text, sizeof(text), "<%s %s %s>", conn_service(c)->name,
		conn_peer_text(c, peer), conn_local_text(c, local));
	conn_send(c, text, strlen(text));
	return 0;
}

static void on_input(struct conn *c, struct evbuffer *in)
{
	size_t len = evbuffer_get_length(in);

	conn_send(c, evbuffer_pullup(in, -1), len);
	evbuffer_drain(in, len);
}

static void on_goodbye(struct conn *c, enum close_reason why, const char *arg,
	struct strbuf *out)
{
	strbuf_addf(out, "[%s]", close_row(why)->code);
}

static const struct conn_ops ops = {
	.open = on_open,
	.input = on_input,
	.goodbye = on_goodbye,
};
static const struct conn_type type = {.ops = &ops};

static struct net_world net;
static struct acceptor *acceptor;
static struct listener *listener;
static int clients[MAX_CLIENTS];
static size_t n_clients;
static struct strbuf got;

static void list(struct netlist *nets, const char *text)
{
	char item[64], *items[] = {item};
	struct strlist texts = {items, 1};

	snprintf(item, sizeof(item), "%s", text);
	netlist_fini(nets);
	ck_assert_int_eq(netlist_init(nets, &texts), 0);
}

static struct service *service(const char *name)
{
	struct service *svc = service_new(name, &type, NULL);

	svc->output_soft = svc->output_hard = 65536;
	svc->patience_ms = svc->linger_ms = NET_PATIENCE_MS;
	svc->handshake_ms = NET_PATIENCE_MS;
	list(&svc->proxies, "127.0.0.0/8");
	return svc;
}

/* The usual set, for the test to change before it is used. Takes svc. */
static struct accept_set *set_of(struct listener *l, struct service *svc)
{
	struct accept_set *set = accept_set_new();

	set->max_connections = 1000;
	set->max_refusals = 64;
	set->per_address = (struct addrtab_limits){1000, {1000, 1000}};
	ck_assert_int_eq(accept_set_add(set, listener_ref(l), svc), 0);
	return set;
}

static struct accept_set *set_new(void)
{
	return set_of(listener, service_ref(net.svc));
}

static void use(struct accept_set *set)
{
	struct accept_change *change = acceptor_prepare(acceptor, set);

	ck_assert_ptr_nonnull(change);
	acceptor_commit(change);
	net_turn(&net);
}

static struct listener *listen_somewhere(void)
{
	static const struct listener_settings settings = {.backlog = 512};
	struct addr addr = {.len = sizeof(addr.in)};
	struct listener *l;

	addr.in.sin_family = AF_INET;
	inet_pton(AF_INET, "127.0.0.1", &addr.in.sin_addr);
	ck_assert_int_eq(
		listener_open(&l, &(struct listener_name){"test", "x", addr},
			&settings, NULL),
		0);
	return l;
}

static void start(unsigned n_workers)
{
	net_start(&net, &type, n_workers);
	net.svc->handshake_ms = NET_PATIENCE_MS;
	list(&net.svc->proxies, "127.0.0.0/8");
	ck_assert_int_eq(acceptor_new(&acceptor, &net.crew), 0);
	listener = listen_somewhere();
}

static void set_up(void)
{
	start(1);
}

static void set_up_three(void)
{
	start(3);
}

/* Whoever still waits is closed as well: the descriptors are counted by the
 * sanitizers' leak check of waiters. */
static void tear_down(void)
{
	acceptor_free(acceptor);
	for (size_t i = 0; i < n_clients; i++)
		if (clients[i] >= 0)
			close(clients[i]);
	listener_unref(listener);
	net_stop(&net);
	strbuf_fini(&got);
}

static void say(size_t i, const char *text)
{
	net_write(clients[i], text);
}

/* Connects from that address and sends the text; the number of the client. */
static size_t come_from(const char *ip, const char *text)
{
	struct sockaddr_in in = {.sin_family = AF_INET};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	const struct addr *to = listener_addr(listener);

	ck_assert_int_ge(fd, 0);
	inet_pton(AF_INET, ip, &in.sin_addr);
	ck_assert_int_eq(bind(fd, (struct sockaddr *)&in, sizeof(in)), 0);
	ck_assert_int_eq(connect(fd, &to->sa, to->len), 0);
	net_set_nonblock(fd);
	clients[n_clients] = fd;
	say(n_clients, text);
	return n_clients++;
}

static size_t come(const char *text)
{
	return come_from("127.0.0.1", text);
}

/* One who waits: it was accepted, and is no connection. */
static size_t come_to_wait(void)
{
	uint64_t n = net.crew.n_accepted;
	size_t i = come("PROXY ");

	NET_WAIT(&net, net.crew.n_accepted == n + 1);
	return i;
}

/* All that a client heard until `end` came, or its end. */
static const char *hears(size_t i, char end)
{
	int over = 0;

	strbuf_clear(&got);
	strbuf_adds(&got, "");
	NET_WAIT(&net,
		strchr(got.data, end) ||
			(over = net_read(clients[i], &got)) != 0);
	return got.data;
}

#define ck_served(i, ip) \
	ck_assert_str_eq(hears(i, '>'), "<test " ip ":51234 192.0.2.1:7008>")
#define ck_told(i, text) ck_assert_str_eq(hears(i, ']'), text)
#define ck_dropped(i)    ck_assert_str_eq(hears(i, '>'), "")

/* As itself, by the addresses of its socket. */
static void ck_served_as_itself(size_t i)
{
	struct sockaddr_in in;
	socklen_t len = sizeof(in);
	char text[3 * ADDR_LEN], peer[ADDR_LEN], local[ADDR_LEN];

	getsockname(clients[i], (struct sockaddr *)&in, &len);
	addr_format(peer, (struct sockaddr *)&in, len);
	snprintf(text, sizeof(text), "<test %s %s>", peer,
		listener_text(listener, local));
	ck_assert_str_eq(hears(i, '>'), text);
}

START_TEST(whom_it_states_is_served)
{
	use(set_new());
	for (int i = 0; i < 9; i++)
		ck_served(come(FROM("203.0.113.9")), "203.0.113.9");
	ck_assert_uint_eq(net.crew.n_conns, 9);
}
END_TEST

START_TEST(nothing_behind_the_header_is_lost)
{
	size_t i;

	use(set_new());
	i = come(FROM("203.0.113.9") "hello");
	ck_assert_str_eq(hears(i, 'o'),
		"<test 203.0.113.9:51234 "
		"192.0.2.1:7008>hello");
}
END_TEST

START_TEST(a_header_may_come_in_pieces)
{
	const char *header = FROM("203.0.113.9") "PROXY .";
	size_t i;

	use(set_new());
	i = come("");
	for (const char *p = header; *p; p++) {
		char piece[] = {*p, '\0'};

		say(i, piece);
		net_turns(&net, 2);
	}
	ck_assert_str_eq(hears(i, '.'),
		"<test 203.0.113.9:51234 "
		"192.0.2.1:7008>PROXY .");
}
END_TEST

START_TEST(without_addresses_it_is_served_as_itself)
{
	size_t i;

	use(set_new());
	ck_served_as_itself(come("PROXY UNKNOWN\r\n"));
	i = come("");
	ck_assert_int_eq(send(clients[i], LOCAL, LOCAL_LEN, 0), LOCAL_LEN);
	ck_served_as_itself(i);
}
END_TEST

/* Not listed: its header is what it says to the service. */
START_TEST(others_are_served_at_once)
{
	size_t i;

	list(&net.svc->proxies, "127.0.0.2");
	use(set_new());
	i = come("");
	ck_served_as_itself(i);
	say(i, FROM("203.0.113.9"));
	ck_assert_str_eq(hears(i, '\n'), FROM("203.0.113.9"));
	ck_served(come_from("127.0.0.2", FROM("203.0.113.9")), "203.0.113.9");
}
END_TEST

START_TEST(what_is_no_header_is_closed)
{
	use(set_new());
	ck_dropped(come("GET / HTTP/1.0\r\n\r\n"));
	ck_dropped(come(FROM("203.0.113.256")));
	ck_assert_uint_eq(n_opened, 0);
	ck_assert_uint_eq(net.crew.n_accepted, 2);
}
END_TEST

START_TEST(limits_count_whom_it_states)
{
	struct accept_set *set = set_new();

	set->per_address.connections = 1;
	use(set);
	ck_served(come(FROM("203.0.113.9")), "203.0.113.9");
	ck_told(come(FROM("203.0.113.9")), "[address_full]");
	ck_served(come(FROM("203.0.113.8")), "203.0.113.8");
	close(clients[0]);
	clients[0] = -1;
	NET_WAIT(&net, net.crew.n_conns == 2);
	net_turns(&net, 3);
	ck_served(come(FROM("203.0.113.9")), "203.0.113.9");
}
END_TEST

START_TEST(networks_are_of_whom_it_states)
{
	list(&net.svc->allow, "203.0.113.0/24");
	use(set_new());
	ck_served(come(FROM("203.0.113.9")), "203.0.113.9");
	ck_dropped(come(FROM("198.51.100.1")));
	ck_dropped(come("PROXY UNKNOWN\r\n"));
}
END_TEST

/* It is absolute: what comes meanwhile does not move it. */
START_TEST(a_header_has_a_deadline)
{
	uint64_t begin = clock_mono_ms();
	int end = 0;
	const char *endless = "\r\n\r\n\0\r\nQUIT\n\x20\0\xff\xff";
	size_t silent, slow;

	net.svc->handshake_ms = 150;
	use(set_new());
	silent = come("");
	slow = come("");
	ck_assert_int_eq(send(clients[slow], endless, 16, 0), 16);
	NET_WAIT(&net,
		(end = net_read(clients[slow], &got)) != 0 ||
			send(clients[slow], "x", 1, MSG_NOSIGNAL) < 1);
	ck_assert_uint_ge(clock_mono_ms() - begin, 150);
	ck_dropped(silent);
	ck_assert_uint_eq(n_opened, 0);
}
END_TEST

/* They are no connections, and have no place that somebody else could use. */
START_TEST(who_waits_gives_way)
{
	struct accept_set *set = set_new();
	size_t first, second, third;

	set->max_connections = 2;
	set->max_refusals = 0;
	use(set);
	first = come_to_wait();
	second = come_to_wait();
	third = come_to_wait();
	ck_dropped(first);
	say(second, "UNKNOWN\r\n");
	ck_served_as_itself(second);
	ck_served(come(FROM("203.0.113.9")), "203.0.113.9");
	ck_dropped(third);
	ck_dropped(come("PROXY "));
	ck_assert_uint_eq(net.crew.n_conns, 2);
}
END_TEST

START_TEST(who_waits_gives_way_to_others)
{
	struct accept_set *set;
	size_t first;

	list(&net.svc->proxies, "127.0.0.2");
	set = set_new();
	set->max_connections = 1;
	set->max_refusals = 0;
	use(set);
	first = come_from("127.0.0.2", "PROXY ");
	NET_WAIT(&net, net.crew.n_accepted == 1);
	ck_served_as_itself(come(""));
	ck_dropped(first);
}
END_TEST

START_TEST(a_full_server_is_told_to_whom_it_states)
{
	struct accept_set *set = set_new();

	set->max_connections = 1;
	use(set);
	ck_served(come(FROM("203.0.113.9")), "203.0.113.9");
	ck_told(come(FROM("203.0.113.9")), "[full]");
}
END_TEST

/* Who has only a descriptor gives it to those who bring a header. */
START_TEST(descriptors_may_run_out)
{
	struct rlimit old, low;
	size_t waiting[3];

	use(set_new());
	for (int i = 0; i < 3; i++)
		waiting[i] = come_to_wait();
	come(FROM("203.0.113.8"));
	come(FROM("203.0.113.9"));
	getrlimit(RLIMIT_NOFILE, &old);
	low = old;
	low.rlim_cur = (rlim_t)clients[4] + 1;
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &low), 0);
	NET_WAIT(&net, n_opened == 2);
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &old), 0);
	ck_served(3, "203.0.113.8");
	ck_served(4, "203.0.113.9");
	ck_dropped(waiting[0]);
	ck_dropped(waiting[1]);
	say(waiting[2], "UNKNOWN\r\n");
	ck_served_as_itself(waiting[2]);
}
END_TEST

/* A reload that keeps the listener: it goes on, under the new settings. */
START_TEST(a_new_set_may_keep_them)
{
	struct service *svc = service("test");
	size_t i, k;

	use(set_new());
	i = come_to_wait();
	k = come_to_wait();
	list(&svc->allow, "203.0.113.0/24");
	use(set_of(listener, svc));
	say(i, "TCP4 203.0.113.9 192.0.2.1 51234 7008\r\n");
	say(k, "TCP4 198.51.100.1 192.0.2.1 51234 7008\r\n");
	ck_served(i, "203.0.113.9");
	ck_dropped(k);
}
END_TEST

static void drops_by(struct accept_set *set)
{
	size_t i;

	use(set_new());
	i = come_to_wait();
	use(set);
	ck_dropped(i);
	ck_assert_uint_eq(n_opened, 0);
}

START_TEST(another_service_drops_them)
{
	drops_by(set_of(listener, service("other")));
}
END_TEST

START_TEST(another_listener_drops_them)
{
	struct listener *other = listen_somewhere();

	drops_by(set_of(other, service_ref(net.svc)));
	listener_unref(other);
}
END_TEST

START_TEST(other_proxies_drop_them)
{
	struct service *svc = service("test");

	list(&svc->proxies, "127.0.0.2");
	drops_by(set_of(listener, svc));
}
END_TEST

START_TEST(a_stop_drops_them)
{
	drops_by(NULL);
}
END_TEST

START_TEST(many_may_wait)
{
	use(set_new());
	for (int i = 0; i < 150; i++)
		come("PROXY ");
	NET_WAIT(&net, net.crew.n_accepted == 150);
	ck_assert_uint_eq(net.crew.n_conns, 0);
	for (size_t i = 150; i-- > 0;)
		say(i, "TCP4 203.0.113.9 192.0.2.1 51234 7008\r\n");
	for (size_t i = 0; i < 150; i++)
		ck_served(i, "203.0.113.9");
}
END_TEST

START_TEST(the_end_may_come_while_they_wait)
{
	use(set_new());
	for (int i = 0; i < 5; i++)
		come_to_wait();
}
END_TEST

static TCase *add_case(Suite *s, const char *name, void (*fixture)(void))
{
	TCase *tc = tcase_create(name);

	tcase_add_checked_fixture(tc, fixture, tear_down);
	tcase_add_test(tc, whom_it_states_is_served);
	tcase_add_test(tc, nothing_behind_the_header_is_lost);
	tcase_add_test(tc, a_header_may_come_in_pieces);
	tcase_add_test(tc, without_addresses_it_is_served_as_itself);
	tcase_add_test(tc, others_are_served_at_once);
	tcase_add_test(tc, what_is_no_header_is_closed);
	tcase_add_test(tc, limits_count_whom_it_states);
	tcase_add_test(tc, networks_are_of_whom_it_states);
	tcase_add_test(tc, a_header_has_a_deadline);
	tcase_add_test(tc, who_waits_gives_way);
	tcase_add_test(tc, who_waits_gives_way_to_others);
	tcase_add_test(tc, a_full_server_is_told_to_whom_it_states);
	tcase_add_test(tc, a_new_set_may_keep_them);
	tcase_add_test(tc, another_service_drops_them);
	tcase_add_test(tc, another_listener_drops_them);
	tcase_add_test(tc, other_proxies_drop_them);
	tcase_add_test(tc, a_stop_drops_them);
	tcase_add_test(tc, many_may_wait);
	tcase_add_test(tc, the_end_may_come_while_they_wait);
	suite_add_tcase(s, tc);
	return tc;
}

int main(void)
{
	Suite *s = suite_create("proxy_wait");
	TCase *one = add_case(s, "one", set_up);
	SRunner *sr = srunner_create(s);
	int failed;

	add_case(s, "three", set_up_three);
	tcase_add_test(one, descriptors_may_run_out);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
