/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Rooms that have their own limits, networks that have none, programs. */
#include "flood_world.h"
#include "net_world.h"

static struct room_settings room;

static void configure_room(const char *rate, int64_t burst, char **exempt)
{
	static char name[] = "slow";

	room = (struct room_settings){
		.name = name,
		.has_flood = true,
		.flood = {.burst = burst, .queue = 2, .patience_ms = 30000},
	};
	ck_assert_int_eq(rate_parse(rate, &room.flood.rate, NULL), 0);
	if (exempt)
		room.flood.exempt = (struct strlist){exempt, 1};
	settings.rooms = &room;
	settings.n_rooms = 1;
	ck_assert_int_eq(chat_port_configure(port, &settings), 0);
}

/* What is said there counts by itself, the rest as ever. */
START_TEST(rooms_have_their_own)
{
	configure_room("1/m", 3, NULL);
	net_write(alice, "/join slow\n");
	turn();
	forget();
	say("/join slow\n1\n2\n3\n4\n5\n6\n");
	ck_assert_uint_eq(count(&heard, "<bob> "), 3);
	ck_assert_uint_eq(count(&told, "*** slow down: 1 line a minute; "), 1);
	pass_ms(2000);
	ck_assert_uint_eq(count(&told,
				  "*** 1 of your lines was not sent: "
				  "3 at once, then 1 a minute\n"),
		1);
	pass_ms(57999);
	ck_assert_uint_eq(count(&heard, "<bob> "), 3);
	pass_ms(1);
	ck_assert_uint_eq(count(&heard, "<bob> "), 4);
	pass_ms(60000);
	ck_assert_uint_eq(count(&heard, "<bob> "), 5);
	forget();
	say("/ping\n/ping\n/ping\n/ping\n/ping\n/msg alice hi\n");
	ck_assert_uint_eq(count(&told, "*** pong"), 5);
	ck_assert_uint_eq(count(&heard, "[bob -> you] hi"), 1);
	say("/part\n1\n2\n3\n4\n5\n/join slow\n6\n");
	ck_assert_uint_eq(count(&told, "*** you are in #slow"), 1);
	ck_assert_uint_eq(count(&heard, "<bob> "), 0);
	pass_ms(60000);
	ck_assert_uint_eq(count(&heard, "<bob> 6"), 1);
}
END_TEST

START_TEST(a_reload_changes_rooms_at_once)
{
	net_write(alice, "/join slow\n");
	say("/join slow\n1\n2\n3\n4\n");
	ck_assert_uint_eq(count(&heard, "<bob> "), 4);
	configure_room("1/m", 1, NULL);
	forget();
	say("5\n6\n");
	ck_assert_uint_eq(count(&heard, "<bob> "), 1);
	ck_assert_uint_eq(count(&told, "slow down"), 1);
	settings.n_rooms = 0;
	ck_assert_int_eq(chat_port_configure(port, &settings), 0);
	pass_ms(1000);
	ck_assert_uint_eq(count(&heard, "<bob> 6"), 1);
}
END_TEST

static void come_by_tcp(void)
{
	int fds[2];

	close(bob);
	net_turns(&net, 5);
	clock_pass_ms(60000); /* what waits is said */
	net_turns(&net, 100);
	net_tcp_pair(fds, 0);
	bob = fds[1];
	conn = net_open_on(&net, net_worker(&net), fds[0]);
	turn();
	say("/nick bob\n");
	pass_ms(3000);
	forget();
}

START_TEST(networks_are_exempt)
{
	set_option("flood.exempt", "192.0.2.0/24, 127.0.0.0/8");
	say_lines(0, 50);
	ck_assert_uint_eq(count(&heard, "<bob> "), 40); /* not over unix */
	come_by_tcp();
	NET_WAIT(&net, (say_lines(0, 100), count(&heard, "<bob> ") >= 500));
	ck_assert_uint_eq(count(&told, "slow down"), 0);
	ck_assert_ptr_null(
		((struct chat_session *)conn_state(conn))->flood.late);
}
END_TEST

START_TEST(networks_are_exempt_in_a_room)
{
	static char text[] = "127.0.0.1";
	char *exempt[] = {text};

	configure_room("1/m", 3, exempt);
	net_write(alice, "/join slow\n");
	come_by_tcp();
	say("/join slow\n");
	forget();
	say_lines(0, 30);
	NET_WAIT(&net, (turn(), count(&heard, "<bob> ") == 30));
	/* in other rooms it counts */
	say("/part\n");
	say_lines(0, 50);
	NET_WAIT(&net, (turn(), count(&told, "slow down") == 1));
}
END_TEST

/* Programs. */

static void set_up_program(void)
{
	set_up_port();
	set_option("dialect", "json");
	conn = net_open(&net, &bob);
	net_open(&net, &alice);
	turn();
	net_write(alice,
		"{\"type\":\"join\",\"room\":\"r\",\"username\":\"alice\"}");
	say("{\"type\":\"join\",\"room\":\"r\",\"username\":\"bob\"}");
	pass_ms(3000);
	forget();
}

static void ask(int first, int n, const char *format)
{
	struct strbuf text = {0};

	for (int i = first; i < first + n; i++) {
		strbuf_clear(&text);
		strbuf_addf(&text, "{\"type\":\"chat\",\"message\":\"m%d\"", i);
		strbuf_addf(&text, "%s%d}", format, i);
		net_write(bob, text.data);
		if (i % 50 == 49)
			turn();
	}
	strbuf_fini(&text);
	turn();
}

#define TOO_FAST(n)                                                    \
	"{\"type\":\"error\",\"code\":\"too_fast\",\"message\":\"too " \
	"many requests too fast; this was not done\",\"ref\":" n "}\n"

/* Each is done, refused, or in the count: no more are refused one by one than
 * a burst has. */
START_TEST(programs_know_what_became_of_each)
{
	ask(0, 1000, ",\"ref\":");
	ck_assert_uint_eq(count(&told, "\"type\":\"ok\""), 40);
	ck_assert_uint_eq(count(&told, "\"code\":\"too_fast\""), 40);
	ck_assert(strstr(told.data, TOO_FAST("60")));
	ck_assert(strstr(told.data, TOO_FAST("99")));
	ck_assert_uint_eq(
		count(&told,
			"{\"type\":\"notification\",\"event\":\"slow_down\","
			"\"message\":\"slow down: 2 requests a second; "
			"yours are waiting\"}\n"),
		1);
	pass_ms(20000);
	ck_assert_uint_eq(count(&told, "\"type\":\"ok\""), 60);
	ck_assert(strstr(told.data, "{\"type\":\"ok\",\"ref\":59,"));
	ck_assert_uint_eq(
		count(&told,
			"{\"type\":\"notification\",\"event\":\"too_fast\","
			"\"count\":900,\"message\":\"900 of your requests "
			"were not done: 40 at once, then 2 a second\"}\n"),
		1);
	ck_assert_uint_eq(count(&heard, "\"type\":\"chat\""), 60);
}
END_TEST

#define LEFT_ONE(n)                                                    \
	"{\"type\":\"error\",\"code\":\"too_fast\",\"message\":\"you " \
	"left first; this was not done\",\"ref\":" n "}\n"

START_TEST(leave_goes_round_the_queue)
{
	ask(0, 45, ",\"ref\":");
	forget();
	say("{\"type\":\"leave\",\"ref\":\"x\"}");
	ck_assert(strstr(told.data, LEFT_ONE("40")));
	ck_assert(strstr(
		told.data, LEFT_ONE("44") "{\"type\":\"ok\",\"ref\":\"x\"}\n"));
	ck_assert_uint_eq(count(&told, "\"code\":\"too_fast\""), 5);
	ck_assert(strstr(heard.data, "\"event\":\"leave\""));
	ck_assert_uint_eq(count(&heard, "\"type\":\"chat\""), 0);
}
END_TEST

/* Once a burst of them was told one by one. */
START_TEST(those_that_leave_are_counted)
{
	ask(0, 1000, "");
	forget();
	say("{\"type\":\"leave\"}");
	ck_assert_uint_eq(
		count(&told,
			"\"count\":900,\"message\":\"900 of your requests "
			"were not done: 40 at once, then 2 a second\"}\n"
			"{\"type\":\"notification\",\"event\":\"too_fast\","
			"\"count\":20,\"message\":\"20 of your requests "
			"were not done: you left first\"}\n"),
		1);
}
END_TEST

START_TEST(programs_are_closed_too)
{
	for (int i = 0; i < 40 && conn_is_open(conn); i++) {
		ask(0, 100, ",\"ref\":");
		pass_ms(1000);
	}
	ck_assert(!conn_is_open(conn));
	ck_assert_uint_eq(
		count(&told,
			"{\"type\":\"disconnected\",\"code\":\"flood\","
			"\"message\":\"too many lines too fast\","
			"\"retry\":false}\n"),
		1);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("chat_flood_rooms");
	TCase *rooms = tcase_create("rooms");
	TCase *programs = tcase_create("programs");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(rooms, set_up, tear_down);
	tcase_add_test(rooms, rooms_have_their_own);
	tcase_add_test(rooms, a_reload_changes_rooms_at_once);
	tcase_add_test(rooms, networks_are_exempt);
	tcase_add_test(rooms, networks_are_exempt_in_a_room);
	tcase_add_checked_fixture(programs, set_up_program, tear_down);
	tcase_add_test(programs, programs_know_what_became_of_each);
	tcase_add_test(programs, leave_goes_round_the_queue);
	tcase_add_test(programs, those_that_leave_are_counted);
	tcase_add_test(programs, programs_are_closed_too);
	suite_add_tcase(suite, rooms);
	suite_add_tcase(suite, programs);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
