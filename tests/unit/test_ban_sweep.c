/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Bans at accept and among those who are connected, on several workers. */
#include <check.h>

#include "acceptor_world.h"
#include "net/banset.h"
#include "net/mailbox.h"

static int on_open(struct conn *c)
{
	conn_send(c, "hi", 2);
	return 0;
}

static void on_input(struct conn *c, struct evbuffer *in)
{
}

static void on_goodbye(struct conn *c, enum close_reason why, const char *arg,
	struct strbuf *out)
{
	strbuf_addf(out, "[%s%s]", close_row(why)->code, arg);
}

static const struct conn_ops ops = {
	.open = on_open,
	.input = on_input,
	.goodbye = on_goodbye,
};
static const struct conn_type type = {.ops = &ops};
static const struct conn_ops silent_ops = {.input = on_input};
static const struct conn_type silent_type = {.ops = &silent_ops};

static struct mailbox *box;
static uint64_t n_swept; /* one more than were closed */

static void set_up(void)
{
	acceptor_world_start(&type, 3);
	ck_assert_int_eq(
		mailbox_new(&box, worker_base(net_worker(&net)), NULL), 0);
	use(set_new());
}

static void tear_down(void)
{
	mailbox_free(box);
	acceptor_world_stop();
}

/* Bans of these networks; NULL: none. */
static struct banset *bans_of(const char *a, const char *b)
{
	const char *nets[] = {a, b};
	const struct strlist none = {NULL, 0};
	struct banset_row rows[2];
	size_t n = 0;

	for (size_t i = 0; i < 2; i++) {
		if (!nets[i])
			continue;
		rows[n] = (struct banset_row){.reason = "spam"};
		ck_assert_int_eq(
			network_parse(nets[i], &rows[n++].net, NULL), 0);
	}
	return banset_new(rows, n, &none);
}

static void on_swept(void *arg, uint64_t n)
{
	n_swept = n + 1;
}

static void ask_for(const char *a, const char *b)
{
	const struct ban_sweep sweep = {.set = bans_of(a, b), .done = on_swept};

	n_swept = 0;
	ck_assert_int_eq(crew_set_bans(&net.crew, box, &sweep), 0);
}

static void change_bans(const char *a, const char *b)
{
	ask_for(a, b);
	NET_WAIT(&net, n_swept);
}

START_TEST(the_banned_are_told)
{
	struct metrics_service_sum sum = {{0}};

	crew_init_bans(&net.crew, bans_of("127.0.0.2", NULL));
	ck_hears(come_from("127.0.0.1"), "hi");
	ck_hears(come_from("127.0.0.2"), "[banned: spam]");
	net.svc->type = &silent_type;
	ck_hears(come_from("127.0.0.2"), "");
	service_sum(net.svc->count, &sum);
	ck_assert_uint_eq(sum.rejected[CLOSE_BANNED], 2);
}
END_TEST

/* Wherever they are served, and whoever comes later. */
START_TEST(who_is_banned_goes)
{
	for (int i = 0; i < 9; i++)
		ck_hears(come_from("127.0.0.2"), "hi");
	ck_hears(come_from("127.0.0.3"), "hi");
	ck_hears(come_from("127.0.0.1"), "hi");
	change_bans("127.0.0.2/31", NULL);
	ck_assert_uint_eq(n_swept - 1, 10);
	for (size_t i = 0; i < 10; i++)
		ck_hears(i, "[banned: spam]");
	ck_hears(come_from("127.0.0.3"), "[banned: spam]");
	change_bans("127.0.0.3", "203.0.113.0/24");
	ck_assert_uint_eq(n_swept - 1, 0);
	ck_hears(come_from("127.0.0.2"), "hi");
	ck_hears(come_from("127.0.0.3"), "[banned: spam]");
	change_bans(NULL, NULL);
	for (unsigned i = 0; i < net.crew.n_workers; i++)
		ck_assert_ptr_null(worker_bans(net.crew.workers[i]));
	ck_hears(come_from("127.0.0.3"), "hi");
}
END_TEST

static void turn_of(unsigned i)
{
	event_base_loop(worker_base(net.crew.workers[i]), EVLOOP_NONBLOCK);
}

/* Accepted before the acceptor's worker has the new bans, handed over to one
 * that has looked at all its connections already. */
START_TEST(nobody_slips_through)
{
	ask_for("127.0.0.2", NULL);
	for (int i = 0; i < 3; i++) {
		turn_of(1);
		turn_of(2);
	}
	ck_assert_ptr_null(worker_bans(net.crew.workers[0]));
	ck_assert_ptr_nonnull(worker_bans(net.crew.workers[1]));
	for (int i = 0; i < 6; i++)
		come_from("127.0.0.2");
	NET_WAIT(&net, n_swept);
	for (size_t i = 0; i < 6; i++) {
		NET_WAIT(&net, net_read(clients[i], &got));
		ck_assert_ptr_nonnull(strstr(got.data, "[banned: spam]"));
		strbuf_clear(&got);
	}
}
END_TEST

int main(void)
{
	Suite *s = suite_create("ban_sweep");
	TCase *tc = tcase_create("ban_sweep");
	SRunner *sr = srunner_create(s);
	int failed;

	tcase_add_checked_fixture(tc, set_up, tear_down);
	tcase_add_test(tc, the_banned_are_told);
	tcase_add_test(tc, who_is_banned_goes);
	tcase_add_test(tc, nobody_slips_through);
	suite_add_tcase(s, tc);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
