/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The effective configuration as text that can be loaded again: every row of
 * the tables with its value, and behind it where that was written.
 *
 * Keys with dots become groups; rows of one group stand together in the
 * tables, so a group is opened when its first row comes and closed before the
 * first row of another. Groups with names of their own (rooms, services) are
 * written where their parent closes or at the end. Any thread.
 */
#include <errno.h>
#include <string.h>

#include "base/option.h"
#include "proto/proto.h"

#include "config_private.h"

struct dump {
	const struct config *cfg;
	struct strbuf out;
	char path[256]; /* of the open groups, with a dot at the end, or "" */
	unsigned depth;
};

static void indent(struct dump *d)
{
	for (unsigned i = 0; i < d->depth; i++)
		strbuf_addc(&d->out, '\t');
}

static void group_open(struct dump *d, const char *name, size_t len)
{
	size_t at = strlen(d->path);

	indent(d);
	strbuf_addf(&d->out, "%.*s: {\n", (int)len, name);
	snprintf(d->path + at, sizeof(d->path) - at, "%.*s.", (int)len, name);
	d->depth++;
}

static void dump_rooms(struct dump *d);

static void group_close(struct dump *d)
{
	char *dot;

	if (strcmp(d->path, "chat.") == 0)
		dump_rooms(d);
	d->path[strlen(d->path) - 1] = '\0';
	dot = strrchr(d->path, '.');
	*(dot ? dot + 1 : d->path) = '\0';
	d->depth--;
	indent(d);
	strbuf_adds(&d->out, "};\n");
}

void config_origin(
	const struct config *cfg, const char *path, struct strbuf *out)
{
	const struct config_node *node = config_tree_find(cfg->tree, path);

	if (!node) {
		strbuf_adds(out, "default");
	} else if (!node->file) {
		strbuf_adds(out, "-o");
	} else {
		str_escape(out, node->file, strlen(node->file), 4096);
		strbuf_addf(out, ":%u", node->line);
	}
}

static void add_origin(struct dump *d, const char *path)
{
	strbuf_adds(&d->out, "  # ");
	config_origin(d->cfg, path, &d->out);
	strbuf_addc(&d->out, '\n');
}

/* Opens and closes groups until `key`, below base, may be written. Returns the
 * last part of key. */
static const char *enter(struct dump *d, size_t base, const char *key)
{
	const char *dot;

	while (strncmp(d->path + base, key, strlen(d->path + base)) != 0)
		group_close(d);
	key += strlen(d->path + base);
	for (; (dot = strchr(key, '.')); key = dot + 1)
		group_open(d, key, (size_t)(dot - key));
	return key;
}

static void leave(struct dump *d, size_t base)
{
	while (strlen(d->path) > base)
		group_close(d);
}

/* All rows of a table, below the groups that are open. */
static void dump_table(
	struct dump *d, const struct option *table, const void *target)
{
	size_t base = strlen(d->path);
	char path[sizeof(d->path) + 64];

	for (const struct option *opt = table; opt && opt->key; opt++) {
		const char *name = enter(d, base, opt->key);

		indent(d);
		strbuf_addf(&d->out, "%s = ", name);
		option_format(opt, target, &d->out);
		strbuf_addc(&d->out, ';');
		snprintf(path, sizeof(path), "%s%s", d->path, name);
		add_origin(d, path);
	}
	leave(d, base);
}

static void dump_rooms(struct dump *d)
{
	const struct chat_settings *chat = &d->cfg->chat;

	group_open(d, "rooms", strlen("rooms"));
	for (size_t i = 0; i < chat->n_rooms; i++) {
		const struct room_settings *room = &chat->rooms[i];

		group_open(d, room->name, strlen(room->name));
		dump_table(d, config_room_options, room);
		group_close(d);
	}
	group_close(d);
}

static void dump_service(struct dump *d, const struct service_config *svc)
{
	group_open(d, svc->name, strlen(svc->name));
	dump_table(d, config_service_options, svc);
	dump_table(d, svc->proto->options, svc->options);
	group_close(d);
}

int config_dump(const struct config *cfg, FILE *out)
{
	struct dump d = {.cfg = cfg};
	int r = 0;

	dump_table(&d, config_options, cfg);
	group_open(&d, "services", strlen("services"));
	for (size_t i = 0; i < cfg->n_services; i++)
		dump_service(&d, &cfg->services[i]);
	group_close(&d);
	if (d.out.failed)
		r = -ENOMEM;
	else if (fwrite(d.out.data, 1, d.out.len, out) != d.out.len ||
		fflush(out) != 0)
		r = -EIO;
	strbuf_fini(&d.out);
	return r;
}
