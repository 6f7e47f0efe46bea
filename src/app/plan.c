/* SPDX-License-Identifier: GPL-3.0-or-later */
/* From configuration to services and sockets. Everything that can fail, fails
 * here, before anything that runs is touched. */
#include "app/plan.h"

#include <assert.h>
#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "app/config.h"
#include "base/errmsg.h"
#include "base/group.h"
#include "base/log.h"
#include "base/option.h"
#include "net/acceptor.h"
#include "net/framer.h"
#include "net/listener.h"
#include "net/receiver.h"
#include "net/service.h"
#include "proto/framed.h"

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

/* Listeners. */

static int listener_settings_of(const struct service_config *sc,
	const struct config *cfg, struct listener_settings *ret,
	struct errmsg *msg)
{
	*ret = (struct listener_settings){
		.backlog = (int)sc->backlog,
		.send_buffer = sc->send_buffer,
		.keepalive_ms = cfg->keepalive_ms,
		.mode = (mode_t)strtoul(sc->mode, NULL, 8),
		.gid = (gid_t)-1,
	};
	if (sc->group[0] && group_find(sc->group, &ret->gid))
		return errmsg_set(msg, EINVAL,
			"services.%s.group: there is no "
			"group \"%s\"",
			sc->name, sc->group);
	return 0;
}

static struct listener *find_kept(
	const struct plan *old, const struct listener_name *name)
{
	for (size_t i = 0; old && i < old->n_listeners; i++) {
		struct listener *l = old->listeners[i].listener;

		if (listener_is(l, name) && listener_is_intact(l))
			return l;
	}
	return NULL;
}

static int add_listener(struct plan *plan, const struct plan_listener *pl)
{
	struct plan_listener *list = reallocarray(
		plan->listeners, plan->n_listeners + 1, sizeof(*list));

	if (!list) {
		listener_unref(pl->listener);
		return -ENOMEM;
	}
	plan->listeners = list;
	list[plan->n_listeners++] = *pl;
	return 0;
}

/* What is being opened: one entry of one service's `listen`. */
struct opening {
	struct plan *plan;
	const struct plan *old;
	struct service *svc;
	const char *written;
	bool datagram;
	struct listener_settings settings;
	struct listen_spec spec;
};

static int open_one(
	const struct opening *o, const struct addr *addr, struct errmsg *msg)
{
	const struct listener_name name = {
		.service = o->svc->name,
		.written = o->written,
		.addr = *addr,
		.datagram = o->datagram,
	};
	struct listener *kept = find_kept(o->old, &name);
	struct plan_listener pl = {
		.service = o->svc, .is_new = !kept, .settings = o->settings};
	int err = 0;

	if (kept)
		pl.listener = listener_ref(kept);
	else
		err = listener_open(&pl.listener, &name, &o->settings, msg);
	if (err)
		errmsg_prefix(msg, "services.%s", o->svc->name);
	return err ? err : add_listener(o->plan, &pl);
}

static bool is_lacking(int err)
{
	return err == -EADDRNOTAVAIL || err == -EAFNOSUPPORT;
}

/* All addresses of the entry: of a name some may be missing here, but not
 * all. */
static int open_entry(const struct opening *o, struct errmsg *msg)
{
	struct addrlist addrs;
	size_t n_open = 0;
	int err = listen_resolve(
		&o->spec, o->plan->runtime_dir, o->datagram, &addrs, msg);

	if (err) {
		errmsg_prefix(msg, "services.%s.listen", o->svc->name);
		return err;
	}
	for (size_t i = 0; i < addrs.n_items; i++) {
		err = open_one(o, &addrs.items[i], msg);
		if (!err)
			n_open++;
		else if (o->spec.numeric || !is_lacking(err))
			break;
		else if (i + 1 < addrs.n_items || n_open)
			log_warning("%s; skipped", msg->text);
	}
	free(addrs.items);
	return n_open && (!err || is_lacking(err)) ? 0 : err;
}

static int open_service(struct plan *plan, struct service *svc,
	const struct service_config *sc, const struct plan *old,
	struct errmsg *msg)
{
	struct opening o = {
		.plan = plan,
		.old = old,
		.svc = svc,
		.datagram = sc->transport == TRANSPORT_UDP,
	};
	const struct config *cfg = plan->cfg->cfg;
	int err = listener_settings_of(sc, cfg, &o.settings, msg);

	for (size_t i = 0; i < sc->listen.n_items && !err; i++) {
		o.written = sc->listen.items[i];
		err = listen_parse(o.written, &o.spec, msg);
		if (!err)
			err = open_entry(&o, msg);
	}
	return err;
}

static bool is_bare(const char *listen)
{
	return listen[0] && !strpbrk(listen, ":/");
}

static bool needs_runtime_dir(const struct config *cfg)
{
	if (is_bare(cfg->control_path))
		return true;
	for (size_t i = 0; i < cfg->n_services; i++)
		for (size_t k = 0; k < cfg->services[i].listen.n_items; k++)
			if (is_bare(cfg->services[i].listen.items[k]))
				return true;
	return false;
}

/* Nobody but us and root may decide what lies in it. */
static int check_runtime_dir(const char *dir, struct errmsg *msg)
{
	struct stat st;

	if (lstat(dir, &st))
		return errmsg_set(msg, errno, "runtime_dir: %s: %s", dir,
			strerror(errno));
	if (S_ISDIR(st.st_mode) && !(st.st_mode & S_IWOTH) &&
		(st.st_uid == geteuid() || st.st_uid == 0))
		return 0;
	return errmsg_set(msg, EPERM,
		"runtime_dir: %s must be a directory of the user that sockd "
		"runs as, which others cannot write",
		dir);
}

static int make_runtime_dir(const struct plan *plan, struct errmsg *msg)
{
	const char *dir = plan->runtime_dir;

	if (!needs_runtime_dir(plan->cfg->cfg))
		return 0;
	if (mkdir(dir, 0755) && errno != EEXIST)
		return errmsg_set(msg, errno, "runtime_dir: cannot make %s: %s",
			dir, strerror(errno));
	return check_runtime_dir(dir, msg);
}

static int open_all(struct plan *plan, const struct plan *old,
	const struct proto_context *ctx, struct errmsg *msg)
{
	const struct config *cfg = plan->cfg->cfg;
	int err = make_runtime_dir(plan, msg);

	plan->services = calloc(cfg->n_services, sizeof(struct service *));
	plan->drained = calloc(cfg->n_services, sizeof(bool));
	if (!plan->services || !plan->drained)
		return errmsg_set(msg, ENOMEM, "out of memory");
	for (size_t i = 0; i < cfg->n_services && !err; i++) {
		err = make_service(plan, &cfg->services[i], old, ctx, msg);
		if (!err)
			err = open_service(plan, plan->services[i],
				&cfg->services[i], old, msg);
	}
	return err;
}

int plan_new(struct plan **ret, struct config_ref *cfg, const struct plan *old,
	const struct proto_context *ctx, struct errmsg *msg)
{
	struct plan *plan = calloc(1, sizeof(*plan));
	int err;

	if (!plan) {
		config_ref_unref(cfg);
		return errmsg_set(msg, ENOMEM, "out of memory");
	}
	plan->cfg = cfg;
	plan->runtime_dir = strdup(
		old ? old->runtime_dir : cfg->cfg->runtime_dir);
	err = plan->runtime_dir ? open_all(plan, old, ctx, msg)
				: errmsg_set(msg, ENOMEM, "out of memory");
	if (err) {
		plan_free(plan);
		return err;
	}
	*ret = plan;
	return 0;
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

		if (!pl->is_new)
			listener_tune(pl->listener, &pl->settings);
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
