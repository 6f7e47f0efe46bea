/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A growing array of ids. */
#include "net/idlist.h"

#include <errno.h>
#include <stdlib.h>

int idlist_add(struct idlist *list, uint64_t id)
{
	if (list->n == list->size) {
		uint32_t size = list->size ? list->size * 2 : 8;
		uint64_t *ids = reallocarray(list->ids, size, sizeof(*ids));

		if (!ids)
			return -ENOMEM;
		list->ids = ids;
		list->size = size;
	}
	list->ids[list->n++] = id;
	return 0;
}

struct idlist idlist_take(struct idlist *list)
{
	struct idlist taken = *list;

	*list = (struct idlist){0};
	return taken;
}

void idlist_fini(struct idlist *list)
{
	free(list->ids);
	*list = (struct idlist){0};
}
