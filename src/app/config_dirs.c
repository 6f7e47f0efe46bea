/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Fills in the directories that the configuration does not name. Any thread. */
#include <stdlib.h>

#include "base/dirs.h"

#include "config_private.h"

static void replace(char **field, char *dir, struct config_errors *errors)
{
	if (!dir) {
		config_errors_oom(errors);
		return;
	}
	free(*field);
	*field = dir;
}

void config_find_dirs(struct config *cfg, struct config_errors *errors)
{
	if (!*cfg->runtime_dir)
		replace(&cfg->runtime_dir, dirs_runtime(), errors);
	if (!*cfg->state_dir)
		replace(&cfg->state_dir, dirs_state(cfg->runtime_dir), errors);
}
