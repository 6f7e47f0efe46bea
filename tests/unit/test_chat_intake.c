/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Connections on their way into the chat, and input that takes its time: over
 * sockets, on a clock that the test moves. */
#include "base/errmsg.h"
#include "base/option.h"
#include "chat_world.h"
#include "held_clock.h"
#include "net_world.h"
#include "proto/chat_port.h"
#include "proto/chat_session.h"
#include "proto/chat_timer.h"
#include "proto/proto.h"

#define PING "{\"type\":\"ping\"}"
#define PONG "{\"type\":\"pong\"}\n"
#define BAD                                              \
	"{\"type\":\"error\",\"code\":\"invalid_json\"," \
	"\"message\":\"Invalid JSON\"}\n"

static struct net_world net;
static struct chat_settings settings;
static struct chat_port *port;
static void *options;
static int peer;
static struct conn *conn;
static struct strbuf said;

static void set_up(const char *dialect, const char *room)
{
	const struct proto *proto = proto_find("chat");
	struct proto_context ctx;
	struct errmsg msg;

	clock_hold();
	options = calloc(1, proto->options_size);
	ck_assert_int_eq(option_set_defaults(proto->options, options), 0);
	ck_assert_int_eq(option_set_text(option_find(proto->options, "dialect"),
				 options, dialect, &msg),
		0);
	ck_assert_int_eq(option_set_text(option_find(proto->options, "room"),
				 options, room, &msg),
		0);
	net_start(&net, &proto->type, 1);
	settings = world_settings();
	ck_assert_int_eq(chat_port_new(&port, &net.crew, &settings), 0);
	ctx = (struct proto_context){.chat = port};
	net.svc->options = options;
	net.svc->message_max = 1000;
	ck_assert_int_eq(proto->setup(net.svc, &ctx, NULL), 0);
	conn = net_open(&net, &peer);
}

static void set_up_auto(void)
{
	set_up("auto", "");
}

static void set_up_json(void)
{
	set_up("json", "");
	NET_WAIT(&net, net_read(peer, &said) == 0 && said.len > 0);
	ck_assert_ptr_nonnull(strstr(said.data, "\"type\":\"welcome\""));
	strbuf_clear(&said);
}

static void set_up_nowhere(void)
{
	set_up("auto", "no name");
}

static void tear_down(void)
{
	net_turns(&net, 3);
	crew_drop_all(&net.crew);
	chat_port_free(port);
	option_fini(proto_find("chat")->options, options);
	free(options);
	close(peer);
	net_stop(&net);
	clock_release();
	strbuf_fini(&said);
}

static void turn(void)
{
	net_turns(&net, 5);
	net_read(peer, &said);
}

static void pass_ms(uint64_t ms)
{
	clock_pass_ms(ms);
	turn();
}

static void say(const char *text)
{
	net_write(peer, text);
	turn();
}

#define heard(text)                                      \
	do {                                             \
		turn();                                  \
		ck_assert_str_eq(net_text(&said), text); \
		strbuf_clear(&said);                     \
	} while (0)

static size_t n_members(void)
{
	size_t members, rooms;

	chat_port_count(port, &members, &rooms);
	return members;
}

static bool has(const char *text)
{
	turn();
	return strstr(net_text(&said), text) != NULL;
}

/* The moment before a greeting. */

START_TEST(the_silent_are_greeted)
{
	pass_ms(150);
	heard("");
	ck_assert_uint_eq(n_members(), 0);
	pass_ms(100);
	ck_assert(has("*** welcome to sockd"));
	ck_assert_uint_eq(n_members(), 1);
}
END_TEST

START_TEST(who_speaks_is_greeted_at_once)
{
	say("hello\n");
	ck_assert(has("*** welcome to sockd"));
	ck_assert_uint_eq(n_members(), 1);
}
END_TEST

/* Part of a line may still become anything. */
START_TEST(part_of_a_line_waits)
{
	say("GET / ");
	heard("");
	pass_ms(250);
	ck_assert(has("*** welcome to sockd"));
	strbuf_clear(&said);
	say("HTTP/1.1\r\n");
	ck_assert(has("400 Bad Request"));
	ck_assert(!conn_is_open(conn));
	ck_assert_uint_eq(n_members(), 0);
}
END_TEST

START_TEST(who_leaves_was_never_there)
{
	shutdown(peer, SHUT_WR);
	turn();
	ck_assert_int_eq(net_read(peer, &said), 1);
	heard("");
	ck_assert_uint_eq(n_members(), 0);
}
END_TEST

START_TEST(the_end_decides_too)
{
	struct strbuf all = {0};

	net_write(peer, "/who");
	shutdown(peer, SHUT_WR);
	ck_assert_int_eq(net_read_all(&net, peer, &all), 1);
	ck_assert_ptr_nonnull(strstr(all.data, "*** welcome to sockd"));
	ck_assert_ptr_nonnull(strstr(all.data, "*** 1 in #lobby: "));
	strbuf_fini(&all);
}
END_TEST

/* Nobody comes in, as if memory had run out: what was said is said by nobody. */
START_TEST(the_end_of_who_cannot_come_in)
{
	net_write(peer, "/who");
	shutdown(peer, SHUT_WR);
	ck_assert_int_eq(net_read_all(&net, peer, &said), 1);
	ck_assert_ptr_nonnull(strstr(said.data, "short of memory"));
	strbuf_clear(&said);
	ck_assert_uint_eq(n_members(), 0);
}
END_TEST

/* It has been greeted as a person, and sits in the lobby. */
START_TEST(a_late_program_is_one)
{
	pass_ms(250);
	ck_assert(has("*** welcome to sockd"));
	strbuf_clear(&said);
	say("{\"type\":\"join\",\"room\":\"ops\",");
	heard("");
	say("\"username\":\"bot\"}" PING);
	ck_assert(has("{\"type\":\"welcome\""));
	ck_assert(has("\"event\":\"join\",\"username\":\"bot\""));
	ck_assert(has(PONG));
	ck_assert_uint_eq(n_members(), 1);
	strbuf_clear(&said);
	say("{\"type\":\"who\",\"room\":\"lobby\"}");
	ck_assert(has("\"members\":[],\"total\":0"));
}
END_TEST

START_TEST(a_person_stays_one)
{
	pass_ms(250);
	say("{ hello }\n");
	strbuf_clear(&said);
	say(PING "\n/ping\n");
	heard("*** pong\n");
}
END_TEST

/* Objects that do not come to their end. */

START_TEST(a_slow_object_is_given_up)
{
	say("{\"type\":");
	pass_ms(9900);
	heard("");
	pass_ms(200);
	heard(BAD);
	say("\"ping\"} " PING);
	heard("");
	say("\n" PING);
	heard(PONG);
	pass_ms(60000);
	heard("");
}
END_TEST

/* Each has its own time. */
START_TEST(the_next_object_has_its_time)
{
	say("{\"type\":");
	pass_ms(6000);
	say("\"ping\"}{");
	heard(PONG);
	pass_ms(6000);
	heard("");
	pass_ms(4100);
	heard(BAD);
	/* all that came of it is gone, and all up to the end of the line */
	say("}" PING "\n" PING "{");
	heard(PONG);
	pass_ms(10100);
	heard(BAD);
}
END_TEST

/* Bytes that come now and then make no difference, however many. */
START_TEST(endless_objects_too)
{
	char part[300];

	memset(part, ' ', sizeof(part) - 1);
	part[sizeof(part) - 1] = '\0';
	say("{");
	for (int i = 0; i < 9; i++) {
		pass_ms(1000);
		say(part);
		heard("");
	}
	pass_ms(1100);
	heard(BAD);
	ck_assert(conn_is_open(conn));
}
END_TEST

/* Nobody is late whom we do not listen to. */
START_TEST(a_pause_is_not_the_peers_fault)
{
	say("{\"type\":");
	conn_pause(conn);
	pass_ms(10100);
	heard("");
	conn_resume(conn);
	say("\"ping\"}");
	heard(PONG);
}
END_TEST

/* The earlier one of two comes first, and the other one still. */
START_TEST(two_timers)
{
	struct chat_session *session = conn_state(conn);
	uint64_t now_ms = clock_mono_ms();

	chat_timer_set(session, CHAT_TIMER_INPUT, now_ms + 1000);
	chat_timer_set(session, CHAT_TIMER_ANNOUNCE, now_ms + 5000);
	pass_ms(1100);
	ck_assert(!chat_timer_is_set(session, CHAT_TIMER_INPUT));
	ck_assert(chat_timer_is_set(session, CHAT_TIMER_ANNOUNCE));
	pass_ms(4000);
	ck_assert(!chat_timer_is_set(session, CHAT_TIMER_ANNOUNCE));
	chat_timer_set(session, CHAT_TIMER_INPUT, now_ms + 20000);
	chat_timer_set(session, CHAT_TIMER_ANNOUNCE, now_ms + 10000);
	pass_ms(5000);
	ck_assert(chat_timer_is_set(session, CHAT_TIMER_INPUT));
	ck_assert(!chat_timer_is_set(session, CHAT_TIMER_ANNOUNCE));
	chat_timer_set(session, CHAT_TIMER_INPUT, 0);
	pass_ms(20000);
	heard("");
}
END_TEST

static void add_auto_tests(Suite *suite)
{
	TCase *tc = tcase_create("undecided");

	tcase_add_checked_fixture(tc, set_up_auto, tear_down);
	tcase_add_test(tc, the_silent_are_greeted);
	tcase_add_test(tc, who_speaks_is_greeted_at_once);
	tcase_add_test(tc, part_of_a_line_waits);
	tcase_add_test(tc, who_leaves_was_never_there);
	tcase_add_test(tc, the_end_decides_too);
	tcase_add_test(tc, a_late_program_is_one);
	tcase_add_test(tc, a_person_stays_one);
	suite_add_tcase(suite, tc);

	tc = tcase_create("nowhere");
	tcase_add_checked_fixture(tc, set_up_nowhere, tear_down);
	tcase_add_test(tc, the_end_of_who_cannot_come_in);
	suite_add_tcase(suite, tc);
}

static void add_json_tests(Suite *suite)
{
	TCase *tc = tcase_create("slow");

	tcase_add_checked_fixture(tc, set_up_json, tear_down);
	tcase_add_test(tc, a_slow_object_is_given_up);
	tcase_add_test(tc, the_next_object_has_its_time);
	tcase_add_test(tc, endless_objects_too);
	tcase_add_test(tc, a_pause_is_not_the_peers_fault);
	tcase_add_test(tc, two_timers);
	suite_add_tcase(suite, tc);
}

int main(void)
{
	Suite *suite = suite_create("chat_intake");
	SRunner *runner;
	int failed;

	add_auto_tests(suite);
	add_json_tests(suite);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
