/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The protocol post: its connections and its datagrams. The workers have no
 * threads of their own here, so one of them may be left asleep. */
#include <netinet/in.h>
#include <pwd.h>

#include "base/errmsg.h"
#include "base/option.h"
#include "chat_world.h"
#include "held_clock.h"
#include "net/dgram.h"
#include "net_world.h"
#include "proto/chat_port.h"
#include "proto/proto.h"

#define N_MANY 1000
#define N_SENT 15000

static struct net_world net; /* net.svc is of post */
static struct service *chat;
static struct chat_port *port;
static struct chat_settings settings;
static void *post_keys, *chat_keys;
static int peer; /* of the connection that posts */
static struct strbuf said;

static void *defaults_of(const struct proto *proto)
{
	void *keys = calloc(1, proto->options_size);

	ck_assert_int_eq(option_set_defaults(proto->options, keys), 0);
	return keys;
}

static void set_key_of(
	const char *proto, void *keys, const char *key, const char *text)
{
	const struct option *table = proto_find(proto)->options;
	struct errmsg msg;

	ck_assert_int_eq(
		option_set_text(option_find(table, key), keys, text, &msg), 0);
}

static void set_key(const char *key, const char *text)
{
	set_key_of("post", post_keys, key, text);
}

static void set_up(void)
{
	const struct proto *post = proto_find("post"), *other;
	struct proto_context ctx;

	net_start(&net, &post->type, 2);
	settings = world_settings();
	ck_assert_int_eq(chat_port_new(&port, &net.crew, &settings), 0);
	ctx = (struct proto_context){.chat = port};
	post_keys = defaults_of(post);
	net.svc->options = post_keys;
	ck_assert_int_eq(post->setup(net.svc, &ctx, NULL), 0);
	other = proto_find("chat");
	chat_keys = defaults_of(other);
	set_key_of("chat", chat_keys, "dialect", "text"); /* in at once */
	chat = service_new("chat", &other->type, NULL);
	chat->options = chat_keys;
	chat->line_max = chat->output_soft = 4096;
	chat->output_hard = 64 << 20;
	ck_assert_int_eq(other->setup(chat, &ctx, NULL), 0);
	set_key("nick", "cron");
	set_key("flood.rate", "0");
	strbuf_clear(&said);
}

static void tear_down(void)
{
	net_turns(&net, 3);
	crew_drop_all(&net.crew);
	ck_assert_uint_eq(net.crew.n_conns, 0);
	chat_port_free(port);
	service_unref(chat);
	net_stop(&net);
	clock_release();
	option_fini(proto_find("post")->options, post_keys);
	option_fini(proto_find("chat")->options, chat_keys);
	free(post_keys);
	free(chat_keys);
	strbuf_fini(&said);
}

static struct conn *post(void)
{
	return net_open(&net, &peer);
}

/* Somebody in the default room, on the worker; returns what to read from. */
static int member_on(unsigned worker)
{
	struct sockaddr_storage from;
	struct conn_origin origin;
	int fds[2];

	net_unix_pair(fds);
	origin = net_origin(&net, fds[0], &from);
	conn_enter(net.crew.workers[worker], chat->count);
	ck_assert_ptr_nonnull(
		conn_open(net.crew.workers[worker], chat, &origin));
	return fds[1];
}

static bool reads(int fd, struct strbuf *into, const char *text)
{
	net_read(fd, into);
	return into->data && strstr(into->data, text);
}

/* All the answers in order, as "ok" and "error". */
static const char *verdicts(void)
{
	static char buf[1000];
	size_t at = 0;
	unsigned long long id, last = 0;

	buf[0] = '\0';
	for (const char *line = net_text(&said); *line;
		line = strchr(line, '\n') + 1) {
		bool is_ok = sscanf(line, "ok %llu\n", &id) == 1;

		ck_assert(is_ok || strncmp(line, "error: ", 7) == 0);
		ck_assert(!is_ok || id > last);
		last = is_ok ? id : last;
		at += (size_t)snprintf(buf + at, sizeof(buf) - at, "%s ",
			is_ok ? "ok" : "error");
	}
	return buf;
}

START_TEST(ends_with_the_input)
{
	struct strbuf heard = {0};
	int fd = member_on(1);

	post();
	net_write(peer, "disk full\n\nand ");
	NET_WAIT(&net, reads(fd, &heard, "<cron> disk full\n"));
	net_write(peer, "hot");
	shutdown(peer, SHUT_WR);
	ck_assert_int_eq(net_read_all(&net, peer, &said), 1);
	ck_assert_str_eq(verdicts(), "ok ok ");
	NET_WAIT(&net, reads(fd, &heard, "<cron> and hot\n"));
	close(peer);
	close(fd);
	strbuf_fini(&heard);
}
END_TEST

static void pass_ms(uint64_t ms)
{
	clock_pass_ms(ms);
	net_turns(&net, 5);
}

START_TEST(ends_with_silence)
{
	struct conn *c;

	clock_hold();
	c = post();
	pass_ms(1200); /* none before the first byte */
	ck_assert(conn_is_open(c));
	net_write(peer, "disk full\nwithout an end");
	NET_WAIT(&net, reads(peer, &said, "ok "));
	pass_ms(999);
	ck_assert(conn_is_open(c));
	pass_ms(1);
	pass_ms(1); /* for what is on its way */
	ck_assert_int_eq(net_read_all(&net, peer, &said), 1);
	ck_assert_str_eq(verdicts(), "ok ok ");
	close(peer);
}
END_TEST

/* Bytes that were on their way when the time was up are no silence. */
START_TEST(a_busy_worker_is_not_a_silent_peer)
{
	struct conn *c;

	clock_hold();
	c = post();
	net_write(peer, "one\n");
	NET_WAIT(&net, reads(peer, &said, "ok "));
	for (int i = 0; i < 2; i++) {
		clock_pass_ms(1100);
		net_turn(&net);
		net_write(peer, "more\n");
		net_turns(&net, 5);
		ck_assert(conn_is_open(c));
	}
	shutdown(peer, SHUT_WR);
	ck_assert_int_eq(net_read_all(&net, peer, &said), 1);
	ck_assert_str_eq(verdicts(), "ok ok ok ");
	close(peer);
}
END_TEST

START_TEST(long_lines_are_refused)
{
	char line[202];

	memset(line, 'x', 201);
	line[201] = '\0';
	post();
	net_write(peer, line + 100);
	net_write(peer, "\nfits\n");
	net_turns(&net, 3);
	net_write(peer, line);
	net_turns(&net, 3); /* that it is too long is known before it ends */
	shutdown(peer, SHUT_WR);
	ck_assert_int_eq(net_read_all(&net, peer, &said), 1);
	ck_assert_str_eq(verdicts(), "error ok error ");
	ck_assert_ptr_nonnull(strstr(said.data,
		"error: that line has 201 bytes, 100 are allowed; "
		"it was not sent\n"));
	close(peer);
}
END_TEST

START_TEST(endless_lines_end)
{
	char *much = malloc(70000);
	struct conn *c;

	memset(much, 'x', 69999);
	much[69999] = '\0';
	c = post();
	net_write(peer, "first\n");
	net_write(peer, much);
	NET_WAIT(&net, !conn_is_open(c));
	shutdown(peer, SHUT_WR);
	ck_assert_int_eq(net_read_all(&net, peer, &said), 1);
	ck_assert_str_eq(verdicts(), "ok error ");
	ck_assert_ptr_nonnull(
		strstr(said.data, "error: 64 KiB without an end of line\n"));
	close(peer);
	free(much);
}
END_TEST

START_TEST(a_close_is_told)
{
	struct conn *c = post();

	conn_close(c, CLOSE_STOPPING, NULL);
	net_read(peer, &said);
	ck_assert_str_eq(net_text(&said), "error: the server is stopping\n");
	close(peer);
}
END_TEST

/* Over a unix socket it is the user who speaks, if nobody else is named. */
START_TEST(users_speak_for_themselves)
{
	const struct passwd *me = getpwuid(geteuid());
	struct strbuf heard = {0};
	int fd = member_on(0);
	char line[64];

	set_key("nick", "");
	post();
	net_write(peer, "hello\n");
	shutdown(peer, SHUT_WR);
	ck_assert_int_eq(net_read_all(&net, peer, &said), 1);
	ck_assert_str_eq(verdicts(), "ok ");
	snprintf(line, sizeof(line), "<%s> hello\n", me->pw_name);
	NET_WAIT(&net, reads(fd, &heard, line));
	close(peer);
	close(fd);
	strbuf_fini(&heard);
}
END_TEST

START_TEST(services_speak_over_tcp)
{
	struct strbuf heard = {0};
	int fd = member_on(0), fds[2];

	set_key("nick", "");
	net_tcp_pair(fds, 0);
	net_open_on(&net, net_worker(&net), fds[0]);
	peer = fds[1];
	net_write(peer, "hello\n");
	NET_WAIT(&net, reads(fd, &heard, "<test> hello\n"));
	close(peer);
	close(fd);
	strbuf_fini(&heard);
}
END_TEST

/* A thousand lines at once: all are said and answered in order. */
START_TEST(many_lines)
{
	struct strbuf heard = {0}, lines = {0};
	int fd = member_on(1);
	size_t sent = 0, n = 0;
	char line[32];

	for (int i = 0; i < N_MANY; i++)
		strbuf_addf(&lines, "%d\n", i);
	post();
	NET_WAIT(&net, reads(fd, &heard, "lists the commands"));
	while (sent < lines.len) {
		ssize_t part = send(peer, lines.data + sent, lines.len - sent,
			MSG_DONTWAIT);

		sent += part > 0 ? (size_t)part : 0;
		net_turn(&net);
	}
	shutdown(peer, SHUT_WR);
	ck_assert_int_eq(net_read_all(&net, peer, &said), 1);
	for (const char *at = said.data; (at = strstr(at, "ok ")); at++)
		n++;
	ck_assert_uint_eq(n, N_MANY);
	snprintf(line, sizeof(line), "<cron> %d\n", N_MANY - 1);
	NET_WAIT(&net, reads(fd, &heard, line));
	close(peer);
	close(fd);
	strbuf_fini(&heard);
	strbuf_fini(&lines);
}
END_TEST

static void turn_first(void)
{
	event_base_loop(worker_base(net_worker(&net)), EVLOOP_NONBLOCK);
}

/* A worker that does not come to tell what is said holds up who says it, and
 * the clock of silence stands still meanwhile. */
START_TEST(a_slow_worker_holds_back)
{
	struct conn *c;
	char line[101];
	int fd;

	clock_hold();
	c = post();
	fd = member_on(1);
	memset(line, 'x', 99);
	line[99] = '\n';
	line[100] = '\0';
	while (!conn_is_paused(c)) {
		(void)!send(peer, line, 100, MSG_DONTWAIT);
		turn_first();
		net_read(peer, &said);
	}
	strbuf_clear(&said);
	net_write(peer, "the last\n");
	for (int i = 0; i < 15; i++) {
		clock_pass_ms(100);
		turn_first();
	}
	ck_assert(conn_is_open(c) && conn_is_paused(c));
	NET_WAIT(&net, !conn_is_paused(c));
	net_turns(&net, 10);
	ck_assert(conn_is_open(c));
	shutdown(peer, SHUT_WR);
	ck_assert_int_eq(net_read_all(&net, peer, &said), 1);
	ck_assert_ptr_nonnull(strstr(verdicts(), "ok "));
	close(peer);
	close(fd);
}
END_TEST

/* Who does not read the answers is not read from, and not cut off for that. */
START_TEST(a_slow_reader_gets_all_answers)
{
	size_t n_sent = 0, n = 0;
	struct conn *c;
	char lines[100];

	clock_hold();
	for (size_t i = 0; i < sizeof(lines); i++)
		lines[i] = i % 2 ? '\n' : 'x';
	net.svc->output_soft = 1024;
	net.svc->output_hard = 4096;
	c = post();
	for (int i = 0; i < N_SENT; i++) {
		clock_pass_ms(i % 10 == 0);
		if (send(peer, lines, sizeof(lines),
			    MSG_DONTWAIT | MSG_NOSIGNAL) > 0)
			n_sent += sizeof(lines) / 2;
		net_turn(&net);
	}
	ck_assert(conn_is_open(c));
	ck_assert_uint_gt(conn_queued(c), 1024);
	ck_assert(!conn_is_flooded(c));
	shutdown(peer, SHUT_WR);
	ck_assert_int_eq(net_read_all(&net, peer, &said), 1);
	for (const char *at = said.data; (at = strstr(at, "ok ")); at++)
		n++;
	ck_assert_uint_eq(n, n_sent);
	close(peer);
}
END_TEST

/* Datagrams. */

static bool ask(const char *data, uint32_t from, struct datagram_answer *out)
{
	struct sockaddr_in in = {.sin_family = AF_INET, .sin_port = htons(9)};
	struct datagram d = {
		.service = net.svc,
		.data = data,
		.len = strlen(data),
		.from = (struct sockaddr *)&in,
		.to = (struct sockaddr *)&in,
		.worker = net_worker(&net),
	};

	in.sin_addr.s_addr = htonl(from);
	*out = (struct datagram_answer){.n_parts = 0};
	if (!proto_find("post")->type.datagram(&d, out))
		return false;
	ck_assert_uint_eq(out->n_parts, 1);
	ck_assert_ptr_eq(out->parts[0].iov_base, out->text);
	ck_assert_uint_le(out->parts[0].iov_len, DATAGRAM_TEXT_MAX);
	strbuf_clear(&said);
	strbuf_add(&said, out->text, out->parts[0].iov_len);
	return true;
}

START_TEST(datagrams_are_posts)
{
	struct datagram_answer out;
	struct strbuf heard = {0};
	int fd = member_on(1);

	ck_assert(ask("disk full", INADDR_LOOPBACK, &out));
	ck_assert_str_eq(verdicts(), "ok ");
	NET_WAIT(&net, reads(fd, &heard, "<cron> disk full\n"));
	ck_assert(ask("one\n\ntwo\nthree\n", INADDR_LOOPBACK + 5, &out));
	ck_assert_str_eq(verdicts(), "ok ok ok ");
	NET_WAIT(&net, reads(fd, &heard, "<cron> three\n"));
	close(fd);
	strbuf_fini(&heard);
}
END_TEST

START_TEST(datagrams_from_elsewhere_are_nothing)
{
	struct datagram_answer out;
	size_t n_members, n_rooms;

	ck_assert(!ask("disk full", 0xC0000205, &out));
	ck_assert(!ask("", INADDR_LOOPBACK, &out));
	ck_assert(!ask(" \n\n", INADDR_LOOPBACK, &out));
	chat_port_count(port, &n_members, &n_rooms);
	ck_assert_uint_eq(n_rooms, 0);
}
END_TEST

START_TEST(datagrams_are_bounded)
{
	static const char line[] = "123456789 123456789 123456789 123456789 "
				   "123456789 123456789 123456789 123456789 "
				   "123456789 123456789 1\n";
	struct datagram_answer out;
	char text[64 * sizeof(line)] = "";
	size_t n_members, n_rooms;

	for (int i = 0; i < 17; i++)
		strcat(text, "x\n");
	ck_assert(ask(text, INADDR_LOOPBACK, &out));
	ck_assert_str_eq(said.data,
		"error: a datagram has 16 lines at most; nothing was sent\n");
	chat_port_count(port, &n_members, &n_rooms);
	ck_assert_uint_eq(n_rooms, 0);
	text[32] = '\0';
	strcat(text, "\n\r\n \t\n "); /* blank lines are nothing */
	ck_assert(ask(text, INADDR_LOOPBACK, &out));
	ck_assert_str_eq(
		verdicts(), "ok ok ok ok ok ok ok ok ok ok ok ok ok ok ok ok ");
	strcat(text, "17th");
	ck_assert(ask(text, INADDR_LOOPBACK, &out));
	ck_assert_str_eq(verdicts(), "error ");
	text[0] = '\0';
	for (int i = 0; i < 16; i++)
		strcat(text, line);
	/* those that fit are whole */
	ck_assert(ask(text, INADDR_LOOPBACK, &out));
	ck_assert_str_eq(
		verdicts(), "error error error error error error error ");
}
END_TEST

START_TEST(datagrams_wait_for_nobody)
{
	struct datagram_answer out;
	int fd = member_on(1);

	do
		ck_assert(
			ask("x\nx\nx\nx\nx\nx\nx\nx\n", INADDR_LOOPBACK, &out));
	while (strncmp(said.data, "ok ", 3) == 0);
	ck_assert_str_eq(
		said.data, "error: the server is busy; nothing was sent\n");
	NET_WAIT(&net,
		ask("x", INADDR_LOOPBACK, &out) &&
			strncmp(said.data, "ok ", 3) == 0);
	close(fd);
}
END_TEST

/* All senders together, on whichever worker; none waits. */
START_TEST(datagrams_are_not_too_many)
{
	struct metrics_service *tally = service_tally(net.svc->count, 0);
	struct datagram_answer out;
	struct strbuf heard = {0};
	int fd = member_on(1);

	clock_hold();
	net_turns(&net, 1);
	set_key("flood.burst", "5");
	set_key("flood.rate", "2/h");
	ck_assert(ask("1\n2\n3\n", INADDR_LOOPBACK, &out));
	ck_assert_str_eq(verdicts(), "ok ok ok ");
	ck_assert(ask("4\n5\n6\n7\n", INADDR_LOOPBACK + 5, &out));
	ck_assert_str_eq(verdicts(), "ok ok error error ");
	ck_assert_ptr_nonnull(strstr(said.data,
		"error: too many lines too fast; it was not sent\n"));
	NET_WAIT(&net, reads(fd, &heard, "<cron> 5\n"));
	ck_assert_uint_eq(tally->lines_dropped[0], 2);
	pass_ms(1800000);
	ck_assert(ask("8\n9\n", INADDR_LOOPBACK, &out));
	ck_assert_str_eq(verdicts(), "ok error ");
	/* a faster rate is felt soon */
	set_key("flood.rate", "2/s");
	ck_assert(ask("no", INADDR_LOOPBACK, &out));
	pass_ms(500);
	ck_assert(ask("10\n11\n", INADDR_LOOPBACK, &out));
	ck_assert_str_eq(verdicts(), "ok error ");
	NET_WAIT(&net, reads(fd, &heard, "<cron> 10\n"));
	ck_assert_ptr_null(strstr(heard.data, "<cron> 6\n"));
	close(fd);
	strbuf_fini(&heard);
}
END_TEST

START_TEST(datagrams_of_some_are_not_counted)
{
	struct datagram_answer out;

	set_key("flood.burst", "1");
	set_key("flood.rate", "1/h");
	set_key("flood.exempt", "127.0.0.5");
	for (int i = 0; i < 2; i++) {
		ck_assert(ask("1\n2\n3\n", INADDR_LOOPBACK + 4, &out));
		ck_assert_str_eq(verdicts(), "ok ok ok ");
	}
	ck_assert(ask("1\n2\n3\n", INADDR_LOOPBACK, &out));
	ck_assert_str_eq(verdicts(), "ok error error ");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("post");
	TCase *conns = tcase_create("conns");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(conns, set_up, tear_down);
	tcase_add_test(conns, ends_with_the_input);
	tcase_add_test(conns, ends_with_silence);
	tcase_add_test(conns, a_busy_worker_is_not_a_silent_peer);
	tcase_add_test(conns, long_lines_are_refused);
	tcase_add_test(conns, endless_lines_end);
	tcase_add_test(conns, a_close_is_told);
	tcase_add_test(conns, users_speak_for_themselves);
	tcase_add_test(conns, services_speak_over_tcp);
	tcase_add_test(conns, many_lines);
	tcase_add_test(conns, a_slow_worker_holds_back);
	tcase_add_test(conns, a_slow_reader_gets_all_answers);
	tcase_add_test(conns, datagrams_are_posts);
	tcase_add_test(conns, datagrams_from_elsewhere_are_nothing);
	tcase_add_test(conns, datagrams_are_bounded);
	tcase_add_test(conns, datagrams_wait_for_nobody);
	tcase_add_test(conns, datagrams_are_not_too_many);
	tcase_add_test(conns, datagrams_of_some_are_not_counted);
	suite_add_tcase(suite, conns);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
