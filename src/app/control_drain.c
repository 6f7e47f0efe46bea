/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The verb `drain`: services take nobody new in, and those who are there have
 * some time to leave before they are closed.
 *
 *	mark in the plan ─▶ new sets to accept by ─▶ listeners close
 *	wait until nobody is left ─▶ time is up: close the rest ─▶ wait again
 *
 * The plan knows that a service is drained, so the next plan, a reload's, takes
 * people in again; a drain that finds its services so has been undone. A drain
 * goes on when whoever asked for it has left. Main thread.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <event2/event.h>

#include "app/config.h"
#include "app/monitor.h"
#include "app/plan.h"
#include "app/reload.h"
#include "app/server_private.h"
#include "base/clock.h"
#include "base/units.h"
#include "net/service.h"

#include "control_private.h"

#define TICK_MS    50
#define LONGEST_MS (UINT64_C(365) * 24 * 3600 * 1000)
#define EXTRA_MS   1000 /* for those closed to be gone */

struct control_drain {
	TAILQ_ENTRY(control_drain) link;
	struct control *control; /* borrowed */
	uint64_t request;
	char *service;       /* owned; NULL: all */
	struct event *timer; /* owned */
	uint64_t n_plans; /* of the plan that it is about, as server.n_plans */
	uint64_t until_ms;
	bool is_closing; /* time was up */
	unsigned n_closed;
};

/* All are those that people are on: who looks on how the daemon is goes on. */
static bool concerns(
	const struct control_drain *d, const struct plan *plan, size_t i)
{
	if (!d->service)
		return !plan_is_monitor(plan, i);
	return strcmp(d->service, plan->services[i]->name) == 0;
}

void control_drain_free(struct control_drain *d)
{
	if (!d)
		return;
	TAILQ_REMOVE(&d->control->drains, d, link);
	if (d->timer)
		event_free(d->timer);
	free(d->service);
	free(d);
}

/* Those still there; *ret_undone: a new plan takes people in again. */
static unsigned count_left(const struct control_drain *d, bool *ret_undone)
{
	const struct plan *plan = d->control->server->plan;
	unsigned n = 0;

	*ret_undone = d->n_plans != d->control->server->n_plans;
	for (size_t i = 0; i < plan->n_services; i++) {
		if (!concerns(d, plan, i) || !plan->drained[i])
			continue;
		n += atomic_load(&plan->services[i]->count->n_conns);
	}
	return n;
}

static void finish(struct control_drain *d, int err, const char *text)
{
	struct control_request *req = control_find(d->control, d->request);
	const char *name = d->service ? d->service : "*";

	if (err)
		log_warning("drain ended: %s service=%s", text, name);
	else
		log_notice("drained service=%s closed=%u", name, d->n_closed);
	if (req) {
		report_text(req->report, "service", name);
		report_count(req->report, "closed", d->n_closed);
		if (err)
			errmsg_set(&req->error, -err, "%s", text);
		control_done(req, err);
	}
	control_drain_free(d);
}

static void close_rest(struct control_drain *d, unsigned n)
{
	struct server *s = d->control->server;
	const struct config *cfg = config_ref_get(s->plan->cfg);

	for (size_t i = 0; i < s->plan->n_services; i++)
		if (concerns(d, s->plan, i) &&
			crew_close_service(
				&s->crew, s->plan->services[i], CLOSE_STOPPING))
			return; /* no memory: in the next tick then */
	d->n_closed = n;
	d->is_closing = true;
	d->until_ms = clock_mono_ms() + cfg->drain_ms +
		cfg->timeouts.linger_ms + EXTRA_MS;
}

static void on_tick(evutil_socket_t fd, short what, void *arg)
{
	struct control_drain *d = arg;
	bool is_undone, is_late = clock_mono_ms() >= d->until_ms;
	unsigned n = count_left(d, &is_undone);

	if (is_undone)
		finish(d, -ECANCELED, "a reload has undone it");
	else if (n == 0)
		finish(d, 0, NULL);
	else if (is_late && d->is_closing)
		finish(d, -ETIMEDOUT, "some do not end in time");
	else if (is_late)
		close_rest(d, n);
}

/* Has the services concerned take nobody in. 0 or -ENOMEM. */
static int stop_taking_in(const struct control_drain *d)
{
	struct server *s = d->control->server;
	struct plan *plan = s->plan;
	size_t size = plan->n_services * sizeof(bool);
	bool *before = malloc(size);
	struct server_change change;
	int err = before ? 0 : -ENOMEM;

	if (!err) {
		memcpy(before, plan->drained, size);
		for (size_t i = 0; i < plan->n_services; i++)
			if (concerns(d, plan, i))
				plan->drained[i] = true;
		err = server_prepare(s, plan, s->max_connections, &change);
	}
	if (!err) {
		server_commit(&change);
		plan_close_drained(plan);
		if (!plan_takes_in(plan))
			monitor_set_state(s->monitor, MONITOR_DRAINING);
	} else if (before) {
		memcpy(plan->drained, before, size);
	}
	free(before);
	return err;
}

static struct control_drain *drain_new(
	struct control_request *req, const char *service, uint64_t ms)
{
	struct control *c = req->control;
	struct control_drain *d = calloc(1, sizeof(*d));
	struct timeval tv = {.tv_usec = TICK_MS * 1000};

	if (!d)
		return NULL;
	d->control = c;
	d->request = req->id;
	d->n_plans = c->server->n_plans;
	d->until_ms = clock_mono_ms() + ms;
	TAILQ_INSERT_TAIL(&c->drains, d, link);
	d->service = service ? strdup(service) : NULL;
	d->timer = event_new(c->server->base, -1, EV_PERSIST, on_tick, d);
	if ((!service || d->service) && d->timer && !event_add(d->timer, &tv) &&
		!stop_taking_in(d))
		return d;
	control_drain_free(d);
	return NULL;
}

/* [SERVICE] [DURATION]: one argument may be either. */
static int parse_arguments(
	struct control_request *req, const char **ret_service, uint64_t *ret_ms)
{
	const struct ctl_request *words = &req->words;
	const struct plan *plan = req->server->plan;
	const char *first = words->n_args ? words->args[0] : NULL;
	const char *time = words->n_args == 2 ? words->args[1] : NULL;

	*ret_service = NULL;
	*ret_ms = config_ref_get(plan->cfg)->drain_ms;
	if (first && plan_has_service(plan, first))
		*ret_service = first;
	else if (first && words->n_args == 2)
		return control_no_service(req, first);
	else
		time = first;
	if (!time || duration_parse(time, ret_ms, &req->error) == 0) {
		if (*ret_ms <= LONGEST_MS)
			return 0;
		return errmsg_set(&req->error, EINVAL, "365d are the longest");
	}
	if (words->n_args == 2)
		return -EINVAL;
	return errmsg_set(&req->error, EINVAL,
		"\"%s\" is neither a service nor a duration such as 30s", time);
}

/* Is there a service that a drain of all is about? */
static bool has_people(const struct plan *plan)
{
	for (size_t i = 0; i < plan->n_services; i++)
		if (!plan_is_monitor(plan, i))
			return true;
	return false;
}

static unsigned count_drains(const struct control *c)
{
	const struct control_drain *d;
	unsigned n = 0;

	TAILQ_FOREACH (d, &c->drains, link)
		n++;
	return n;
}

int control_drain(struct control_request *req)
{
	const char *service;
	struct control_drain *d;
	uint64_t ms;
	bool is_undone;
	int err = parse_arguments(req, &service, &ms);

	if (err)
		return err;
	if (count_drains(req->control) >= CONTROL_PEERS_MAX)
		return errmsg_set(&req->error, EBUSY,
			"%d drains are under way already", CONTROL_PEERS_MAX);
	if (!service && !has_people(req->server->plan))
		return errmsg_set(&req->error, EINVAL,
			"all services here tell how the daemon is; name the "
			"one that is meant");
	if (reload_is_running(req->server))
		return errmsg_set(&req->error, EBUSY,
			"a reload is under way, which would undo it");
	d = drain_new(req, service, ms);
	if (!d)
		return errmsg_set(&req->error, ENOMEM, "out of memory");
	log_notice("draining service=%s connections=%u for_ms=%llu",
		service ? service : "*", count_left(d, &is_undone),
		(unsigned long long)ms);
	return CONTROL_PENDING;
}
