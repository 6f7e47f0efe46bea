/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SOCKD_BASE_GROUP_H
#define SOCKD_BASE_GROUP_H

#include <sys/types.h>

/* Looks up a Unix group by name. Any thread; may block on a directory service.
 * 0, -ENOENT (there is none), or another -errno. */
int group_find(const char *name, gid_t *ret);

#endif
