/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Looks at connections, the last that ended, and kicks. The asker is another
 * loop, as the main thread's is. */
#include "net/census.h"

#include <stdio.h>

#include "net/conn_end.h"
#include "net/kick.h"
#include "net/mailbox.h"
#include "net/survey.h"
#include "net_world.h"

#define N_WORKERS 2
#define N_CONNS   40

static struct net_world net;
static struct event_base *base; /* of who asks */
static struct mailbox *box;
static struct conn *conns[N_CONNS];
static int peers[N_CONNS];
static char nicks[N_CONNS][8];

/* What came back. */
static struct {
	int n_calls;
	size_t n_rows, n_found;
	struct census_row rows[N_CONNS + 8];
	char local[ADDR_LEN];
	uint64_t ref;
} got;

static void on_data(struct conn *c, const void *data, size_t len)
{
	conn_send(c, data, len);
}

static const struct conn_ops ops = {.data = on_data};
static const struct conn_type type = {.ops = &ops, .raw = true};

static void open_one(int i, int fd, int peer)
{
	conns[i] = net_open_on(&net, net.crew.workers[i % N_WORKERS], fd);
	peers[i] = peer;
	snprintf(nicks[i], sizeof(nicks[i]), "p%d", i);
	conn_set_nick(conns[i], nicks[i]);
}

static void set_up(void)
{
	int fds[2];

	memset(&got, 0, sizeof(got));
	net_start(&net, &type, N_WORKERS);
	base = event_base_new();
	ck_assert_int_eq(mailbox_new(&box, base, NULL), 0);
	for (int i = 0; i < N_CONNS; i++) {
		if (i == 5)
			net_tcp_pair(fds, 0);
		else
			net_unix_pair(fds);
		open_one(i, fds[0], fds[1]);
	}
}

static void tear_down(void)
{
	net_stop(&net);
	mailbox_free(box);
	event_base_free(base);
	for (int i = 0; i < N_CONNS; i++)
		close(peers[i]);
}

static void turn(void)
{
	net_turn(&net);
	event_base_loop(base, EVLOOP_NONBLOCK);
}

#define WAIT(cond)                                                         \
	do {                                                               \
		uint64_t wait_end = clock_mono_ms() + NET_PATIENCE_MS / 2; \
		while (!(cond)) {                                          \
			ck_assert_msg(clock_mono_ms() < wait_end,          \
				"in vain: %s", #cond);                     \
			turn();                                            \
		}                                                          \
	} while (0)

static void on_census(void *arg, uint64_t ref, const struct census *census)
{
	ck_assert_ptr_eq(arg, &got);
	ck_assert(!census->is_short);
	ck_assert_uint_le(census->n_rows, N_CONNS + 8);
	got.n_calls++;
	got.ref = ref;
	got.n_found = census->n_found;
	got.n_rows = census->n_rows;
	memcpy(got.local, census->local, sizeof(got.local));
	for (size_t i = 0; i < census->n_rows; i++)
		got.rows[i] = census->rows[i];
}

static void ask(const struct census_query *query)
{
	const struct census_asker asker = {on_census, &got, 77};

	ck_assert_int_eq(census_ask(&net.crew, box, query, &asker), 0);
}

static void ask_and_wait(const struct census_query *query)
{
	int n = got.n_calls;

	ask(query);
	WAIT(got.n_calls > n);
	ck_assert_uint_eq(got.ref, 77);
}

START_TEST(sees_all)
{
	ask_and_wait(&(struct census_query){.id = 0});
	ck_assert_uint_eq(got.n_rows, N_CONNS);
	ck_assert_uint_eq(got.n_found, N_CONNS);
	for (size_t i = 0; i < N_CONNS; i++) {
		const struct census_row *row = &got.rows[i];

		ck_assert_uint_eq(row->id, i + 1);
		ck_assert_str_eq(row->service, "test");
		ck_assert_str_eq(row->nick, nicks[i]);
		ck_assert_uint_eq(row->worker, i % N_WORKERS);
		ck_assert_int_eq(row->state, CENSUS_OPEN);
		ck_assert_int_eq(row->peer.family, i == 5 ? AF_INET : AF_UNIX);
	}
}
END_TEST

START_TEST(counts_what_passes)
{
	struct strbuf back = {0};

	net_write(peers[7], "abc");
	WAIT((net_read(peers[7], &back), back.len == 3));
	net_write(peers[7], "de");
	WAIT((net_read(peers[7], &back), back.len == 5));
	census_count_messages(conns[8], 3);
	ask_and_wait(&(struct census_query){.key = CENSUS_BY_IN, .limit = 1});
	ck_assert_uint_eq(got.n_found, N_CONNS);
	ck_assert_uint_eq(got.n_rows, 1);
	ck_assert_uint_eq(got.rows[0].id, 8);
	ck_assert_uint_eq(got.rows[0].in_bytes, 5);
	ck_assert_uint_eq(got.rows[0].out_bytes, 5);
	ck_assert_uint_eq(got.rows[0].n_messages, 2);
	ask_and_wait(
		&(struct census_query){.key = CENSUS_BY_MESSAGES, .limit = 3});
	ck_assert_uint_eq(got.rows[0].id, 9);
	ck_assert_uint_eq(got.rows[1].id, 8);
	ck_assert_uint_eq(got.rows[2].id, 1);
	strbuf_fini(&back);
}
END_TEST

/* Each filter, and whom it leaves. */
static void expect_one(const char *word, uint64_t id)
{
	struct census_query query = {.id = 0};

	ck_assert_int_eq(census_query_add(&query, word, NULL), 0);
	ask_and_wait(&query);
	ck_assert_uint_eq(got.n_found, id ? 1 : 0);
	ck_assert_uint_eq(got.n_rows, id ? 1 : 0);
	if (id)
		ck_assert_uint_eq(got.rows[0].id, id);
}

START_TEST(filters)
{
	conn_pause(conns[3]);
	expect_one("address=127.0.0.1", 6);
	expect_one("127.0.0.0/8", 6);
	expect_one("10.0.0.0/8", 0);
	expect_one("127.0.0", 6); /* text that is in the address */
	expect_one("nick=P11", 12);
	expect_one("p39", 40);
	expect_one("state=paused", 4);
	expect_one("service=tes", 0);
	conn_close(conns[9], CLOSE_IDLE, NULL);
	expect_one("state=closing", 10);
	ck_assert_int_eq(got.rows[0].why, CLOSE_IDLE);
	ask_and_wait(&(struct census_query){.service = "test"});
	ck_assert_uint_eq(got.n_found, N_CONNS);
}
END_TEST

START_TEST(finds_by_id)
{
	ask_and_wait(&(struct census_query){.id = 6});
	ck_assert_uint_eq(got.n_rows, 1);
	ck_assert_uint_eq(got.rows[0].id, 6);
	ck_assert_str_eq(got.rows[0].nick, "p5");
	ck_assert_msg(
		strncmp(got.local, "127.0.0.1:", 10) == 0, "%s", got.local);
	ask_and_wait(&(struct census_query){.id = N_CONNS + 1});
	ck_assert_uint_eq(got.n_rows, 0);
}
END_TEST

/* A survey that is slow on purpose keeps the others waiting, so that a census
 * begins after it: meanwhile anything may end and begin. */
#define SLOW_VISITS 5

static int n_visits, stop_at;

static bool slow_visit(struct survey *s, struct worker *w, void *part)
{
	if (++n_visits == stop_at)
		event_base_loopbreak(worker_base(w));
	return n_visits == SLOW_VISITS;
}

static void slow_free(struct survey *s)
{
	free(s);
}

static void be_slow(void)
{
	static const struct survey_ops slow_ops = {
		.visit = slow_visit, .free = slow_free, .part_size = 1};
	struct survey *s = calloc(1, sizeof(*s));

	n_visits = 0;
	ck_assert_int_eq(survey_start(s, &slow_ops, &net.crew, 1, box), 0);
}

START_TEST(waits_for_its_turn)
{
	be_slow();
	ask(&(struct census_query){.id = 0});
	stop_at = SLOW_VISITS - 1;
	turn();
	ck_assert_int_eq(n_visits, SLOW_VISITS - 1);
	ck_assert_int_eq(got.n_calls, 0);
	WAIT(got.n_calls == 1);
	ck_assert_int_eq(n_visits, SLOW_VISITS);
	ck_assert_uint_eq(got.n_rows, N_CONNS);
}
END_TEST

/* Whoever comes next ends, and is not seen; a visit sees one at a time. */
static size_t n_seen;

static bool step(struct survey *s, struct worker *w, void *part)
{
	struct conn *c = survey_next_conn(w);

	if (!c)
		return true;
	n_seen++;
	if (conn_id(c) + N_WORKERS <= N_CONNS) /* where the cursor is now */
		conn_close(
			conns[conn_id(c) - 1 + N_WORKERS], CLOSE_RESET, NULL);
	return false;
}

START_TEST(survives_the_end_of_who_is_next)
{
	static const struct survey_ops step_ops = {
		.visit = step, .free = slow_free, .part_size = 1};
	struct survey *s = calloc(1, sizeof(*s));

	n_seen = 0;
	ck_assert_int_eq(
		survey_start(s, &step_ops, &net.crew, N_WORKERS, box), 0);
	for (int i = 0; i < 4 * N_CONNS; i++)
		turn();
	ck_assert_uint_eq(n_seen, N_CONNS / 2);
	ask_and_wait(&(struct census_query){.id = 0});
	ck_assert_uint_eq(got.n_rows, N_CONNS / 2);
}
END_TEST

/* Letters on their way there, half done, and on their way back. */
START_TEST(may_end_at_any_time)
{
	be_slow();
	ask(&(struct census_query){.id = 0});
	ask(&(struct census_query){.id = 3});
	stop_at = _i;
	if (_i > 0)
		net_turn(&net);
	ck_assert_int_eq(got.n_calls, 0);
	ck_assert_int_eq(n_visits, _i);
}
END_TEST

/* Those that ended. */

static struct {
	int n_calls;
	size_t n;
	struct conn_end ends[CONN_ENDS_KEPT];
} ended;

static void on_ends(
	void *arg, uint64_t ref, const struct conn_end *ends, size_t n)
{
	ended.n_calls++;
	ended.n = n;
	memcpy(ended.ends, ends, n * sizeof(*ends));
}

static void ask_ends(void)
{
	const struct conn_ends_asker asker = {on_ends, NULL, 1};
	int n = ended.n_calls;

	ck_assert_int_eq(conn_ends_ask(&net.crew, box, &asker), 0);
	WAIT(ended.n_calls > n);
}

START_TEST(remembers_the_end)
{
	int64_t now = clock_wall_ms();

	ask_ends();
	ck_assert_uint_eq(ended.n, 0);
	conn_close(conns[4], CLOSE_IDLE, NULL);
	conn_close(conns[7], CLOSE_KICKED, "bob");
	ask_ends();
	ck_assert_uint_eq(ended.n, 2);
	for (size_t i = 0; i < 2; i++) { /* in the same millisecond or not */
		const struct conn_end *end = &ended.ends[i];

		ck_assert_int_eq(
			end->why, end->id == 5 ? CLOSE_IDLE : CLOSE_KICKED);
		ck_assert_str_eq(end->nick, end->id == 5 ? "p4" : "p7");
		ck_assert_str_eq(end->service, "test");
		ck_assert_int_le(llabs(end->wall_ms - now), 10000);
		ck_assert_uint_le(end->lived_ms, 10000);
		ck_assert(!end->is_refusal);
	}
}
END_TEST

/* More than are kept: the latest of all, the latest first. */
START_TEST(forgets_the_oldest)
{
	uint64_t first = net.last_id + 1;
	int fds[2];

	for (int i = 0; i < 3 * CONN_ENDS_KEPT; i++) {
		net_unix_pair(fds);
		conn_close(net_open_on(&net, net.crew.workers[i % N_WORKERS],
				   fds[0]),
			CLOSE_RESET, NULL);
		close(fds[1]);
		if (i % 50 == 0)
			net_turns(&net, 1);
	}
	ask_ends();
	ck_assert_uint_eq(ended.n, CONN_ENDS_KEPT);
	for (size_t i = 1; i < ended.n; i++) {
		ck_assert_int_le(
			ended.ends[i].wall_ms, ended.ends[i - 1].wall_ms);
		ck_assert_uint_ge(ended.ends[i].id, first + CONN_ENDS_KEPT);
	}
}
END_TEST

/* Watching. */

static struct strbuf seen;

static void on_end(void *arg, const struct conn_end *end)
{
	strbuf_addf(&seen, "%llu:%s ", (unsigned long long)end->id,
		end->why == CLOSE_N ? "opened" : close_row(end->why)->code);
}

START_TEST(shows_beginnings_and_ends)
{
	static const struct conn_watcher watcher = {on_end, NULL};
	int fds[2];

	conn_ends_watch(&net.crew, &watcher);
	conn_close(conns[0], CLOSE_DONE, NULL);
	net_unix_pair(fds);
	net_open_on(&net, net_worker(&net), fds[0]);
	conn_ends_watch(&net.crew, NULL);
	conn_close(conns[1], CLOSE_DONE, NULL);
	ck_assert_str_eq(net_text(&seen), "1:done 41:opened ");
	close(fds[1]);
	strbuf_fini(&seen);
}
END_TEST

/* Kicks. */

static struct {
	int n_calls;
	bool found;
} kicked;

static void on_kick(void *arg, uint64_t ref, bool found)
{
	kicked.n_calls++;
	kicked.found = found;
}

static bool kick(uint64_t id)
{
	struct kick kick = {.conn = id, .words = "bob", .done = on_kick};
	int n = kicked.n_calls;

	ck_assert_int_eq(kick_ask(&net.crew, box, &kick), 0);
	WAIT(kicked.n_calls > n);
	return kicked.found;
}

START_TEST(kicks_by_id)
{
	ck_assert(kick(4));
	ck_assert(!conn_is_open(conns[3]));
	ck_assert(kick(5));
	ck_assert(!kick(5)); /* already leaving */
	ck_assert(!kick(N_CONNS + 1));
	ck_assert(conn_is_open(conns[5]));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("census");
	TCase *tc = tcase_create("census");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_checked_fixture(tc, set_up, tear_down);
	tcase_add_test(tc, sees_all);
	tcase_add_test(tc, counts_what_passes);
	tcase_add_test(tc, filters);
	tcase_add_test(tc, finds_by_id);
	tcase_add_test(tc, waits_for_its_turn);
	tcase_add_test(tc, survives_the_end_of_who_is_next);
	tcase_add_loop_test(tc, may_end_at_any_time, 0, SLOW_VISITS + 1);
	tcase_add_test(tc, remembers_the_end);
	tcase_add_test(tc, forgets_the_oldest);
	tcase_add_test(tc, shows_beginnings_and_ends);
	tcase_add_test(tc, kicks_by_id);
	suite_add_tcase(suite, tc);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
