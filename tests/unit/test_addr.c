/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "net/addr.h"

#include <arpa/inet.h>
#include <check.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/errmsg.h"
#include "base/str.h"

#define N(array) ((int)(sizeof(array) / sizeof((array)[0])))

static struct addr ip(const char *text, unsigned port)
{
	struct addr a = {.len = sizeof(a.in)};

	if (strchr(text, ':')) {
		a.len = sizeof(a.in6);
		a.in6.sin6_family = AF_INET6;
		a.in6.sin6_port = htons((uint16_t)port);
		ck_assert_int_eq(
			inet_pton(AF_INET6, text, &a.in6.sin6_addr), 1);
	} else {
		a.in.sin_family = AF_INET;
		a.in.sin_port = htons((uint16_t)port);
		ck_assert_int_eq(inet_pton(AF_INET, text, &a.in.sin_addr), 1);
	}
	return a;
}

START_TEST(addresses_are_shown)
{
	static const struct {
		const char *ip, *text;
	} rows[] = {
		{"192.0.2.5", "192.0.2.5:51234"},
		{"2001:db8::1", "[2001:db8::1]:51234"},
		{"::1", "[::1]:51234"},
		{"::ffff:192.0.2.5", "192.0.2.5:51234"},
	};
	char buf[ADDR_LEN];
	struct addr a;

	for (int i = 0; i < N(rows); i++) {
		a = ip(rows[i].ip, 51234);
		ck_assert_str_eq(addr_format(buf, &a.sa, a.len), rows[i].text);
	}
	a = ip("fe80::1", 7);
	a.in6.sin6_scope_id = 3;
	ck_assert_str_eq(addr_format(buf, &a.sa, a.len), "[fe80::1%3]:7");
}
END_TEST

START_TEST(unix_addresses_are_shown)
{
	struct addr a = {.len = offsetof(struct sockaddr_un, sun_path)};
	char buf[ADDR_LEN];

	a.un.sun_family = AF_UNIX;
	ck_assert_str_eq(addr_format(buf, &a.sa, a.len), "unix");
	ck_assert_str_eq(addr_format(buf, &a.sa, a.len + 1), "unix");
	strcpy(a.un.sun_path, "/run/x");
	ck_assert_str_eq(addr_format(buf, &a.sa, a.len + 6), "/run/x");
	ck_assert_str_eq(addr_format(buf, &a.sa, a.len + 7), "/run/x");
	memcpy(a.un.sun_path, "\0abc", 4);
	ck_assert_str_eq(addr_format(buf, &a.sa, a.len + 4), "@abc");
	memset(a.un.sun_path, 'p', sizeof(a.un.sun_path));
	addr_format(buf, &a.sa, sizeof(a.un));
	ck_assert_uint_eq(strlen(buf), sizeof(a.un.sun_path));
}
END_TEST

static const struct {
	const char *text;
	struct listen_spec spec;
} good[] = {
	{"localhost:7007",
		{LISTEN_INET, false, false, "localhost", "7007", ""}},
	{"*:0", {LISTEN_INET, true, false, "*", "0", ""}},
	{"192.0.2.1:echo", {LISTEN_INET, false, true, "192.0.2.1", "echo", ""}},
	{"[::1]:65535", {LISTEN_INET, false, true, "::1", "65535", ""}},
	{"[fe80::1%lo]:7", {LISTEN_INET, false, true, "fe80::1%lo", "7", ""}},
	{"a-b.example:http-alt",
		{LISTEN_INET, false, false, "a-b.example", "http-alt", ""}},
	{"/run/x:y.sock", {LISTEN_UNIX, .path = "/run/x:y.sock"}},
	{"chat.sock", {LISTEN_UNIX, .path = "chat.sock"}},
	{"systemd:chat", {LISTEN_SYSTEMD, .host = "chat"}},
};

START_TEST(listen_is_understood)
{
	const struct listen_spec *want = &good[_i].spec;
	struct listen_spec got;
	struct errmsg msg = {""};

	ck_assert_msg(listen_parse(good[_i].text, &got, &msg) == 0, "%s: %s",
		good[_i].text, msg.text);
	ck_assert_int_eq(got.kind, want->kind);
	ck_assert_int_eq(got.wildcard, want->wildcard);
	ck_assert_int_eq(got.numeric, want->numeric);
	ck_assert_str_eq(got.host, want->host);
	ck_assert_str_eq(got.port, want->port);
	ck_assert_str_eq(got.path, want->path);
}
END_TEST

static const struct {
	const char *text, *says;
} bad[] = {
	{"", "empty address"},
	{"local host:7", "holds a space"},
	{"chat.sock\n", "holds a space"},
	{"4000", "write \"localhost:4000\" or \"*:4000\""},
	{":4000", "write \"*:4000\" for every address"},
	{"localhost", "write \"localhost:PORT\""},
	{"*", "write \"*:PORT\""},
	{"192.0.2.1", "write \"192.0.2.1:PORT\""},
	{"localhost:", "the port behind the colon is missing"},
	{"localhost:65536", "no port 65536"},
	{"localhost:000007", "no port 000007"},
	{"localhost:4294967376", "no port 4294967376"},
	{"localhost:-1", "\"-1\" is neither"},
	{"localhost:+7", "\"+7\" is neither"},
	{"localhost:a/b", "\"a/b\" is neither"},
	{"::1", "write an IPv6 address in brackets"},
	{"::1:4000", "write an IPv6 address in brackets"},
	{"[::1]", "has no port"},
	{"[::1", "has no port"},
	{"[::1]x:7", "has no port"},
	{"[127.0.0.1]:7", "not an IPv6 address"},
	{"[]:7", "not an IPv6 address"},
	{"[:7", "has no port"},
	{"[name]:7", "not an IPv6 address"},
	{"300.1.1.1:7", "not an IPv4 address"},
	{"1.2.3:7", "not an IPv4 address"},
	{"12345:7", "not an IPv4 address"},
	{"-x:7", "not a host name"},
	{".x:7", "not a host name"},
	{"a*b:7", "not a host name"},
	{"http://x", "not a port"},
	{"dir/chat.sock", "relative path"},
	{"unix:/run/x", "written as its path: \"/run/x\""},
	{"systemd:", "FileDescriptorName"},
};

START_TEST(listen_is_refused)
{
	struct listen_spec got = {.port = "same"};
	struct errmsg msg = {""};

	ck_assert_int_eq(listen_parse(bad[_i].text, &got, &msg), -EINVAL);
	ck_assert_str_eq(got.port, "same");
	/* "http://x" has the host "http" and a port of slashes. */
	if (strcmp(bad[_i].says, "not a port") == 0)
		ck_assert_msg(strstr(msg.text, "is neither"), "%s", msg.text);
	else
		ck_assert_msg(strstr(msg.text, bad[_i].says), "%s", msg.text);
}
END_TEST

START_TEST(long_listen_is_refused)
{
	char text[400];
	struct listen_spec got;

	memset(text, 'a', sizeof(text));
	strcpy(text + 256, ":7");
	ck_assert_int_eq(listen_parse(text, &got, NULL), -EINVAL);
	strcpy(text + 255, ":7");
	ck_assert_int_eq(listen_parse(text, &got, NULL), 0);
	memset(text, 'a', sizeof(text));
	text[108] = '\0';
	ck_assert_int_eq(listen_parse(text, &got, NULL), -EINVAL);
	text[107] = '\0';
	ck_assert_int_eq(listen_parse(text, &got, NULL), 0);
	memcpy(text, "x:", 2);
	ck_assert_int_eq(listen_parse(text, &got, NULL), -EINVAL);
}
END_TEST

/* The addresses as one text, or what msg says after "!". */
static const char *resolved(const char *text, const char *dir)
{
	static char out[600];
	struct listen_spec spec;
	struct errmsg msg = {""};
	struct addrlist addrs = {NULL, 0};
	char buf[ADDR_LEN];
	size_t len = 0;

	ck_assert_int_eq(listen_parse(text, &spec, &msg), 0);
	out[0] = '\0';
	if (listen_resolve(&spec, dir, false, &addrs, &msg) < 0) {
		snprintf(out, sizeof(out), "!%s", msg.text);
		return out;
	}
	for (size_t i = 0; i < addrs.n_items; i++)
		len += (size_t)snprintf(out + len, sizeof(out) - len, "%s%s",
			i ? " " : "",
			addr_format(
				buf, &addrs.items[i].sa, addrs.items[i].len));
	free(addrs.items);
	return out;
}

START_TEST(listen_is_resolved)
{
	static const struct {
		const char *text, *addrs;
	} rows[] = {
		{"localhost:7007", "127.0.0.1:7007 [::1]:7007"},
		{"LOCALHOST:7007", "127.0.0.1:7007 [::1]:7007"},
		{"*:0", "[::]:0"},
		{"0.0.0.0:80", "0.0.0.0:80"},
		{"127.0.0.1:7", "127.0.0.1:7"},
		{"[::1]:7", "[::1]:7"},
		{"chat.sock", "/run/sockd/chat.sock"},
		{"/tmp/chat.sock", "/tmp/chat.sock"},
		{"systemd:x", ""},
		{"no-such-host.invalid:7", "!unknown host"},
		{"127.0.0.1:no-such-port", "!unknown port \"no-such-port\""},
	};

	for (int i = 0; i < N(rows); i++) {
		const char *got = resolved(rows[i].text, "/run/sockd");

		/* Without a network the resolver may answer "try again". */
		if (strstr(got, "!no name server answers"))
			continue;
		if (rows[i].addrs[0] == '!')
			ck_assert_msg(
				strstr(got, rows[i].addrs) == got, "%s", got);
		else
			ck_assert_str_eq(got, rows[i].addrs);
	}
}
END_TEST

START_TEST(long_paths_are_refused)
{
	char dir[104] = "/", want[120];

	memset(dir + 1, 'd', 101); /* 102 bytes, "/", name of 4: 107 */
	snprintf(want, sizeof(want), "%s/sock", dir);
	ck_assert_str_eq(resolved("sock", dir), want);
	ck_assert_ptr_nonnull(strstr(resolved("socks", dir), "at most 107"));
}
END_TEST

static const struct {
	const char *net, *in, *out;
} networks[] = {
	{"127.0.0.0/8", "127.1.2.3", "128.0.0.1"},
	{"127.0.0.0/8", "::ffff:127.0.0.1", "::1"},
	{"::1", "::1", "::2"},
	{"192.0.2.1", "192.0.2.1", "192.0.2.2"},
	{"192.0.2.1/32", "192.0.2.1", "192.0.2.0"},
	{"192.0.2.128/25", "192.0.2.129", "192.0.2.127"},
	{"0.0.0.0/0", "255.255.255.255", "::1"},
	{"::/0", "::1", NULL},
	{"2001:db8::/33", "2001:db8:7fff::1", "2001:db8:8000::1"},
	{"::ffff:192.0.2.0/120", "192.0.2.77", "192.0.3.77"},
};

START_TEST(networks_hold_addresses)
{
	char *items[] = {strdup("203.0.113.0/24"), strdup(networks[_i].net)};
	struct strlist texts = {items, 2};
	struct netlist list;
	struct addr a = ip(networks[_i].in, 1);

	ck_assert_int_eq(network_check(networks[_i].net, NULL), 0);
	ck_assert_int_eq(netlist_init(&list, &texts), 0);
	ck_assert(netlist_has(&list, &a.sa));
	if (networks[_i].out) {
		a = ip(networks[_i].out, 1);
		ck_assert(!netlist_has(&list, &a.sa));
	}
	a.sa.sa_family = AF_UNIX;
	ck_assert(!netlist_has(&list, &a.sa));
	netlist_fini(&list);
	free(items[0]);
	free(items[1]);
}
END_TEST

/* Each has one text, by which it is read again. */
START_TEST(networks_are_shown)
{
	static const char *const rows[][2] = {
		{"127.0.0.0/8", "127.0.0.0/8"},
		{"192.0.2.1/32", "192.0.2.1"},
		{"0.0.0.0/0", "0.0.0.0/0"},
		{"::ffff:192.0.2.0/120", "192.0.2.0/24"},
		{"::ffff:0:0/96", "0.0.0.0/0"},
		{"::/0", "::/0"},
		{"2001:DB8:0:0::/33", "2001:db8::/33"},
		{"::1/128", "::1"},
		{"ffff:ffff:ffff:ffff:ffff:ffff:ffff:fffe/127",
			"ffff:ffff:ffff:ffff:ffff:ffff:ffff:fffe/127"},
	};
	struct network net, again;
	char buf[NETWORK_LEN];

	for (int i = 0; i < N(rows); i++) {
		ck_assert_int_eq(network_parse(rows[i][0], &net, NULL), 0);
		ck_assert_str_eq(network_format(buf, &net), rows[i][1]);
		ck_assert_int_eq(network_parse(buf, &again, NULL), 0);
		ck_assert_int_eq(again.prefix, net.prefix);
		ck_assert(network_meets(&net, &again));
	}
}
END_TEST

START_TEST(networks_may_meet)
{
	static const struct {
		const char *a, *b;
		bool meet;
	} rows[] = {
		{"10.0.0.0/8", "10.1.2.3", true},
		{"10.1.2.3", "10.1.2.3", true},
		{"10.0.0.0/8", "11.0.0.0/8", false},
		{"::/0", "127.0.0.1", true},
		{"0.0.0.0/0", "::1", false},
	};
	struct network a, b;

	for (int i = 0; i < N(rows); i++) {
		ck_assert_int_eq(network_parse(rows[i].a, &a, NULL), 0);
		ck_assert_int_eq(network_parse(rows[i].b, &b, NULL), 0);
		ck_assert_int_eq(network_meets(&a, &b), rows[i].meet);
		ck_assert_int_eq(network_meets(&b, &a), rows[i].meet);
	}
}
END_TEST

START_TEST(networks_are_refused)
{
	static const struct {
		const char *text, *says;
	} rows[] = {
		{"", "not a network"},
		{"localhost", "not a network"},
		{"10.0.0.0.0/8", "not a network"},
		{"10.0/8", "not a network"},
		{"[::1]", "not a network"},
		{"10.0.0.0/", "no prefix from /0 to /32"},
		{"10.0.0.0/33", "no prefix from /0 to /32"},
		{"10.0.0.0/+8", "no prefix from /0 to /32"},
		{"10.0.0.0/0008", "no prefix from /0 to /32"},
		{"::/129", "no prefix from /0 to /128"},
		{"10.0.0.1/8", "write \"10.0.0.0/8\""},
		{"2001:db8::1/32", "write \"2001:db8::/32\""},
		{"1111:2222:3333:4444:5555:6666:7777:8888:9999:aaaa:bbbb/1",
			"not a network"},
	};
	struct errmsg msg;

	for (int i = 0; i < N(rows); i++) {
		ck_assert_int_eq(network_check(rows[i].text, &msg), -EINVAL);
		ck_assert_msg(strstr(msg.text, rows[i].says), "%s", msg.text);
	}
}
END_TEST

START_TEST(loopback_is_known)
{
	static const struct {
		const char *ip;
		bool loopback;
	} rows[] = {
		{"127.0.0.1", true},
		{"127.255.0.1", true},
		{"::1", true},
		{"::ffff:127.0.0.1", true},
		{"128.0.0.1", false},
		{"::2", false},
		{"0.0.0.0", false},
		{"::", false},
	};
	struct addr a;

	for (int i = 0; i < N(rows); i++) {
		a = ip(rows[i].ip, 1);
		ck_assert_msg(addr_is_loopback(&a.sa) == rows[i].loopback, "%s",
			rows[i].ip);
	}
	a.sa.sa_family = AF_UNIX;
	ck_assert(addr_is_loopback(&a.sa));
}
END_TEST

int main(void)
{
	Suite *s = suite_create("addr");
	TCase *tc = tcase_create("addr");
	SRunner *sr = srunner_create(s);
	int failed;

	tcase_add_test(tc, addresses_are_shown);
	tcase_add_test(tc, unix_addresses_are_shown);
	tcase_add_loop_test(tc, listen_is_understood, 0, N(good));
	tcase_add_loop_test(tc, listen_is_refused, 0, N(bad));
	tcase_add_test(tc, long_listen_is_refused);
	tcase_add_test(tc, listen_is_resolved);
	tcase_add_test(tc, long_paths_are_refused);
	tcase_add_loop_test(tc, networks_hold_addresses, 0, N(networks));
	tcase_add_test(tc, networks_are_refused);
	tcase_add_test(tc, networks_are_shown);
	tcase_add_test(tc, networks_may_meet);
	tcase_add_test(tc, loopback_is_known);
	suite_add_tcase(s, tc);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
