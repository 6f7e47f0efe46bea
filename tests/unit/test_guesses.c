/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "net/guesses.h"

#include "net/conn_private.h"
#include "net_world.h"

#define WHILE_MS 20000

static struct guesses *guesses;

/* Of a connection only the address is looked at. */
static uint64_t from(uint32_t address, bool is_counted)
{
	struct conn c = {.in_address_table = is_counted};

	c.peer.in.sin_family = AF_INET;
	c.peer.in.sin_addr.s_addr = htonl(address);
	return guesses_key(&c);
}

START_TEST(three_at_once_and_three_a_minute)
{
	uint64_t now = 1000;
	uint64_t c = from(0xC0000201, true);

	for (int i = 0; i < 3; i++) {
		ck_assert(guesses_may(guesses, c, now));
		guesses_wrong(guesses, c, now);
	}
	ck_assert(!guesses_may(guesses, c, now));
	ck_assert(!guesses_may(guesses, c, now + WHILE_MS - 1));
	now += WHILE_MS;
	ck_assert(guesses_may(guesses, c, now));
	guesses_wrong(guesses, c, now);
	ck_assert(!guesses_may(guesses, c, now));
	/* asking costs nothing, and in the end all is forgotten */
	now += 10 * WHILE_MS;
	for (int i = 0; i < 9; i++)
		ck_assert(guesses_may(guesses, c, now));
	for (int i = 0; i < 3; i++)
		guesses_wrong(guesses, c, now);
	ck_assert(!guesses_may(guesses, c, now));
}
END_TEST

START_TEST(those_on_their_way_are_owed)
{
	uint64_t c = from(0xC0000201, true);

	for (int i = 0; i < 60; i++)
		guesses_wrong(guesses, c, 0);
	ck_assert(!guesses_may(guesses, c, 57 * WHILE_MS));
	ck_assert(guesses_may(guesses, c, 58 * WHILE_MS));
	/* but not for ever */
	for (int i = 0; i < 10000; i++)
		guesses_wrong(guesses, c, 0);
	ck_assert(guesses_may(guesses, c, 178 * WHILE_MS));
}
END_TEST

START_TEST(others_are_let_be)
{
	uint64_t c = from(0xC0000201, true);
	uint64_t other = from(0xC0000202, true);
	uint64_t exempt = from(0xC0000203, false);

	for (int i = 0; i < 9; i++) {
		guesses_wrong(guesses, c, 0);
		guesses_wrong(guesses, exempt, 0);
	}
	ck_assert(!guesses_may(guesses, c, 0));
	ck_assert(guesses_may(guesses, other, 0));
	ck_assert(guesses_may(guesses, exempt, 0));
	/* whoever was wrong once is pushed out before who was so often */
	for (uint32_t i = 0; i < 100000; i++)
		guesses_wrong(guesses, from(0x0A000000 + i, true), 0);
	ck_assert(!guesses_may(guesses, c, 0));
}
END_TEST

static void set_up(void)
{
	guesses = guesses_new();
	ck_assert_ptr_nonnull(guesses);
}

static void tear_down(void)
{
	guesses_free(guesses);
	guesses_free(NULL);
}

int main(void)
{
	Suite *suite = suite_create("guesses");
	TCase *tc = tcase_create("guesses");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(tc, set_up, tear_down);
	tcase_add_test(tc, three_at_once_and_three_a_minute);
	tcase_add_test(tc, those_on_their_way_are_owed);
	tcase_add_test(tc, others_are_let_be);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
