/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SOCKD_BASE_GROUP_H
#define SOCKD_BASE_GROUP_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* Looks up a Unix group by name. Any thread; may block on a directory service.
 * 0, -ENOENT (there is none), or another -errno. */
int group_find(const char *name, gid_t *ret);

/* Groups by number. Zero-initialised is empty. */
struct gid_list {
	gid_t *gids; /* owned */
	size_t n;
};
int gid_list_add(struct gid_list *list, gid_t gid); /* 0 or -ENOMEM */
/* 0 or -ENOMEM, and to is empty. */
int gid_list_copy(struct gid_list *to, const struct gid_list *from);
void gid_list_fini(struct gid_list *list);
/* True if a group is in both. */
bool gid_list_meets(const struct gid_list *a, const struct gid_list *b);

#endif
