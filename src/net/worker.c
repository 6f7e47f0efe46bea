/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Workers: one thread, one event_base, one mailbox each.
 *
 * A base is made without locks: only its thread touches it, and others reach
 * it through the mailbox. All deadlines of a worker share one libevent timer
 * that is armed for the earliest, so a worker without connections sleeps for
 * ever. A connection that ended is put on `dead`; the reaper frees it when no
 * callback of it is on the stack, as a rule later in the same turn.
 *
 * Whatever may be there in any number is done in slices: the freeing of
 * connections, timers, and what protocols do with their input. When that took
 * its slice, those whose input or end is found next wait in a queue (`again`),
 * from which each turn serves as many as fit, in the order in which they came.
 *
 * How late a loop is, is measured only while it works, so that one that idles
 * sleeps on: whoever has work to do says so, and if the last sample is 100 ms
 * old a timer that is due at once is set. It fires behind all that is left of
 * this turn and all that the next one finds ready, as at the worst an event
 * does that comes right now; the time until then is the sample. */
#include "net/worker.h"

#include <assert.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include <event2/event.h>

#include "base/clock.h"
#include "net/banset.h"
#include "net/conn.h"
#include "net/conn_private.h"
#include "net/helper.h"
#include "net/mailbox.h"
#include "net/survey_private.h"
#include "net/worker_private.h"

#define LAG_EVERY_MS    100
#define INPUT_WINDOW_US 10000
#define REAP_AGAIN_US   100000
#define PER_CLOCK       8 /* timers, or connections that are freed */

unsigned worker_index(const struct worker *w)
{
	return w->index;
}

struct crew *worker_crew(struct worker *w)
{
	return w->crew;
}

unsigned worker_load(const struct worker *w)
{
	return atomic_load_explicit(&w->n_conns, memory_order_relaxed);
}

struct event_base *worker_base(struct worker *w)
{
	return w->base;
}

uint64_t worker_now_ms(const struct worker *w)
{
	return clock_mono_ms();
}

struct conn *worker_find_conn(struct worker *w, uint64_t id)
{
	return idmap_find(&w->ids, id);
}

struct metrics_worker *worker_tally(struct worker *w)
{
	return &w->tally;
}

struct mailbox *worker_mailbox(struct worker *w)
{
	return w->mailbox;
}

void worker_post(struct worker *w, struct mail *m)
{
	if (mailbox_post(w->mailbox, m))
		mailbox_wake(w->mailbox);
}

/* Arms the loop's timer for the earliest deadline, if it is not already due
 * to fire before that. */
static void arm(struct worker *w)
{
	uint64_t next = timers_next_ms(&w->timers);
	uint64_t now = worker_now_ms(w);
	uint64_t wait = next > now ? next - now : 0;
	struct timeval tv = clock_timeval(wait);

	if (next == UINT64_MAX) {
		if (w->armed_ms != UINT64_MAX)
			event_del(w->timer);
		w->armed_ms = UINT64_MAX;
		return;
	}
	if (next >= w->armed_ms)
		return;
	if (event_add(w->timer, &tv) == 0)
		w->armed_ms = next;
}

void worker_set_timer(struct worker *w, struct timer *t, uint64_t due_ms)
{
	timers_set(&w->timers, t, due_ms);
	if (due_ms < w->armed_ms)
		arm(w);
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct worker *w = arg;
	struct timer *t;
	uint64_t now = worker_now_ms(w);
	uint64_t until_us = clock_mono_us() + TIMER_SLICE_US;

	w->armed_ms = UINT64_MAX;
	for (int n = 1; (t = timers_take_due(&w->timers, now)); n++) {
		conn_on_due(t);
		if (n % PER_CLOCK == 0 && clock_mono_us() >= until_us)
			break;
	}
	arm(w);
}

void worker_reap(struct worker *w, struct conn *c)
{
	if (w->cursor == c)
		w->cursor = TAILQ_NEXT(c, link);
	TAILQ_REMOVE(&w->conns, c, link);
	idmap_remove(&w->ids, c);
	timers_remove(&w->timers, &c->timer);
	TAILQ_INSERT_TAIL(&w->dead, c, link);
	event_active(w->reaper, EV_TIMEOUT, 0);
}

/* False if those who ended are still to be told of. */
static bool bury(struct worker *w)
{
	if (w->released && !TAILQ_EMPTY(&w->dead) &&
		!w->released(w->released_arg, w))
		return false;
	TAILQ_CONCAT(&w->buried, &w->dead, link);
	return true;
}

static void free_buried(struct worker *w, uint64_t until_us)
{
	struct conn *c;

	for (int n = 1; (c = TAILQ_FIRST(&w->buried)); n++) {
		TAILQ_REMOVE(&w->buried, c, link);
		conn_free(c);
		if (n % PER_CLOCK == 0 && clock_mono_us() >= until_us)
			break;
	}
}

static void on_reap(evutil_socket_t fd, short what, void *arg)
{
	static const struct timeval at_once = {0, 0};
	static const struct timeval later = {.tv_usec = REAP_AGAIN_US};
	struct worker *w = arg;
	bool is_told = bury(w);

	free_buried(w, clock_mono_us() + REAP_SLICE_US);
	if (!TAILQ_EMPTY(&w->buried) && event_add(w->reaper, &at_once))
		free_buried(w, UINT64_MAX);
	if (TAILQ_EMPTY(&w->buried) && !is_told)
		(void)event_add(w->reaper, &later);
	if (w->must_shed) {
		w->must_shed = false;
		worker_shed(w);
	}
	if (!w->timers.n)
		arm(w);
}

void worker_want_shed(struct worker *w)
{
	w->must_shed = true;
	event_active(w->reaper, EV_TIMEOUT, 0);
}

int worker_again(struct worker *w, const struct conn *c)
{
	static const struct timeval at_once = {0, 0};
	int err = idlist_add(&w->again, conn_id(c));

	return err ? err : event_add(w->again_event, &at_once);
}

void worker_spend(struct worker *w, uint64_t began_us, uint64_t now_us)
{
	if (began_us - w->input_since_us > INPUT_WINDOW_US) {
		w->input_since_us = began_us;
		w->input_us = 0;
	}
	w->input_us += now_us - began_us;
}

/* Those who ask for it meanwhile are served in the next turn. */
static void on_again(evutil_socket_t fd, short what, void *arg)
{
	static const struct timeval at_once = {0, 0};
	struct worker *w = arg;

	if (w->n_served == w->serving.n) {
		idlist_fini(&w->serving);
		w->serving = idlist_take(&w->again);
		w->n_served = 0;
	}
	w->input_since_us = clock_mono_us();
	w->input_us = 0;
	while (w->n_served < w->serving.n && !worker_is_spent(w)) {
		uint64_t id = w->serving.ids[w->n_served++];
		struct conn *c = idmap_find(&w->ids, id);

		if (c)
			conn_on_again(c);
	}
	if ((w->n_served < w->serving.n || w->again.n) &&
		event_add(w->again_event, &at_once))
		event_active(w->again_event, EV_TIMEOUT, 0);
}

static void on_visit(evutil_socket_t fd, short what, void *arg)
{
	survey_on_visit(arg);
}

void worker_note_work(struct worker *w, uint64_t now_ms)
{
	static const struct timeval at_once = {0, 0};

	if (now_ms < w->lag_due_ms || event_add(w->lag_probe, &at_once))
		return;
	w->lag_due_ms = UINT64_MAX;
	w->lag_from_us = clock_mono_us();
}

static void on_lag_probe(evutil_socket_t fd, short what, void *arg)
{
	struct worker *w = arg;

	metrics_observe(w->tally.loop_lag, METRICS_ID_loop_lag,
		clock_mono_us() - w->lag_from_us);
	w->lag_due_ms = worker_now_ms(w) + LAG_EVERY_MS;
}

static struct event_base *base_new(void)
{
	struct event_config *cfg = event_config_new();
	struct event_base *base = NULL;

	if (!cfg)
		return NULL;
	if (event_config_set_flag(cfg, EVENT_BASE_FLAG_NOLOCK) == 0 &&
		event_config_set_flag(cfg, EVENT_BASE_FLAG_IGNORE_ENV) == 0)
		base = event_base_new_with_config(cfg);
	event_config_free(cfg);
	return base;
}

static void worker_free(struct worker *w)
{
	if (!w)
		return;
	assert(TAILQ_EMPTY(&w->conns) && TAILQ_EMPTY(&w->dead));
	assert(TAILQ_EMPTY(&w->buried));
	survey_drop_visits(w);
	banset_unref(w->bans);
	mailbox_free(w->mailbox);
	if (w->visit_event)
		event_free(w->visit_event);
	if (w->timer)
		event_free(w->timer);
	if (w->reaper)
		event_free(w->reaper);
	if (w->again_event)
		event_free(w->again_event);
	if (w->lag_probe)
		event_free(w->lag_probe);
	if (w->base)
		event_base_free(w->base);
	timers_fini(&w->timers);
	idmap_fini(&w->ids);
	idlist_fini(&w->again);
	idlist_fini(&w->serving);
	free(w);
}

static struct worker *worker_new(struct crew *crew, unsigned index)
{
	struct worker *w = calloc(1, sizeof(*w));

	if (!w)
		return NULL;
	w->crew = crew;
	w->index = index;
	w->armed_ms = UINT64_MAX;
	TAILQ_INIT(&w->conns);
	TAILQ_INIT(&w->dead);
	TAILQ_INIT(&w->buried);
	w->visits_end = &w->visits;
	w->base = base_new();
	if (w->base) {
		w->timer = evtimer_new(w->base, on_timer, w);
		w->reaper = evtimer_new(w->base, on_reap, w);
		w->again_event = evtimer_new(w->base, on_again, w);
		w->visit_event = evtimer_new(w->base, on_visit, w);
		w->lag_probe = evtimer_new(w->base, on_lag_probe, w);
	}
	if (!w->timer || !w->reaper || !w->again_event || !w->visit_event ||
		!w->lag_probe || mailbox_new(&w->mailbox, w->base, w)) {
		worker_free(w);
		return NULL;
	}
	return w;
}

int crew_init(struct crew *crew, unsigned n)
{
	assert(n > 0 && n <= WORKERS_MAX);
	*crew = (struct crew){.n_workers = 0};
	atomic_store(&crew->output_total, UINT64_MAX);
	crew->workers = calloc(n, sizeof(struct worker *));
	crew->helper = helper_new();
	if (!crew->workers || !crew->helper) {
		crew_fini(crew);
		return -ENOMEM;
	}
	for (unsigned i = 0; i < n; i++) {
		crew->workers[i] = worker_new(crew, i);
		if (!crew->workers[i]) {
			crew_fini(crew);
			return -ENOMEM;
		}
		crew->n_workers = i + 1;
	}
	return 0;
}

static void *worker_main(void *arg)
{
	struct worker *w = arg;

	event_base_loop(w->base, EVLOOP_NO_EXIT_ON_EMPTY);
	return NULL;
}

int crew_start(struct crew *crew)
{
	sigset_t all, old;
	int err = 0;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	for (unsigned i = 0; i < crew->n_workers && !err; i++) {
		struct worker *w = crew->workers[i];
		char name[24];

		err = -pthread_create(&w->thread, NULL, worker_main, w);
		w->running = !err;
		snprintf(name, sizeof(name), "worker %u", i);
		if (!err)
			pthread_setname_np(w->thread, name);
	}
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	return err;
}

/* Orders lie ready in each worker, so that none fails for want of memory. */

static void order_free(struct mail *m)
{
}

void worker_order(struct worker *w, enum worker_order order,
	void (*run)(struct mail *m, void *owner))
{
	struct mail *m = &w->orders[order];

	m->run = run;
	m->free = order_free;
	worker_post(w, m);
}

static void order_all(struct crew *crew, enum worker_order order,
	void (*run)(struct mail *, void *))
{
	for (unsigned i = 0; i < crew->n_workers; i++)
		worker_order(crew->workers[i], order, run);
}

static void run_close_all(struct mail *m, void *owner)
{
	struct worker *w = owner;
	enum close_reason why = (enum close_reason)(
		atomic_load(&w->crew->closing) - 1);
	struct conn *c, *next;

	for (c = TAILQ_FIRST(&w->conns); c; c = next) {
		next = TAILQ_NEXT(c, link);
		conn_close(c, why, NULL);
	}
}

void crew_close_all(struct crew *crew, enum close_reason why)
{
	atomic_store(&crew->closing, 1 + (int)why);
	order_all(crew, ORDER_CLOSE, run_close_all);
}

int crew_is_alive(struct crew *crew)
{
	for (unsigned i = 0; i < crew->n_workers; i++) {
		struct worker *w = crew->workers[i];

		if (atomic_load(&w->pings) != atomic_load(&w->pongs))
			return 0;
	}
	return 1;
}

static void run_ping(struct mail *m, void *owner)
{
	struct worker *w = owner;

	atomic_fetch_add(&w->pongs, 1);
}

void crew_ping(struct crew *crew)
{
	assert(crew_is_alive(crew));
	for (unsigned i = 0; i < crew->n_workers; i++)
		atomic_fetch_add(&crew->workers[i]->pings, 1);
	order_all(crew, ORDER_PING, run_ping);
}

static void run_stop(struct mail *m, void *owner)
{
	struct worker *w = owner;

	event_base_loopbreak(w->base);
}

void crew_stop(struct crew *crew)
{
	order_all(crew, ORDER_STOP, run_stop);
	for (unsigned i = 0; i < crew->n_workers; i++) {
		struct worker *w = crew->workers[i];

		if (w->running)
			pthread_join(w->thread, NULL);
		w->running = false;
	}
}

static void drop_all(struct worker *w)
{
	struct conn *c;

	while ((c = TAILQ_FIRST(&w->conns)))
		conn_lost(c, ETIMEDOUT);
	if (!bury(w)) /* nobody will ask any more */
		TAILQ_CONCAT(&w->buried, &w->dead, link);
	free_buried(w, UINT64_MAX);
}

void crew_drop_all(struct crew *crew)
{
	for (unsigned i = 0; i < crew->n_workers; i++)
		drop_all(crew->workers[i]);
}

void crew_fini(struct crew *crew)
{
	helper_free(crew->helper);
	crew->helper = NULL;
	if (!crew->workers)
		return;
	for (unsigned i = 0; i < crew->n_workers; i++)
		worker_free(crew->workers[i]);
	free(crew->workers);
	crew->workers = NULL;
	crew->n_workers = 0;
}
