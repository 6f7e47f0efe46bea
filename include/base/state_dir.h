/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SOCKD_BASE_STATE_DIR_H
#define SOCKD_BASE_STATE_DIR_H

#include "base/errmsg.h"

/* The directory of the files that outlive the daemon. Whoever has it open is
 * the only process that does; the kernel lets go of it when that ends. */
struct state_dir;

/* Makes the directory (0700, those above it 0755) unless it is there, and takes
 * it for this process. 0, or -errno and msg, which names it. */
int state_dir_open(
	struct state_dir **ret, const char *path, struct errmsg *msg);
void state_dir_close(struct state_dir *dir); /* NULL is fine */
/* The path of a file in it, owned by the caller; NULL: out of memory. */
char *state_dir_file(const struct state_dir *dir, const char *name);

#endif
