/* SPDX-License-Identifier: GPL-3.0-or-later */
/* net/helper, and net/user that it is for. */
#include "net/helper.h"

#include <assert.h>
#include <pthread.h>
#include <pwd.h>
#include <semaphore.h>

#include "net/user.h"
#include "net_world.h"

static struct net_world net;
static char *asked_name; /* what told() was told; "": no name */
static unsigned n_told;

static void on_input(struct conn *c, struct evbuffer *in)
{
}

static const struct conn_ops ops = {.input = on_input};
static const struct conn_type type = {.ops = &ops};

static void set_up(void)
{
	net_start(&net, &type, 2);
	n_told = 0;
}

static void tear_down(void)
{
	net_stop(&net);
	free(asked_name);
	asked_name = NULL;
}

/* Jobs that wait for us. */

struct task {
	struct helper_job job;
	struct worker *worker;
	unsigned n;
};
static sem_t begun, go_on, freed;
static unsigned n_run;
static atomic_uint n_worked, n_freed;
static pthread_t doer;

static void work(struct helper_job *job)
{
	assert(((struct task *)job)->n == n_worked++);
	doer = pthread_self();
	sem_post(&begun);
	while (sem_wait(&go_on))
		;
}

static void run_task(struct mail *m, void *owner)
{
	struct task *task = (struct task *)m;

	ck_assert_ptr_eq(owner, task->worker);
	n_run++;
	free(task);
}

static void free_task(struct mail *m)
{
	free(m);
	n_freed++;
	sem_post(&freed);
}

static int post_task(unsigned n)
{
	struct task *task = calloc(1, sizeof(*task));
	int err;

	task->n = n;
	task->worker = net.crew.workers[n % 2];
	task->job.mailbox = worker_mailbox(task->worker);
	task->job.work = work;
	task->job.mail.run = run_task;
	task->job.mail.free = free_task;
	err = helper_post(net.crew.helper, &task->job);
	if (err)
		free(task);
	return err;
}

static void wait_for(sem_t *sem)
{
	struct timespec until;

	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += NET_PATIENCE_MS / 1000;
	while (sem_timedwait(sem, &until))
		ck_assert_int_eq(errno, EINTR);
}

static void set_up_tasks(void)
{
	set_up();
	sem_init(&begun, 0, 0);
	sem_init(&go_on, 0, 0);
	sem_init(&freed, 0, 0);
	n_run = 0;
	n_worked = 0;
	n_freed = 0;
}

START_TEST(jobs_come_back_to_their_workers)
{
	for (unsigned n = 0; n < 10; n++)
		ck_assert_int_eq(post_task(n), 0);
	for (unsigned n = 0; n < 10; n++) {
		wait_for(&begun);
		ck_assert_uint_eq(n_run, n);
		sem_post(&go_on);
		NET_WAIT(&net, n_run == n + 1);
	}
	ck_assert(!pthread_equal(doer, pthread_self()));
	ck_assert_uint_eq(n_freed, 0);
}
END_TEST

START_TEST(too_many_jobs_are_refused)
{
	ck_assert_int_eq(post_task(0), 0);
	wait_for(&begun);
	for (unsigned n = 1; n <= HELPER_JOBS_MAX; n++)
		ck_assert_int_eq(post_task(n), 0);
	ck_assert_int_eq(post_task(0), -EAGAIN);
	sem_post(&go_on);
	NET_WAIT(&net, n_run == 1);
	wait_for(&begun);
	ck_assert_int_eq(post_task(HELPER_JOBS_MAX + 1), 0);
	for (unsigned n = 0; n <= HELPER_JOBS_MAX; n++)
		sem_post(&go_on);
	NET_WAIT(&net, n_run == HELPER_JOBS_MAX + 2);
}
END_TEST

/* A job that is stuck holds up nobody's end. */
START_TEST(the_end_does_not_wait)
{
	ck_assert_int_eq(post_task(0), 0);
	wait_for(&begun);
	ck_assert_int_eq(post_task(1), 0);
	helper_free(net.crew.helper);
	net.crew.helper = NULL;
	ck_assert_uint_eq(n_freed, 1); /* the one that waited */
	wait_for(&freed);
	sem_post(&go_on);
	wait_for(&freed);
	net_turns(&net, 3);
	ck_assert_uint_eq(n_run, 0);
}
END_TEST

START_TEST(results_that_nobody_reads_are_freed)
{
	ck_assert_int_eq(post_task(0), 0);
	wait_for(&begun);
	sem_post(&go_on);
	/* the next has begun, so this one lies in its worker's mailbox */
	ck_assert_int_eq(post_task(1), 0);
	wait_for(&begun);
	sem_post(&go_on);
	crew_drop_all(&net.crew);
}
END_TEST

/* Users. */

static void told(struct conn *c, const char *name)
{
	n_told++;
	free(asked_name);
	asked_name = strdup(name ? name : "");
}

START_TEST(a_user_has_a_name)
{
	const struct passwd *me = getpwuid(geteuid());
	struct conn *c;
	uid_t uid;
	int peer;

	c = net_open(&net, &peer);
	ck_assert_int_eq(user_of(c, &uid), 0);
	ck_assert_uint_eq(uid, geteuid());
	ck_assert_int_eq(user_find_name(c, uid, told), 0);
	ck_assert_uint_eq(n_told, 0); /* never at once */
	NET_WAIT(&net, n_told == 1);
	ck_assert_str_eq(asked_name, me ? me->pw_name : "");
	ck_assert_int_eq(user_find_name(c, 0, told), 0);
	NET_WAIT(&net, n_told == 2);
	ck_assert_str_eq(asked_name, "root");
	ck_assert_int_eq(user_find_name(c, 3999999999, told), 0);
	NET_WAIT(&net, n_told == 3);
	ck_assert_str_eq(asked_name, "");
	close(peer);
}
END_TEST

START_TEST(there_are_no_users_over_tcp)
{
	int fds[2];
	struct conn *c;
	uid_t uid;

	net_tcp_pair(fds, 0);
	c = net_open_on(&net, net_worker(&net), fds[0]);
	ck_assert_int_eq(user_of(c, &uid), -ENOTSUP);
	close(fds[1]);
}
END_TEST

START_TEST(nobody_is_told_of_a_connection_that_ended)
{
	int peers[2];
	struct conn *gone = net_open(&net, &peers[0]);
	struct conn *here = net_open(&net, &peers[1]);

	ck_assert_int_eq(user_find_name(gone, 0, told), 0);
	conn_close(gone, CLOSE_DONE, NULL);
	ck_assert_int_eq(user_find_name(here, 0, told), 0);
	NET_WAIT(&net, n_told == 1); /* the jobs are done in order */
	net_turns(&net, 3);
	ck_assert_uint_eq(n_told, 1);
	close(peers[0]);
	close(peers[1]);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("helper");
	TCase *helper = tcase_create("helper"), *user = tcase_create("user");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(helper, set_up_tasks, tear_down);
	tcase_add_test(helper, jobs_come_back_to_their_workers);
	tcase_add_test(helper, too_many_jobs_are_refused);
	tcase_add_test(helper, the_end_does_not_wait);
	tcase_add_test(helper, results_that_nobody_reads_are_freed);
	suite_add_tcase(suite, helper);
	tcase_add_checked_fixture(user, set_up, tear_down);
	tcase_add_test(user, a_user_has_a_name);
	tcase_add_test(user, there_are_no_users_over_tcp);
	tcase_add_test(user, nobody_is_told_of_a_connection_that_ended);
	suite_add_tcase(suite, user);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
