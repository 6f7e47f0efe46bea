/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The verb `config`: options in force, with where each was written. Main
 * thread. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "app/config.h"
#include "app/config_list.h"
#include "app/plan.h"
#include "app/server_private.h"
#include "base/str.h"

#include "control_private.h"

/* Path is the option wanted, or lies in the group wanted. */
static bool is_below(const char *path, const char *wanted)
{
	size_t len = strlen(wanted);

	return len == 0 ||
		(strncmp(path, wanted, len) == 0 &&
			(path[len] == '\0' || path[len] == '.'));
}

static int no_such_option(struct control_request *req,
	const struct config_list *list, const char *wanted)
{
	const char **paths = calloc(list->n_items + 1, sizeof(*paths));
	const char *nearest = NULL;

	for (size_t i = 0; paths && i < list->n_items; i++)
		paths[i] = list->items[i].path;
	if (paths)
		nearest = str_nearest(wanted, paths, list->n_items);
	errmsg_set(&req->error, ENOENT, "there is no option \"%s\"%s%s%s",
		wanted, nearest ? "; did you mean \"" : "",
		nearest ? nearest : "", nearest ? "\"?" : "");
	free(paths);
	return -ENOENT;
}

static void add_options(
	struct report *r, const struct config_list *list, const char *wanted)
{
	static const struct report_column columns[] = {
		{"option", REPORT_TEXT},
		{"value", REPORT_TEXT},
		{"origin", REPORT_TEXT},
	};

	report_begin(r, "options", columns, 3);
	for (size_t i = 0; i < list->n_items; i++) {
		const struct config_item *item = &list->items[i];

		if (!is_below(item->path, wanted))
			continue;
		report_text(r, "option", item->path);
		report_text(r, "value", item->value);
		report_text(r, "origin", item->origin);
	}
	report_end(r);
}

static size_t count_options(const struct config_list *list, const char *wanted)
{
	size_t n = 0;

	for (size_t i = 0; i < list->n_items; i++)
		n += is_below(list->items[i].path, wanted);
	return n;
}

int control_config(struct control_request *req)
{
	const char *wanted = req->words.n_args ? req->words.args[0] : "";
	struct config_list list;
	int err = config_list(&list, config_ref_get(req->server->plan->cfg));

	if (err)
		return errmsg_set(&req->error, ENOMEM, "out of memory");
	if (count_options(&list, wanted) > 0)
		add_options(req->report, &list, wanted);
	else
		err = no_such_option(req, &list, wanted);
	config_list_fini(&list);
	return err;
}
