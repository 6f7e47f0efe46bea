/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * From the settings tree to structs, by the rows of the option tables.
 *
 * A level is one group of the tree with the tables that know its keys; a key
 * with a dot is a group inside. What no row knows is an error that offers the
 * nearest name. Defaults are there before, so a finding never leaves a field
 * empty, and all findings of a file are told at once.
 *
 * Any thread.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/errmsg.h"
#include "base/option.h"
#include "base/str.h"

#include "config_private.h"

/* A walk through one level: path is the whole path, from which that of a row
 * begins at key_at. */
struct walk {
	const struct config_load *load;
	const struct config_level *level;
	struct strbuf path;
	size_t key_at;
};

static const char *key(const struct walk *w)
{
	return w->path.data + w->key_at;
}

/* What the setter of the value at node said; a lack of memory says nothing
 * about it. */
static void say(const struct walk *w, const struct config_node *node, int err,
	const struct errmsg *msg)
{
	if (err == -ENOMEM)
		config_errors_oom(w->load->errors);
	else if (err < 0)
		config_errors_at(
			w->load->errors, node, w->path.data, "%s", msg->text);
}

static void fill_list(const struct walk *w, const struct option *opt,
	void *target, const struct config_node *node)
{
	struct errmsg msg;
	int r;

	if (opt->type != OPT_STRINGS) {
		r = option_wrong_type(opt, "a list", &msg);
		say(w, node, r, &msg);
		return;
	}
	option_clear(opt, target);
	for (const struct config_node *kid = node->kids; kid; kid = kid->next) {
		if (kid->kind != NODE_STRING) {
			config_errors_at(w->load->errors, kid, w->path.data,
				"the list holds something else than text; "
				"write [ \"a\", \"b\" ]");
			return;
		}
		r = option_add_item(opt, target, kid->text, &msg);
		say(w, kid, r, &msg);
	}
}

static void fill_value(const struct walk *w, const struct option *opt,
	void *target, const struct config_node *node)
{
	struct errmsg msg;
	char found[64];
	int r = 0;

	switch (node->kind) {
	case NODE_GROUP:
		r = option_wrong_type(opt, "a group", &msg);
		break;
	case NODE_LIST:
		fill_list(w, opt, target, node);
		break;
	case NODE_BOOL:
		r = option_set_bool(opt, target, node->number != 0, &msg);
		break;
	case NODE_INT:
		r = option_set_int(opt, target, node->number, &msg);
		break;
	case NODE_FLOAT:
		snprintf(found, sizeof(found), "the number %g", node->real);
		r = option_wrong_type(opt, found, &msg);
		break;
	case NODE_STRING:
		r = option_set_string(opt, target, node->text, &msg);
		break;
	case NODE_TEXT:
		r = option_set_text(opt, target, node->text, &msg);
		break;
	}
	say(w, node, r, &msg);
}

static bool is_group_of(const struct option *table, const char *name)
{
	size_t len = strlen(name);

	for (; table && table->key; table++)
		if (strncmp(table->key, name, len) == 0 &&
			table->key[len] == '.')
			return true;
	return false;
}

static bool is_foreign(const struct config_level *level, const char *name)
{
	for (const char *const *g = level->groups; g && *g; g++)
		if (strcmp(*g, name) == 0)
			return true;
	return false;
}

/* Adds the next part of each key that lies in the same group as path. */
static void add_parts(
	struct strlist *parts, const struct option *table, const char *group)
{
	size_t len = strlen(group);
	char part[64];

	for (; table && table->key; table++) {
		if (strncmp(table->key, group, len) != 0)
			continue;
		snprintf(part, sizeof(part), "%.*s",
			(int)strcspn(table->key + len, "."), table->key + len);
		/* Failing costs a suggestion, nothing else. */
		(void)!strlist_add(parts, part);
	}
}

/* A key that stands elsewhere under the same name: "idle" for timeouts.idle.
 * The control socket is nothing that a service could mean. */
static const char *elsewhere(const struct config_level *level, const char *name)
{
	for (const struct option *opt = config_options; opt->key; opt++) {
		const char *dot = strrchr(opt->key, '.');

		if (level->path[0] && strncmp(opt->key, "control.", 8) == 0)
			continue;
		if (strcmp(dot ? dot + 1 : opt->key, name) == 0)
			return opt->key;
	}
	return NULL;
}

static void unknown_key(const struct walk *w, const struct config_node *node)
{
	const struct config_level *level = w->level;
	struct strlist parts = {0};
	const char *near, *other;
	char group[128];

	/* The part of the path that is known, with its dot. */
	snprintf(group, sizeof(group), "%.*s",
		(int)(strlen(key(w)) - strlen(node->name)), key(w));
	add_parts(&parts, level->tables[0], group);
	add_parts(&parts, level->tables[1], group);
	for (const char *const *g = level->groups; g && *g; g++)
		if (strncmp(*g, group, strlen(group)) == 0)
			(void)!strlist_add(&parts, *g + strlen(group));
	near = str_nearest(
		node->name, (const char *const *)parts.items, parts.n_items);
	other = elsewhere(level, node->name);
	if (!other && !level->path[0] &&
		option_find(config_service_options, node->name))
		config_errors_at(w->load->errors, node, w->path.data,
			"unknown key here; it belongs to a service, in "
			"services: { NAME: { ... }; }");
	else if (near || other)
		config_errors_at(w->load->errors, node, w->path.data,
			"unknown key; did you mean \"%s\"?",
			near ? near : other);
	else
		config_errors_at(
			w->load->errors, node, w->path.data, "unknown key");
	strlist_fini(&parts);
}

static void fill_group(struct walk *w, const struct config_node *group);

static void fill_node(struct walk *w, const struct config_node *node)
{
	const struct config_level *level = w->level;

	if (is_foreign(level, key(w)))
		return;
	for (size_t i = 0; i < 2; i++) {
		const struct option *opt = option_find(
			level->tables[i], key(w));

		if (opt) {
			fill_value(w, opt, level->targets[i], node);
			return;
		}
	}
	if (!is_group_of(level->tables[0], key(w)) &&
		!is_group_of(level->tables[1], key(w))) {
		if (!level->lenient)
			unknown_key(w, node);
	} else if (node->kind != NODE_GROUP) {
		config_errors_at(w->load->errors, node, w->path.data,
			"is a group; write %s: { ... };", node->name);
	} else {
		fill_group(w, node);
	}
}

static void fill_group(struct walk *w, const struct config_node *group)
{
	size_t len = w->path.len;

	for (const struct config_node *kid = group->kids; kid;
		kid = kid->next) {
		strbuf_addf(&w->path, "%s%s",
			len > 0 && w->path.data[len - 1] != '.' ? "." : "",
			kid->name);
		if (w->path.failed) {
			config_errors_oom(w->load->errors);
			return;
		}
		fill_node(w, kid);
		w->path.len = len;
		w->path.data[len] = '\0';
	}
}

void config_fill_level(const struct config_load *load,
	const struct config_level *level, const struct config_node *group)
{
	struct walk w = {.load = load, .level = level};

	if (level->path[0])
		strbuf_addf(&w.path, "%s.", level->path);
	w.key_at = w.path.len;
	fill_group(&w, group);
	strbuf_fini(&w.path);
}

void config_fill_defaults(const struct config_load *load,
	const struct option *table, void *target)
{
	if (option_set_defaults(table, target) < 0)
		config_errors_oom(load->errors);
	for (const struct option *opt = table; opt->key; opt++) {
		const struct option *from;

		if (!(opt->flags & OPT_INHERIT))
			continue;
		from = option_find(config_options, opt->fallback);
		if (option_copy(opt, target, from, load->cfg) < 0)
			config_errors_oom(load->errors);
	}
}

bool config_is_default(const struct config_load *load, const struct option *opt,
	const void *target)
{
	int r = option_is_default(opt, target);

	if (r < 0)
		config_errors_oom(load->errors);
	return r != 0;
}

void config_fill_global(const struct config_load *load)
{
	static const char *const groups[] = {"services", "chat.rooms", NULL};
	struct config_level level = {
		.path = "",
		.tables = {config_options},
		.targets = {load->cfg},
		.groups = groups,
	};
	char *room;

	config_fill_level(load, &level, &load->tree->root);
	room = load->cfg->chat.room;
	if (room && room[0] == '#')
		memmove(room, room + 1, strlen(room));
}

static bool same_list(const struct strlist *a, const struct strlist *b)
{
	bool is_same = a->n_items == b->n_items;

	for (size_t i = 0; is_same && i < a->n_items; i++)
		is_same = strcmp(a->items[i], b->items[i]) == 0;
	return is_same;
}

static bool same_flood(
	const struct flood_settings *a, const struct flood_settings *b)
{
	return a->burst == b->burst && a->queue == b->queue &&
		a->rate.count == b->rate.count &&
		a->rate.per_ms == b->rate.per_ms &&
		a->patience_ms == b->patience_ms &&
		same_list(&a->exempt, &b->exempt);
}

static void fill_room(const struct config_load *load,
	struct room_settings *room, const struct config_node *node)
{
	char path[128];
	struct config_level level = {
		.path = path,
		.tables = {config_room_options},
		.targets = {room},
	};
	struct errmsg msg;

	snprintf(path, sizeof(path), "chat.rooms.%.64s", node->name);
	config_fill_defaults(load, config_room_options, room);
	room->name = strdup(node->name);
	if (!room->name)
		config_errors_oom(load->errors);
	if (config_check_room(node->name, &msg) < 0)
		config_errors_at(load->errors, node, path, "%s", msg.text);
	if (node->kind != NODE_GROUP)
		config_errors_at(load->errors, node, path,
			"is a group; write %s: { };", node->name);
	else
		config_fill_level(load, &level, node);
	room->has_flood = !same_flood(&room->flood, &load->cfg->chat.flood);
}

static void check_twins(
	const struct config_load *load, const struct config_node *node)
{
	for (const struct config_node *kid = node->next; kid; kid = kid->next)
		if (strcasecmp(node->name, kid->name) == 0)
			config_errors_at(load->errors, kid, "chat.rooms",
				"\"%s\" and \"%s\" are the same room: case "
				"does not matter",
				node->name, kid->name);
}

void config_fill_rooms(const struct config_load *load)
{
	const struct config_node *rooms, *kid;
	struct chat_settings *chat = &load->cfg->chat;
	size_t n = 0;

	rooms = config_tree_find(load->tree, "chat.rooms");
	if (!rooms)
		return;
	if (rooms->kind != NODE_GROUP) {
		config_errors_at(load->errors, rooms, "chat.rooms",
			"is a group; write rooms: { NAME: { }; };");
		return;
	}
	for (kid = rooms->kids; kid; kid = kid->next)
		n++;
	chat->rooms = calloc(n ? n : 1, sizeof(*chat->rooms));
	if (!chat->rooms) {
		config_errors_oom(load->errors);
		return;
	}
	for (kid = rooms->kids; kid; kid = kid->next) {
		fill_room(load, &chat->rooms[chat->n_rooms++], kid);
		check_twins(load, kid);
	}
}
