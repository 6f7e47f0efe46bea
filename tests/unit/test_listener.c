/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "net/listener.h"

#include <arpa/inet.h>
#include <check.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/errmsg.h"

static char dir[64], path[96];
static const struct listener_settings usual = {
	.backlog = 16,
	.send_buffer = 50000,
	.keepalive_ms = 60500,
	.mode = 0660,
	.gid = (gid_t)-1,
};
static struct listener *l;
static struct errmsg msg;

static void set_up(void)
{
	strcpy(dir, "/tmp/test_listener.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/sock", dir);
}

static void tear_down(void)
{
	listener_unref(l);
	unlink(path);
	ck_assert_int_eq(rmdir(dir), 0);
}

static struct addr inet_addr_of(const char *ip, unsigned port)
{
	struct addr a = {.len = sizeof(a.in)};

	if (strchr(ip, ':')) {
		a.len = sizeof(a.in6);
		a.in6.sin6_family = AF_INET6;
		a.in6.sin6_port = htons((uint16_t)port);
		inet_pton(AF_INET6, ip, &a.in6.sin6_addr);
	} else {
		a.in.sin_family = AF_INET;
		a.in.sin_port = htons((uint16_t)port);
		inet_pton(AF_INET, ip, &a.in.sin_addr);
	}
	return a;
}

static struct addr unix_addr(void)
{
	struct addr a = {.len = sizeof(a.un)};

	a.un.sun_family = AF_UNIX;
	strcpy(a.un.sun_path, path);
	return a;
}

static int open_at(const struct addr *a)
{
	return listener_open(&l, &(struct listener_name){"chat", "written", *a},
		&usual, &msg);
}

static int can_connect(const struct addr *a)
{
	int fd = socket(a->sa.sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int err = connect(fd, &a->sa, a->len) ? -errno : 0;

	close(fd);
	return err;
}

static int option_of(int fd, int level, int name)
{
	int value = -1;
	socklen_t len = sizeof(value);

	ck_assert_int_eq(getsockopt(fd, level, name, &value, &len), 0);
	return value;
}

START_TEST(tcp_is_bound_and_tuned)
{
	struct addr a = inet_addr_of("127.0.0.1", 0);
	char text[ADDR_LEN];
	int fd;

	ck_assert_int_eq(open_at(&a), 0);
	fd = listener_fd(l);
	ck_assert_uint_ne(listener_addr(l)->in.sin_port, 0);
	ck_assert_int_eq(strncmp(listener_text(l, text), "127.0.0.1:", 10), 0);
	ck_assert_str_ne(text, "127.0.0.1:0");
	ck_assert_int_eq(can_connect(listener_addr(l)), 0);
	ck_assert_int_eq(option_of(fd, IPPROTO_TCP, TCP_NODELAY), 1);
	ck_assert_int_eq(option_of(fd, SOL_SOCKET, SO_KEEPALIVE), 1);
	ck_assert_int_eq(option_of(fd, IPPROTO_TCP, TCP_KEEPIDLE), 61);
	ck_assert_int_eq(option_of(fd, IPPROTO_TCP, TCP_USER_TIMEOUT), 30000);
	ck_assert_int_eq(option_of(fd, SOL_SOCKET, SO_SNDBUF), 100000);
}
END_TEST

START_TEST(new_settings_reach_a_kept_socket)
{
	struct addr a = inet_addr_of("127.0.0.1", 0);
	struct listener_settings other = usual;

	ck_assert_int_eq(open_at(&a), 0);
	other.keepalive_ms = 0;
	other.send_buffer = 60000;
	ck_assert_int_eq(listener_tune(l, &other), 0);
	ck_assert_int_eq(
		option_of(listener_fd(l), SOL_SOCKET, SO_KEEPALIVE), 0);
	ck_assert_int_eq(
		option_of(listener_fd(l), SOL_SOCKET, SO_SNDBUF), 120000);
	ck_assert_int_eq(
		option_of(listener_fd(l), IPPROTO_TCP, TCP_USER_TIMEOUT), 0);
}
END_TEST

/* The kernel gives a connection the buffer of its listener over TCP only. */
START_TEST(connections_have_the_buffer_too)
{
	struct addr a = _i ? unix_addr() : inet_addr_of("127.0.0.1", 0);
	const struct addr *to;
	struct listener_settings other = usual;
	int fd, accepted;

	ck_assert_int_eq(open_at(&a), 0);
	to = listener_addr(l);
	fd = socket(to->sa.sa_family, SOCK_STREAM, 0);
	ck_assert_int_eq(connect(fd, &to->sa, to->len), 0);
	accepted = accept(listener_fd(l), NULL, NULL);
	listener_adopt(l, accepted);
	ck_assert_int_eq(option_of(accepted, SOL_SOCKET, SO_SNDBUF), 100000);
	close(accepted);
	close(fd);
	other.send_buffer = 0;
	ck_assert_int_eq(listener_tune(l, &other), 0);
	fd = socket(to->sa.sa_family, SOCK_STREAM, 0);
	ck_assert_int_eq(connect(fd, &to->sa, to->len), 0);
	accepted = accept(listener_fd(l), NULL, NULL);
	listener_adopt(l, accepted);
	ck_assert_int_ne(option_of(accepted, SOL_SOCKET, SO_SNDBUF), 100000);
	close(accepted);
	close(fd);
}
END_TEST

/* As if it had been opened so. */
START_TEST(what_is_no_longer_wanted_goes_back)
{
	struct addr a = inet_addr_of("127.0.0.1", 0);
	struct listener_settings plain = usual;
	struct listener *other = NULL;

	plain.send_buffer = 0;
	ck_assert_int_eq(
		listener_open(&other, &(struct listener_name){"x", "x", a},
			&plain, &msg),
		0);
	ck_assert_int_eq(open_at(&a), 0);
	ck_assert_int_eq(listener_tune(l, &plain), 0);
	ck_assert_int_eq(option_of(listener_fd(l), SOL_SOCKET, SO_SNDBUF),
		option_of(listener_fd(other), SOL_SOCKET, SO_SNDBUF));
	ck_assert_int_eq(option_of(listener_fd(l), SOL_SOCKET, SO_BUF_LOCK), 0);
	ck_assert_int_eq(listener_tune(l, &usual), 0);
	ck_assert_int_eq(
		option_of(listener_fd(l), SOL_SOCKET, SO_SNDBUF), 100000);
	listener_unref(other);
}
END_TEST

START_TEST(a_group_comes_and_goes)
{
	struct addr a = unix_addr();
	struct listener_settings other = usual;
	struct stat st;
	gid_t gid;

	if (geteuid() != 0)
		return;
	ck_assert_int_eq(open_at(&a), 0);
	ck_assert_int_eq(stat(path, &st), 0);
	gid = st.st_gid;
	other.gid = gid + 1;
	ck_assert_int_eq(listener_tune(l, &other), 0);
	ck_assert_int_eq(stat(path, &st), 0);
	ck_assert_uint_eq(st.st_gid, gid + 1);
	ck_assert_int_eq(listener_tune(l, &usual), 0);
	ck_assert_int_eq(stat(path, &st), 0);
	ck_assert_uint_eq(st.st_gid, gid);
}
END_TEST

START_TEST(a_busy_port_is_said)
{
	struct addr a = inet_addr_of("127.0.0.1", 0);
	struct listener *first;

	ck_assert_int_eq(open_at(&a), 0);
	first = l;
	l = NULL;
	a.in.sin_port = listener_addr(first)->in.sin_port;
	ck_assert_int_eq(open_at(&a), -EADDRINUSE);
	ck_assert_ptr_nonnull(strstr(msg.text, "cannot listen on 127.0.0.1:"));
	ck_assert_ptr_nonnull(strstr(msg.text, "another program listens"));
	listener_unref(first);
	ck_assert_int_eq(open_at(&a), 0);
}
END_TEST

START_TEST(wildcard_takes_both_families)
{
	struct addr a = inet_addr_of("::", 0), to;
	int err = open_at(&a);

	ck_assert_int_eq(err, 0);
	to = inet_addr_of("127.0.0.1", ntohs(listener_addr(l)->in.sin_port));
	ck_assert_int_eq(can_connect(&to), 0);
}
END_TEST

START_TEST(one_ipv6_address_is_only_that)
{
	struct addr a = inet_addr_of("::1", 0), to;
	int err = open_at(&a);

	if (err == -EAFNOSUPPORT || err == -EADDRNOTAVAIL)
		return; /* a machine without IPv6 */
	ck_assert_int_eq(err, 0);
	ck_assert_int_eq(
		option_of(listener_fd(l), IPPROTO_IPV6, IPV6_V6ONLY), 1);
	to = inet_addr_of("127.0.0.1", ntohs(listener_addr(l)->in.sin_port));
	ck_assert_int_eq(can_connect(&to), -ECONNREFUSED);
}
END_TEST

START_TEST(a_missing_address_is_said)
{
	struct addr a = inet_addr_of("192.0.2.1", 0);

	ck_assert_int_eq(open_at(&a), -EADDRNOTAVAIL);
	ck_assert_ptr_nonnull(strstr(msg.text, "does not have that address"));
}
END_TEST

START_TEST(names_tell_listeners_apart)
{
	struct addr a = inet_addr_of("127.0.0.1", 0);
	struct addr b = inet_addr_of("127.0.0.2", 0);

	ck_assert_int_eq(open_at(&a), 0);
	ck_assert(
		listener_is(l, &(struct listener_name){"chat", "written", a}));
	ck_assert(
		!listener_is(l, &(struct listener_name){"echo", "written", a}));
	ck_assert(!listener_is(l, &(struct listener_name){"chat", "other", a}));
	ck_assert(
		!listener_is(l, &(struct listener_name){"chat", "written", b}));
}
END_TEST

static int open_datagram_at(const struct addr *a)
{
	const struct listener_name name = {
		"echo", "written", *a, .datagram = true};

	return listener_open(&l, &name, &usual, &msg);
}

/* Opens datagrams (*ret) at a port that the kernel chose and TCP at the same
 * one; again if that is somebody's. */
static struct listener *open_both(struct listener **ret)
{
	struct addr a = inet_addr_of("127.0.0.1", 0);
	struct listener *tcp;
	int err;

	do {
		ck_assert_int_eq(open_datagram_at(&a), 0);
		*ret = l;
		err = open_at(listener_addr(*ret));
		tcp = l;
		l = NULL;
		if (err)
			listener_unref(*ret);
	} while (err == -EADDRINUSE);
	ck_assert_int_eq(err, 0);
	return tcp;
}

START_TEST(a_datagram_port_is_not_shared)
{
	struct addr a;
	struct listener *first, *tcp = open_both(&first);

	ck_assert(listener_is_datagram(first));
	ck_assert_int_eq(
		option_of(listener_fd(first), SOL_SOCKET, SO_TYPE), SOCK_DGRAM);
	ck_assert_int_eq(
		option_of(listener_fd(first), SOL_SOCKET, SO_SNDBUF), 100000);
	a = *listener_addr(first);
	ck_assert_int_eq(open_datagram_at(&a), -EADDRINUSE);
	ck_assert_ptr_nonnull(strstr(msg.text, "another program"));
	/* TCP has ports of its own. */
	ck_assert(!listener_is_datagram(tcp));
	ck_assert(listener_is(
		tcp, &(struct listener_name){"echo", "written", a}));
	ck_assert(!listener_is(
		tcp, &(struct listener_name){"echo", "written", a, true}));
	listener_unref(tcp);
	listener_unref(first);
}
END_TEST

START_TEST(datagrams_to_every_address_tell_which)
{
	struct addr a = inet_addr_of("::", 0);
	bool is_six;

	ck_assert_int_eq(open_datagram_at(&a), 0);
	is_six = listener_addr(l)->sa.sa_family == AF_INET6;
	ck_assert_int_eq(option_of(listener_fd(l), IPPROTO_IP, IP_PKTINFO), 1);
	if (is_six)
		ck_assert_int_eq(option_of(listener_fd(l), IPPROTO_IPV6,
					 IPV6_RECVPKTINFO),
			1);
	listener_unref(l);
	a = inet_addr_of("127.0.0.1", 0);
	ck_assert_int_eq(open_datagram_at(&a), 0);
	ck_assert_int_eq(option_of(listener_fd(l), IPPROTO_IP, IP_PKTINFO), 0);
}
END_TEST

static const char *const of_many[] = {
	"255.255.255.255", "127.255.255.255", "224.0.0.251", "ff02::1"};

START_TEST(addresses_of_many_are_refused)
{
	struct addr a = inet_addr_of(of_many[_i], 0);

	ck_assert_int_eq(open_datagram_at(&a), -EDESTADDRREQ);
	ck_assert_msg(strstr(msg.text, "the address of many"), "%s", msg.text);
}
END_TEST

START_TEST(unix_sockets_have_their_mode_and_go_with_us)
{
	struct addr a = unix_addr();
	struct stat st;
	char text[ADDR_LEN];

	ck_assert_int_eq(open_at(&a), 0);
	ck_assert_int_eq(stat(path, &st), 0);
	ck_assert(S_ISSOCK(st.st_mode));
	ck_assert_uint_eq(st.st_mode & 07777, 0660);
	ck_assert_str_eq(listener_text(l, text), path);
	ck_assert_int_eq(can_connect(&a), 0);
	ck_assert_ptr_eq(listener_ref(l), l);
	listener_unref(l);
	ck_assert_int_eq(stat(path, &st), 0);
	listener_unref(l);
	l = NULL;
	ck_assert_int_eq(stat(path, &st), -1);
}
END_TEST

static void leave_stale_socket(void)
{
	struct addr a = unix_addr();
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	ck_assert_int_eq(bind(fd, &a.sa, a.len), 0);
	ck_assert_int_eq(listen(fd, 1), 0);
	close(fd);
}

START_TEST(stale_files_are_replaced)
{
	struct addr a = unix_addr();

	leave_stale_socket();
	ck_assert_int_eq(open_at(&a), 0);
	ck_assert_int_eq(can_connect(&a), 0);
}
END_TEST

START_TEST(live_sockets_are_not_replaced)
{
	struct addr a = unix_addr();
	struct listener *first;

	ck_assert_int_eq(open_at(&a), 0);
	first = l;
	l = NULL;
	ck_assert_int_eq(open_at(&a), -EADDRINUSE);
	ck_assert_int_eq(can_connect(&a), 0);
	listener_unref(first);
}
END_TEST

START_TEST(other_files_are_not_replaced)
{
	struct addr a = unix_addr();
	FILE *file = fopen(path, "w");
	struct stat st;

	fclose(file);
	ck_assert_int_eq(open_at(&a), -EEXIST);
	ck_assert_ptr_nonnull(strstr(msg.text, "; what is there is no socket"));
	ck_assert_int_eq(stat(path, &st), 0);
	ck_assert(S_ISREG(st.st_mode));
}
END_TEST

START_TEST(a_group_of_others_is_said)
{
	struct addr a = unix_addr();
	struct listener_settings settings = usual;

	settings.gid = 7;
	if (geteuid() == 0) {
		ck_assert_int_eq(chmod(dir, 0777), 0);
		ck_assert_int_eq(seteuid(65534), 0);
	}
	ck_assert_int_eq(
		listener_open(&l, &(struct listener_name){"chat", "written", a},
			&settings, &msg),
		-EPERM);
	ck_assert_ptr_nonnull(
		strstr(msg.text, "only to a group that sockd itself is in"));
	if (getuid() == 0)
		ck_assert_int_eq(seteuid(0), 0);
}
END_TEST

START_TEST(what_others_put_there_stays)
{
	struct addr a = unix_addr();
	struct stat st;

	ck_assert_int_eq(open_at(&a), 0);
	ck_assert_int_eq(unlink(path), 0);
	leave_stale_socket();
	listener_unref(l);
	l = NULL;
	ck_assert_int_eq(stat(path, &st), 0);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("listener");
	TCase *tc = tcase_create("listener");
	SRunner *sr = srunner_create(s);
	int failed;

	tcase_add_checked_fixture(tc, set_up, tear_down);
	tcase_add_test(tc, tcp_is_bound_and_tuned);
	tcase_add_test(tc, new_settings_reach_a_kept_socket);
	tcase_add_loop_test(tc, connections_have_the_buffer_too, 0, 2);
	tcase_add_test(tc, what_is_no_longer_wanted_goes_back);
	tcase_add_test(tc, a_group_comes_and_goes);
	tcase_add_test(tc, a_busy_port_is_said);
	tcase_add_test(tc, wildcard_takes_both_families);
	tcase_add_test(tc, one_ipv6_address_is_only_that);
	tcase_add_test(tc, a_missing_address_is_said);
	tcase_add_test(tc, names_tell_listeners_apart);
	tcase_add_test(tc, a_datagram_port_is_not_shared);
	tcase_add_test(tc, datagrams_to_every_address_tell_which);
	tcase_add_loop_test(tc, addresses_of_many_are_refused, 0,
		(int)(sizeof(of_many) / sizeof(of_many[0])));
	tcase_add_test(tc, unix_sockets_have_their_mode_and_go_with_us);
	tcase_add_test(tc, stale_files_are_replaced);
	tcase_add_test(tc, live_sockets_are_not_replaced);
	tcase_add_test(tc, other_files_are_not_replaced);
	tcase_add_test(tc, a_group_of_others_is_said);
	tcase_add_test(tc, what_others_put_there_stays);
	suite_add_tcase(s, tc);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
