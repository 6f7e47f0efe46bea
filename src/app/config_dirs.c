/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The directories that have no fixed default: what systemd made for the
 * service, else the system's for root, else the user's own.
 *
 *	runtime_dir  $RUNTIME_DIRECTORY, /run/sockd,
 *	             $XDG_RUNTIME_DIR/sockd, /tmp/sockd-UID
 *	state_dir    $STATE_DIRECTORY, /var/lib/sockd,
 *	             $XDG_STATE_HOME/sockd, ~/.local/state/sockd
 *
 * Nothing is made or looked at here: whoever makes the directory must see that
 * it belongs to this user, above all the one in /tmp. Any thread.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "config_private.h"

/* Of a list with colons, as systemd passes several directories, the first.
 * NULL if the variable does not hold a whole path. */
static char *from_systemd(const char *variable)
{
	const char *value = getenv(variable);

	if (!value || value[0] != '/')
		return NULL;
	return strndup(value, strcspn(value, ":"));
}

static char *below(const char *variable, const char *rest)
{
	const char *value = getenv(variable);
	struct strbuf path = {0};

	if (!value || value[0] != '/')
		return NULL;
	strbuf_addf(&path, "%s/%s", value, rest);
	return strbuf_take(&path);
}

static char *find_runtime_dir(void)
{
	char *dir = from_systemd("RUNTIME_DIRECTORY");
	struct strbuf path = {0};

	if (!dir && geteuid() == 0)
		return strdup("/run/sockd");
	if (!dir)
		dir = below("XDG_RUNTIME_DIR", "sockd");
	if (dir)
		return dir;
	strbuf_addf(&path, "/tmp/sockd-%lu", (unsigned long)geteuid());
	return strbuf_take(&path);
}

static char *find_state_dir(const char *runtime_dir)
{
	char *dir = from_systemd("STATE_DIRECTORY");
	struct strbuf path = {0};

	if (!dir && geteuid() == 0)
		return strdup("/var/lib/sockd");
	if (!dir)
		dir = below("XDG_STATE_HOME", "sockd");
	if (!dir)
		dir = below("HOME", ".local/state/sockd");
	if (dir)
		return dir;
	strbuf_addf(&path, "%s/state", runtime_dir);
	return strbuf_take(&path);
}

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
		replace(&cfg->runtime_dir, find_runtime_dir(), errors);
	if (!*cfg->state_dir)
		replace(&cfg->state_dir, find_state_dir(cfg->runtime_dir),
			errors);
}
