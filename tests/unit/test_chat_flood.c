/* SPDX-License-Identifier: GPL-3.0-or-later */
/* People who say too much, and who do not read. */
#include "flood_world.h"
#include "net/conn_flow.h"
#include "net_world.h"

START_TEST(two_thousand_lines)
{
	say_lines(1, 2000);
	ck_assert_uint_eq(count(&heard, "<bob> line "), 40);
	ck_assert_str_eq(net_text(&told), SLOW_DOWN);
	for (unsigned i = 1; i <= 20; i++) {
		pass_ms(499);
		ck_assert_uint_eq(count(&heard, "<bob> line "), 39 + i);
		pass_ms(1);
		ck_assert_uint_eq(count(&heard, "<bob> line "), 40 + i);
	}
	pass_ms(60000);
	ck_assert_uint_eq(count(&heard, "<bob> line "), 60);
	ck_assert(strstr(heard.data, "<bob> line 60\n"));
	ck_assert_str_eq(net_text(&told), SLOW_DOWN NOT_SENT("1,940"));
	ck_assert(conn_is_open(conn));
	ck_assert_ptr_null(
		((struct chat_session *)conn_state(conn))->flood.late);
}
END_TEST

START_TEST(others_are_heard_at_once)
{
	say_lines(1, 2000);
	net_write(alice, "hush\n");
	turn();
	ck_assert(strstr(told.data, "<alice> hush\n"));
}
END_TEST

START_TEST(quit_leaves_at_once)
{
	say_lines(1, 100);
	say("/quit enough\n");
	ck_assert_str_eq(net_text(&told),
		SLOW_DOWN NOT_SENT("40") LEFT_FIRST(
			"20") "*** disconnected: bye. Press Ctrl-C.\n");
	ck_assert(strstr(
		heard.data, "<bob> line 40\n*** bob left #lobby: enough\n"));
	ck_assert_uint_eq(count(&heard, "<bob> line "), 40);
}
END_TEST

START_TEST(part_goes_round_the_queue)
{
	say("/join ops\n");
	pass_ms(3000);
	forget();
	say_lines(1, 100);
	say("/part\nback\n");
	ck_assert(strstr(told.data,
		SLOW_DOWN NOT_SENT("40")
			LEFT_FIRST("20") "*** you are in #lobby (2 here)\n"));
	pass_ms(60000);
	/* nothing that was for the other room is said here, nor is back lost */
	ck_assert_uint_eq(count(&heard, "<bob> "), 1);
	ck_assert(strstr(heard.data, "<bob> back\n"));
}
END_TEST

/* A hundred of them are lines like others: the last ones wait or are dropped. */
START_TEST(part_alone_is_a_flood_too)
{
	for (int i = 0; i < 10; i++)
		say("/part\n/part\n/part\n/part\n/part\n/part\n/part\n/part\n"
		    "/part\n/part\n");
	ck_assert_uint_eq(count(&told, "*** you are in #lobby"), 72);
	ck_assert_uint_eq(count(&told, SLOW_DOWN), 1);
	pass_ms(60000);
	ck_assert_uint_eq(count(&told, "*** you are in #lobby"), 72 + 20);
	for (int i = 0; i < 10; i++)
		say("/part\n/part\n/part\n/part\n/part\n/part\n/part\n/part\n"
		    "/part\n/part\n");
	say("/quit\n");
	ck_assert(!conn_is_open(conn));
}
END_TEST

START_TEST(refusals_cost_too)
{
	for (int i = 0; i < 10; i++)
		say("/zz\n/zz\n/zz\n/zz\n/zz\n/zz\n/zz\n/zz\n/zz\n/zz\n");
	ck_assert_uint_eq(count(&told, "*** error: "), 40);
	pass_ms(60000);
	ck_assert_uint_eq(count(&told, "*** error: "), 60);
	ck_assert_uint_eq(count(&told, NOT_SENT("40")), 1);
}
END_TEST

/* 100 lines a second for as long as it takes. */
START_TEST(patience_closes)
{
	int i;

	for (i = 0; i < 60 && conn_is_open(conn); i++) {
		say_lines(100 * i, 100);
		pass_ms(1000);
	}
	ck_assert_int_eq(i, 31);
	ck_assert_uint_eq(count(&told,
				  "*** disconnected: too many lines too fast. "
				  "Press Ctrl-C.\n"),
		1);
	/* the count goes on being told, also at the end */
	ck_assert_uint_ge(count(&told, "of your lines were not sent"), 5);
	ck_assert(strstr(
		heard.data, "*** bob left #lobby: too many lines too fast\n"));
}
END_TEST

START_TEST(the_end_of_input_waits)
{
	say_lines(1, 100);
	strbuf_clear(&told);
	shutdown(bob, SHUT_WR);
	turn();
	ck_assert_str_eq(net_text(&told), NOT_SENT("40"));
	pass_ms(9999);
	ck_assert_uint_eq(count(&heard, "<bob> line "), 59);
	ck_assert(conn_is_open(conn));
	pass_ms(1);
	ck_assert_uint_eq(count(&heard, "<bob> line "), 60);
	ck_assert(strstr(heard.data, "*** bob left #lobby\n"));
}
END_TEST

START_TEST(a_last_line_waits_too)
{
	say_lines(1, 45);
	net_write(bob, "no end");
	shutdown(bob, SHUT_WR);
	turn();
	ck_assert(conn_is_open(conn));
	pass_ms(60000);
	ck_assert(strstr(heard.data, "<bob> no end\n*** bob left #lobby\n"));
}
END_TEST

START_TEST(who_is_dropped_leaves_nothing)
{
	say_lines(1, 100);
	conn_close(conn, CLOSE_STOPPING, NULL);
	turn();
	pass_ms(60000);
	ck_assert_uint_eq(count(&heard, "<bob> line "), 40);
}
END_TEST

/* Who does not read. */

/* Bob has this much to read. */
static void choke(void)
{
	net.svc->output_soft = 16 * 1024;
	for (int i = 0; i < 100 && !conn_is_choked(conn); i++) {
		static char line[4000];

		memset(line, 'x', sizeof(line));
		line[sizeof(line) - 1] = '\0';
		net_write(alice, line);
		net_write(alice, "\n");
		clock_pass_ms(500);
		net_turns(&net, 5);
		net_read(alice, &heard);
	}
	ck_assert(conn_is_choked(conn));
	strbuf_clear(&heard);
}

static void write_and_turn(int fd, const char *text)
{
	net_write(fd, text);
	net_turns(&net, 10);
	net_read(alice, &heard);
}

START_TEST(who_does_not_read_can_quit)
{
	choke();
	write_and_turn(bob, "/who\nhello\n/quit too much\n");
	ck_assert(strstr(heard.data, "*** bob left #lobby: too much\n"));
	ck_assert_uint_eq(count(&heard, "<bob> "), 0);
}
END_TEST

START_TEST(who_does_not_read_can_part)
{
	say("/join ops\n");
	pass_ms(3000);
	say("/join lobby\n");
	forget();
	choke();
	write_and_turn(bob, "hello\n/join ops\n");
	ck_assert_str_eq(net_text(&heard), "");
	write_and_turn(bob, "/part\n");
	write_and_turn(alice, "/whois bob\n");
	ck_assert(strstr(heard.data, "in #lobby"));
	NET_WAIT(&net,
		net_read(bob, &told) == 0 &&
			strstr(told.data, "*** you are in #lobby (2 here)\n"));
	ck_assert(strstr(told.data, LEFT_FIRST("2")));
}
END_TEST

/* Nothing is lost, and no more is read than can wait. */
START_TEST(who_does_not_read_loses_nothing)
{
	choke();
	for (int i = 0; i < 35; i++)
		write_and_turn(bob, i % 2 ? "b\n" : "a\n");
	clock_pass_ms(60000);
	net_turns(&net, 10);
	ck_assert_str_eq(net_text(&heard), "");
	ck_assert(!conn_is_reading(conn));
	NET_WAIT(&net, net_read(bob, &told) == 0 && !conn_is_choked(conn));
	turn();
	ck_assert_uint_eq(count(&heard, "<bob> a\n<bob> b\n"), 17);
	ck_assert_uint_eq(count(&heard, "<bob> "), 35);
	ck_assert_uint_eq(count(&told, "not sent"), 0);
	ck_assert_uint_eq(count(&told, "slow down"), 0);
}
END_TEST

/* What is not a command is answered as well; not without end. */
START_TEST(who_does_not_read_gets_few_answers)
{
	static const char timing_mark[] = "\xff\xfd\x06";
	struct strbuf marks = {0};
	size_t queued;

	choke();
	for (int i = 0; i < 3000; i++)
		strbuf_add(&marks, timing_mark, 3);
	queued = conn_queued(conn);
	for (int i = 0; i < 10; i++)
		write_and_turn(bob, marks.data);
	ck_assert_uint_gt(conn_queued(conn), queued);
	ck_assert_uint_lt(conn_queued(conn), queued + 9000);
	ck_assert(!conn_is_reading(conn));
	strbuf_fini(&marks);
}
END_TEST

START_TEST(who_does_not_read_ends)
{
	choke();
	write_and_turn(bob, "one\ntwo");
	shutdown(bob, SHUT_WR);
	net_turns(&net, 5);
	ck_assert(conn_is_open(conn));
	NET_WAIT(&net, (turn(), strstr(net_text(&heard), "left")));
	ck_assert_str_eq(net_text(&heard),
		"<bob> one\n<bob> two\n*** bob left #lobby\n");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("chat_flood");
	TCase *tc = tcase_create("people");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(tc, set_up, tear_down);
	tcase_add_test(tc, two_thousand_lines);
	tcase_add_test(tc, others_are_heard_at_once);
	tcase_add_test(tc, quit_leaves_at_once);
	tcase_add_test(tc, part_goes_round_the_queue);
	tcase_add_test(tc, part_alone_is_a_flood_too);
	tcase_add_test(tc, refusals_cost_too);
	tcase_add_test(tc, patience_closes);
	tcase_add_test(tc, the_end_of_input_waits);
	tcase_add_test(tc, a_last_line_waits_too);
	tcase_add_test(tc, who_is_dropped_leaves_nothing);
	tcase_add_test(tc, who_does_not_read_can_quit);
	tcase_add_test(tc, who_does_not_read_can_part);
	tcase_add_test(tc, who_does_not_read_loses_nothing);
	tcase_add_test(tc, who_does_not_read_gets_few_answers);
	tcase_add_test(tc, who_does_not_read_ends);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
