/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Verbs that say how the daemon and its services are. Main thread. */
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "sockd_build.h"

#include "app/config.h"
#include "app/plan.h"
#include "app/server_private.h"
#include "base/clock.h"
#include "base/str.h"
#include "net/listener.h"
#include "net/receiver.h"
#include "net/service.h"
#include "proto/chat_port.h"

#include "control_private.h"

static const char *state_of(const struct server *s)
{
	size_t n = 0;

	if (atomic_load(&s->stopping))
		return "stopping";
	for (size_t i = 0; i < s->plan->n_services; i++)
		n += s->plan->drained[i];
	return n == 0                     ? "serving"
		: !plan_takes_in(s->plan) ? "draining"
					  : "serving, some draining";
}

static void report_people(struct report *r, const struct server *s)
{
	size_t members, rooms;

	chat_port_count(s->ctx.chat, &members, &rooms);
	report_count(r, "people", members);
	report_count(r, "rooms", rooms);
}

static void report_datagrams(struct report *r, const struct server *s)
{
	struct receive_counts counts = receiver_counts(s->receiver);

	report_count(r, "datagrams_received", counts.received);
	report_count(r, "datagrams_answered", counts.answered);
}

int control_status(struct control_request *req)
{
	const struct server *s = req->server;
	struct report *r = req->report;
	uint64_t up_ms = clock_mono_ms() - s->started_ms;

	report_text(r, "version", SOCKD_VERSION);
	report_text(r, "state", state_of(s));
	report_id(r, "pid", (uint64_t)getpid());
	report_time(r, "started", clock_wall_ms() - (int64_t)up_ms);
	report_age(r, "uptime", up_ms);
	report_text(r, "file", s->src->file);
	if (s->remark)
		report_text(r, "reload", s->remark);
	else
		report_none(r, "reload");
	report_count(r, "workers", s->crew.n_workers);
	report_count(r, "services", s->plan->n_services);
	report_count(r, "connections", atomic_load(&s->crew.n_conns));
	report_count(r, "max_connections", s->max_connections);
	report_count(r, "accepted", atomic_load(&s->crew.n_accepted));
	report_people(r, s);
	report_bytes(r, "output_waiting", atomic_load(&s->crew.output_bytes));
	report_datagrams(r, s);
	return 0;
}

/* The addresses on which service svc of the plan listens, as a list. */
static void report_addresses(
	struct report *r, const struct plan *plan, const struct service *svc)
{
	size_t n = 0;
	char(*texts)[ADDR_LEN] = calloc(plan->n_listeners + 1, ADDR_LEN);
	const char **items = calloc(plan->n_listeners + 1, sizeof(*items));

	for (size_t i = 0; texts && items && i < plan->n_listeners; i++) {
		if (plan->listeners[i].service != svc)
			continue;
		items[n] = listener_text(plan->listeners[i].listener, texts[n]);
		n++;
	}
	report_list(r, "addresses", items, n);
	free(items);
	free(texts);
}

static void report_service(struct report *r, const struct plan *plan, size_t i)
{
	const struct service *svc = plan->services[i];
	const struct service_config *sc = &config_ref_get(plan->cfg)
						   ->services[i];
	const struct option *transport = option_find(
		config_service_options, "transport");
	uint64_t n = atomic_load(&svc->count->n_conns);

	report_text(r, "service", svc->name);
	report_text(r, "protocol", sc->protocol);
	report_text(r, "transport", transport->names[sc->transport]);
	report_text(r, "state",
		!plan->drained[i] ? "serving"
			: n       ? "draining"
				  : "drained");
	report_count(r, "connections", n);
	if (svc->max_connections)
		report_count(r, "max_connections", svc->max_connections);
	else
		report_none(r, "max_connections");
	report_addresses(r, plan, svc);
}

int control_no_service(struct control_request *req, const char *name)
{
	const struct plan *plan = req->server->plan;
	const char **names = calloc(plan->n_services + 1, sizeof(*names));
	const char *nearest = NULL;

	for (size_t i = 0; names && i < plan->n_services; i++)
		names[i] = plan->services[i]->name;
	if (names)
		nearest = str_nearest(name, names, plan->n_services);
	free(names);
	return errmsg_set(&req->error, ENOENT,
		"there is no service \"%.40s\"; %s%s%s", name,
		nearest ? "did you mean \"" : "`services` lists them",
		nearest ? nearest : "", nearest ? "\"?" : "");
}

int control_services(struct control_request *req)
{
	static const struct report_column columns[] = {
		{"service", REPORT_TEXT},
		{"protocol", REPORT_TEXT},
		{"transport", REPORT_TEXT},
		{"state", REPORT_TEXT},
		{"connections", REPORT_COUNT},
		{"max_connections", REPORT_COUNT},
		{"addresses", REPORT_LIST},
	};
	const struct plan *plan = req->server->plan;

	report_begin(req->report, "services", columns, 7);
	for (size_t i = 0; i < plan->n_services; i++)
		report_service(req->report, plan, i);
	report_end(req->report);
	return 0;
}
