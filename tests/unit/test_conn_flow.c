/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A peer that does not read, and a protocol that listens to it all the same. */
#include "net/conn_flow.h"

#include "conn_probe.h"

static struct conn *open_choked(int *fd)
{
	struct conn *c = net_open(&net, fd);

	ck_assert(!conn_is_choked(c));
	send_until_queued(c, net.svc->output_soft);
	ck_assert(conn_is_choked(c));
	return c;
}

static void write_and_turn(int fd, const char *text)
{
	net_write(fd, text);
	net_turns(&net, 5);
}

START_TEST(over_the_soft_mark_reading_goes_on)
{
	int fd;

	open_choked(&fd);
	write_and_turn(fd, "ab");
	ck_log("open input(ab) ");
	write_and_turn(fd, "c");
	ck_log("open input(ab) input(c) ");
	close(fd);
}
END_TEST

START_TEST(what_is_held_comes_when_writable)
{
	int fd;
	struct conn *c = open_choked(&fd);

	write_and_turn(fd, "a-");
	conn_hold(c);
	write_and_turn(fd, "b");
	ck_log("open input(a-) ");
	NET_WAIT(&net, net_read(fd, &got) == 0 && probe.log.len > 24);
	ck_log("open input(a-) writable input(-) input(-b) ");
	ck_assert(!conn_is_choked(c));
	check_blocks(&got);
	close(fd);
}
END_TEST

START_TEST(the_end_is_held_too)
{
	int fd;
	struct conn *c = open_choked(&fd);

	conn_hold(c);
	shutdown(fd, SHUT_WR);
	net_turns(&net, 5);
	ck_log("open ");
	NET_WAIT(&net, net_read(fd, &got) == 0 && probe.log.len > 14);
	ck_log("open writable eof ");
	close(fd);
}
END_TEST

START_TEST(nobody_is_held_who_reads)
{
	int fd;
	struct conn *c = net_open(&net, &fd);

	conn_hold(c);
	write_and_turn(fd, "a");
	ck_log("open input(a) ");
	close(fd);
}
END_TEST

/* Whoever only writes is too slow as well: enough is read to be below the mark,
 * but not to be writable, and nothing more after that. */
START_TEST(input_does_not_renew_patience)
{
	int fd;
	struct conn *c;

	clock_hold();
	net.svc->patience_ms = 50;
	c = net_open(&net, &fd);
	send_until_queued(c, net.svc->output_hard);
	ck_assert_int_eq(net_read(fd, &got), 0);
	net_turns(&net, 3);
	ck_assert_uint_le(conn_queued(c), net.svc->output_hard);
	ck_assert(conn_is_flooded(c));
	for (int i = 0; i < 4; i++) {
		pass_ms(10);
		net_write(fd, ".");
		net_turns(&net, 3);
	}
	ck_assert(conn_is_open(c));
	pass_ms(10);
	ck_assert(!conn_is_open(c));
	ck_log("open input(.) input(.) input(.) input(.) "
	       "goodbye(slow) closed(slow) ");
	close(fd);
}
END_TEST

START_TEST(the_last_byte_is_known)
{
	int fd;
	struct conn *c;

	clock_hold();
	c = net_open(&net, &fd);
	pass_ms(1000);
	write_and_turn(fd, ".");
	ck_assert_uint_eq(conn_last_ms(c), clock_mono_ms());
	pass_ms(10);
	ck_assert_uint_eq(conn_last_ms(c), clock_mono_ms() - 10);
	close(fd);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("conn_flow");
	TCase *tc = tcase_create("conn_flow");
	SRunner *sr = srunner_create(s);
	int failed;

	tcase_add_checked_fixture(tc, set_up_choked, tear_down);
	tcase_add_test(tc, over_the_soft_mark_reading_goes_on);
	tcase_add_test(tc, what_is_held_comes_when_writable);
	tcase_add_test(tc, the_end_is_held_too);
	tcase_add_test(tc, nobody_is_held_who_reads);
	tcase_add_test(tc, input_does_not_renew_patience);
	tcase_add_test(tc, the_last_byte_is_known);
	suite_add_tcase(s, tc);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
