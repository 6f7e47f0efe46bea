/* SPDX-License-Identifier: GPL-3.0-or-later */
/* base/metrics, base/metrics_text, base/process. */
#include "base/metrics.h"

#include <check.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/metrics_text.h"
#include "base/process.h"
#include "base/str.h"

/* The table. */

static bool ends(const char *text, const char *end)
{
	size_t n = strlen(text), n_end = strlen(end);

	return n >= n_end && strcmp(text + n - n_end, end) == 0;
}

START_TEST(rows_are_named_as_prometheus_wants)
{
	const struct metrics_row *row = &metrics_rows[_i];

	ck_assert(strncmp(row->name, "sockd_", 6) == 0 ||
		strncmp(row->name, "process_", 8) == 0);
	ck_assert_int_eq(
		ends(row->name, "_total"), row->type == METRICS_COUNTER);
	ck_assert_uint_eq(strspn(row->name, "abcdefghijklmnopqrstuvwxyz_"),
		strlen(row->name));
	ck_assert(row->help[0] && !strpbrk(row->help, "\\\n\""));
	ck_assert(!ends(row->help, "."));
	ck_assert(row->per_unit == 1 || strstr(row->name, "seconds"));
	for (int i = 0; i < _i; i++)
		ck_assert_str_ne(row->name, metrics_rows[i].name);
}
END_TEST

/* Counting. */

START_TEST(values_fall_into_buckets)
{
	static const struct {
		uint64_t value;
		size_t bucket;
	} cases[] = {{0, 0}, {100, 0}, {101, 1}, {500, 1}, {5000000, 12},
		{5000001, 13}, {UINT64_C(1) << 40, 13}};
	_Atomic uint64_t cells[METRICS_HIST_CELLS] = {0};
	uint64_t sum = 0;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint64_t before = cells[cases[i].bucket];

		metrics_observe(cells, METRICS_ID_loop_lag, cases[i].value);
		ck_assert_uint_eq(cells[cases[i].bucket], before + 1);
		sum += cases[i].value;
		ck_assert_uint_eq(cells[METRICS_BOUNDS + 1], sum);
	}
}
END_TEST

START_TEST(bounds_rise)
{
	static const enum metrics_id ids[] = {METRICS_ID_loop_lag,
		METRICS_ID_fanout_time, METRICS_ID_recipients};

	for (size_t i = 0; i < sizeof(ids) / sizeof(ids[0]); i++)
		for (size_t k = 1; k < METRICS_BOUNDS; k++)
			ck_assert_uint_lt(metrics_bounds(ids[i])[k - 1],
				metrics_bounds(ids[i])[k]);
}
END_TEST

START_TEST(a_reading_adds_up)
{
	struct metrics_service a = {0}, b = {0};
	struct metrics_service_sum sum = {{0}};

	metrics_add(&a.accepted[METRICS_TCP], 5);
	metrics_add(&b.accepted[METRICS_TCP], 2);
	metrics_add(&b.accepted[METRICS_UNIX], 1);
	metrics_add(&a.closed[metrics_closed_cell(3, METRICS_TCP)], 2);
	metrics_add(&b.closed[metrics_closed_cell(3, METRICS_UNIX)], 1);
	metrics_add(&b.closed[metrics_closed_cell(4, METRICS_TCP)], 1);
	metrics_add(a.sent_bytes, 10);
	metrics_add(b.sent_bytes, 20);
	metrics_sum_service(&sum, &a);
	metrics_sum_service(&sum, &b);
	ck_assert_uint_eq(sum.accepted[METRICS_TCP], 7);
	ck_assert_uint_eq(metrics_n_closed(&sum, 3), 3);
	ck_assert_uint_eq(metrics_n_closed(&sum, 4), 1);
	ck_assert_uint_eq(metrics_n_open(&sum, METRICS_TCP), 4);
	ck_assert_uint_eq(metrics_n_open(&sum, METRICS_UNIX), 0);
	ck_assert_uint_eq(sum.sent_bytes[0], 30);
}
END_TEST

/* Connections come and go on all workers while somebody reads. */

#define N_WRITERS 3
#define N_READS   5000

static struct metrics_service blocks[N_WRITERS];
static atomic_bool is_over;

static void *come_and_go(void *arg)
{
	struct metrics_service *block = arg;
	unsigned n = 0;

	while (!atomic_load_explicit(&is_over, memory_order_relaxed)) {
		enum metrics_transport t = n++ % METRICS_TRANSPORTS;

		metrics_add(&block->accepted[t], 1);
		metrics_add(&block->closed[metrics_closed_cell(
				    n % METRICS_REASONS, t)],
			1);
	}
	return NULL;
}

/* Whoever is seen to have gone was seen to come, and no counter goes back. */
static void check_reading(struct metrics_service_sum *last)
{
	struct metrics_service_sum now = {{0}};

	for (size_t i = 0; i < N_WRITERS; i++)
		metrics_sum_service(&now, &blocks[i]);
	for (int t = 0; t < METRICS_TRANSPORTS; t++) {
		uint64_t open = metrics_n_open(&now, (enum metrics_transport)t);

		ck_assert_msg(open < UINT64_C(1) << 63, "%lld are open",
			(long long)open);
		ck_assert_uint_ge(now.accepted[t], last->accepted[t]);
	}
	for (unsigned why = 0; why < METRICS_REASONS; why++)
		ck_assert_uint_ge(metrics_n_closed(&now, why),
			metrics_n_closed(last, why));
	*last = now;
}

START_TEST(every_reading_is_right)
{
	struct metrics_service_sum last = {{0}};
	pthread_t threads[N_WRITERS];

	for (size_t i = 0; i < N_WRITERS; i++)
		ck_assert_int_eq(pthread_create(&threads[i], NULL, come_and_go,
					 &blocks[i]),
			0);
	for (int i = 0; i < N_READS || !last.accepted[METRICS_TCP]; i++)
		check_reading(&last);
	atomic_store(&is_over, true);
	for (size_t i = 0; i < N_WRITERS; i++)
		pthread_join(threads[i], NULL);
	check_reading(&last);
	ck_assert_uint_eq(metrics_n_open(&last, METRICS_TCP), 0);
	ck_assert_uint_eq(metrics_n_open(&last, METRICS_UNIX), 0);
}
END_TEST

/* The text. */

static struct strbuf out;

static void tear_down(void)
{
	strbuf_fini(&out);
}

START_TEST(counters_lose_their_ending)
{
	static const char *const values[] = {"a\\b\"c\nd", "tcp"};
	struct metrics_text text = {&out, METRICS_FORMAT_TEXT};

	metrics_text_row(&text, METRICS_ID_accepted);
	metrics_text_value(&text, METRICS_ID_accepted, values, 7);
	metrics_text_end(&text);
	text.format = METRICS_FORMAT_OPENMETRICS;
	metrics_text_row(&text, METRICS_ID_accepted);
	metrics_text_value(&text, METRICS_ID_accepted, values, UINT64_MAX);
	metrics_text_end(&text);
	ck_assert_str_eq(out.data,
		"# HELP sockd_connections_accepted_total Connections that were "
		"let in\n"
		"# TYPE sockd_connections_accepted_total counter\n"
		"sockd_connections_accepted_total{service=\"a\\\\b\\\"c\\nd\","
		"transport=\"tcp\"} 7\n"
		"# HELP sockd_connections_accepted Connections that were let "
		"in\n"
		"# TYPE sockd_connections_accepted counter\n"
		"sockd_connections_accepted_total{service=\"a\\\\b\\\"c\\nd\","
		"transport=\"tcp\"} 18446744073709551615\n"
		"# EOF\n");
}
END_TEST

START_TEST(parts_become_units)
{
	const struct metrics_text text = {&out, METRICS_FORMAT_TEXT};

	metrics_text_value(&text, METRICS_ID_rooms, NULL, 0);
	metrics_text_value(&text, METRICS_ID_cpu, NULL, 1000042);
	metrics_text_value(&text, METRICS_ID_start_time, NULL, 1795267827143);
	ck_assert_str_eq(out.data,
		"sockd_rooms 0\n"
		"process_cpu_seconds_total 1.000042\n"
		"process_start_time_seconds 1795267827.143\n");
}
END_TEST

START_TEST(histograms_are_cumulative)
{
	const struct metrics_text text = {&out, METRICS_FORMAT_OPENMETRICS};
	static const uint64_t times[METRICS_HIST_CELLS] = {
		1, 0, 0, 2, [11] = 1, [METRICS_BOUNDS] = 1, 7000000};
	static const uint64_t sizes[METRICS_HIST_CELLS] = {[4] = 3, [14] = 60};

	metrics_text_histogram(&text, METRICS_ID_loop_lag, times);
	ck_assert_ptr_nonnull(strstr(out.data,
		"sockd_loop_lag_seconds_bucket{le=\"0.0001\"} 1\n"
		"sockd_loop_lag_seconds_bucket{le=\"0.0005\"} 1\n"
		"sockd_loop_lag_seconds_bucket{le=\"0.001\"} 1\n"
		"sockd_loop_lag_seconds_bucket{le=\"0.0025\"} 3\n"));
	ck_assert_ptr_nonnull(strstr(out.data,
		"sockd_loop_lag_seconds_bucket{le=\"0.02\"} 3\n"
		"sockd_loop_lag_seconds_bucket{le=\"0.025\"} 3\n"
		"sockd_loop_lag_seconds_bucket{le=\"0.05\"} 3\n"
		"sockd_loop_lag_seconds_bucket{le=\"0.1\"} 3\n"
		"sockd_loop_lag_seconds_bucket{le=\"0.25\"} 3\n"
		"sockd_loop_lag_seconds_bucket{le=\"1.0\"} 4\n"
		"sockd_loop_lag_seconds_bucket{le=\"5.0\"} 4\n"
		"sockd_loop_lag_seconds_bucket{le=\"+Inf\"} 5\n"
		"sockd_loop_lag_seconds_sum 7.000000\n"
		"sockd_loop_lag_seconds_count 5\n"));
	strbuf_clear(&out);
	metrics_text_histogram(&text, METRICS_ID_recipients, sizes);
	ck_assert_ptr_nonnull(strstr(out.data,
		"sockd_fanout_recipients_bucket{le=\"10.0\"} 0\n"
		"sockd_fanout_recipients_bucket{le=\"25.0\"} 3\n"));
	ck_assert_ptr_nonnull(strstr(out.data,
		"sockd_fanout_recipients_bucket{le=\"10000.0\"} 3\n"
		"sockd_fanout_recipients_bucket{le=\"+Inf\"} 3\n"
		"sockd_fanout_recipients_sum 60\n"
		"sockd_fanout_recipients_count 3\n"));
}
END_TEST

/* The process. */

START_TEST(the_process_is_known)
{
	struct process_figures before, after;
	int fds[5];

	process_read(&before);
	for (int i = 0; i < 5; i++)
		fds[i] = open("/dev/null", O_RDONLY | O_CLOEXEC);
	process_read(&after);
	for (int i = 0; i < 5; i++)
		close(fds[i]);
	ck_assert_uint_eq(after.open_fds, before.open_fds + 5);
	ck_assert_uint_ge(after.max_fds, after.open_fds);
	ck_assert_uint_ge(after.cpu_us, before.cpu_us);
	ck_assert_uint_gt(after.cpu_us, 0);
	ck_assert_uint_gt(after.resident, 64 * 1024);
	ck_assert_uint_gt(after.virtual_memory, after.resident);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("metrics");
	TCase *tc = tcase_create("metrics");
	SRunner *sr = srunner_create(s);
	int failed;

	tcase_add_checked_fixture(tc, NULL, tear_down);
	tcase_add_loop_test(
		tc, rows_are_named_as_prometheus_wants, 0, METRICS_N);
	tcase_add_test(tc, values_fall_into_buckets);
	tcase_add_test(tc, bounds_rise);
	tcase_add_test(tc, a_reading_adds_up);
	tcase_add_test(tc, every_reading_is_right);
	tcase_add_test(tc, counters_lose_their_ending);
	tcase_add_test(tc, parts_become_units);
	tcase_add_test(tc, histograms_are_cumulative);
	tcase_add_test(tc, the_process_is_known);
	suite_add_tcase(s, tc);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
