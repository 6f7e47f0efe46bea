/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Unix groups, without the one static buffer of getgrnam(3). Pure but for
 * memory and the databases that nsswitch.conf(5) names; any thread. */
#include "base/group.h"

#include <errno.h>
#include <grp.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#define ENTRY_LEN     1024 /* of the group database; grows */
#define ENTRY_LEN_MAX (16 * 1024 * 1024)

int group_find(const char *name, gid_t *ret)
{
	struct group entry, *found = NULL;
	int err = ERANGE;

	for (size_t len = ENTRY_LEN; err == ERANGE && len <= ENTRY_LEN_MAX;
		len *= 4) {
		char *buf = malloc(len);

		if (!buf)
			return -ENOMEM;
		err = getgrnam_r(name, &entry, buf, len, &found);
		free(buf);
	}
	if (!found)
		return err ? -err : -ENOENT;
	*ret = entry.gr_gid;
	return 0;
}

int gid_list_add(struct gid_list *list, gid_t gid)
{
	gid_t *gids = reallocarray(list->gids, list->n + 1, sizeof(*gids));

	if (!gids)
		return -ENOMEM;
	gids[list->n++] = gid;
	list->gids = gids;
	return 0;
}

int gid_list_copy(struct gid_list *to, const struct gid_list *from)
{
	*to = (struct gid_list){NULL};
	if (from->n == 0)
		return 0;
	to->gids = reallocarray(NULL, from->n, sizeof(*to->gids));
	if (!to->gids)
		return -ENOMEM;
	memcpy(to->gids, from->gids, from->n * sizeof(*to->gids));
	to->n = from->n;
	return 0;
}

void gid_list_fini(struct gid_list *list)
{
	free(list->gids);
	*list = (struct gid_list){NULL};
}

bool gid_list_meets(const struct gid_list *a, const struct gid_list *b)
{
	for (size_t i = 0; i < a->n; i++)
		for (size_t k = 0; k < b->n; k++)
			if (a->gids[i] == b->gids[k])
				return true;
	return false;
}
