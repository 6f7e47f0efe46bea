/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A verdict in words, for logs, for the service manager and for whoever asked
 * for it. Any thread. */
#include <string.h>

#include "app/verdict.h"

#define RESTART_KEYS_MAX 3 /* named in the summary */

static const char *const effect_words[] = {
	[RELOAD_NOW] = "applied",
	[RELOAD_NEW] = "applies to new connections",
	[RELOAD_RESTART] = "needs a restart",
};

static void change_line(const struct verdict_change *c, struct strbuf *out)
{
	strbuf_addf(out, "%s: %s -> %s %s", c->path, c->old ? c->old : "none",
		c->now ? c->now : "none", effect_words[c->effect]);
	if (c->origin)
		strbuf_addf(out, " (%s)", c->origin);
}

/* The error number i, warnings not counted; or NULL. */
static const struct config_error *find_error(const struct verdict *v, size_t i)
{
	const struct config_error *e = v->errors.items;

	for (size_t k = 0; k < v->errors.n_items; k++, e++)
		if (!e->warning && i-- == 0)
			return e;
	return NULL;
}

bool verdict_line(const struct verdict *v, size_t i, struct strbuf *out)
{
	const struct {
		const char *words;
		const struct strlist *list;
	} lists[] = {
		{"service added", &v->services_added},
		{"service removed", &v->services_removed},
		{"listener added", &v->listeners_added},
		{"listener removed", &v->listeners_removed},
	};
	const struct config_error *e;

	if (v->is_rejected) {
		e = find_error(v, i);
		if (e)
			config_error_format(e, out);
		return e;
	}
	if (i < v->n_changes) {
		change_line(&v->changes[i], out);
		return true;
	}
	i -= v->n_changes;
	for (size_t k = 0; k < sizeof(lists) / sizeof(lists[0]); k++) {
		if (i < lists[k].list->n_items) {
			strbuf_addf(out, "%s: %s", lists[k].words,
				lists[k].list->items[i]);
			return true;
		}
		i -= lists[k].list->n_items;
	}
	return false;
}

static void add_part(struct strbuf *out, size_t n, const char *words)
{
	if (n)
		strbuf_addf(out, "%s%zu %s", out->len ? ", " : "", n, words);
}

static void add_restart_keys(const struct verdict *v, struct strbuf *out)
{
	size_t n = 0;

	for (size_t i = 0; i < v->n_changes; i++) {
		if (v->changes[i].effect != RELOAD_RESTART)
			continue;
		if (n == RESTART_KEYS_MAX) {
			strbuf_adds(out, ", ...");
			break;
		}
		strbuf_addf(out, "%s%s", n++ ? ", " : " (", v->changes[i].path);
	}
	if (n)
		strbuf_addc(out, ')');
}

void verdict_summary(const struct verdict *v, struct strbuf *out)
{
	size_t n_restart = v->n_effects[RELOAD_RESTART];
	size_t n_added = v->services_added.n_items;
	size_t n_removed = v->services_removed.n_items;
	struct strbuf text = {0};

	if (v->is_rejected) {
		if (!verdict_line(v, 0, &text))
			strbuf_adds(&text, "out of memory");
	} else {
		add_part(&text, v->n_effects[RELOAD_NOW], "applied");
		add_part(
			&text, v->n_effects[RELOAD_NEW], "for new connections");
		add_part(&text, n_added,
			n_added == 1 ? "service added" : "services added");
		add_part(&text, n_removed,
			n_removed == 1 ? "service removed"
				       : "services removed");
		add_part(&text, n_restart,
			n_restart == 1 ? "needs a restart" : "need a restart");
		add_restart_keys(v, &text);
		if (!text.len)
			strbuf_adds(&text, "nothing changed");
	}
	if (text.data)
		strbuf_add(out, text.data, text.len);
	strbuf_fini(&text);
}
