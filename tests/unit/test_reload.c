/* SPDX-License-Identifier: GPL-3.0-or-later */
/* app/reload and app/loader: a server without signals, whose name server
 * answers when the test lets it. */
#include "app/reload.h"

#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <netdb.h>
#include <pthread.h>
#include <sys/socket.h>

#include <event2/event.h>

#include "app/monitor.h"
#include "app/plan.h"
#include "app/server_private.h"
#include "app/verdict.h"
#include "base/clock.h"
#include "net/acceptor.h"
#include "net/addr.h"
#include "net/mailbox.h"
#include "net/receiver.h"
#include "proto/chat_port.h"

#include "config_files.h"

#define PATIENCE_MS 20000

#define U           "u: { protocol = \"echo\"; listen = "
#define ECHO_U      "services: { " U "\"u\"; }; };\n"
#define SLOW        "services: { " U "[ \"u\", \"slow.test:0\" ]; }; };\n"

/* The name server. */

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static bool is_silent;
static unsigned n_asked, n_inside;

int getaddrinfo(const char *node, const char *service,
	const struct addrinfo *hints, struct addrinfo **ret)
{
	int (*real)(const char *, const char *, const struct addrinfo *,
		struct addrinfo **);

	*(void **)&real = dlsym(RTLD_NEXT, "getaddrinfo");
	if (!node || strcmp(node, "slow.test") != 0)
		return real(node, service, hints, ret);
	pthread_mutex_lock(&lock);
	n_asked++;
	n_inside++;
	pthread_cond_broadcast(&changed);
	while (is_silent)
		pthread_cond_wait(&changed, &lock);
	n_inside--;
	pthread_cond_broadcast(&changed);
	pthread_mutex_unlock(&lock);
	return real("127.0.0.1", service, hints, ret);
}

static void be_silent(bool silent)
{
	pthread_mutex_lock(&lock);
	is_silent = silent;
	pthread_cond_broadcast(&changed);
	pthread_mutex_unlock(&lock);
}

static unsigned asked(void)
{
	unsigned n;

	pthread_mutex_lock(&lock);
	n = n_asked;
	pthread_mutex_unlock(&lock);
	return n;
}

/* Until so many are being waited for, or none. */
static void await_inside(unsigned n)
{
	pthread_mutex_lock(&lock);
	while (n_inside != n)
		pthread_cond_wait(&changed, &lock);
	pthread_mutex_unlock(&lock);
}

/* The server. */

static struct server s;
static const struct config_source source = {"t.conf", NULL, 0};
static unsigned n_told, n_rejected;
static char *said; /* the lines of the last */

static void told(const struct verdict *v, void *arg)
{
	struct strbuf out = {0};

	n_told++;
	n_rejected += v->is_rejected;
	for (size_t i = 0; verdict_line(v, i, &out); i++)
		strbuf_addc(&out, '\n');
	free(said);
	said = out.data ? out.data : strdup("");
	if (arg)
		*(bool *)arg = true;
}

static void set_up(void)
{
	struct config_errors errors = {NULL};
	struct monitor_sources sources = {.crew = &s.crew};
	struct server_change change;
	struct config_ref *ref;

	files_setup();
	s = (struct server){.src = &source};
	files_put("t.conf", ECHO_U);
	setenv("RUNTIME_DIRECTORY", files_dir, 1);
	n_told = n_rejected = n_asked = 0;
	s.base = event_base_new();
	ref = config_ref_new(files_must_load(NULL, NULL));
	ck_assert_int_eq(mailbox_new(&s.mailbox, s.base, &s), 0);
	ck_assert_int_eq(reload_new(&s, ref), 0);
	ck_assert_int_eq(crew_init(&s.crew, 1), 0);
	ck_assert_int_eq(acceptor_new(&s.acceptor, &s.crew), 0);
	ck_assert_int_eq(receiver_new(&s.receiver, &s.crew), 0);
	ck_assert_int_eq(
		chat_port_new(&s.ctx.chat, &s.crew, &config_ref_get(ref)->chat),
		0);
	sources.receiver = s.receiver;
	sources.chat = s.ctx.chat;
	ck_assert_int_eq(monitor_new(&s.monitor, &sources), 0);
	s.ctx.monitor = monitor_face(s.monitor);
	ck_assert_int_eq(plan_new(&s.plan, ref, NULL, &errors), 0);
	ck_assert_int_eq(plan_open(s.plan, NULL, &s.ctx, &errors), 0);
	ck_assert_int_eq(server_prepare(&s, s.plan, 100, &change), 0);
	ck_assert_int_eq(crew_start(&s.crew), 0);
	server_commit(&change);
}

static void stop(void)
{
	atomic_store(&s.stopping, true);
	reload_stop(&s);
}

static void tear_down(void)
{
	stop();
	reload_free(s.reload);
	be_silent(false);
	await_inside(0);
	crew_stop(&s.crew);
	acceptor_free(s.acceptor);
	receiver_free(s.receiver);
	chat_port_stop(s.ctx.chat);
	crew_drop_all(&s.crew);
	chat_port_free(s.ctx.chat);
	crew_fini(&s.crew);
	monitor_free(s.monitor);
	plan_free(s.plan);
	mailbox_free(s.mailbox);
	event_base_free(s.base);
	free(s.remark);
	free(said);
	said = NULL;
	files_teardown();
}

/* Lets the loop run until so many were told. */
static void await_told(unsigned n)
{
	uint64_t until = clock_mono_ms() + PATIENCE_MS;

	while (n_told < n) {
		ck_assert_uint_lt(clock_mono_ms(), until);
		event_base_loop(s.base, EVLOOP_ONCE | EVLOOP_NONBLOCK);
	}
}

static void reload(void)
{
	unsigned n = n_told;

	ck_assert_int_eq(reload_ask(&s, told, NULL), 0);
	ck_assert_uint_eq(n_told, n); /* not at once */
	await_told(n + 1);
}

static bool exists(const char *name)
{
	return access(name, F_OK) == 0;
}

static unsigned n_fds(void)
{
	DIR *dir = opendir("/proc/self/fd");
	unsigned n = 0;

	while (readdir(dir))
		n++;
	closedir(dir);
	return n;
}

/* A port that somebody else listens on. */
static int take_port(unsigned *ret)
{
	struct sockaddr_in in = {.sin_family = AF_INET};
	socklen_t len = sizeof(in);
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	ck_assert_int_eq(bind(fd, (struct sockaddr *)&in, sizeof(in)), 0);
	ck_assert_int_eq(listen(fd, 1), 0);
	ck_assert_int_eq(getsockname(fd, (struct sockaddr *)&in, &len), 0);
	*ret = ntohs(in.sin_port);
	return fd;
}

START_TEST(what_changed_is_told_and_in_force)
{
	files_put("t.conf", ECHO_U "chat: { name = \"x\"; };\n");
	reload();
	ck_assert_uint_eq(n_rejected, 0);
	ck_assert_str_eq(
		said, "chat.name: \"sockd\" -> \"x\" applied (t.conf:2)\n");
	ck_assert_str_eq(config_ref_get(s.plan->cfg)->chat.name, "x");
	files_assert_has(s.remark, ": 1 applied");
	ck_assert_int_eq(strncmp(s.remark, "reloaded ", 9), 0);
}
END_TEST

START_TEST(what_is_wrong_is_told_and_changes_nothing)
{
	const struct plan *old = s.plan;

	files_put("t.conf", ECHO_U "chat: { nam = \"x\"; };\nworkrs = 1;\n");
	reload();
	ck_assert_uint_eq(n_rejected, 1);
	files_assert_has(said, "t.conf:2: chat.nam: unknown key");
	files_assert_has(said, "t.conf:3: workrs: unknown key");
	ck_assert_ptr_eq(s.plan, old);
	files_assert_has(s.remark, "reload failed ");
	files_assert_has(s.remark, ": t.conf:2: chat.nam: ");
}
END_TEST

START_TEST(what_cannot_be_opened_leaves_nothing_open)
{
	const struct plan *old = s.plan;
	unsigned port, n = n_fds();
	int taken = take_port(&port);
	char text[256];

	snprintf(text, sizeof(text),
		"services: {\n"
		" a: { protocol = \"echo\"; listen = [ \"u\", \"new\", "
		"\"127.0.0.1:0\" ]; };\n"
		" b: { protocol = \"echo\"; listen = \"127.0.0.1:%u\"; "
		"};\n};\n",
		port);
	files_put("t.conf", text);
	reload();
	close(taken);
	ck_assert_uint_eq(n_rejected, 1);
	snprintf(text, sizeof(text),
		"t.conf:3: services.b: cannot listen on 127.0.0.1:%u: ", port);
	files_assert_has(said, text);
	ck_assert_ptr_eq(s.plan, old);
	ck_assert(!exists("new"));
	ck_assert(exists("u"));
	ck_assert_uint_eq(n_fds(), n);
}
END_TEST

START_TEST(an_own_listener_in_the_way_is_named)
{
	unsigned port;
	char text[256];

	close(take_port(&port));
	snprintf(text, sizeof(text),
		"services: { u: { protocol = \"echo\"; "
		"listen = \"127.0.0.1:%u\"; }; };\n",
		port);
	files_put("t.conf", text);
	reload();
	ck_assert_uint_eq(n_rejected, 0);
	snprintf(text, sizeof(text),
		"services: { u: { protocol = \"echo\"; "
		"listen = \"*:%u\"; }; };\n",
		port);
	files_put("t.conf", text);
	reload();
	ck_assert_uint_eq(n_rejected, 1);
	snprintf(text, sizeof(text), "this sockd listens on 127.0.0.1:%u; ",
		port);
	files_assert_has(said, text);
	ck_assert_uint_eq(s.plan->n_listeners, 1);
}
END_TEST

START_TEST(listeners_stay_and_sockets_of_others_go)
{
	const struct listener *u = s.plan->listeners[0].listener;

	files_put("t.conf",
		"services: { v: { protocol = \"discard\"; backlog = 7;\n"
		"  listen = [ \"new\", \"u\" ]; mode = \"0600\"; }; };\n");
	reload();
	ck_assert_uint_eq(n_rejected, 0);
	ck_assert_ptr_eq(s.plan->listeners[1].listener, u);
	ck_assert(s.plan->listeners[0].is_new);
	ck_assert(!s.plan->listeners[1].is_new);
	ck_assert_str_eq(s.plan->listeners[1].service->name, "v");
	ck_assert(exists("u") && exists("new"));
	files_put("t.conf", ECHO_U);
	reload();
	ck_assert_ptr_eq(s.plan->listeners[0].listener, u);
	for (uint64_t until = clock_mono_ms() + PATIENCE_MS; exists("new");)
		ck_assert_uint_lt(clock_mono_ms(), until);
	ck_assert(exists("u"));
}
END_TEST

static void on_tick(evutil_socket_t fd, short what, void *arg)
{
	++*(unsigned *)arg;
}

START_TEST(the_loop_goes_on_while_names_are_looked_up)
{
	struct timeval tv = {.tv_usec = 1000};
	unsigned n_ticks = 0;
	struct event *tick = event_new(
		s.base, -1, EV_PERSIST, on_tick, &n_ticks);

	event_add(tick, &tv);
	be_silent(true);
	files_put("t.conf", SLOW);
	ck_assert_int_eq(reload_ask(&s, told, NULL), 0);
	await_inside(1);
	while (n_ticks < 50)
		event_base_loop(s.base, EVLOOP_ONCE);
	ck_assert_uint_eq(n_told, 0);
	ck_assert_uint_eq(s.plan->n_listeners, 1);
	be_silent(false);
	await_told(1);
	ck_assert_uint_eq(n_rejected, 0);
	ck_assert_uint_eq(s.plan->n_listeners, 2);
	event_free(tick);
}
END_TEST

/* Whoever asks during one gets what the file says after that. */
START_TEST(one_more_follows_for_all_who_ask_meanwhile)
{
	unsigned n;

	be_silent(true);
	files_put("t.conf", SLOW);
	ck_assert_int_eq(reload_ask(&s, told, NULL), 0);
	await_inside(1);
	files_put("t.conf", SLOW "chat: { name = \"x\"; };\n");
	for (unsigned i = 0; i < 3; i++)
		ck_assert_int_eq(reload_ask(&s, told, NULL), 0);
	ck_assert_int_eq(reload_ask(&s, NULL, NULL), 0);
	be_silent(false);
	await_told(1);
	files_assert_has(said, "services.u.listen: ");
	ck_assert_ptr_null(strstr(said, "chat.name"));
	n = asked();
	await_told(4);
	ck_assert_str_eq(
		said, "chat.name: \"sockd\" -> \"x\" applied (t.conf:2)\n");
	ck_assert_uint_le(asked(), 2 * n);
	event_base_loop(s.base, EVLOOP_NONBLOCK);
	ck_assert_uint_eq(n_told, 4);
}
END_TEST

static void told_and_asks(const struct verdict *v, void *arg)
{
	told(v, NULL);
	if (n_told == 1)
		ck_assert_int_eq(reload_ask(&s, told, arg), 0);
}

START_TEST(who_asks_while_told_is_told_again)
{
	ck_assert_int_eq(reload_ask(&s, told_and_asks, NULL), 0);
	await_told(2);
	ck_assert_uint_eq(n_rejected, 0);
}
END_TEST

START_TEST(a_stop_does_not_wait_for_names)
{
	bool first = false, second = false, third = false;

	be_silent(true);
	files_put("t.conf", SLOW);
	ck_assert_int_eq(reload_ask(&s, told, &first), 0);
	await_inside(1);
	ck_assert_int_eq(reload_ask(&s, told, &second), 0);
	ck_assert_int_eq(reload_try(&s, told, &third), 0);
	stop();
	ck_assert(first && second && third);
	ck_assert_uint_eq(n_told, 3);
	ck_assert_uint_eq(n_rejected, 3);
	ck_assert_str_eq(said, "sockd is stopping\n");
	ck_assert_int_eq(reload_ask(&s, told, NULL), -ECANCELED);
	ck_assert_int_eq(reload_try(&s, told, NULL), -ECANCELED);
	be_silent(false);
	await_inside(0);
	event_base_loop(s.base, EVLOOP_NONBLOCK);
	ck_assert_uint_eq(n_told, 3);
}
END_TEST

/* Until the thread has made the socket. */
static void begin_to_open(void)
{
	files_put("t.conf",
		"services: { u: { protocol = \"echo\"; "
		"listen = [ \"u\", \"new\", \"127.0.0.1:0\" ]; }; };\n");
	ck_assert_int_eq(reload_ask(&s, told, NULL), 0);
	for (uint64_t until = clock_mono_ms() + PATIENCE_MS; !exists("new");)
		ck_assert_uint_lt(clock_mono_ms(), until);
}

/* What another job follows lies in the mailbox. */
START_TEST(a_stop_closes_what_was_opened_before)
{
	unsigned n = n_fds();

	begin_to_open();
	be_silent(true);
	files_put("t.conf", SLOW);
	ck_assert_int_eq(reload_try(&s, told, NULL), 0);
	await_inside(1);
	stop();
	ck_assert_uint_eq(n_told, 2);
	ck_assert_uint_eq(n_rejected, 2);
	ck_assert(!exists("new"));
	ck_assert(exists("u"));
	ck_assert_uint_eq(n_fds(), n);
}
END_TEST

START_TEST(a_stop_closes_what_was_opened_meanwhile)
{
	unsigned n = n_fds();

	begin_to_open();
	stop();
	ck_assert_uint_eq(n_told, 1);
	ck_assert_uint_eq(n_rejected, 1);
	ck_assert(!exists("new"));
	ck_assert(exists("u"));
	ck_assert_uint_eq(n_fds(), n);
	event_base_loop(s.base, EVLOOP_NONBLOCK);
	ck_assert_uint_eq(n_told, 1);
}
END_TEST

START_TEST(a_try_changes_nothing)
{
	const struct plan *old = s.plan;

	files_put("t.conf",
		"services: { u: { protocol = \"echo\"; mode = \"0600\"; "
		"listen = [ \"u\", \"new\" ]; }; };\n");
	ck_assert_int_eq(reload_try(&s, told, NULL), 0);
	await_told(1);
	ck_assert_uint_eq(n_rejected, 0);
	ck_assert_str_eq(said,
		"services.u.listen: [ \"u\" ] -> [ \"u\", \"new\" ] applies to "
		"new connections (t.conf:1)\n"
		"services.u.mode: \"0666\" -> \"0600\" applied (t.conf:1)\n"
		"listener added: u new\n");
	ck_assert_ptr_eq(s.plan, old);
	ck_assert_ptr_null(s.remark);
	ck_assert(!exists("new"));
	files_put("t.conf", "services: ;\n");
	ck_assert_int_eq(reload_try(&s, told, NULL), 0);
	await_told(2);
	ck_assert_uint_eq(n_rejected, 1);
	files_assert_has(said, "t.conf:1: ");
}
END_TEST

/* Those who only look hold nobody up: a reload has its place behind one. */
START_TEST(one_may_look_at_a_time)
{
	be_silent(true);
	files_put("t.conf", SLOW);
	ck_assert_int_eq(reload_try(&s, told, NULL), 0);
	await_inside(1);
	ck_assert_int_eq(reload_try(&s, told, NULL), -EBUSY);
	ck_assert_int_eq(reload_ask(&s, told, NULL), 0);
	ck_assert_uint_eq(n_told, 0);
	files_put("t.conf", ECHO_U);
	be_silent(false);
	await_told(2);
	ck_assert_uint_eq(n_rejected, 0);
	ck_assert_int_eq(reload_try(&s, told, NULL), 0);
	await_told(3);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("reload");
	TCase *tc = tcase_create("reload");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(tc, set_up, tear_down);
	tcase_add_test(tc, what_changed_is_told_and_in_force);
	tcase_add_test(tc, what_is_wrong_is_told_and_changes_nothing);
	tcase_add_test(tc, what_cannot_be_opened_leaves_nothing_open);
	tcase_add_test(tc, an_own_listener_in_the_way_is_named);
	tcase_add_test(tc, listeners_stay_and_sockets_of_others_go);
	tcase_add_test(tc, the_loop_goes_on_while_names_are_looked_up);
	tcase_add_test(tc, one_more_follows_for_all_who_ask_meanwhile);
	tcase_add_test(tc, who_asks_while_told_is_told_again);
	tcase_add_test(tc, a_stop_does_not_wait_for_names);
	tcase_add_test(tc, a_stop_closes_what_was_opened_before);
	tcase_add_test(tc, a_stop_closes_what_was_opened_meanwhile);
	tcase_add_test(tc, a_try_changes_nothing);
	tcase_add_test(tc, one_may_look_at_a_time);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
