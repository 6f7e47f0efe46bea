/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The effective configuration as a flat list, from the same tables as the text
 * of `sockd -T`; and paths. Pure but for memory; any thread. */
#include "app/config_list.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/config.h"
#include "base/option.h"
#include "base/str.h"
#include "proto/proto.h"

#include "config_private.h"

static void item_fini(struct config_item *item)
{
	free(item->path);
	free(item->value);
	free(item->origin);
}

static int add_item(struct config_list *list, const struct config_item *item)
{
	struct config_item *items = reallocarray(
		list->items, list->n_items + 1, sizeof(*items));

	if (!items)
		return -ENOMEM;
	list->items = items;
	items[list->n_items++] = *item;
	return 0;
}

/* All rows of a table, below prefix. */
static int add_table(struct config_list *list, const struct config *cfg,
	const char *prefix, const struct option *table, const void *target)
{
	int err = 0;

	for (const struct option *opt = table; opt && opt->key && !err; opt++) {
		struct strbuf path = {0}, value = {0}, origin = {0};
		struct config_item item;

		strbuf_addf(&path, "%s%s", prefix, opt->key);
		option_format(opt, target, &value);
		if (!path.failed)
			config_origin(cfg, path.data, &origin);
		item.path = strbuf_take(&path);
		item.value = strbuf_take(&value);
		item.origin = strbuf_take(&origin);
		err = item.path && item.value && item.origin
			? add_item(list, &item)
			: -ENOMEM;
		if (err)
			item_fini(&item);
	}
	return err;
}

static int add_room(struct config_list *list, const struct config *cfg,
	const struct room_settings *room)
{
	struct strbuf prefix = {0};
	int err;

	strbuf_addf(&prefix, "chat.rooms.%s.", room->name);
	err = prefix.failed
		? -ENOMEM
		: add_table(list, cfg, prefix.data, config_room_options, room);
	strbuf_fini(&prefix);
	return err;
}

static int add_service(struct config_list *list, const struct config *cfg,
	const struct service_config *svc)
{
	struct strbuf prefix = {0};
	int err;

	strbuf_addf(&prefix, "services.%s.", svc->name);
	err = prefix.failed ? -ENOMEM
			    : add_table(list, cfg, prefix.data,
				      config_service_options, svc);
	if (!err)
		err = add_table(list, cfg, prefix.data, svc->proto->options,
			svc->options);
	strbuf_fini(&prefix);
	return err;
}

int config_list(struct config_list *ret, const struct config *cfg)
{
	int err;

	*ret = (struct config_list){NULL, 0};
	err = add_table(ret, cfg, "", config_options, cfg);
	for (size_t i = 0; i < cfg->chat.n_rooms && !err; i++)
		err = add_room(ret, cfg, &cfg->chat.rooms[i]);
	for (size_t i = 0; i < cfg->n_services && !err; i++)
		err = add_service(ret, cfg, &cfg->services[i]);
	if (err)
		config_list_fini(ret);
	return err;
}

bool config_is_written(const struct config *cfg, const char *path)
{
	return config_tree_find(cfg->tree, path) != NULL;
}

void config_service_path(
	char path[CONFIG_PATH_LEN], const char *service, const char *key)
{
	snprintf(path, CONFIG_PATH_LEN, "services.%.40s.%s", service, key);
}

void config_list_fini(struct config_list *list)
{
	for (size_t i = 0; i < list->n_items; i++)
		item_fini(&list->items[i]);
	free(list->items);
	*list = (struct config_list){NULL, 0};
}
