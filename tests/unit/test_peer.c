/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "net/peer.h"

#include <arpa/inet.h>
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "net/addr.h"

static union peer peer_of(const char *text)
{
	union peer peer = {.family = AF_UNIX};

	if (strchr(text, ':')) {
		peer.in6 = (struct sockaddr_in6){
			.sin6_family = AF_INET6, .sin6_port = htons(99)};
		inet_pton(AF_INET6, text, &peer.in6.sin6_addr);
	} else if (strchr(text, '.')) {
		peer.in = (struct sockaddr_in){
			.sin_family = AF_INET, .sin_port = htons(99)};
		inet_pton(AF_INET, text, &peer.in.sin_addr);
	}
	return peer;
}

/* What somebody is called, and under what address it is counted. */
static const struct {
	const char *peer, *text, *key;
} rows[] = {
	{"192.0.2.5", "192.0.2.5:99", "192.0.2.5"},
	{"::ffff:192.0.2.5", "192.0.2.5:99", "192.0.2.5"},
	{"2001:db8:1:2:3:4:5:6", "[2001:db8:1:2:3:4:5:6]:99",
		"2001:db8:1:2::/64"},
	{"::1", "[::1]:99", "::/64"},
	{"unix", "unix", "unix"},
};
#define N_ROWS (sizeof(rows) / sizeof(rows[0]))

START_TEST(has_text_and_key)
{
	union peer peer = peer_of(rows[_i].peer);
	struct peer_key key = peer_key_of(&peer.sa);
	char buf[ADDR_LEN], key_buf[PEER_KEY_LEN];

	ck_assert_str_eq(peer_format(buf, &peer), rows[_i].text);
	ck_assert_str_eq(peer_key_format(key_buf, &key), rows[_i].key);
	ck_assert_int_eq(
		peer_key_is_unix(&key), strcmp(rows[_i].peer, "unix") == 0);
}
END_TEST

/* Of a /64 one cannot tell more than that it is in it. */
START_TEST(widens_within_a_64)
{
	static const struct {
		const char *from, *to;
	} nets[] = {
		{"2001:db8:1:2::3", "2001:db8:1:2::/64"},
		{"2001:db8:1:2::/64", "2001:db8:1:2::/64"},
		{"2001:db8::/32", "2001:db8::/32"},
		{"192.0.2.5", "192.0.2.5"},
		{"192.0.2.0/24", "192.0.2.0/24"},
	};

	for (size_t i = 0; i < sizeof(nets) / sizeof(nets[0]); i++) {
		struct network net, wanted;

		ck_assert_int_eq(network_parse(nets[i].from, &net, NULL), 0);
		ck_assert_int_eq(network_parse(nets[i].to, &wanted, NULL), 0);
		peer_key_widen(&net);
		ck_assert_mem_eq(net.bytes, wanted.bytes, sizeof(net.bytes));
		ck_assert_uint_eq(net.prefix, wanted.prefix);
	}
}
END_TEST

START_TEST(is_in_networks)
{
	static char four[] = "192.0.2.0/24", six[] = "2001:db8::/32";
	char *texts[] = {four, six};
	const struct strlist list = {.items = texts, .n_items = 2}, none = {0};
	union peer peer = {.in = {.sin_family = AF_INET}};

	inet_pton(AF_INET, "192.0.2.77", &peer.in.sin_addr);
	ck_assert(peer_is_in(&peer.sa, &list));
	ck_assert(!peer_is_in(&peer.sa, &none));
	inet_pton(AF_INET, "192.0.3.77", &peer.in.sin_addr);
	ck_assert(!peer_is_in(&peer.sa, &list));
	peer = (union peer){.in6 = {.sin6_family = AF_INET6}};
	inet_pton(AF_INET6, "2001:db8::1", &peer.in6.sin6_addr);
	ck_assert(peer_is_in(&peer.sa, &list));
	inet_pton(AF_INET6, "::ffff:192.0.2.1", &peer.in6.sin6_addr);
	ck_assert(peer_is_in(&peer.sa, &list));
	peer = (union peer){.family = AF_UNIX};
	ck_assert(!peer_is_in(&peer.sa, &list));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("peer");
	TCase *tc = tcase_create("peer");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_loop_test(tc, has_text_and_key, 0, N_ROWS);
	tcase_add_test(tc, is_in_networks);
	tcase_add_test(tc, widens_within_a_64);
	suite_add_tcase(suite, tc);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
