/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SOCKD_APP_CONFIG_LIST_H
#define SOCKD_APP_CONFIG_LIST_H

#include <stdbool.h>
#include <stddef.h>

struct config;

/* A configuration as a list of all its options, each by its whole path. */

struct config_item {
	char *path;   /* owned: "services.echo.listen" */
	char *value;  /* owned: as it is written in a file */
	char *origin; /* owned: as of config_origin() */
};

struct config_list {
	struct config_item *items; /* owned; in the order of `sockd -T` */
	size_t n_items;
};

/* 0 or -ENOMEM. Any thread. */
int config_list(struct config_list *ret, const struct config *cfg);
void config_list_fini(struct config_list *list);

/* Whether the option of this path, or some of that group, was written. */
bool config_is_written(const struct config *cfg, const char *path);
/* "services.NAME.KEY" */
#define CONFIG_PATH_LEN 64
void config_service_path(
	char path[CONFIG_PATH_LEN], const char *service, const char *key);

#endif
