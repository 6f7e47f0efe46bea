/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Two configurations compared, option by option as the tables have them.
 *
 * A value that is written nowhere and comes from another option (idle of a
 * service from timeouts.idle) is not told twice. Services and rooms are the
 * same over a change if they have the same name, listeners if they are written
 * alike: so it is decided without looking anything up. Any thread. */
#include "app/verdict.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "app/config_list.h"
#include "base/utf8.h"
#include "chat/accounts.h"
#include "net/addr.h"
#include "proto/proto.h"

#define VALUE_LEN 60 /* bytes of a value that are shown */

/* One set of options on both sides. A side without the row's key has NULL. */
struct pair {
	struct verdict *v;
	const struct config *old, *now;
	const char *prefix; /* of paths, with its dot */
	const struct option *table;
	const void *old_target, *now_target;
};

/* What may move a terminal is made visible; a cut falls between characters. */
static char *shown(const struct strbuf *text)
{
	struct strbuf out = {0};
	size_t len = text->len;

	if (text->failed || !text->data)
		return NULL;
	if (len > VALUE_LEN) {
		len = VALUE_LEN;
		while (len > 0 && (text->data[len] & 0xc0) == 0x80)
			len--;
	}
	utf8_make_safe(&out, text->data, len);
	if (len < text->len)
		strbuf_adds(&out, "...");
	return strbuf_take(&out);
}

static bool is_whole(const struct verdict_change *c, bool had, bool has)
{
	return c->path && (c->old || !had) && (c->now || !has) &&
		(c->origin || !has);
}

static void change_fini(struct verdict_change *c)
{
	free(c->path);
	free(c->old);
	free(c->now);
	free(c->origin);
}

/* old or now NULL: there is none. 0 or -ENOMEM. */
static int add_change(const struct pair *p, const char *path,
	enum option_reload effect, const struct strbuf *old,
	const struct strbuf *now)
{
	struct verdict *v = p->v;
	struct strbuf origin = {0};
	struct verdict_change c = {
		.path = strdup(path),
		.old = old ? shown(old) : NULL,
		.now = now ? shown(now) : NULL,
		.effect = effect,
	};
	struct verdict_change *more = reallocarray(
		v->changes, v->n_changes + 1, sizeof(*more));

	if (now) {
		config_origin(p->now, path, &origin);
		c.origin = strbuf_take(&origin);
	}
	if (more)
		v->changes = more;
	if (!more || !is_whole(&c, old, now)) {
		change_fini(&c);
		return -ENOMEM;
	}
	more[v->n_changes++] = c;
	v->n_effects[effect]++;
	return 0;
}

/* The row's value on both sides. */
static int compare_row(struct pair *p, const struct option *opt)
{
	struct strbuf path = {0}, old = {0}, now = {0};
	int r = 0;

	strbuf_addf(&path, "%s%s", p->prefix, opt->key);
	option_format(opt, p->old_target, &old);
	option_format(opt, p->now_target, &now);
	if (path.failed || old.failed || now.failed)
		r = -ENOMEM;
	else if (strcmp(old.data, now.data) != 0 &&
		(!(opt->flags & OPT_INHERIT) ||
			config_is_written(p->old, path.data) ||
			config_is_written(p->now, path.data)))
		r = add_change(p, path.data, opt->reload, &old, &now);
	strbuf_fini(&path);
	strbuf_fini(&old);
	strbuf_fini(&now);
	return r;
}

static int compare_table(struct pair *p)
{
	int r = 0;

	for (const struct option *opt = p->table; opt && opt->key && !r; opt++)
		r = compare_row(p, opt);
	return r;
}

/* What takes a restart is in force as it was at the start. */
static int compare_global(struct verdict *v, const struct config *start,
	const struct config *old, const struct config *now)
{
	struct pair p = {v, old, now, "", config_options, old, now};
	int r = 0;

	for (const struct option *opt = config_options; opt->key && !r; opt++) {
		p.old_target = opt->reload == RELOAD_RESTART ? start : old;
		r = compare_row(&p, opt);
	}
	return r;
}

/* What the file of accounts says, if it is the same file. */
static int compare_accounts(
	struct verdict *v, const struct config *old, const struct config *now)
{
	const struct accounts *before = old->chat.people;
	const struct accounts *after = now->chat.people;
	const struct pair p = {v, old, now, "", NULL, NULL, NULL};
	struct strbuf was = {0}, is = {0};
	int r;

	if (!before || !after || accounts_equal(before, after) ||
		strcmp(old->chat.accounts, now->chat.accounts) != 0)
		return 0;
	strbuf_addf(&was, "%zu accounts", before->n);
	strbuf_addf(&is, "%zu accounts%s", after->n,
		after->n == before->n ? ", others than before" : "");
	r = was.failed || is.failed
		? -ENOMEM
		: add_change(&p, "chat.accounts", RELOAD_NOW, &was, &is);
	strbuf_fini(&was);
	strbuf_fini(&is);
	return r;
}

/* Rooms. */

static const struct room_settings *find_room(
	const struct config *cfg, const char *name)
{
	for (size_t i = 0; i < cfg->chat.n_rooms; i++)
		if (strcasecmp(cfg->chat.rooms[i].name, name) == 0)
			return &cfg->chat.rooms[i];
	return NULL;
}

static int add_room(struct pair *p, const char *name, bool is_new)
{
	struct strbuf path = {0}, text = {0};
	int r;

	strbuf_addf(&path, "chat.rooms.%s", name);
	strbuf_adds(&text, "{ ... }");
	r = path.failed || text.failed
		? -ENOMEM
		: add_change(p, path.data, RELOAD_NOW, is_new ? NULL : &text,
			  is_new ? &text : NULL);
	strbuf_fini(&path);
	strbuf_fini(&text);
	return r;
}

static int compare_rooms(
	struct verdict *v, const struct config *old, const struct config *now)
{
	char prefix[64];
	struct pair p = {v, old, now, prefix, config_room_options, NULL, NULL};
	int r = 0;

	for (size_t i = 0; i < now->chat.n_rooms && !r; i++) {
		const char *name = now->chat.rooms[i].name;

		snprintf(prefix, sizeof(prefix), "chat.rooms.%s.", name);
		p.old_target = find_room(old, name);
		p.now_target = &now->chat.rooms[i];
		r = p.old_target ? compare_table(&p) : add_room(&p, name, true);
	}
	for (size_t i = 0; i < old->chat.n_rooms && !r; i++)
		if (!find_room(now, old->chat.rooms[i].name))
			r = add_room(&p, old->chat.rooms[i].name, false);
	return r;
}

/* Services. */

static const struct service_config *find_service(
	const struct config *cfg, const char *name)
{
	for (size_t i = 0; i < cfg->n_services; i++)
		if (strcmp(cfg->services[i].name, name) == 0)
			return &cfg->services[i];
	return NULL;
}

/* A key of protocols that differ: told if it is written. A side whose protocol
 * has no such key has opt NULL. */
struct own_key {
	const struct option *opt;
	const struct config *cfg;
	const void *target;
};

static int compare_own_key(const struct pair *p, const char *key,
	const struct own_key *old, const struct own_key *now)
{
	struct strbuf path = {0}, text[2] = {{0}, {0}};
	const struct own_key *sides[] = {old, now};
	const struct option *opt = now->opt ? now->opt : old->opt;
	bool is_there[2] = {false, false};
	int r = 0;

	strbuf_addf(&path, "%s%s", p->prefix, key);
	for (size_t i = 0; i < 2 && !path.failed; i++) {
		if (!sides[i]->opt ||
			!config_is_written(sides[i]->cfg, path.data))
			continue;
		option_format(sides[i]->opt, sides[i]->target, &text[i]);
		is_there[i] = true;
	}
	if (path.failed || text[0].failed || text[1].failed)
		r = -ENOMEM;
	else if (is_there[0] != is_there[1] ||
		(is_there[0] && strcmp(text[0].data, text[1].data) != 0))
		r = add_change(p, path.data, opt->reload,
			is_there[0] ? &text[0] : NULL,
			is_there[1] ? &text[1] : NULL);
	strbuf_fini(&path);
	strbuf_fini(&text[0]);
	strbuf_fini(&text[1]);
	return r;
}

static int compare_own_keys(struct pair *p, const struct service_config *old,
	const struct service_config *now)
{
	const struct option *rows[] = {
		old->proto->options, now->proto->options};
	int r = 0;

	if (old->proto == now->proto) {
		p->table = rows[1];
		p->old_target = old->options;
		p->now_target = now->options;
		return compare_table(p);
	}
	for (size_t i = 0; i < 2; i++) {
		const struct option *opt = rows[i];

		for (; opt && opt->key && !r; opt++) {
			struct own_key a = {option_find(rows[0], opt->key),
				p->old, old->options};
			struct own_key b = {option_find(rows[1], opt->key),
				p->now, now->options};

			if (i == 0 || !a.opt)
				r = compare_own_key(p, opt->key, &a, &b);
		}
	}
	return r;
}

static int compare_service(struct verdict *v, const struct config *old_cfg,
	const struct config *cfg, const struct service_config *now)
{
	const struct service_config *old = find_service(old_cfg, now->name);
	char prefix[64];
	struct pair p = {
		v, old_cfg, cfg, prefix, config_service_options, old, now};
	int r;

	if (!old)
		return strlist_add(&v->services_added, now->name);
	snprintf(prefix, sizeof(prefix), "services.%s.", now->name);
	r = compare_table(&p);
	return r ? r : compare_own_keys(&p, old, now);
}

static int compare_services(
	struct verdict *v, const struct config *old, const struct config *now)
{
	int r = 0;

	for (size_t i = 0; i < now->n_services && !r; i++)
		r = compare_service(v, old, now, &now->services[i]);
	for (size_t i = 0; i < old->n_services && !r; i++)
		if (!find_service(now, old->services[i].name))
			r = strlist_add(
				&v->services_removed, old->services[i].name);
	return r;
}

/* Listeners. */

struct written {
	const struct service_config *service;
	const char *text;
	bool is_datagram;
	bool has_any_port; /* the kernel chose: it is this service's alone */
	bool is_kept;
};

struct writtens {
	struct written *items; /* owned */
	size_t n_items;
};

static int collect(struct writtens *all, const struct config *cfg)
{
	size_t n = 0;

	for (size_t i = 0; i < cfg->n_services; i++)
		n += cfg->services[i].listen.n_items;
	all->items = calloc(n ? n : 1, sizeof(*all->items));
	if (!all->items)
		return -ENOMEM;
	for (size_t i = 0; i < cfg->n_services; i++) {
		const struct service_config *svc = &cfg->services[i];

		for (size_t k = 0; k < svc->listen.n_items; k++) {
			const char *text = svc->listen.items[k];
			size_t len = strlen(text);

			all->items[all->n_items++] = (struct written){
				.service = svc,
				.text = text,
				.is_datagram = svc->transport == TRANSPORT_UDP,
				.has_any_port = len > 1 &&
					strcmp(text + len - 2, ":0") == 0,
			};
		}
	}
	return 0;
}

static struct written *find_written(
	const struct writtens *all, const struct written *w)
{
	for (size_t i = 0; i < all->n_items; i++) {
		struct written *other = &all->items[i];

		if (!other->is_kept && other->is_datagram == w->is_datagram &&
			strcmp(other->text, w->text) == 0 &&
			(!w->has_any_port ||
				strcmp(other->service->name,
					w->service->name) == 0))
			return other;
	}
	return NULL;
}

static int add_listener(struct strlist *list, const struct written *w)
{
	struct strbuf text = {0}, safe = {0};
	int r;

	strbuf_addf(&text, "%s %s%s", w->service->name, w->text,
		w->is_datagram ? " udp" : "");
	if (!text.failed)
		utf8_make_safe(&safe, text.data, text.len);
	r = text.failed || safe.failed ? -ENOMEM : strlist_add(list, safe.data);
	strbuf_fini(&text);
	strbuf_fini(&safe);
	return r;
}

static int compare_listeners(struct verdict *v, const struct config *old_cfg,
	const struct config *cfg)
{
	struct writtens old = {NULL, 0}, now = {NULL, 0};
	int r = collect(&old, old_cfg);

	if (!r)
		r = collect(&now, cfg);
	for (size_t i = 0; i < now.n_items && !r; i++) {
		struct written *kept = find_written(&old, &now.items[i]);

		if (kept)
			kept->is_kept = true;
		r = add_listener(
			kept ? &v->listeners_kept : &v->listeners_added,
			&now.items[i]);
	}
	for (size_t i = 0; i < old.n_items && !r; i++)
		if (!old.items[i].is_kept)
			r = add_listener(&v->listeners_removed, &old.items[i]);
	free(old.items);
	free(now.items);
	return r;
}

int verdict_compare(struct verdict *v, const struct config *start,
	const struct config *old, const struct config *now)
{
	int r = compare_global(v, start, old, now);

	if (!r)
		r = compare_accounts(v, old, now);
	if (!r)
		r = compare_rooms(v, old, now);
	if (!r)
		r = compare_services(v, old, now);
	return r ? r : compare_listeners(v, old, now);
}

void verdict_fini(struct verdict *v)
{
	config_errors_fini(&v->errors);
	for (size_t i = 0; i < v->n_changes; i++)
		change_fini(&v->changes[i]);
	free(v->changes);
	strlist_fini(&v->services_added);
	strlist_fini(&v->services_removed);
	strlist_fini(&v->listeners_added);
	strlist_fini(&v->listeners_removed);
	strlist_fini(&v->listeners_kept);
	*v = (struct verdict){0};
}
