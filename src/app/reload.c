/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A reload: the new configuration is read, checked and opened beside the old
 * one, on a thread of its own (app/loader) while all goes on; only when all of
 * it stands does it take over, here. Connections stay as they are.
 *
 * One at a time. Whoever asks during one may have changed the file after it was
 * read, so one more follows, for all who asked meanwhile:
 *
 *	idle ──ask──▶ RELOADING=1, read ──▶ take over or not, READY=1 ──▶ idle
 *	              ▲                       │ somebody asked meanwhile
 *	              └───────────────────────┘
 *
 * Main thread. */
#include "app/reload.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "app/ban_keeper.h"
#include "app/config.h"
#include "app/config_errors.h"
#include "app/control_news.h"
#include "app/loader.h"
#include "app/monitor.h"
#include "app/notify.h"
#include "app/plan.h"
#include "app/server_private.h"
#include "app/verdict.h"
#include "base/clock.h"
#include "base/log.h"
#include "proto/chat_port.h"

#define CHANGES_LOGGED 50
#define REMARK_LEN     160

/* Somebody who wants to be told. */
struct ask {
	STAILQ_ENTRY(ask) link; /* in waiting or served, if for a reload */
	struct server *server;
	reload_fn done;
	void *arg;
};
STAILQ_HEAD(asks, ask);

struct reload {
	struct loader *loader;    /* owned */
	struct config_ref *start; /* what the daemon started with */
	struct asks served;       /* owned; by the one under way */
	struct asks waiting;      /* owned; for the next one */
	bool is_running, is_wanted;
	bool is_trying; /* a reload_try() is under way */
};

static void begin(struct server *s);

/* What is said. */

void reload_log_findings(const struct config_errors *errors)
{
	for (size_t i = 0; i < errors->n_items; i++) {
		const struct config_error *e = &errors->items[i];
		struct strbuf line = {0};

		config_error_format(e, &line);
		if (!line.failed)
			log_write(e->warning ? LOG_LEVEL_WARNING
					     : LOG_LEVEL_ERROR,
				"%s", line.data);
		strbuf_fini(&line);
	}
}

static void log_changes(const struct verdict *v)
{
	struct strbuf line = {0};
	size_t i = 0, n_more = 0;

	for (; verdict_line(v, i, &line); i++) {
		bool is_urgent = i < v->n_changes &&
			v->changes[i].effect == RELOAD_RESTART;

		if (i >= CHANGES_LOGGED)
			n_more++;
		else if (!line.failed)
			log_write(
				is_urgent ? LOG_LEVEL_WARNING : LOG_LEVEL_INFO,
				"%s", line.data);
		strbuf_clear(&line);
	}
	if (n_more)
		log_info("and more changes left_out=%zu", n_more);
	strbuf_fini(&line);
}

static void log_verdict(const struct server *s, const struct verdict *v)
{
	char services[64] = "";

	reload_log_findings(&v->errors);
	if (v->is_rejected) {
		log_error("reload failed; the old configuration stays in "
			  "force file=%s",
			s->src->file);
		return;
	}
	log_changes(v);
	if (v->services_added.n_items || v->services_removed.n_items)
		snprintf(services, sizeof(services),
			" services_added=%zu services_removed=%zu",
			v->services_added.n_items, v->services_removed.n_items);
	log_notice("reloaded file=%s applied=%zu new_connections=%zu "
		   "needs_restart=%zu%s",
		s->src->file, v->n_effects[RELOAD_NOW],
		v->n_effects[RELOAD_NEW], v->n_effects[RELOAD_RESTART],
		services);
}

/* For STATUS: when, and what it came to. Without memory nothing is said. */
static void set_remark(struct server *s, const struct verdict *v)
{
	struct strbuf text = {0};
	char now[CLOCK_LOCAL_LEN];

	clock_format_local(now, clock_wall_ms());
	strbuf_addf(&text,
		"%s %.5s: ", v->is_rejected ? "reload failed" : "reloaded",
		strchr(now, 'T') + 1);
	verdict_summary(v, &text);
	if (!text.failed && text.len > REMARK_LEN) {
		text.len = REMARK_LEN;
		while ((text.data[text.len] & 0xc0) == 0x80)
			text.len--;
		text.data[text.len] = '\0';
		strbuf_adds(&text, "...");
	}
	free(s->remark);
	s->remark = strbuf_take(&text);
	s->is_stale = v->is_rejected;
}

/* Taking over. */

static void apply_settings(struct server *s, const struct config *cfg)
{
	log_set_level(log_level_of(cfg->log_level));
	atomic_store(&s->crew.output_total, cfg->limits.output_total);
}

/* Puts plan (taken) to work. 0, or -ENOMEM: the old one stays. */
static int take_over(struct server *s, struct plan *plan)
{
	const struct config *cfg = config_ref_get(plan->cfg);
	uint32_t max = server_max_connections(s, cfg->limits.connections);
	struct server_change change;

	if (server_prepare(s, plan, max ? max : 1, &change)) {
		plan_free(plan);
		return -ENOMEM;
	}
	if (chat_port_configure(s->ctx.chat, &cfg->chat)) {
		server_change_fini(&change);
		plan_free(plan);
		return -ENOMEM;
	}
	server_commit(&change);
	apply_settings(s, cfg);
	s->max_connections = max;
	s->configured_ms = clock_wall_ms();
	plan_tune_kept(plan);
	plan_log_listeners(plan);
	plan_free(s->plan);
	s->plan = plan;
	s->n_plans++;
	ban_keeper_apply(s->bans);
	monitor_set_state(s->monitor, MONITOR_READY); /* if it was drained */
	if (monitor_set_plan(s->monitor, plan, max))
		log_warning("metrics go on with the services of before: out "
			    "of memory");
	return 0;
}

static int compare(
	const struct server *s, struct verdict *v, const struct config *now)
{
	return verdict_compare(v, config_ref_get(s->reload->start),
		config_ref_get(s->plan->cfg), now);
}

/* What was found, without what is found to differ. */
static void begin_verdict(struct verdict *v, struct loaded *l)
{
	*v = (struct verdict){.is_rejected = !l->cfg, .errors = l->errors};
	l->errors = (struct config_errors){NULL};
}

static void reject_for_memory(struct verdict *v)
{
	v->is_rejected = true;
	config_errors_oom(&v->errors);
}

/* Telling. */

static void tell(struct asks *asks, const struct verdict *v)
{
	struct ask *ask;

	while ((ask = STAILQ_FIRST(asks)) != NULL) {
		STAILQ_REMOVE_HEAD(asks, link);
		ask->done(v, ask->arg);
		free(ask);
	}
}

/* Those who ask while they are told wait for the next. */
static void conclude(struct server *s, const struct verdict *v)
{
	struct reload *r = s->reload;
	char buf[STATUS_LEN];

	monitor_note_reload(s->monitor, !v->is_rejected);
	log_verdict(s, v);
	set_remark(s, v);
	control_news_reloaded(s, !v->is_rejected);
	notify_ready(status_text(s, buf, sizeof(buf)));
	tell(&r->served, v);
	r->is_running = false;
	if (r->is_wanted)
		begin(s);
}

static void on_loaded(struct loaded *l, void *arg)
{
	struct server *s = arg;
	struct verdict v;

	begin_verdict(&v, l);
	if (atomic_load(&s->stopping)) {
		tell(&s->reload->served, &v);
		tell(&s->reload->waiting, &v);
		verdict_fini(&v);
		return;
	}
	if (l->cfg && compare(s, &v, config_ref_get(l->cfg))) {
		reject_for_memory(&v);
	} else if (l->cfg) {
		if (take_over(s, l->plan))
			reject_for_memory(&v);
		l->plan = NULL;
	}
	conclude(s, &v);
	verdict_fini(&v);
}

static void begin(struct server *s)
{
	struct reload *r = s->reload;
	const struct loader_world world = {.old = s->plan, .ctx = &s->ctx};
	struct verdict v = {.is_rejected = true};
	int err;

	r->is_running = true;
	r->is_wanted = false;
	STAILQ_CONCAT(&r->served, &r->waiting);
	notify_reloading();
	err = loader_start(r->loader, &world, on_loaded, s);
	if (!err)
		return;
	config_errors_add(
		&v.errors, NULL, 0, "cannot read the file: %s", strerror(-err));
	conclude(s, &v);
	verdict_fini(&v);
}

/* What others call. */

static struct ask *ask_new(struct server *s, reload_fn done, void *arg)
{
	struct ask *ask = calloc(1, sizeof(*ask));

	if (ask)
		*ask = (struct ask){.server = s, .done = done, .arg = arg};
	return ask;
}

int reload_ask(struct server *s, reload_fn done, void *arg)
{
	struct reload *r = s->reload;
	struct ask *ask;

	if (atomic_load(&s->stopping))
		return -ECANCELED;
	if (done) {
		ask = ask_new(s, done, arg);
		if (!ask)
			return -ENOMEM;
		STAILQ_INSERT_TAIL(&r->waiting, ask, link);
	}
	if (r->is_running)
		r->is_wanted = true;
	else
		begin(s);
	return 0;
}

static void on_read(struct loaded *l, void *arg)
{
	struct ask *ask = arg;
	struct verdict v;

	ask->server->reload->is_trying = false;
	begin_verdict(&v, l);
	if (l->cfg && compare(ask->server, &v, config_ref_get(l->cfg)))
		reject_for_memory(&v);
	ask->done(&v, ask->arg);
	verdict_fini(&v);
	free(ask);
}

int reload_try(struct server *s, reload_fn done, void *arg)
{
	struct ask *ask = ask_new(s, done, arg);
	int err;

	assert(done);
	if (!ask)
		return -ENOMEM;
	err = s->reload->is_trying
		? -EBUSY
		: loader_start(s->reload->loader, NULL, on_read, ask);
	if (err)
		free(ask);
	else
		s->reload->is_trying = true;
	return err;
}

bool reload_is_running(const struct server *s)
{
	return s->reload->is_running;
}

int reload_new(struct server *s, struct config_ref *start)
{
	struct reload *r = calloc(1, sizeof(*r));

	if (!r)
		return -ENOMEM;
	STAILQ_INIT(&r->served);
	STAILQ_INIT(&r->waiting);
	r->loader = loader_new(s->src, s->mailbox);
	if (!r->loader) {
		free(r);
		return -ENOMEM;
	}
	r->start = config_ref_ref(start);
	s->reload = r;
	return 0;
}

void reload_stop(struct server *s)
{
	loader_stop(s->reload->loader);
}

void reload_free(struct reload *r)
{
	if (!r)
		return;
	assert(STAILQ_EMPTY(&r->served) && STAILQ_EMPTY(&r->waiting));
	loader_free(r->loader);
	config_ref_unref(r->start);
	free(r);
}
