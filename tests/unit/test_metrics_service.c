/* SPDX-License-Identifier: GPL-3.0-or-later */
/* proto/metrics where the daemon behind it is in trouble. */
#include <check.h>
#include <semaphore.h>

#include "base/process.h"
#include "net/helper.h"
#include "net_world.h"
#include "proto/monitor.h"
#include "proto/proto.h"

static struct net_world net;
static struct strbuf got;
static const char *why_unready;
static bool has_memory;
static sem_t begun, go_on;
static int fd;

static void page(const struct proto_monitor *m, enum metrics_format format,
	const struct process_figures *process, struct strbuf *out)
{
	ck_assert_uint_gt(process->open_fds, 0);
	strbuf_addf(out, "the page, %d\n", (int)format);
	out->failed |= !has_memory;
}

static const char *unready(const struct proto_monitor *m)
{
	return why_unready;
}

static const struct proto_monitor monitor = {page, unready};

static void set_up(void)
{
	const struct proto_context ctx = {.monitor = &monitor};
	const struct proto *proto = proto_find("metrics");

	why_unready = NULL;
	has_memory = true;
	sem_init(&begun, 0, 0);
	sem_init(&go_on, 0, 0);
	net_start(&net, &proto->type, 1);
	net.svc->handshake_ms = NET_PATIENCE_MS;
	ck_assert_int_eq(proto->setup(net.svc, &ctx, NULL), 0);
}

static void tear_down(void)
{
	close(fd);
	net_stop(&net);
	strbuf_fini(&got);
}

/* What the service says to the request; ends when it closes. */
static const char *said(const char *request)
{
	net_open(&net, &fd);
	net_write(fd, request);
	ck_assert_int_eq(net_read_all(&net, fd, &got), 1);
	return net_text(&got);
}

static void check_says(
	const char *request, const char *status, const char *body)
{
	const char *text = said(request), *gap = strstr(text, "\r\n\r\n");

	ck_assert_ptr_nonnull(gap);
	ck_assert_int_eq(strncmp(text, status, strlen(status)), 0);
	ck_assert_str_eq(gap + 4, body);
}

START_TEST(the_page_comes)
{
	check_says("GET /metrics HTTP/1.0\n\n", "HTTP/1.1 200 OK\r\n",
		"the page, 0\n");
}
END_TEST

START_TEST(who_is_not_ready_says_why)
{
	why_unready = "draining";
	check_says("GET /readyz HTTP/1.0\n\n", "HTTP/1.1 503 ", "draining\n");
}
END_TEST

START_TEST(who_is_not_ready_lives)
{
	why_unready = "draining";
	check_says("GET /healthz HTTP/1.0\n\n", "HTTP/1.1 200 ", "ok\n");
}
END_TEST

START_TEST(without_memory_there_is_no_page)
{
	has_memory = false;
	check_says("GET /metrics HTTP/1.0\n\n", "HTTP/1.1 503 ",
		"the server is short of memory\n");
}
END_TEST

/* A helper that is stuck. */

static void work(struct helper_job *job)
{
	sem_post(&begun);
	while (sem_wait(&go_on))
		;
}

static void end_job(struct mail *m)
{
	free(m);
}

static void run_job(struct mail *m, void *owner)
{
	free(m);
}

static void post_job(void)
{
	struct helper_job *job = calloc(1, sizeof(*job));

	job->mailbox = worker_mailbox(net_worker(&net));
	job->work = work;
	job->mail.run = run_job;
	job->mail.free = end_job;
	ck_assert_int_eq(helper_post(net.crew.helper, job), 0);
}

START_TEST(nobody_waits_for_a_helper_for_ever)
{
	net.svc->handshake_ms = 50;
	post_job();
	check_says("GET /metrics HTTP/1.0\n\n", "HTTP/1.1 503 ",
		"the server is busy\n");
	sem_post(&go_on);
	net_turns(&net, 3); /* the figures come, and nobody is there for them */
}
END_TEST

START_TEST(a_helper_may_have_too_much_to_do)
{
	post_job();
	while (sem_wait(&begun)) /* it is worked at, so it does not wait */
		;
	for (int i = 0; i < HELPER_JOBS_MAX; i++)
		post_job();
	check_says("GET /metrics HTTP/1.0\n\n", "HTTP/1.1 503 ",
		"the server is busy\n");
	for (int i = 0; i <= HELPER_JOBS_MAX; i++)
		sem_post(&go_on);
}
END_TEST

/* It leaves before the figures are there. */
START_TEST(the_client_may_leave)
{
	post_job();
	net_open(&net, &fd);
	net_write(fd, "GET /metrics HTTP/1.0\n\n");
	net_turns(&net, 3);
	ck_assert_uint_eq(net.crew.n_conns, 1);
	crew_drop_all(&net.crew);
	ck_assert_uint_eq(net.crew.n_conns, 0);
	sem_post(&go_on);
	net_turns(&net, 3);
}
END_TEST

/* What is said to who is not let in. */
START_TEST(the_refused_are_told)
{
	struct sockaddr_storage peer;
	struct conn_origin from;
	int fds[2];

	net_unix_pair(fds);
	fd = fds[1];
	from = net_origin(&net, fds[0], &peer);
	conn_enter(net_worker(&net), NULL);
	conn_open_refused(net_worker(&net), net.svc, &from, CLOSE_FULL, NULL);
	ck_assert_int_eq(net_read_all(&net, fd, &got), 1);
	ck_assert_ptr_nonnull(strstr(got.data, "HTTP/1.1 503 "));
	ck_assert_ptr_nonnull(strstr(got.data, "\r\n\r\nfull"));
}
END_TEST

int main(void)
{
	Suite *s = suite_create("metrics_service");
	TCase *tc = tcase_create("metrics_service");
	SRunner *sr = srunner_create(s);
	int failed;

	tcase_add_checked_fixture(tc, set_up, tear_down);
	tcase_add_test(tc, the_page_comes);
	tcase_add_test(tc, who_is_not_ready_says_why);
	tcase_add_test(tc, who_is_not_ready_lives);
	tcase_add_test(tc, without_memory_there_is_no_page);
	tcase_add_test(tc, nobody_waits_for_a_helper_for_ever);
	tcase_add_test(tc, a_helper_may_have_too_much_to_do);
	tcase_add_test(tc, the_client_may_leave);
	tcase_add_test(tc, the_refused_are_told);
	suite_add_tcase(s, tc);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
