/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "chat/ticket.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "chat/member.h"

static struct tickets tickets;

static void setup(void)
{
	tickets_init(&tickets);
}

static void teardown(void)
{
	tickets_fini(&tickets);
}

static struct member *person(const char *nick)
{
	struct member *member = member_new((struct chat_home){0, 1}, nick);

	ck_assert_int_eq(ticket_give(&tickets, member), 0);
	return member;
}

static uint32_t code_of(const struct member *member)
{
	return ticket_code(&tickets, member->ticket);
}

static const struct {
	const char *text;
	uint32_t code;
} codes[] = {
	{"0000-00", 0},
	{"zzzz-zz", 0x3FFFFFFF},
	{"k7fd-92", 19u << 25 | 7u << 20 | 15u << 15 | 13u << 10 | 9u << 5 | 2},
	{"0000-01", 1},
	{"1000-00", 1u << 25},
};

START_TEST(codes_are_written)
{
	char buf[TICKET_CODE_LEN];
	uint32_t code = 7;

	ticket_format_code(buf, codes[_i].code);
	ck_assert_str_eq(buf, codes[_i].text);
	ck_assert(ticket_parse_code(buf, &code));
	ck_assert_uint_eq(code, codes[_i].code);
}
END_TEST

/* As people type and misread them. */
static const struct {
	const char *typed, *text; /* NULL: no code */
} typed[] = {
	{"K7FD-92", "k7fd-92"},
	{"k7fd92", "k7fd-92"},
	{"k-7-fd9-2-", "k7fd-92"},
	{"ooOO-il", "0000-11"},
	{"LI00-UU", "1100-vv"},
	{"k7fd-9", NULL},
	{"k7fd-921", NULL},
	{"k7fd 92", NULL},
	{"k7fd-9\xC3\xA9", NULL},
	{"#7fd-92", NULL},
	{"------", NULL},
	{"", NULL},
};

START_TEST(codes_are_read)
{
	char buf[TICKET_CODE_LEN];
	uint32_t code = 0;
	bool is_code = ticket_parse_code(typed[_i].typed, &code);

	ck_assert_int_eq(is_code, typed[_i].text != NULL);
	if (!is_code)
		return;
	ticket_format_code(buf, code);
	ck_assert_str_eq(buf, typed[_i].text);
}
END_TEST

/* All bits of a code are used, and no two are alike. */
START_TEST(codes_are_random)
{
	enum { N = 2000 };
	struct member *members[N];
	uint32_t all_set = 0x3FFFFFFF, any_set = 0;

	for (int i = 0; i < N; i++) {
		members[i] = person("bob");
		all_set &= code_of(members[i]);
		any_set |= code_of(members[i]);
	}
	ck_assert_uint_eq(all_set, 0);
	ck_assert_uint_eq(any_set, 0x3FFFFFFF);
	for (int i = 0; i < N; i++)
		ck_assert_ptr_eq(tickets_find(&tickets, code_of(members[i])),
			members[i]->ticket);
	for (int i = 0; i < N; i += 2) {
		ticket_drop(&tickets, members[i]->ticket);
		ck_assert_ptr_null(members[i]->ticket);
		member_free(members[i]);
	}
	for (int i = 1; i < N; i += 2) {
		ck_assert_ptr_eq(tickets_find(&tickets, code_of(members[i])),
			members[i]->ticket);
		ticket_drop(&tickets, members[i]->ticket);
		member_free(members[i]);
	}
	ck_assert_uint_eq(tickets.n, 0);
}
END_TEST

START_TEST(a_ticket_is_given_once)
{
	struct member *bob = person("bob");
	uint32_t code = code_of(bob);

	ck_assert_int_eq(ticket_give(&tickets, bob), 0);
	ck_assert_uint_eq(code_of(bob), code);
	ck_assert_uint_eq(tickets.n, 1);
	ticket_keep(&tickets, bob->ticket, 5);
}
END_TEST

START_TEST(a_ticket_passes_with_a_new_code)
{
	struct member *bob = person("bob"), *guest = person("other");
	struct ticket *ticket = bob->ticket;
	uint32_t old = code_of(bob), dropped = code_of(guest);

	ticket_keep(&tickets, ticket, 5);
	ticket_claim(&tickets, ticket, guest);
	ticket_pass(&tickets, ticket, guest, old ^ 1);
	ck_assert_ptr_eq(guest->ticket, ticket);
	ck_assert_ptr_null(guest->claim);
	ck_assert_ptr_eq(ticket->member, guest);
	ck_assert_ptr_null(tickets_find(&tickets, old));
	ck_assert_ptr_null(tickets_find(&tickets, dropped));
	ck_assert_ptr_eq(tickets_find(&tickets, old ^ 1), ticket);
	ck_assert_uint_eq(tickets.n, 1);
	ck_assert_uint_eq(tickets.n_gone, 0);
	ticket_keep(&tickets, ticket, 6);
}
END_TEST

START_TEST(those_who_left_are_forgotten_in_time)
{
	struct member *a = person("a"), *b = person("b"), *c = person("c");
	uint32_t code_a = code_of(a), code_b = code_of(b), code_c = code_of(c);

	ticket_keep(&tickets, b->ticket, 1000);
	ticket_keep(&tickets, a->ticket, 1500);
	tickets_forget(&tickets, 600, 1599);
	ck_assert_ptr_nonnull(tickets_find(&tickets, code_b));
	tickets_forget(&tickets, 600, 1600);
	ck_assert_ptr_null(tickets_find(&tickets, code_b));
	ck_assert_ptr_nonnull(tickets_find(&tickets, code_a));
	tickets_forget(&tickets, 600, 99999);
	ck_assert_ptr_null(tickets_find(&tickets, code_a));
	/* who is here is not */
	ck_assert_ptr_nonnull(tickets_find(&tickets, code_c));
	ticket_keep(&tickets, c->ticket, 1);
}
END_TEST

/* Of many whose time is over at once a few are ended each time; none of them is
 * taken for one that lasts. */
START_TEST(many_are_forgotten_in_turns)
{
	const struct ticket *last = NULL;
	size_t left = 1000;
	int n = 0;

	for (size_t i = 0; i < left; i++) {
		struct member *member = person("bob");

		(void)code_of(member);
		last = member->ticket;
		ticket_keep(&tickets, member->ticket, 1000);
	}
	ck_assert(!ticket_is_over(last, 600, 1599));
	ck_assert(ticket_is_over(last, 600, 1600));
	for (; left > 0; n++) {
		tickets_forget(&tickets, 600, 1600);
		ck_assert_uint_lt(tickets.n_gone, left);
		ck_assert_uint_ge(tickets.n_gone + 64, left);
		left = tickets.n_gone;
	}
	ck_assert_int_gt(n, 10);
}
END_TEST

START_TEST(those_who_left_are_bounded)
{
	uint32_t first = 0, second = 0, last = 0;

	for (int i = 0; i <= TICKETS_GONE; i++) {
		struct member *member = person("bob");

		last = code_of(member);
		if (i == 0)
			first = last;
		if (i == 1)
			second = last;
		ck_assert_int_eq(
			ticket_keep(&tickets, member->ticket, (uint64_t)i),
			i == TICKETS_GONE);
	}
	ck_assert_uint_eq(tickets.n_gone, TICKETS_GONE);
	ck_assert_ptr_null(tickets_find(&tickets, first));
	ck_assert_ptr_nonnull(tickets_find(&tickets, second));
	ck_assert_ptr_nonnull(tickets_find(&tickets, last));
}
END_TEST

START_TEST(a_claim_holds_the_nick)
{
	struct member *bob = person("bob"), *guest = person("g");

	ticket_claim(&tickets, bob->ticket, guest);
	ck_assert(!tickets_hold_nick(&tickets, "bob", NULL)); /* it is here */
	ticket_keep(&tickets, bob->ticket, 1);
	ck_assert(tickets_hold_nick(&tickets, "bob", NULL));
	ck_assert(!tickets_hold_nick(&tickets, "bob", guest));
	ck_assert(!tickets_hold_nick(&tickets, "rob", NULL));
	ticket_claim(&tickets, bob->ticket, NULL);
	ck_assert(!tickets_hold_nick(&tickets, "bob", NULL));
	ticket_claim(&tickets, bob->ticket, guest);
	ticket_drop(&tickets, bob->ticket);
	ck_assert_ptr_null(guest->claim);
	ticket_keep(&tickets, guest->ticket, 1);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("ticket");
	TCase *tc = tcase_create("ticket");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_loop_test(
		tc, codes_are_written, 0, sizeof codes / sizeof codes[0]);
	tcase_add_loop_test(
		tc, codes_are_read, 0, sizeof typed / sizeof typed[0]);
	tcase_add_test(tc, codes_are_random);
	tcase_add_test(tc, a_ticket_is_given_once);
	tcase_add_test(tc, a_ticket_passes_with_a_new_code);
	tcase_add_test(tc, those_who_left_are_forgotten_in_time);
	tcase_add_test(tc, many_are_forgotten_in_turns);
	tcase_add_test(tc, those_who_left_are_bounded);
	tcase_add_test(tc, a_claim_holds_the_nick);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
