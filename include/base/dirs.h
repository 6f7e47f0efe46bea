/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SOCKD_BASE_DIRS_H
#define SOCKD_BASE_DIRS_H

/* Where a daemon that this user starts has its directories, unless it is told
 * otherwise. Each returns a path, owned by the caller; NULL: out of memory. */

#define DIRS_SYSTEM_RUNTIME "/run/sockd"

/* For what lasts as long as the daemon runs. */
char *dirs_runtime(void);
/* For what outlives it; runtime_dir: if there is no better place. */
char *dirs_state(const char *runtime_dir);

#endif
