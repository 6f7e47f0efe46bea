/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A reload: the new configuration is read, checked and opened beside the old
 * one, on the main thread while the workers serve; only when all of it stands
 * does it take over. Connections stay as they are. */
#include <errno.h>
#include <stdlib.h>

#include <event2/event.h>

#include "app/config.h"
#include "app/monitor.h"
#include "app/notify.h"
#include "app/plan.h"
#include "app/server_private.h"
#include "base/errmsg.h"
#include "base/log.h"
#include "proto/chat_port.h"

static void log_findings(const struct config_errors *errors)
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

static void log_restart_keys(const struct config *old, const struct config *now)
{
	struct strlist keys = {0};

	if (config_restart_keys(old, now, &keys) == 0)
		for (size_t i = 0; i < keys.n_items; i++)
			log_warning("%s changed; that takes a restart",
				keys.items[i]);
	strlist_fini(&keys);
}

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

	if (server_prepare(s, plan, max ? max : 1, &change) ||
		chat_port_configure(s->ctx.chat, &cfg->chat)) {
		server_change_fini(&change);
		plan_free(plan);
		return -ENOMEM;
	}
	server_commit(&change);
	log_restart_keys(config_ref_get(s->plan->cfg), cfg);
	apply_settings(s, cfg);
	s->max_connections = max;
	plan_tune_kept(plan);
	plan_log_listeners(plan);
	plan_free(s->plan);
	s->plan = plan;
	if (monitor_set_plan(s->monitor, plan, max))
		log_warning("metrics go on with the services of before: out "
			    "of memory");
	return 0;
}

static int reload(struct server *s)
{
	struct config_errors errors = {0};
	struct config *cfg = NULL;
	struct config_ref *ref;
	struct plan *plan;
	struct errmsg msg = {"out of memory"};
	int code = config_load(s->src, &cfg, &errors);

	log_findings(&errors);
	config_errors_fini(&errors);
	if (code)
		return -1;
	ref = config_ref_new(cfg);
	if (!ref)
		return -1;
	if (plan_new(&plan, ref, s->plan, &s->ctx, &msg)) {
		log_error("%s", msg.text);
		return -1;
	}
	return take_over(s, plan);
}

void server_reload(struct server *s)
{
	char buf[256];
	bool took_effect;

	notify_reloading();
	took_effect = reload(s) == 0;
	monitor_note_reload(s->monitor, took_effect);
	if (!took_effect) {
		s->remark = "reload failed, the old configuration is in force";
		log_error("reload failed; the old configuration stays in "
			  "force file=%s",
			s->src->file);
	} else {
		s->remark = NULL;
		log_notice("reloaded file=%s", s->src->file);
	}
	notify_ready(status_text(s, buf, sizeof(buf)));
}
