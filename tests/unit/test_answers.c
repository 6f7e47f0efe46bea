/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The protocols that say one thing and close: daytime, time, whoami; to a
 * connection and to a datagram. */
#include <check.h>
#include <stdio.h>
#include <time.h>

#include "net/addr.h"
#include "net/dgram.h"
#include "net_world.h"
#include "proto/proto.h"

static struct net_world net;
static struct strbuf got;

static void set_up(void)
{
	setenv("TZ", "NPT-5:45", 1);
	tzset();
}

static void tear_down(void)
{
	strbuf_fini(&got);
}

/* All that a connection is told; it sent something, which is of no account. */
static void ask(const char *name, int fds[2])
{
	net_start(&net, &proto_find(name)->type, 1);
	net_write(fds[1], "anything");
	(void)net_open_on(&net, net_worker(&net), fds[0]);
	ck_assert_int_eq(net_read_all(&net, fds[1], &got), 1);
	close(fds[1]);
	NET_WAIT(&net, net.crew.n_conns == 0);
	net_stop(&net);
}

/* All that a datagram of so many bytes is answered with. */
static void ask_by_datagram(const char *name, struct datagram *in)
{
	const struct conn_type *type = &proto_find(name)->type;
	struct datagram_answer out = {.n_parts = 0}; /* comes empty */

	ck_assert(type->datagram(in, &out));
	ck_assert_uint_le(out.n_parts, 2);
	strbuf_clear(&got);
	for (unsigned i = 0; i < out.n_parts; i++)
		strbuf_add(&got, out.parts[i].iov_base, out.parts[i].iov_len);
	ck_assert_uint_le(got.len, DATAGRAM_TEXT_MAX);
}

/* What was got is the line of a moment between then and now. */
static void check_daytime(int64_t since_ms)
{
	char first[CLOCK_LOCAL_LEN + 1], last[CLOCK_LOCAL_LEN + 1];

	strcat(clock_format_local(first, since_ms), "\n");
	strcat(clock_format_local(last, clock_wall_ms()), "\n");
	ck_assert_uint_eq(got.len, 26);
	ck_assert_str_eq(got.data + 19, "+05:45\n");
	ck_assert_str_ge(got.data, first);
	ck_assert_str_le(got.data, last);
}

START_TEST(daytime_is_one_line)
{
	struct datagram in = {.data = "x", .len = 1};
	int64_t before = clock_wall_ms();
	int fds[2];

	net_unix_pair(fds);
	ask("daytime", fds);
	check_daytime(before);
	before = clock_wall_ms();
	ask_by_datagram("daytime", &in);
	check_daytime(before);
}
END_TEST

static void check_time(int64_t since_ms)
{
	uint32_t on_wire, secs;

	ck_assert_uint_eq(got.len, 4);
	memcpy(&on_wire, got.data, 4);
	secs = ntohl(on_wire) - clock_since_1900(since_ms);
	ck_assert_uint_le(secs,
		clock_since_1900(clock_wall_ms()) - clock_since_1900(since_ms));
}

START_TEST(time_is_four_bytes)
{
	struct datagram in = {.data = "", .len = 0};
	int64_t before = clock_wall_ms();
	int fds[2];

	net_unix_pair(fds);
	ask("time", fds);
	check_time(before);
	before = clock_wall_ms();
	ask_by_datagram("time", &in);
	check_time(before);
}
END_TEST

static unsigned local_port(int fd)
{
	struct sockaddr_in in = {0};
	socklen_t len = sizeof(in);

	ck_assert_int_eq(getsockname(fd, (struct sockaddr *)&in, &len), 0);
	return ntohs(in.sin_port);
}

START_TEST(whoami_tells_both_ends)
{
	char want[200];
	int fds[2];

	net_tcp_pair(fds, 0);
	snprintf(want, sizeof(want),
		"you are 127.0.0.1:%u, this is 127.0.0.1:%u (tcp)\n",
		local_port(fds[1]), local_port(fds[0]));
	ask("whoami", fds);
	ck_assert_str_eq(got.data, want);
	strbuf_clear(&got);
	net_unix_pair(fds); /* which has no path */
	ask("whoami", fds);
	ck_assert_str_eq(got.data,
		"you are a process on this machine, this is unix (unix)\n");
}
END_TEST

/* An address in memory of its own length, so that nothing more is read. */
static struct sockaddr *address(int family, const char *ip, in_port_t port)
{
	struct addr a = {.sa.sa_family = (sa_family_t)family};
	struct sockaddr *own;

	a.len = family == AF_INET ? sizeof(a.in) : sizeof(a.in6);
	if (family == AF_INET) {
		ck_assert_int_eq(inet_pton(family, ip, &a.in.sin_addr), 1);
		a.in.sin_port = htons(port);
	} else {
		ck_assert_int_eq(inet_pton(family, ip, &a.in6.sin6_addr), 1);
		a.in6.sin6_port = htons(port);
	}
	own = malloc(a.len);
	memcpy(own, &a.sa, a.len);
	return own;
}

static const struct {
	int family;
	const char *from, *to, *text;
} ends[] = {
	{AF_INET, "192.0.2.5", "192.0.2.1",
		"you are 192.0.2.5:51234, this is 192.0.2.1:7008 (udp)\n"},
	{AF_INET6, "2001:db8::5", "2001:db8::1",
		"you are [2001:db8::5]:51234, this is [2001:db8::1]:7008 "
		"(udp)\n"},
	{AF_INET6, "::ffff:192.0.2.5", "::ffff:192.0.2.1",
		"you are 192.0.2.5:51234, this is 192.0.2.1:7008 (udp)\n"},
};

START_TEST(whoami_answers_a_datagram)
{
	struct sockaddr *from = address(ends[_i].family, ends[_i].from, 51234);
	struct sockaddr *to = address(ends[_i].family, ends[_i].to, 7008);
	struct datagram in = {.data = "x", .len = 1, .from = from, .to = to};

	ask_by_datagram("whoami", &in);
	ck_assert_str_eq(got.data, ends[_i].text);
	free(from);
	free(to);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("answers");
	TCase *tc = tcase_create("answers");
	SRunner *sr = srunner_create(s);
	int failed;

	tcase_add_checked_fixture(tc, set_up, tear_down);
	tcase_add_test(tc, daytime_is_one_line);
	tcase_add_test(tc, time_is_four_bytes);
	tcase_add_test(tc, whoami_tells_both_ends);
	tcase_add_loop_test(
		tc, whoami_answers_a_datagram, 0, sizeof(ends) / sizeof(*ends));
	suite_add_tcase(s, tc);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
