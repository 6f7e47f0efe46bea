/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Small modules: reasons, services, crews, and the small protocols. */
#include <check.h>
#include <stdio.h>
#include <sys/resource.h>

#include "base/option.h"
#include "net/mailbox.h"
#include "net_world.h"
#include "proto/proto.h"

/* net/close */

START_TEST(every_reason_has_a_row)
{
	for (int i = 0; i < CLOSE_N; i++) {
		const struct close_row *row = close_row((enum close_reason)i);

		ck_assert(row->code && row->code[0]);
		for (const char *c = row->code; *c; c++)
			ck_assert(*c == '_' || (*c >= 'a' && *c <= 'z'));
		for (int k = 0; k < i; k++)
			ck_assert_str_ne(row->code,
				close_row((enum close_reason)k)->code);
		/* Nobody is there to be told. */
		if (row->fate == CLOSE_FATE_DROP)
			ck_assert_ptr_null(row->words);
	}
	ck_assert_str_eq(close_row(CLOSE_IDLE)->code, "idle");
	ck_assert_str_eq(close_row(CLOSE_RESUMED)->code, "resumed");
}
END_TEST

/* net/service */

static int n_released;

static void release(void *owner)
{
	ck_assert_ptr_eq(owner, &n_released);
	n_released++;
}

START_TEST(services_share_their_count)
{
	static const struct conn_ops ops;
	static const struct conn_type type = {.ops = &ops};
	char name[] = "chat";
	struct service *old = service_new(name, &type, NULL), *now;

	old->owner = &n_released;
	old->release = release;
	name[0] = 'X';
	ck_assert_str_eq(old->name, "chat");
	now = service_new("chat", &type, old->count);
	ck_assert_ptr_eq(old->count, now->count);
	atomic_fetch_add(&old->count->n_conns, 1);
	ck_assert_ptr_eq(service_ref(old), old);
	service_unref(old);
	ck_assert_int_eq(n_released, 0);
	service_unref(old);
	ck_assert_int_eq(n_released, 1);
	ck_assert_uint_eq(now->count->n_conns, 1);
	service_unref(now);
	service_unref(NULL);
}
END_TEST

/* net/worker */

struct order {
	struct mail mail;
	atomic_uint *n;
};

static void run_order(struct mail *m, void *owner)
{
	struct worker *w = owner;

	atomic_fetch_add(((struct order *)m)->n, 1 + worker_index(w));
	free(m);
}

static void free_order(struct mail *m)
{
	free(m);
}

static void order(struct worker *w, atomic_uint *n)
{
	struct order *o = calloc(1, sizeof(*o));

	o->mail.run = run_order;
	o->mail.free = free_order;
	o->n = n;
	worker_post(w, &o->mail);
}

static void wait_until(
	struct crew *crew, bool (*done)(struct crew *, void *), void *arg)
{
	uint64_t end = clock_mono_ms() + 10000;

	while (!done(crew, arg)) {
		ck_assert_uint_lt(clock_mono_ms(), end);
		poll(NULL, 0, 1);
	}
}

static bool is_alive(struct crew *crew, void *arg)
{
	return crew_is_alive(crew);
}

static bool has_counted(struct crew *crew, void *arg)
{
	return atomic_load((atomic_uint *)arg) == 30 * (1 + 2 + 3);
}

START_TEST(crews_run_and_end)
{
	struct crew crew;
	atomic_uint n = 0;

	ck_assert_int_eq(crew_init(&crew, 3), 0);
	ck_assert(crew_is_alive(&crew));
	crew_ping(&crew);
	ck_assert(!crew_is_alive(&crew)); /* nobody runs yet */
	ck_assert_int_eq(crew_start(&crew), 0);
	for (int i = 0; i < 90; i++)
		order(crew.workers[i % 3], &n);
	wait_until(&crew, has_counted, &n);
	wait_until(&crew, is_alive, NULL);
	crew_ping(&crew);
	wait_until(&crew, is_alive, NULL);
	crew_stop(&crew);
	order(crew.workers[1], &n); /* never run, but freed */
	crew_drop_all(&crew);
	crew_fini(&crew);
	ck_assert_uint_eq(n, 180);
}
END_TEST

/* What is asked for in a turn waits for the rest of that turn. */
#define BUSY_MS 30

static void run_busy(struct mail *m, void *owner)
{
	uint64_t end = clock_mono_us() + BUSY_MS * 1000;

	worker_note_work(owner, clock_mono_ms());
	while (clock_mono_us() < end)
		;
	free(m);
}

START_TEST(the_lag_of_a_loop_is_measured)
{
	struct crew crew;
	struct metrics_worker_sum sum = {{0}};
	struct order *o = calloc(1, sizeof(*o));
	struct worker *w;

	ck_assert_int_eq(crew_init(&crew, 1), 0);
	w = crew.workers[0];
	event_base_loop(worker_base(w), EVLOOP_NONBLOCK);
	metrics_sum_worker(&sum, worker_tally(w));
	ck_assert_uint_eq(sum.loop_lag[METRICS_BOUNDS + 1], 0);
	o->mail.run = run_busy;
	o->mail.free = free_order;
	worker_post(w, &o->mail);
	for (int i = 0; i < 3; i++)
		event_base_loop(worker_base(w), EVLOOP_NONBLOCK);
	metrics_sum_worker(&sum, worker_tally(w));
	ck_assert_uint_ge(sum.loop_lag[METRICS_BOUNDS + 1], BUSY_MS * 1000);
	for (size_t i = 0;
		metrics_bounds(METRICS_ID_loop_lag)[i] < BUSY_MS * 1000; i++)
		ck_assert_uint_eq(sum.loop_lag[i], 0);
	crew_drop_all(&crew);
	crew_fini(&crew);
}
END_TEST

static void ignore_log(int severity, const char *text)
{
}

/* Leaves exactly so many descriptors to be had. */
static void leave_descriptors(int n)
{
	struct rlimit lim;
	int fd = -1, last;

	getrlimit(RLIMIT_NOFILE, &lim);
	lim.rlim_cur = 100;
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &lim), 0);
	while ((last = dup(0)) >= 0)
		fd = last;
	for (int i = 0; i < n; i++)
		close(fd - i);
}

/* A start that fails half-way is taken back by the same calls as any other. A
 * worker takes four descriptors; without the last of them it gives up. */
START_TEST(crews_that_failed_can_be_ended)
{
	struct crew crew;

	leave_descriptors(4 + 4 + 3);
	event_set_log_callback(ignore_log);
	ck_assert_int_lt(crew_init(&crew, 16), 0);
	crew_close_all(&crew, CLOSE_STOPPING);
	crew_stop(&crew);
	crew_drop_all(&crew);
	crew_fini(&crew);
}
END_TEST

/* proto/echo, discard, greeting */

static struct net_world net;
static struct strbuf got;
static void *options;
static const struct proto *proto;
static int fd;

static void serve(const char *name)
{
	proto = proto_find(name);
	ck_assert_ptr_nonnull(proto);
	options = calloc(1, proto->options_size + 1);
	if (proto->options)
		ck_assert_int_eq(
			option_set_defaults(proto->options, options), 0);
	net_start(&net, &proto->type, 1);
	net.svc->options = options;
}

static void set(const char *key, const char *value)
{
	const struct option *o = proto->options;
	char *field = options;

	while (strcmp(o->key, key) != 0)
		o++;
	field += o->offset;
	if (o->type == OPT_STRING) {
		free(*(char **)(void *)field);
		*(char **)(void *)field = strdup(value);
	} else if (o->type == OPT_BOOL) {
		*(bool *)field = true;
	} else {
		*(int *)(void *)field = atoi(value);
	}
}

static void end_service(void)
{
	if (!proto)
		return;
	net_stop(&net);
	if (proto->options)
		option_fini(proto->options, options);
	free(options);
	strbuf_fini(&got);
	close(fd);
}

START_TEST(echo_is_eight_bit_clean)
{
	char all[256];

	serve("echo");
	net_open(&net, &fd);
	for (int i = 0; i < 256; i++)
		all[i] = (char)i;
	ck_assert_int_eq(write(fd, all, 256), 256);
	NET_WAIT(&net, net_read(fd, &got) == 0 && got.len == 256);
	ck_assert_mem_eq(got.data, all, 256);
}
END_TEST

/* `printf ... | nc -N`: all bytes come back, then the end. */
START_TEST(echo_honours_a_half_close)
{
	static char block[100000];
	size_t sent = 0;
	ssize_t n;

	serve("echo");
	net_open(&net, &fd);
	for (size_t i = 0; i < sizeof(block); i++)
		block[i] = (char)(i * 31);
	while (sent < 20 * sizeof(block)) {
		size_t at = sent % sizeof(block);

		n = send(fd, block + at, sizeof(block) - at, MSG_DONTWAIT);
		sent += n > 0 ? (size_t)n : 0;
		net_turn(&net);
		ck_assert_int_eq(net_read(fd, &got), 0);
	}
	shutdown(fd, SHUT_WR);
	ck_assert_int_eq(net_read_all(&net, fd, &got), 1);
	ck_assert_uint_eq(got.len, sent);
	for (size_t i = 0; i < sent; i += sizeof(block))
		ck_assert_mem_eq(got.data + i, block, sizeof(block));
}
END_TEST

/* A peer that only writes is stopped, not closed. */
START_TEST(echo_of_one_who_does_not_read_is_bounded)
{
	static char block[65536];

	serve("echo");
	net_open(&net, &fd);
	for (int idle = 0; idle < 20; idle++) {
		while (send(fd, block, sizeof(block), MSG_DONTWAIT) > 0)
			idle = 0;
		net_turn(&net);
	}
	ck_assert_uint_eq(net.crew.n_conns, 1);
	ck_assert_uint_gt(net.crew.output_bytes, 64 * 1024);
	ck_assert_uint_le(net.crew.output_bytes, 512 * 1024);
}
END_TEST

START_TEST(echo_with_prefix_once)
{
	serve("echo");
	set("prefix", "you said: ");
	set("one_shot", "true");
	net_open(&net, &fd);
	net_write(fd, "hello");
	net_turn(&net);
	net_write(fd, "again");
	ck_assert_int_eq(net_read_all(&net, fd, &got), 1);
	ck_assert_str_eq(got.data, "you said: hello");
}
END_TEST

START_TEST(discard_says_nothing)
{
	serve("discard");
	net_open(&net, &fd);
	for (int i = 0; i < 100; i++) {
		net_write(fd, "hello\n");
		net_turn(&net);
	}
	ck_assert_int_eq(net_read(fd, &got), 0);
	shutdown(fd, SHUT_WR);
	ck_assert_int_eq(net_read_all(&net, fd, &got), 1);
	ck_assert_uint_eq(got.len, 0);
}
END_TEST

START_TEST(greeting_greets_at_once)
{
	serve("greeting");
	set("message", "hello\n");
	net_open(&net, &fd);
	ck_assert_int_eq(net_read_all(&net, fd, &got), 1);
	ck_assert_str_eq(got.data, "hello\n");
}
END_TEST

START_TEST(greeting_may_wait_for_data)
{
	serve("greeting");
	set("message", "hello\n");
	set("when", "1");
	net_open(&net, &fd);
	net_turns(&net, 3);
	ck_assert_int_eq(net_read(fd, &got), 0);
	ck_assert_uint_eq(got.len, 0);
	net_write(fd, "x");
	ck_assert_int_eq(net_read_all(&net, fd, &got), 1);
	ck_assert_str_eq(got.data, "hello\n");
}
END_TEST

START_TEST(protocols_are_sorted_and_whole)
{
	for (size_t i = 0; proto_table[i]; i++) {
		const struct proto *p = proto_table[i];

		ck_assert_ptr_eq(proto_find(p->name), p);
		ck_assert(p->summary[0] && p->framings && p->transports);
		ck_assert(p->type.raw ? !!p->type.ops->data
				      : !!p->type.ops->input);
		if (i > 0)
			ck_assert_str_lt(proto_table[i - 1]->name, p->name);
	}
	ck_assert_ptr_null(proto_find("telepathy"));
}
END_TEST

int main(void)
{
	Suite *s = suite_create("small");
	TCase *tc = tcase_create("small");
	SRunner *sr = srunner_create(s);
	int failed;

	tcase_add_checked_fixture(tc, NULL, end_service);
	tcase_add_test(tc, every_reason_has_a_row);
	tcase_add_test(tc, services_share_their_count);
	tcase_add_test(tc, crews_run_and_end);
	tcase_add_test(tc, the_lag_of_a_loop_is_measured);
	tcase_add_test(tc, crews_that_failed_can_be_ended);
	tcase_add_test(tc, echo_is_eight_bit_clean);
	tcase_add_test(tc, echo_honours_a_half_close);
	tcase_add_test(tc, echo_of_one_who_does_not_read_is_bounded);
	tcase_add_test(tc, echo_with_prefix_once);
	tcase_add_test(tc, discard_says_nothing);
	tcase_add_test(tc, greeting_greets_at_once);
	tcase_add_test(tc, greeting_may_wait_for_data);
	tcase_add_test(tc, protocols_are_sorted_and_whole);
	suite_add_tcase(s, tc);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
