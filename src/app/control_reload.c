/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The verbs `reload` and `diff`, which show what a reload came to or would come
 * to. Reading takes place elsewhere (app/reload) and may take any time. Main
 * thread. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "app/reload.h"
#include "app/server_private.h"
#include "app/verdict.h"

#include "control_private.h"

static const char *const effects[N_OPTION_RELOADS] = {
	[RELOAD_NOW] = "at once",
	[RELOAD_NEW] = "new connections",
	[RELOAD_RESTART] = "needs a restart",
};

static void add_value(struct report *r, const char *key, const char *value)
{
	if (value)
		report_text(r, key, value);
	else
		report_none(r, key);
}

static void add_services(
	struct report *r, const struct strlist *names, bool is_new)
{
	for (size_t i = 0; i < names->n_items; i++) {
		struct strbuf path = {0};

		strbuf_addf(&path, "services.%s", names->items[i]);
		report_text(
			r, "option", path.failed ? names->items[i] : path.data);
		report_text(r, "old", is_new ? "(not there)" : "(there)");
		report_text(r, "new", is_new ? "(there)" : "(not there)");
		report_text(r, "effect", effects[RELOAD_NOW]);
		report_none(r, "origin");
		strbuf_fini(&path);
	}
}

static void report_changes(struct report *r, const struct verdict *v)
{
	static const struct report_column columns[] = {
		{"option", REPORT_TEXT},
		{"old", REPORT_TEXT},
		{"new", REPORT_TEXT},
		{"effect", REPORT_TEXT},
		{"origin", REPORT_TEXT},
	};

	report_begin(r, "changes", columns, 5);
	for (size_t i = 0; i < v->n_changes; i++) {
		const struct verdict_change *c = &v->changes[i];

		report_text(r, "option", c->path);
		add_value(r, "old", c->old);
		add_value(r, "new", c->now);
		report_text(r, "effect", effects[c->effect]);
		add_value(r, "origin", c->origin);
	}
	add_services(r, &v->services_added, true);
	add_services(r, &v->services_removed, false);
	report_end(r);
}

static void report_findings(
	struct report *r, const struct config_errors *errors)
{
	static const struct report_column columns[] = {
		{"file", REPORT_TEXT},
		{"line", REPORT_ID},
		{"kind", REPORT_TEXT},
		{"finding", REPORT_TEXT},
	};

	report_begin(r, "findings", columns, 4);
	for (size_t i = 0; i < errors->n_items; i++) {
		const struct config_error *e = &errors->items[i];

		add_value(r, "file", e->file);
		if (e->line)
			report_id(r, "line", e->line);
		else
			report_none(r, "line"); /* of the file as a whole */
		report_text(r, "kind", e->warning ? "warning" : "error");
		report_text(r, "finding", e->text);
	}
	report_end(r);
}

/* Who waits for a verdict. */
struct waiter {
	struct control *control; /* borrowed: lives longer than reloads */
	uint64_t request;
	const char *rejected; /* what to say then */
};

static void on_verdict(const struct verdict *v, void *arg)
{
	struct waiter *w = arg;
	struct control_request *req = control_find(w->control, w->request);
	int err = 0;

	if (req) {
		if (v->is_rejected)
			err = errmsg_set(
				&req->error, EINVAL, "%s", w->rejected);
		else
			report_changes(req->report, v);
		if (v->errors.n_items)
			report_findings(req->report, &v->errors);
		control_done(req, err);
	}
	free(w);
}

static struct waiter *waiter_new(
	struct control_request *req, const char *rejected)
{
	struct waiter *w = malloc(sizeof(*w));

	if (w)
		*w = (struct waiter){req->control, req->id, rejected};
	return w;
}

static int failed(struct control_request *req, int err)
{
	return errmsg_set(&req->error, -err, "%s",
		err == -EBUSY ? "somebody else asks for this just now"
			      : strerror(-err));
}

int control_reload(struct control_request *req)
{
	struct waiter *w = NULL;
	bool waits = ctl_has_option(&req->words, "--wait");
	int err;

	if (waits) {
		w = waiter_new(req,
			"reload failed; the old configuration stays in force");
		if (!w)
			return failed(req, -ENOMEM);
	}
	err = reload_ask(req->server, w ? on_verdict : NULL, w);
	if (err) {
		free(w);
		return failed(req, err);
	}
	if (waits)
		return CONTROL_PENDING;
	report_text(req->report, "reload",
		"asked for; status shows what it came to");
	return 0;
}

int control_diff(struct control_request *req)
{
	struct waiter *w = waiter_new(req,
		"the configuration has errors; a reload would change nothing");
	int err = w ? reload_try(req->server, on_verdict, w) : -ENOMEM;

	if (!err)
		return CONTROL_PENDING;
	free(w);
	return failed(req, err);
}
