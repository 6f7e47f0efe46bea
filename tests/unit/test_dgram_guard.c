/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "net/dgram_guard.h"

#include <arpa/inet.h>
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "net/addr.h"
#include "net/dgram.h"
#include "net/service.h"

#define N_OF(rows) ((int)(sizeof(rows) / sizeof((rows)[0])))

static struct service svc;
static struct portset own;

static void set_up(void)
{
	memset(&svc, 0, sizeof(svc));
	memset(&own, 0, sizeof(own));
	portset_add(&own, 7007);
	portset_add(&own, 65535);
}

static void tear_down(void)
{
	netlist_fini(&svc.allow);
}

static void allow(const char *network)
{
	svc.allow.nets = calloc(1, sizeof(struct network));
	svc.allow.n_nets = 1;
	ck_assert_int_eq(network_parse(network, svc.allow.nets, NULL), 0);
}

static struct addr address(const char *ip, unsigned port)
{
	struct addr a = {.len = sizeof(a.in)};

	if (strchr(ip, ':')) {
		a.in6.sin6_family = AF_INET6;
		a.in6.sin6_port = htons((uint16_t)port);
		ck_assert_int_eq(inet_pton(AF_INET6, ip, &a.in6.sin6_addr), 1);
	} else {
		a.in.sin_family = AF_INET;
		a.in.sin_port = htons((uint16_t)port);
		ck_assert_int_eq(inet_pton(AF_INET, ip, &a.in.sin_addr), 1);
	}
	return a;
}

/* A datagram of 10 bytes. */
static enum dgram_refusal answer(
	const char *from, unsigned port, const char *to, size_t len)
{
	struct addr a = address(from, port), b = address(to, 7007);
	const struct datagram in = {&svc, "0123456789", 10, &a.sa, &b.sa};

	return dgram_may_answer(&in, len, &own);
}

static const struct {
	const char *from;
	unsigned port;
	const char *to;
	size_t len;
	enum dgram_refusal want;
} answers[] = {
	/* Ports. */
	{"192.0.2.1", 1024, "192.0.2.9", 10, DGRAM_ANSWERED},
	{"192.0.2.1", 65534, "192.0.2.9", 10, DGRAM_ANSWERED},
	{"192.0.2.1", 2048, "192.0.2.9", 10, DGRAM_ANSWERED},
	{"192.0.2.1", 2050, "192.0.2.9", 10, DGRAM_ANSWERED},
	{"192.0.2.1", 0, "192.0.2.9", 10, DGRAM_LOW_PORT},
	{"192.0.2.1", 7, "192.0.2.9", 10, DGRAM_LOW_PORT},
	{"192.0.2.1", 19, "192.0.2.9", 10, DGRAM_LOW_PORT},
	{"192.0.2.1", 53, "192.0.2.9", 10, DGRAM_LOW_PORT},
	{"192.0.2.1", 1023, "192.0.2.9", 10, DGRAM_LOW_PORT},
	{"192.0.2.1", 2049, "192.0.2.9", 10, DGRAM_LOW_PORT},
	{"127.0.0.1", 1023, "127.0.0.1", 0, DGRAM_LOW_PORT},
	{"2001:db8::1", 1023, "2001:db8::9", 10, DGRAM_LOW_PORT},
	{"2001:db8::1", 2049, "2001:db8::9", 10, DGRAM_LOW_PORT},
	{"2001:db8::1", 1024, "2001:db8::9", 10, DGRAM_ANSWERED},
	{"192.0.2.1", 7007, "192.0.2.9", 10, DGRAM_OWN_PORT},
	{"192.0.2.1", 65535, "192.0.2.9", 10, DGRAM_OWN_PORT},
	{"127.0.0.1", 7007, "127.0.0.1", 10, DGRAM_OWN_PORT},
	{"2001:db8::1", 7007, "2001:db8::9", 10, DGRAM_OWN_PORT},

	/* Nobody, and many. */
	{"0.0.0.0", 5000, "192.0.2.9", 10, DGRAM_GROUP},
	{"255.255.255.255", 5000, "192.0.2.9", 10, DGRAM_GROUP},
	{"224.0.0.1", 5000, "192.0.2.9", 10, DGRAM_GROUP},
	{"239.255.255.255", 5000, "192.0.2.9", 10, DGRAM_GROUP},
	{"223.255.255.255", 5000, "192.0.2.9", 10, DGRAM_ANSWERED},
	{"192.0.2.1", 5000, "255.255.255.255", 10, DGRAM_GROUP},
	{"192.0.2.1", 5000, "224.0.0.251", 10, DGRAM_GROUP},
	{"::", 5000, "2001:db8::9", 10, DGRAM_GROUP},
	{"ff02::1", 5000, "2001:db8::9", 10, DGRAM_GROUP},
	{"2001:db8::1", 5000, "ff02::1", 10, DGRAM_GROUP},
	{"2001:db8::1", 5000, "ff0e::1", 10, DGRAM_GROUP},
	{"::ffff:255.255.255.255", 5000, "::ffff:192.0.2.9", 10, DGRAM_GROUP},
	{"::ffff:192.0.2.1", 5000, "::ffff:224.0.0.1", 10, DGRAM_GROUP},
	{"::ffff:192.0.2.1", 5000, "::ffff:255.255.255.255", 10, DGRAM_GROUP},
	{"::ffff:192.0.2.1", 5000, "::ffff:192.0.2.9", 10, DGRAM_ANSWERED},
	{"fe80::1", 5000, "fe80::9", 10, DGRAM_ANSWERED},

	/* Lengths. */
	{"192.0.2.1", 5000, "192.0.2.9", 0, DGRAM_ANSWERED},
	{"192.0.2.1", 5000, "192.0.2.9", 11, DGRAM_LONGER},
	{"::ffff:192.0.2.1", 5000, "::ffff:192.0.2.9", 11, DGRAM_LONGER},
	{"2001:db8::1", 5000, "2001:db8::9", 11, DGRAM_LONGER},
	{"127.0.0.1", 5000, "127.0.0.1", 11, DGRAM_ANSWERED},
	{"127.255.0.1", 5000, "127.0.0.1", 11, DGRAM_ANSWERED},
	{"128.0.0.1", 5000, "127.0.0.1", 11, DGRAM_LONGER},
	{"::1", 5000, "::1", 11, DGRAM_ANSWERED},
	{"::ffff:127.0.0.1", 5000, "::ffff:127.0.0.1", 11, DGRAM_ANSWERED},
	{"127.0.0.1", 5000, "127.0.0.1", 10 + 512, DGRAM_ANSWERED},
	{"127.0.0.1", 5000, "127.0.0.1", 10 + 513, DGRAM_LONGER},
};

START_TEST(who_is_answered)
{
	ck_assert_int_eq(answer(answers[_i].from, answers[_i].port,
				 answers[_i].to, answers[_i].len),
		answers[_i].want);
}
END_TEST

/* Who may come in at all, and get more than was sent. */
static const struct {
	const char *network, *from;
	enum dgram_refusal come, longer;
} allowed[] = {
	{NULL, "192.0.2.1", DGRAM_ANSWERED, DGRAM_LONGER},
	{NULL, "127.0.0.1", DGRAM_ANSWERED, DGRAM_ANSWERED},
	{"192.0.2.0/24", "192.0.2.1", DGRAM_ANSWERED, DGRAM_ANSWERED},
	{"192.0.2.0/24", "::ffff:192.0.2.1", DGRAM_ANSWERED, DGRAM_ANSWERED},
	{"192.0.2.0/24", "192.0.3.1", DGRAM_NOT_ALLOWED, DGRAM_ANSWERED},
	{"192.0.2.0/24", "127.0.0.1", DGRAM_NOT_ALLOWED, DGRAM_ANSWERED},
	{"2001:db8::/32", "2001:db8:5::1", DGRAM_ANSWERED, DGRAM_ANSWERED},
	{"2001:db8::/32", "2001:db9::1", DGRAM_NOT_ALLOWED, DGRAM_ANSWERED},
};

START_TEST(allow_lets_in_and_trusts)
{
	struct addr a = address(allowed[_i].from, 5000);
	struct addr b = address("127.0.0.1", 7007);
	const struct datagram in = {&svc, "", 0, &a.sa, &b.sa};

	if (allowed[_i].network)
		allow(allowed[_i].network);
	ck_assert_int_eq(dgram_may_come(&in), allowed[_i].come);
	ck_assert_int_eq(dgram_may_answer(&in, 1, &own), allowed[_i].longer);
	ck_assert_int_eq(dgram_may_answer(&in, 513, &own), DGRAM_LONGER);
}
END_TEST

START_TEST(every_refusal_has_a_name)
{
	for (int i = 0; i < DGRAM_N_REFUSALS; i++) {
		ck_assert_ptr_nonnull(dgram_refusal_names[i]);
		ck_assert_str_ne(dgram_refusal_names[i], "");
	}
}
END_TEST

START_TEST(ports_are_kept_apart)
{
	static struct portset set;
	static const uint16_t some[] = {0, 1, 63, 64, 65, 7007, 65535};

	for (size_t i = 0; i < sizeof(some) / sizeof(some[0]); i++)
		portset_add(&set, some[i]);
	for (unsigned port = 0, k = 0; port <= 65535; port++) {
		bool is_in = k < sizeof(some) / sizeof(some[0]) &&
			some[k] == port;

		ck_assert_int_eq(portset_has(&set, (uint16_t)port), is_in);
		k += is_in;
	}
}
END_TEST

int main(void)
{
	Suite *s = suite_create("dgram_guard");
	TCase *tc = tcase_create("dgram_guard");
	SRunner *sr = srunner_create(s);
	int failed;

	tcase_add_checked_fixture(tc, set_up, tear_down);
	tcase_add_loop_test(tc, who_is_answered, 0, N_OF(answers));
	tcase_add_loop_test(tc, allow_lets_in_and_trusts, 0, N_OF(allowed));
	tcase_add_test(tc, every_refusal_has_a_name);
	tcase_add_test(tc, ports_are_kept_apart);
	suite_add_tcase(s, tc);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
