/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the daemon as a whole can tell, beside what its parts count. The main
 * thread writes, scalars are atomic, and the list of services is changed under
 * a lock that its readers hold for as long as it takes to add them up. */
#include "app/monitor.h"

#include <errno.h>
#include <stdlib.h>

#include "app/plan.h"
#include "base/clock.h"
#include "monitor_private.h"
#include "net/service.h"

static const char *const state_words[] = {
	[MONITOR_STARTING] = "starting",
	[MONITOR_READY] = NULL,
	[MONITOR_DRAINING] = "draining: nobody new is let in",
	[MONITOR_STOPPING] = "stopping",
};

static const char *unready(const struct proto_monitor *face)
{
	const struct monitor *m = (const struct monitor *)face;

	return state_words[atomic_load(&m->state)];
}

int monitor_new(struct monitor **ret, const struct monitor_sources *from)
{
	struct monitor *m = calloc(1, sizeof(*m));

	if (!m)
		return -ENOMEM;
	m->face = (struct proto_monitor){monitor_page, unready};
	m->from = *from;
	m->start_ms = clock_wall_ms();
	pthread_mutex_init(&m->lock, NULL);
	monitor_note_reload(m, true);
	*ret = m;
	return 0;
}

static void free_services(struct monitor_service *services, size_t n)
{
	for (size_t i = 0; i < n; i++)
		service_unref(services[i].service);
	free(services);
}

void monitor_free(struct monitor *m)
{
	if (!m)
		return;
	free_services(m->services, m->n_services);
	pthread_mutex_destroy(&m->lock);
	free(m);
}

const struct proto_monitor *monitor_face(const struct monitor *m)
{
	return &m->face;
}

void monitor_set_state(struct monitor *m, enum monitor_state state)
{
	atomic_store(&m->state, (int)state);
}

void monitor_note_state(struct monitor *m, int64_t wall_ms, size_t len)
{
	atomic_store(&m->state_ms, wall_ms);
	atomic_store(&m->state_bytes, len);
}

void monitor_note_state_failure(struct monitor *m)
{
	atomic_fetch_add(&m->state_failures, 1);
}

void monitor_note_reload(struct monitor *m, bool took_effect)
{
	atomic_store(&m->reload_ok, took_effect);
	if (took_effect)
		atomic_store(&m->reload_ms, clock_wall_ms());
}

static void note_listener(
	struct monitor_service *ms, const struct plan_listener *pl)
{
	bool is_unix = listener_addr(pl->listener)->sa.sa_family == AF_UNIX;

	if (pl->service != ms->service)
		return;
	if (listener_is_datagram(pl->listener))
		ms->has_datagrams = true;
	else
		ms->transports[is_unix ? METRICS_UNIX : METRICS_TCP] = true;
}

/* Those of the plan that listen; their number. */
static size_t list_services(
	struct monitor_service *list, const struct plan *plan)
{
	size_t n = 0;

	for (size_t i = 0; i < plan->n_services; i++) {
		struct monitor_service *ms = &list[n];

		*ms = (struct monitor_service){.service = plan->services[i]};
		for (size_t k = 0; k < plan->n_listeners; k++)
			note_listener(ms, &plan->listeners[k]);
		if (!ms->transports[METRICS_TCP] &&
			!ms->transports[METRICS_UNIX] && !ms->has_datagrams)
			continue;
		(void)service_ref(ms->service);
		n++;
	}
	return n;
}

int monitor_set_plan(
	struct monitor *m, const struct plan *plan, uint32_t max_connections)
{
	struct monitor_service *list, *old;
	size_t n, n_old;

	list = calloc(plan->n_services ? plan->n_services : 1, sizeof(*list));
	if (!list)
		return -ENOMEM;
	n = list_services(list, plan);
	pthread_mutex_lock(&m->lock);
	old = m->services;
	n_old = m->n_services;
	m->services = list;
	m->n_services = n;
	pthread_mutex_unlock(&m->lock);
	free_services(old, n_old);
	atomic_store(&m->max_connections, max_connections);
	return 0;
}
