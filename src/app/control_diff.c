/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The verb `diff`: what a reload would change, without doing it. Files are read
 * and hosts looked up in the helper thread, which takes what it needs along: a
 * reference to the configuration in force, and copies of where the new one
 * comes from, since it may still be at it when the daemon ends. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "app/config.h"
#include "app/config_list.h"
#include "app/plan.h"
#include "app/server_private.h"
#include "base/option.h"
#include "base/str.h"
#include "net/helper.h"

#include "control_private.h"

struct diff {
	struct helper_job job;
	struct control *control; /* borrowed; main thread only */
	uint64_t request;
	char *file;               /* owned */
	struct strlist overrides; /* owned */
	struct config_ref *old;   /* a reference */
	struct report *report;    /* owned; NULL: no memory */
	struct errmsg error;      /* of a configuration with errors: */
	int err;
};

static void diff_free(struct mail *m)
{
	struct diff *d = (struct diff *)m;

	free(d->file);
	strlist_fini(&d->overrides);
	config_ref_unref(d->old);
	report_free(d->report);
	free(d);
}

/* From when on the new value counts. A connection keeps the settings of its
 * service that it was opened with. */
static const char *effect_of(const struct config_item *item)
{
	static const char *const later[] = {"keepalive", "drain", "limits.line",
		"limits.message", "limits.output_soft", "limits.output_hard",
		"limits.output_patience", "timeouts.idle", "timeouts.handshake",
		"timeouts.linger"};
	static const char *const of_listeners[] = {"listen", "backlog",
		"enabled", "max_connections", "allow", "proxy_protocol", "mode",
		"group"};

	if (item->row->flags & OPT_RESTART)
		return "needs a restart";
	for (size_t i = 0; i < sizeof(later) / sizeof(later[0]); i++)
		if (!strcmp(later[i], item->path))
			return "new connections";
	if (strncmp(item->path, "services.", strlen("services.")) != 0)
		return "at once";
	for (size_t i = 0; i < sizeof(of_listeners) / sizeof(of_listeners[0]);
		i++)
		if (!strcmp(of_listeners[i], item->row->key))
			return "at once";
	return "new connections";
}

/* The length of "services.NAME." or "chat.rooms.NAME."; 0: in no such group. */
static size_t group_len(const struct config_item *item)
{
	return strlen(item->path) - strlen(item->row->key);
}

static bool has_group(
	const struct config_list *list, const char *path, size_t len)
{
	for (size_t i = 0; i < list->n_items; i++)
		if (strncmp(list->items[i].path, path, len) == 0)
			return true;
	return false;
}

static void add_change(struct report *r, const struct config_item *old,
	const struct config_item *now)
{
	report_text(r, "option", now ? now->path : old->path);
	if (old)
		report_text(r, "old", old->value);
	else
		report_none(r, "old");
	if (now)
		report_text(r, "new", now->value);
	else
		report_none(r, "new");
	report_text(r, "effect", effect_of(now ? now : old));
}

/* A service or a room that only one of the two has: one row. */
static void add_group(
	struct report *r, const struct config_item *item, bool is_new)
{
	struct strbuf path = {0};
	bool is_room = item->path[0] == 'c';

	strbuf_add(&path, item->path, group_len(item) - 1);
	if (path.failed)
		strbuf_clear(&path);
	report_text(r, "option", path.data ? path.data : item->path);
	report_text(r, "old", !is_new ? "(there)" : "(not there)");
	report_text(r, "new", is_new ? "(there)" : "(not there)");
	report_text(r, "effect",
		is_new || is_room ? "at once" : "no new connections");
	strbuf_fini(&path);
}

/* What `list` has and `other` has not, or (if is_new) has with another value. */
static void compare(struct report *r, const struct config_list *list,
	const struct config_list *other, bool is_new)
{
	const struct config_item *seen = NULL; /* the last group's first */

	for (size_t i = 0; i < list->n_items; i++) {
		const struct config_item *item = &list->items[i], *match;
		size_t len = group_len(item);

		match = config_list_find(other, item->path);
		if (match && is_new && strcmp(match->value, item->value) != 0)
			add_change(r, match, item);
		if (match)
			continue;
		if (!len || has_group(other, item->path, len)) {
			add_change(
				r, is_new ? NULL : item, is_new ? item : NULL);
		} else if (!seen || group_len(seen) != len ||
			strncmp(seen->path, item->path, len) != 0) {
			seen = item;
			add_group(r, item, is_new);
		}
	}
}

static int report_changes(struct report *r, const struct config *old_cfg,
	const struct config *new_cfg)
{
	static const struct report_column columns[] = {
		{"option", REPORT_TEXT},
		{"old", REPORT_TEXT},
		{"new", REPORT_TEXT},
		{"effect", REPORT_TEXT},
	};
	struct config_list old, now = {NULL, 0};
	int err = config_list(&old, old_cfg);

	if (!err)
		err = config_list(&now, new_cfg);
	if (!err) {
		report_begin(r, "changes", columns, 4);
		compare(r, &now, &old, true);
		compare(r, &old, &now, false);
		report_end(r);
	}
	config_list_fini(&old);
	config_list_fini(&now);
	return err;
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

		report_text(r, "file", e->file ? e->file : "-o");
		report_id(r, "line", e->line);
		report_text(r, "kind", e->warning ? "warning" : "error");
		report_text(r, "finding", e->text);
	}
	report_end(r);
}

static void on_helper(struct helper_job *job)
{
	struct diff *d = (struct diff *)job;
	const struct config_source src = {
		.file = d->file,
		.overrides = (const char *const *)d->overrides.items,
		.n_overrides = d->overrides.n_items,
	};
	struct config_errors errors = {0};
	struct config *cfg = NULL;

	d->report = report_new();
	if (!d->report)
		return;
	if (config_load(&src, &cfg, &errors))
		d->err = errmsg_set(&d->error, EINVAL,
			"the configuration has errors; a reload would change "
			"nothing");
	else if (report_changes(d->report, config_ref_get(d->old), cfg))
		d->err = errmsg_set(&d->error, ENOMEM, "out of memory");
	if (errors.n_items)
		report_findings(d->report, &errors);
	config_errors_fini(&errors);
	config_free(cfg);
}

static void on_main(struct mail *m, void *owner)
{
	struct diff *d = (struct diff *)m;
	struct control_request *req = control_find(d->control, d->request);

	if (req && d->report) {
		report_free(req->report);
		req->report = d->report;
		d->report = NULL;
		req->error = d->error;
		control_done(req, d->err);
	} else if (req) {
		control_done(
			req, errmsg_set(&req->error, ENOMEM, "out of memory"));
	}
	diff_free(m);
}

static struct diff *diff_new(struct control_request *req)
{
	const struct server *s = req->server;
	struct diff *d = calloc(1, sizeof(*d));
	int err = 0;

	if (!d)
		return NULL;
	d->job.mail.run = on_main;
	d->job.mail.free = diff_free;
	d->job.mailbox = s->mailbox;
	d->job.work = on_helper;
	d->control = req->control;
	d->request = req->id;
	d->old = config_ref_ref(s->plan->cfg);
	d->file = strdup(s->src->file);
	for (size_t i = 0; i < s->src->n_overrides && !err; i++)
		err = strlist_add(&d->overrides, s->src->overrides[i]);
	if (d->file && !err)
		return d;
	diff_free(&d->job.mail);
	return NULL;
}

int control_diff(struct control_request *req)
{
	struct diff *d = diff_new(req);
	int err;

	if (!d)
		return errmsg_set(&req->error, ENOMEM, "out of memory");
	err = helper_post(req->control->helper, &d->job);
	if (!err)
		return CONTROL_PENDING;
	diff_free(&d->job.mail);
	return errmsg_set(&req->error, -err, "too busy: %s", strerror(-err));
}
