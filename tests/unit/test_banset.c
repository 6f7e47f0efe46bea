/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "net/banset.h"

#include <arpa/inet.h>
#include <check.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/str.h"
#include "net/addr.h"

#define N(array) ((int)(sizeof(array) / sizeof((array)[0])))
#define NOW      INT64_C(1700000000000)

static struct addr ip(const char *text)
{
	struct addr a = {.len = sizeof(a.in)};

	if (strchr(text, ':')) {
		a.len = sizeof(a.in6);
		a.in6.sin6_family = AF_INET6;
		ck_assert_int_eq(
			inet_pton(AF_INET6, text, &a.in6.sin6_addr), 1);
	} else {
		a.in.sin_family = AF_INET;
		ck_assert_int_eq(inet_pton(AF_INET, text, &a.in.sin_addr), 1);
	}
	return a;
}

static const struct {
	const char *net;
	int64_t until_ms;
} nets[] = {
	{"192.0.2.0/24", 0},
	{"192.0.2.128/25", NOW + 10},
	{"192.0.2.130", NOW - 1},
	{"10.0.0.0/8", NOW},
	{"10.1.0.0/16", 0},
	{"2001:db8::/32", 0},
	{"2001:db8:0:1::/64", NOW + 10},
	{"203.0.113.5", 0},
};

static struct banset *make(const struct strlist *exempt)
{
	struct banset_row rows[N(nets)];
	struct banset *set;

	for (int i = 0; i < N(nets); i++) {
		rows[i] = (struct banset_row){
			.until_ms = nets[i].until_ms, .reason = nets[i].net};
		ck_assert_int_eq(
			network_parse(nets[i].net, &rows[i].net, NULL), 0);
	}
	set = banset_new(rows, N(nets), exempt);
	ck_assert_ptr_nonnull(set);
	return set;
}

static const struct {
	const char *address, *net; /* NULL: it may come */
} looks[] = {
	{"192.0.2.0", "192.0.2.0/24"},
	{"192.0.2.127", "192.0.2.0/24"},
	{"192.0.2.129", "192.0.2.128/25"},
	{"192.0.2.130", "192.0.2.128/25"},
	{"192.0.2.255", "192.0.2.128/25"},
	{"192.0.3.0", NULL},
	{"192.0.1.255", NULL},
	{"10.0.0.1", NULL},
	{"10.1.0.1", "10.1.0.0/16"},
	{"10.2.0.1", NULL},
	{"0.0.0.0", NULL},
	{"255.255.255.255", NULL},
	{"203.0.113.5", "203.0.113.5"},
	{"203.0.113.6", NULL},
	{"::ffff:203.0.113.5", "203.0.113.5"},
	{"2001:db8:0:1::7", "2001:db8:0:1::/64"},
	{"2001:db8:0:2::7", "2001:db8::/32"},
	{"2001:db9::", NULL},
	{"::", NULL},
};

START_TEST(the_narrowest_in_force_is_found)
{
	const struct strlist none = {NULL, 0};
	struct banset *set = make(&none);
	struct addr a = ip(looks[_i].address);
	const struct banset_row *row = banset_find(set, &a.sa, NOW);

	ck_assert_int_eq(row != NULL, looks[_i].net != NULL);
	if (row)
		ck_assert_str_eq(row->reason, looks[_i].net);
	banset_unref(set);
}
END_TEST

START_TEST(the_exempt_are_spared)
{
	char text[] = "192.0.2.129", *items[] = {text};
	const struct strlist exempt = {items, 1};
	struct banset *set = make(&exempt);
	struct addr in = ip("192.0.2.129"), beside = ip("192.0.2.131");
	struct sockaddr_un un = {.sun_family = AF_UNIX};

	ck_assert_ptr_null(banset_find(set, &in.sa, NOW));
	ck_assert_ptr_nonnull(banset_find(set, &beside.sa, NOW));
	ck_assert_ptr_null(banset_find(set, (struct sockaddr *)&un, NOW));
	ck_assert_ptr_null(banset_find(NULL, &beside.sa, NOW));
	banset_unref(banset_ref(set));
	banset_unref(set);
	banset_unref(NULL);
}
END_TEST

/* Many networks that lie in each other, against looking at all of them. */
START_TEST(it_is_as_looking_at_all)
{
	enum { N_ROWS = 300, N_LOOKS = 20000 };
	static struct banset_row rows[N_ROWS];
	const struct strlist none = {NULL, 0};
	struct banset *set;
	struct addr a = ip("10.0.0.0");
	uint8_t bytes[16];

	srand(7);
	for (int i = 0; i < N_ROWS; i++) {
		int prefix = 16 + rand() % 17;
		uint32_t host = (uint32_t)rand() % 65536;
		uint32_t mask = prefix < 32 ? ~(0xffffffffu >> prefix)
					    : 0xffffffffu;
		uint32_t net = htonl((0x0a000000u | host) & mask);

		rows[i] = (struct banset_row){.reason = "",
			.until_ms = rand() % 3 ? 0 : NOW - 1,
			.net = {.prefix = (uint8_t)(96 + prefix)}};
		rows[i].net.bytes[10] = rows[i].net.bytes[11] = 0xff;
		memcpy(rows[i].net.bytes + 12, &net, 4);
	}
	set = banset_new(rows + 20, N_ROWS - 20, &none);
	for (int i = 0; i < N_LOOKS; i++) {
		bool is_in = false;

		a.in.sin_addr.s_addr = htonl(
			0x0a000000u | ((uint32_t)rand() % 131072));
		ck_assert(addr_bytes(&a.sa, bytes));
		for (int k = 20; k < N_ROWS; k++)
			is_in = is_in ||
				(rows[k].until_ms == 0 &&
					network_has(&rows[k].net, bytes));
		ck_assert_int_eq(banset_find(set, &a.sa, NOW) != NULL, is_in);
	}
	banset_unref(set);
}
END_TEST

START_TEST(words_say_until_when)
{
	struct strbuf out = {0};

	setenv("TZ", "UTC", 1);
	tzset();
	ban_add_words(&out, 0, "", NOW);
	ck_assert_str_eq(out.data, "");
	ban_add_words(&out, 0, "spam", NOW);
	ck_assert_str_eq(out.data, ": spam");
	strbuf_clear(&out);
	ban_add_words(&out, NOW + 60000, "spam", NOW);
	ck_assert_str_eq(out.data, " until 22:14: spam");
	strbuf_clear(&out);
	ban_add_words(&out, NOW + 86400000, "", NOW);
	ck_assert_str_eq(out.data, " until 2023-11-15 22:13");
	strbuf_fini(&out);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("banset");
	TCase *tc = tcase_create("banset");
	SRunner *sr = srunner_create(s);
	int failed;

	tcase_add_loop_test(tc, the_narrowest_in_force_is_found, 0, N(looks));
	tcase_add_test(tc, the_exempt_are_spared);
	tcase_add_test(tc, it_is_as_looking_at_all);
	tcase_add_test(tc, words_say_until_when);
	suite_add_tcase(s, tc);
	srunner_run_all(sr, CK_NORMAL);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
