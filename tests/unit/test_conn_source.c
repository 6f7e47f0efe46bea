/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Sources: asked when the kernel has room and never otherwise; nothing is ever
 * queued for them. Then chargen, which is one. */
#include <check.h>
#include <stdio.h>
#include <sys/ioctl.h>

#include "held_clock.h"
#include "net/dgram.h"
#include "net_world.h"
#include "proto/proto.h"

#define PERIOD 7919 /* a prime: what is lost or doubled shows */
#define PIECE  100000

static struct {
	size_t n_asked;
	bool closes;
	struct strbuf log;
} probe;

static char stream[PERIOD + PIECE];

static struct slice probe_source(struct conn *c, uint64_t offset)
{
	ck_assert(conn_is_open(c));
	probe.n_asked++;
	if (probe.closes)
		conn_close(c, CLOSE_DONE, NULL);
	return (struct slice){stream + offset % PERIOD, PIECE};
}

static void probe_data(struct conn *c, const void *data, size_t len)
{
	strbuf_addf(&probe.log, "data(%.*s) ", (int)len, (const char *)data);
}

static void probe_eof(struct conn *c, struct evbuffer *in)
{
	strbuf_adds(&probe.log, "eof ");
}

static void probe_writable(struct conn *c)
{
	strbuf_adds(&probe.log, "writable ");
}

static void probe_closed(struct conn *c, enum close_reason why)
{
	strbuf_addf(&probe.log, "closed(%s) ", close_row(why)->code);
}

static const struct conn_ops source_ops = {
	.data = probe_data,
	.eof = probe_eof,
	.source = probe_source,
	.writable = probe_writable,
	.closed = probe_closed,
};
static const struct conn_type source_type = {
	.ops = &source_ops, .raw = true, .state_size = 40};

static struct net_world net;
static struct strbuf got;

#define ck_log(text) ck_assert_str_eq(net_text(&probe.log), text)

static void set_up(void)
{
	for (size_t i = 0; i < sizeof(stream); i++)
		stream[i] = (char)(i % PERIOD * 31 % 251);
	net_start(&net, &source_type, 1);
}

static void set_up_chargen(void)
{
	net_start(&net, &proto_find("chargen")->type, 1);
}

static void tear_down(void)
{
	net_stop(&net);
	clock_release();
	strbuf_fini(&got);
	strbuf_fini(&probe.log);
}

/* Turns until the kernel takes no more. */
static void fill(void)
{
	size_t before;

	do {
		before = probe.n_asked;
		net_turns(&net, 3);
	} while (probe.n_asked > before);
	ck_assert_uint_gt(probe.n_asked, 0);
}

static void check_stream(void)
{
	for (size_t at = 0, n; at < got.len; at += n) {
		n = got.len - at < PERIOD ? got.len - at : PERIOD;
		ck_assert_mem_eq(got.data + at, stream, n);
	}
}

START_TEST(is_asked_when_there_is_room)
{
	int fd;
	struct conn *c = net_open(&net, &fd);
	size_t n_asked;

	fill();
	n_asked = probe.n_asked;
	net_turns(&net, 100);
	ck_assert_uint_eq(probe.n_asked, n_asked);
	ck_assert_uint_eq(conn_queued(c), 0);
	ck_assert_uint_eq(net.crew.output_bytes, 0);
	/* Room is what the peer makes by reading. */
	while (got.len < 20 * sizeof(stream)) {
		net_turn(&net);
		ck_assert_int_eq(net_read(fd, &got), 0);
	}
	ck_assert_uint_gt(probe.n_asked, n_asked);
	fill();
	ck_assert_int_eq(net_read(fd, &got), 0);
	check_stream();
	ck_assert(conn_is_open(c));
	ck_log("");
	close(fd);
}
END_TEST

/* All have the same share of a turn. */
START_TEST(is_asked_once_in_a_turn)
{
	int fds[8];

	for (int i = 0; i < 8; i++)
		(void)net_open(&net, &fds[i]);
	for (int turn = 1; turn <= 3; turn++) {
		for (int i = 0; i < 8; i++)
			(void)net_read(fds[i], &got);
		net_turn(&net);
		ck_assert_uint_le(probe.n_asked, (size_t)(8 * turn));
	}
	ck_assert_uint_ge(probe.n_asked, 8);
	for (int i = 0; i < 8; i++)
		close(fds[i]);
}
END_TEST

/* The two directions do not know each other. */
START_TEST(reads_whatever_the_output_does)
{
	int fd;
	struct conn *c = net_open(&net, &fd);

	fill();
	for (int i = 0; i < 3; i++) {
		net_write(fd, "x");
		net_turn(&net);
	}
	ck_log("data(x) data(x) data(x) ");
	shutdown(fd, SHUT_WR);
	net_turns(&net, 3);
	ck_log("data(x) data(x) data(x) eof ");
	while (got.len < 1000000) {
		net_turn(&net);
		ck_assert_int_eq(net_read(fd, &got), 0);
	}
	check_stream();
	ck_assert(conn_is_open(c));
	close(fd);
	NET_WAIT(&net, net.crew.n_conns == 0);
	ck_log("data(x) data(x) data(x) eof closed(reset) ");
}
END_TEST

START_TEST(is_not_asked_once_closed)
{
	int fd;
	struct conn *c = net_open(&net, &fd);
	size_t n_asked;

	net_turn(&net);
	conn_close(c, CLOSE_DONE, NULL);
	n_asked = probe.n_asked;
	ck_assert_int_eq(net_read_all(&net, fd, &got), 1);
	net_turns(&net, 10);
	ck_assert_uint_eq(probe.n_asked, n_asked);
	ck_assert_uint_gt(got.len, 0);
	check_stream();
	ck_log("closed(done) ");
	close(fd);
}
END_TEST

START_TEST(may_close_when_asked)
{
	int fd;

	probe.closes = true;
	(void)net_open(&net, &fd);
	ck_assert_int_eq(net_read_all(&net, fd, &got), 1);
	ck_assert_uint_eq(got.len, 0);
	ck_assert_uint_eq(probe.n_asked, 1);
	/* It lingers, as any that was closed. */
	ck_assert_uint_eq(net.crew.n_conns, 1);
	ck_log("closed(done) ");
	close(fd);
}
END_TEST

START_TEST(refused_is_never_asked)
{
	struct sockaddr_storage peer;
	struct conn_origin from;
	int fds[2];

	net_unix_pair(fds);
	from = net_origin(&net, fds[0], &peer);
	conn_enter(net_worker(&net), NULL);
	(void)conn_open_refused(
		net_worker(&net), net.svc, &from, CLOSE_FULL, NULL);
	ck_assert_int_eq(net_read_all(&net, fds[1], &got), 1);
	ck_assert_uint_eq(probe.n_asked, 0);
	close(fds[1]);
}
END_TEST

/* Who does not read is idle, and is not too slow: nothing is queued. */
START_TEST(who_does_not_read_is_idle)
{
	int fd;

	clock_hold();
	net.svc->idle_ms = 60;
	net.svc->patience_ms = 1;
	(void)net_open(&net, &fd);
	fill();
	clock_pass_ms(59);
	net_turns(&net, 3);
	ck_log("");
	clock_pass_ms(1);
	net_turns(&net, 3);
	ck_log("closed(idle) ");
	close(fd);
}
END_TEST

START_TEST(who_reads_is_not_idle)
{
	int fd;

	clock_hold();
	net.svc->idle_ms = 200;
	(void)net_open(&net, &fd);
	for (int i = 0; i < 10; i++) {
		clock_pass_ms(150);
		net_turn(&net);
		(void)net_read(fd, &got);
		strbuf_clear(&got);
		net_turn(&net);
	}
	ck_log("");
	close(fd);
}
END_TEST

/* chargen */

/* Line n of the stream as the RFC defines it. */
static void check_line(const char *line, size_t n)
{
	char want[74];

	for (size_t i = 0; i < 72; i++)
		want[i] = (char)(' ' + (n + i) % 95);
	want[72] = '\r';
	want[73] = '\n';
	ck_assert_mem_eq(line, want, sizeof(want));
}

START_TEST(chargen_is_the_pattern_of_the_rfc)
{
	int fd;

	(void)net_open(&net, &fd);
	while (got.len < 2000000) {
		net_turn(&net);
		ck_assert_int_eq(net_read(fd, &got), 0);
	}
	ck_assert_int_eq(strncmp(got.data,
				 " !\"#$%&'()*+,-./0123456789:;<=>?@ABCDEFGHIJ"
				 "KLMNOPQRSTUVWXYZ[\\]^_`abcdefg\r\n"
				 "!\"#$%&'()*+,-./0123456789:;<=>?@ABCDEFGHIJK"
				 "LMNOPQRSTUVWXYZ[\\]^_`abcdefgh\r\n",
				 148),
		0);
	for (size_t i = 0; (i + 1) * 74 <= got.len; i++)
		check_line(got.data + i * 74, i);
	close(fd);
}
END_TEST

START_TEST(chargen_goes_on_after_a_half_close)
{
	int fd;

	(void)net_open(&net, &fd);
	net_write(fd, "whatever");
	shutdown(fd, SHUT_WR);
	while (got.len < 1000000) {
		net_turn(&net);
		ck_assert_int_eq(net_read(fd, &got), 0);
	}
	close(fd);
	NET_WAIT(&net, net.crew.n_conns == 0);
}
END_TEST

/* A hundred who never read: what they cost lies in the kernel. */
START_TEST(chargen_queues_nothing)
{
	int fds[100], bytes = 0, before;

	for (int i = 0; i < 100; i++)
		(void)net_open(&net, &fds[i]);
	do {
		before = bytes;
		net_turns(&net, 3);
		bytes = 0;
		for (int i = 0; i < 100; i++) {
			int n;

			ck_assert_int_eq(ioctl(fds[i], FIONREAD, &n), 0);
			ck_assert_int_gt(n, 1000);
			bytes += n;
		}
	} while (bytes > before);
	ck_assert_uint_eq(net.crew.n_conns, 100);
	ck_assert_uint_eq(net.crew.output_bytes, 0);
	for (int i = 0; i < 100; i++)
		close(fds[i]);
}
END_TEST

/* Never more than came, and never more than the RFC allows. */
START_TEST(chargen_never_amplifies)
{
	static const size_t lens[][2] = {{0, 0}, {1, 1}, {75, 75}, {511, 511},
		{512, 512}, {513, 512}, {65507, 512}};
	const struct conn_type *type = &proto_find("chargen")->type;

	for (size_t i = 0; i < sizeof(lens) / sizeof(*lens); i++) {
		struct datagram in = {.data = stream, .len = lens[i][0]};
		struct datagram_answer out = {.n_parts = 0}; /* empty */
		const char *text;

		ck_assert(type->datagram(&in, &out));
		ck_assert_uint_eq(out.n_parts, lens[i][1] > 0);
		if (!out.n_parts)
			continue;
		text = out.parts[0].iov_base;
		ck_assert_uint_eq(out.parts[0].iov_len, lens[i][1]);
		for (size_t k = 0; (k + 1) * 74 <= lens[i][1]; k++)
			check_line(text + k * 74, k);
		ck_assert_int_eq(text[0], ' ');
	}
}
END_TEST

int main(void)
{
	Suite *s = suite_create("conn_source");
	TCase *tc = tcase_create("source");
	TCase *chargen = tcase_create("chargen");
	SRunner *sr = srunner_create(s);
	int failed;

	tcase_add_checked_fixture(tc, set_up, tear_down);
	tcase_add_test(tc, is_asked_when_there_is_room);
	tcase_add_test(tc, is_asked_once_in_a_turn);
	tcase_add_test(tc, reads_whatever_the_output_does);
	tcase_add_test(tc, is_not_asked_once_closed);
	tcase_add_test(tc, may_close_when_asked);
	tcase_add_test(tc, refused_is_never_asked);
	tcase_add_test(tc, who_does_not_read_is_idle);
	tcase_add_test(tc, who_reads_is_not_idle);
	suite_add_tcase(s, tc);
	tcase_add_checked_fixture(chargen, set_up_chargen, tear_down);
	tcase_add_test(chargen, chargen_is_the_pattern_of_the_rfc);
	tcase_add_test(chargen, chargen_goes_on_after_a_half_close);
	tcase_add_test(chargen, chargen_queues_nothing);
	tcase_add_test(chargen, chargen_never_amplifies);
	suite_add_tcase(s, chargen);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
