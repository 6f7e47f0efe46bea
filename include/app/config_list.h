/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SOCKD_APP_CONFIG_LIST_H
#define SOCKD_APP_CONFIG_LIST_H

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

#endif
