/* SPDX-License-Identifier: GPL-3.0-or-later */
/* From configuration to services and sockets (plan_listen.c). Everything that
 * can fail, fails here, before anything that runs is touched. */
#include "app/plan.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "app/config.h"
#include "app/config_errors.h"
#include "app/config_list.h"
#include "base/errmsg.h"
#include "base/log.h"
#include "base/option.h"
#include "net/acceptor.h"
#include "net/framer.h"
#include "net/listener.h"
#include "net/receiver.h"
#include "net/service.h"
#include "proto/framed.h"

#include "plan_private.h"

struct config_ref {
	atomic_uint refs;
	struct config *cfg; /* owned */
};

struct config_ref *config_ref_new(struct config *cfg)
{
	struct config_ref *ref = calloc(1, sizeof(*ref));

	if (!ref) {
		config_free(cfg);
		return NULL;
	}
	atomic_init(&ref->refs, 1);
	ref->cfg = cfg;
	return ref;
}

struct config_ref *config_ref_ref(struct config_ref *ref)
{
	atomic_fetch_add(&ref->refs, 1);
	return ref;
}

void config_ref_unref(struct config_ref *ref)
{
	if (!ref || atomic_fetch_sub(&ref->refs, 1) != 1)
		return;
	config_free(ref->cfg);
	free(ref);
}

const struct config *config_ref_get(const struct config_ref *ref)
{
	return ref->cfg;
}

static void release_config(void *owner)
{
	config_ref_unref(owner);
}

/* Services. */

static struct service_count *count_of(const struct plan *old, const char *name)
{
	for (size_t i = 0; old && i < old->n_services; i++)
		if (!strcmp(old->services[i]->name, name))
			return old->services[i]->count;
	return NULL;
}

static const struct framer *framer_of(const struct service_config *sc)
{
	const struct option *row = option_find(
		config_service_options, "framing");

	return framer_find(row->names[sc->framing]);
}

static void fill_service(struct service *svc, const struct service_config *sc,
	const struct config *cfg)
{
	svc->options = sc->options;
	svc->idle_ms = sc->idle_ms;
	svc->line_max = cfg->limits.line;
	svc->message_max = cfg->limits.message;
	svc->output_soft = cfg->limits.output_soft;
	svc->output_hard = cfg->limits.output_hard;
	svc->patience_ms = cfg->limits.output_patience_ms;
	svc->linger_ms = cfg->timeouts.linger_ms;
	svc->drain_ms = cfg->drain_ms;
	svc->max_connections = (uint32_t)sc->max_connections;
	svc->handshake_ms = cfg->timeouts.handshake_ms;
	framed_setup(svc, framer_of(sc));
}

static int make_service(struct plan *plan, const struct service_config *sc,
	const struct plan *old, const struct proto_context *ctx,
	struct errmsg *msg)
{
	struct service *svc = service_new(
		sc->name, &sc->proto->type, count_of(old, sc->name));
	int err;

	if (!svc || netlist_init(&svc->allow, &sc->allow) ||
		netlist_init(&svc->proxies, &sc->proxy_protocol)) {
		service_unref(svc);
		return errmsg_set(msg, ENOMEM, "out of memory");
	}
	fill_service(svc, sc, plan->cfg->cfg);
	svc->owner = config_ref_ref(plan->cfg);
	svc->release = release_config;
	err = sc->proto->setup ? sc->proto->setup(svc, ctx, msg) : 0;
	if (err) {
		service_unref(svc);
		return err;
	}
	plan->services[plan->n_services++] = svc;
	return 0;
}

int plan_new(struct plan **ret, struct config_ref *cfg, const char *runtime_dir,
	struct config_errors *errors)
{
	struct plan *plan = calloc(1, sizeof(*plan));
	int err = -ENOMEM;

	if (!plan) {
		config_ref_unref(cfg);
		config_errors_oom(errors);
		return -ENOMEM;
	}
	plan->cfg = cfg;
	plan->runtime_dir = strdup(
		runtime_dir ? runtime_dir : cfg->cfg->runtime_dir);
	if (plan->runtime_dir)
		err = plan_look_up(plan, errors);
	else
		config_errors_oom(errors);
	if (err) {
		plan_free(plan);
		return err;
	}
	*ret = plan;
	return 0;
}

int plan_open(struct plan *plan, const struct plan *old,
	const struct proto_context *ctx, struct config_errors *errors)
{
	const struct config *cfg = plan->cfg->cfg;
	int err = 0;

	plan->services = calloc(cfg->n_services, sizeof(struct service *));
	plan->drained = calloc(cfg->n_services, sizeof(bool));
	if (!plan->services || !plan->drained) {
		config_errors_oom(errors);
		return -ENOMEM;
	}
	for (size_t i = 0; i < cfg->n_services && !err; i++) {
		struct errmsg msg = {"out of memory"};

		err = make_service(plan, &cfg->services[i], old, ctx, &msg);
		if (err)
			plan_say(plan, &cfg->services[i], &msg, errors);
	}
	return err ? err : plan_listen(plan, old, errors);
}

void plan_say(const struct plan *plan, const struct service_config *sc,
	const struct errmsg *msg, struct config_errors *errors)
{
	char path[CONFIG_PATH_LEN];

	config_service_path(path, sc->name, "listen");
	config_errors_add_of(errors, plan->cfg->cfg, path, msg->text);
}

void plan_close_listeners(struct plan *plan)
{
	for (size_t i = 0; i < plan->n_listeners; i++)
		listener_unref(plan->listeners[i].listener);
	plan->n_listeners = 0;
}

void plan_free(struct plan *plan)
{
	if (!plan)
		return;
	plan_close_listeners(plan);
	for (size_t i = 0; i < plan->n_services; i++)
		service_unref(plan->services[i]);
	for (size_t i = 0; i < plan->n_wishes; i++)
		free(plan->wishes[i].addrs.items);
	free(plan->wishes);
	free(plan->listeners);
	free(plan->services);
	free(plan->drained);
	free(plan->runtime_dir);
	config_ref_unref(plan->cfg);
	free(plan);
}

/* Services that take nobody in. */

static bool is_drained(const struct plan *plan, const struct plan_listener *pl)
{
	for (size_t i = 0; i < plan->n_services; i++)
		if (plan->services[i] == pl->service)
			return plan->drained[i];
	return false;
}

bool plan_has_service(const struct plan *plan, const char *name)
{
	for (size_t i = 0; i < plan->n_services; i++)
		if (!strcmp(plan->services[i]->name, name))
			return true;
	return false;
}

bool plan_is_monitor(const struct plan *plan, size_t i)
{
	return plan->cfg->cfg->services[i].proto->is_monitor;
}

bool plan_takes_in(const struct plan *plan)
{
	for (size_t i = 0; i < plan->n_services; i++)
		if (!plan->drained[i] && !plan_is_monitor(plan, i))
			return true;
	return false;
}

void plan_close_drained(struct plan *plan)
{
	size_t n = 0;

	for (size_t i = 0; i < plan->n_listeners; i++) {
		struct plan_listener pl = plan->listeners[i];

		if (is_drained(plan, &pl))
			listener_unref(pl.listener);
		else
			plan->listeners[n++] = pl;
	}
	plan->n_listeners = n;
}

struct accept_set *plan_accept_set(
	const struct plan *plan, uint32_t max_connections)
{
	const struct config *cfg = plan->cfg->cfg;
	struct accept_set *set = accept_set_new();

	if (!set)
		return NULL;
	set->max_connections = max_connections;
	set->max_refusals = PLAN_REFUSALS;
	set->per_address = (struct addrtab_limits){
		.connections = (uint32_t)cfg->limits.connections_per_address,
		.rate = cfg->limits.connect_rate,
	};
	if (netlist_init(&set->exempt, &cfg->exempt)) {
		accept_set_free(set);
		return NULL;
	}
	for (size_t i = 0; i < plan->n_listeners; i++) {
		const struct plan_listener *pl = &plan->listeners[i];

		if (listener_is_datagram(pl->listener) || is_drained(plan, pl))
			continue;
		if (accept_set_add(set, listener_ref(pl->listener),
			    service_ref(pl->service))) {
			accept_set_free(set);
			return NULL;
		}
	}
	return set;
}

struct receive_set *plan_receive_set(const struct plan *plan)
{
	struct receive_set *set = receive_set_new();

	if (!set)
		return NULL;
	set->answers = plan->cfg->cfg->limits.udp_answers;
	for (size_t i = 0; i < plan->n_listeners; i++) {
		const struct plan_listener *pl = &plan->listeners[i];

		if (!listener_is_datagram(pl->listener) || is_drained(plan, pl))
			continue;
		if (receive_set_add(set, listener_ref(pl->listener),
			    service_ref(pl->service))) {
			receive_set_free(set);
			return NULL;
		}
	}
	return set;
}

void plan_tune_kept(const struct plan *plan)
{
	for (size_t i = 0; i < plan->n_listeners; i++) {
		const struct plan_listener *pl = &plan->listeners[i];
		char text[ADDR_LEN];
		int err = pl->is_new
			? 0
			: listener_tune(pl->listener, &pl->settings);

		if (err)
			log_error("cannot give a socket its mode and group: %s "
				  "service=%s address=%s",
				strerror(-err), pl->service->name,
				listener_text(pl->listener, text));
	}
}

static bool is_private(const struct plan *plan, const struct service *svc)
{
	const struct config *cfg = plan->cfg->cfg;

	for (size_t i = 0; i < cfg->n_services; i++)
		if (!strcmp(cfg->services[i].name, svc->name))
			return cfg->services[i].proto->is_private;
	return false;
}

void plan_log_listeners(const struct plan *plan)
{
	const struct service *exposed = NULL;
	char text[ADDR_LEN];

	for (size_t i = 0; i < plan->n_listeners; i++) {
		const struct plan_listener *pl = &plan->listeners[i];
		struct log_about about = {.service = pl->service->name};

		if (!pl->is_new)
			continue;
		log_about(LOG_LEVEL_INFO, &about,
			"listening service=%s address=%s", pl->service->name,
			listener_text(pl->listener, text));
		if (!addr_is_loopback(&listener_addr(pl->listener)->sa) &&
			is_private(plan, pl->service))
			exposed = pl->service;
	}
	if (exposed)
		log_notice("chat is open to the network without TLS: what "
			   "people write can be read on its way service=%s",
			exposed->name);
}
