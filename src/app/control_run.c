/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Verbs that act on the daemon as a whole: what signals do, with an answer.
 * Main thread. */
#include <errno.h>
#include <string.h>

#include "app/config.h"
#include "app/plan.h"
#include "app/server_private.h"

#include "control_private.h"

int control_stop(struct control_request *req)
{
	report_count(req->report, "connections",
		atomic_load(&req->server->crew.n_conns));
	server_stop(req->server);
	return 0;
}

int control_parse_level(
	struct control_request *req, const char *name, enum log_level *ret)
{
	for (int i = 0; log_level_names[i]; i++) {
		if (strcmp(log_level_names[i], name) != 0)
			continue;
		*ret = log_level_of(i);
		return 0;
	}
	return errmsg_set(&req->error, EINVAL,
		"a level is one of error, warning, notice, info and debug");
}

static const char *level_in_force(void)
{
	int i = 0;

	while (log_level_names[i + 1] && log_enabled(log_level_of(i + 1)))
		i++;
	return log_level_names[i];
}

int control_log(struct control_request *req)
{
	const struct config *cfg = config_ref_get(req->server->plan->cfg);
	enum log_level level = LOG_LEVEL_INFO;

	if (req->words.n_args) {
		if (control_parse_level(req, req->words.args[0], &level))
			return -EINVAL;
		log_set_level(level);
	}
	report_text(req->report, "level", level_in_force());
	report_text(req->report, "configured", log_level_names[cfg->log_level]);
	return 0;
}
