/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "audience_world.h"

START_TEST(rooms_are_kept_apart)
{
	seat(come(0), 0);
	seat(come(0), 5);
	seat(come(0), 0);
	seat(2, 700);
	add(0, "zero", 0);
	add(5, "five", 0);
	add(9, "nobody", 0);
	add(700, "far", 0);
	ck_assert(audiences_run(set, FOREVER));
	ck_got(0, "zero;");
	ck_got(1, "five;");
	ck_got(2, "zero;far;");
}
END_TEST

START_TEST(a_batch_is_rendered_once_per_rendering)
{
	for (int i = 0; i < 20; i++)
		seat(come(i % 2 ? DIALECT_CRLF : 0), 1);
	add(1, "a", 0);
	add(1, "b", 0);
	ck_assert(audiences_run(set, FOREVER));
	ck_assert_uint_eq(n_renders, 4);
	for (size_t i = 0; i < 20; i++)
		ck_got(i, i % 2 ? "^a;^b;" : "a;b;");
}
END_TEST

START_TEST(authors_get_what_others_said)
{
	for (int i = 0; i < 3; i++)
		seat(come(0), 1);
	seat(0, 2);
	add(1, "a", 1);
	add(1, "b", 2);
	add(1, "c", 1);
	add(1, "d", 999); /* on another worker */
	add(2, "e", 0);
	ck_assert(audiences_run(set, FOREVER));
	ck_got(0, "b;d;e;");
	ck_got(1, "a;c;d;");
	ck_got(2, "a;b;c;d;");
	add(1, "only", 1);
	ck_assert(audiences_run(set, FOREVER));
	ck_got(0, "");
	ck_got(1, "only;");
}
END_TEST

START_TEST(who_left_hears_nothing)
{
	for (int i = 0; i < 4; i++)
		seat(come(0), 1);
	seat(0, 2);
	audience_unseat(set, 1, sessions[0]);
	audience_unseat(set, 77, sessions[0]);
	audience_unseat(set, 1, sessions[3]);
	add(1, "a", 0);
	add(2, "b", 0);
	ck_assert(audiences_run(set, FOREVER));
	ck_got(0, "b;");
	ck_got(1, "a;");
	ck_got(2, "a;");
	ck_got(3, "");
	audience_leave_all(set, sessions[0]);
	ck_assert_ptr_null(sessions[0]->seats);
	/* The room is gone with its last member and comes back with the next. */
	add(2, "c", 0);
	seat(1, 2);
	add(2, "d", 0);
	ck_assert(audiences_run(set, FOREVER));
	ck_got(1, "d;");
}
END_TEST

START_TEST(who_moved_is_told_in_another_way)
{
	for (int i = 0; i < 5; i++)
		seat(come(0), 1);
	seat(1, 2);
	seat(2, 2);
	move(1, DIALECT_CRLF);
	add(1, "a", 2); /* said by the one who moved */
	add(1, "b", 1);
	add(2, "c", 0);
	move(4, DIALECT_CRLF); /* with something waiting */
	move(3, 0);            /* to where it was */
	ck_assert(audiences_run(set, FOREVER));
	ck_got(0, "a;");
	ck_got(1, "^b;^c;");
	ck_got(2, "a;b;c;");
	ck_got(3, "a;b;");
	ck_got(4, "^a;^b;");
	move(1, 0);
	audience_unseat(set, 1, sessions[0]);
	audience_unseat(set, 1, sessions[4]);
	add(1, "d", 0);
	ck_assert(audiences_run(set, FOREVER));
	ck_got(0, "");
	ck_got(1, "d;");
	ck_got(2, "d;");
	ck_got(3, "d;");
	ck_got(4, "");
}
END_TEST

/* A clock that is always late ends each turn after 32 places. */
START_TEST(a_round_goes_on_where_it_was)
{
	static const uint32_t room = 1;
	struct chat_msg *msg = say("c");
	int turns = 1;

	for (int i = 0; i < N_PEERS; i++)
		seat(come(0), 1);
	add(1, "a", 0);
	ck_assert(!audiences_run(set, 0));
	ck_assert(audiences_is_in_round(set));
	/* Meanwhile some end, who were told and who were not; others say more,
	 * which waits. */
	conn_close(sessions[2]->conn, CLOSE_DONE, NULL);
	conn_close(sessions[35]->conn, CLOSE_DONE, NULL);
	conn_close(sessions[N_PEERS - 1]->conn, CLOSE_DONE, NULL);
	while (!audiences_run(set, 0))
		turns++;
	ck_assert_int_le(turns, 2);
	ck_assert(!audiences_is_in_round(set));
	add(1, "b", 0);
	ck_assert(audiences_run(set, FOREVER));
	audience_tell_once(set, &room, 1, msg, 0);
	chat_msg_unref(msg);
	for (size_t i = 0; i < N_PEERS; i++)
		ck_got(i,
			i == 2                                ? "a;"
				: i == 35 || i == N_PEERS - 1 ? ""
							      : "a;b;c;");
}
END_TEST

START_TEST(all_may_end_during_a_round)
{
	for (int i = 0; i < N_PEERS; i++)
		seat(come(0), 1);
	add(1, "a", 0);
	ck_assert(!audiences_run(set, 0));
	for (int i = 0; i < N_PEERS; i++)
		conn_close(sessions[i]->conn, CLOSE_DONE, NULL);
	ck_assert(audiences_run(set, FOREVER));
	ck_assert(audiences_run(set, FOREVER));
	add(1, "b", 0); /* nobody */
	ck_assert(audiences_run(set, FOREVER));
}
END_TEST

/* Peers that are gone are noticed by sending to them. */
START_TEST(those_who_die_of_it_leave_the_others_alone)
{
	for (int i = 0; i < N_PEERS; i++)
		seat(come((unsigned)i % 2), 1);
	for (size_t i = 0; i < N_PEERS; i++)
		if (i < 3 || i % 5 == 0 || i > N_PEERS - 3)
			reset_peer(i);
	add(1, "a", 4);
	ck_assert(audiences_run(set, FOREVER));
	add(1, "b", 0);
	ck_assert(audiences_run(set, FOREVER));
	for (size_t i = 0; i < N_PEERS; i++)
		if (peers[i] >= 0)
			ck_got(i, i == 3 ? "^b;" : i % 2 ? "^a;^b;" : "a;b;");
}
END_TEST

START_TEST(neighbours_are_told_once)
{
	static const uint32_t rooms[] = {1, 9, 2, 3};
	struct chat_msg *msg = say("a");

	for (int i = 0; i < 4; i++) {
		come((unsigned)i % 2);
		if (i < 3)
			seat((size_t)i, 1);
		seat((size_t)i, 2);
	}
	audience_tell_once(set, rooms, 4, msg, 1);
	audience_tell_once(set, rooms, 4, msg, 0);
	ck_got(0, "a;");
	ck_got(1, "^a;^a;");
	ck_got(2, "a;a;");
	ck_got(3, "^a;^a;");
	chat_msg_unref(msg);
}
END_TEST

/* The last one of a room, too: the room ends under the feet of the teller. */
START_TEST(neighbours_may_die_of_it)
{
	static const uint32_t rooms[] = {1, 2, 3};
	struct chat_msg *msg = say("a");

	for (int i = 0; i < 6; i++) {
		come((unsigned)i % 2);
		if (i < 5)
			seat((size_t)i, 1);
		if (i != 4)
			seat((size_t)i, 3);
	}
	seat(0, 2);
	for (size_t i = 0; i < 5; i++)
		reset_peer(i);
	audience_tell_once(set, rooms, 3, msg, 0);
	ck_got(5, "^a;");
	for (size_t i = 0; i < 5; i++)
		ck_assert(!conn_is_open(sessions[i]->conn));
	chat_msg_unref(msg);
}
END_TEST

START_TEST(the_flooded_miss_messages_and_count)
{
	struct chat_msg *msg = say("private");

	seat(come(0), 1);
	seat(come(0), 1);
	flood(0);
	add(1, "a", 0);
	add(1, "b", 1);
	ck_assert(audiences_run(set, FOREVER));
	audience_tell(set, sessions[0], msg);
	ck_assert_uint_eq(sessions[0]->missed, 2); /* b is its own */
	ck_got(1, "a;b;");
	NET_WAIT(&net,
		net_read(peers[0], &got) == 0 &&
			!conn_is_flooded(sessions[0]->conn));
	NET_WAIT(&net, conn_queued(sessions[0]->conn) == 0);
	strbuf_clear(&got);
	(void)net_read(peers[0], &got);
	audience_tell(set, sessions[0], msg);
	ck_got(0, "<2 missed>private;");
	ck_assert_uint_eq(sessions[0]->missed, 0);
	chat_msg_unref(msg);
}
END_TEST

/* Of a batch that does not fit under the hard mark as much is sent as fits, and
 * one message more at most. */
START_TEST(a_batch_does_not_pass_the_mark)
{
	char text[1001];
	size_t hard = 40000;
	struct chat_msg *msg;

	net.svc->output_soft = hard / 2;
	net.svc->output_hard = hard;
	seat(come(0), 1);
	seat(come(0), 1);
	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	while (conn_queued(sessions[0]->conn) < hard - 5000)
		conn_send(sessions[0]->conn, text, 1000);
	for (int i = 0; i < 50; i++)
		add(1, text, 0);
	ck_assert(audiences_run(set, FOREVER));
	ck_assert(conn_is_flooded(sessions[0]->conn));
	ck_assert_uint_gt(conn_queued(sessions[0]->conn), hard);
	ck_assert_uint_le(conn_queued(sessions[0]->conn), hard + 1001);
	ck_assert_uint_ge(sessions[0]->missed, 50 - 6);
	ck_assert_uint_lt(sessions[0]->missed, 50);
	(void)net_read(peers[1], &got);
	ck_assert_uint_eq(got.len, 50 * 1001);
	/* One who gets pieces of its own is no exception. */
	move(1, DIALECT_BELL);
	while (conn_queued(sessions[1]->conn) < hard - 5000)
		conn_send(sessions[1]->conn, text, 1000);
	for (int i = 0; i < 50; i++)
		add(1, text, 0);
	ck_assert(audiences_run(set, FOREVER));
	ck_assert_uint_le(conn_queued(sessions[1]->conn), hard + 1001);
	ck_assert_uint_ge(sessions[1]->missed, 50 - 6);
	/* Nor is what is told to it alone. */
	msg = say(text);
	for (int i = 0; i < 50; i++)
		audience_tell(set, sessions[1], msg);
	ck_assert_uint_le(conn_queued(sessions[1]->conn), hard + 1001);
	chat_msg_unref(msg);
}
END_TEST

START_TEST(a_full_batch_must_be_run)
{
	size_t n = 0;

	seat(come(0), 1);
	while (!audiences_is_full(set)) {
		add(1, "a", 0);
		n++;
	}
	ck_assert_uint_ge(n, 16);
	ck_assert(audiences_run(set, FOREVER));
	ck_assert(!audiences_is_full(set));
	strbuf_clear(&got);
	net_read(peers[0], &got);
	ck_assert_uint_eq(got.len, 2 * n);
}
END_TEST

START_TEST(what_waits_at_the_end_is_freed)
{
	seat(come(0), 1);
	add(1, "a", 0);
	add(1, "b", 0);
}
END_TEST

static void note_seq(uint32_t room, uint64_t seq, void *arg)
{
	ck_assert_uint_eq(room, 3);
	*(uint64_t *)arg = seq;
}

/* Up to which message of room 3 peer i has been told; 99: it sits nowhere. */
static uint64_t told(size_t i)
{
	uint64_t seq = 99;

	audience_each_told(set, sessions[i], note_seq, &seq);
	return seq;
}

static void add_numbered(uint64_t seq)
{
	struct chat_msg *msg = chat_msg_new(&(struct chat_msg_spec){
		.type = CHAT_SAID, .text = "x", .nick = "y", .seq = seq});

	ck_assert_int_eq(audience_add(set, 3, msg, 0), 0);
}

/* What waits, or is being told, is not what has been. */
START_TEST(it_is_known_what_was_told)
{
	ck_assert_uint_eq(told(come(0)), 99);
	for (size_t i = 0; i < N_PEERS - 1; i++)
		seat(i ? come(0) : i, 3);
	audience_set_told(set, 3, 5);
	audience_set_told(set, 3, 4);
	add_numbered(6);
	add_numbered(7);
	add(3, "a notice", 0);
	ck_assert_uint_eq(told(0), 5);
	ck_assert(!audiences_run(set, 0));
	/* 32 of them, of whom the last may not have got it */
	ck_assert_uint_eq(told(0), 7);
	ck_assert_uint_eq(told(30), 7);
	ck_assert_uint_eq(told(31), 5);
	ck_assert_uint_eq(told(38), 5);
	ck_assert(audiences_run(set, FOREVER));
	ck_assert_uint_eq(told(31), 7);
	ck_assert_uint_eq(told(38), 7);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("audience");
	TCase *tc = tcase_create("audience");
	SRunner *sr = srunner_create(s);
	int failed;

	tcase_add_checked_fixture(tc, set_up, tear_down);
	tcase_add_test(tc, rooms_are_kept_apart);
	tcase_add_test(tc, a_batch_is_rendered_once_per_rendering);
	tcase_add_test(tc, authors_get_what_others_said);
	tcase_add_test(tc, who_left_hears_nothing);
	tcase_add_test(tc, who_moved_is_told_in_another_way);
	tcase_add_test(tc, a_round_goes_on_where_it_was);
	tcase_add_test(tc, all_may_end_during_a_round);
	tcase_add_test(tc, those_who_die_of_it_leave_the_others_alone);
	tcase_add_test(tc, neighbours_are_told_once);
	tcase_add_test(tc, neighbours_may_die_of_it);
	tcase_add_test(tc, the_flooded_miss_messages_and_count);
	tcase_add_test(tc, a_batch_does_not_pass_the_mark);
	tcase_add_test(tc, a_full_batch_must_be_run);
	tcase_add_test(tc, what_waits_at_the_end_is_freed);
	tcase_add_test(tc, it_is_known_what_was_told);
	suite_add_tcase(s, tc);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
