/* SPDX-License-Identifier: GPL-3.0-or-later */
/* As long as there is room, items are only collected. When there is none they
 * become a heap with the last of them on top, which makes way for whatever
 * comes before it. Pure. */
#include "base/shortlist.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define FIRST_ROOM 32
#define ITEM_MAX   512

static char *at(const struct shortlist *list, size_t i)
{
	return list->items + i * list->size;
}

static int compare(const struct shortlist *list, const void *a, const void *b)
{
	return list->compare(a, b, list->arg);
}

/* The last of item i and what stands below it. */
static size_t last_of(const struct shortlist *list, size_t i)
{
	size_t last = i;

	for (size_t child = 2 * i + 1; child <= 2 * i + 2; child++)
		if (child < list->n &&
			compare(list, at(list, child), at(list, last)) > 0)
			last = child;
	return last;
}

static void sift_down(struct shortlist *list, size_t i)
{
	char kept[ITEM_MAX];
	size_t last;

	while ((last = last_of(list, i)) != i) {
		memcpy(kept, at(list, i), list->size);
		memcpy(at(list, i), at(list, last), list->size);
		memcpy(at(list, last), kept, list->size);
		i = last;
	}
}

static int make_room(struct shortlist *list)
{
	size_t room = list->room ? 2 * list->room : FIRST_ROOM;
	char *items;

	if (list->n < list->room)
		return 0;
	if (room > list->max)
		room = list->max;
	items = reallocarray(list->items, room, list->size);
	if (!items)
		return -ENOMEM;
	list->items = items;
	list->room = room;
	return 0;
}

int shortlist_offer(struct shortlist *list, const void *item)
{
	assert(list->max > 0 && list->size <= ITEM_MAX);
	if (list->n < list->max) {
		if (make_room(list))
			return -ENOMEM;
		memcpy(at(list, list->n++), item, list->size);
		if (list->n == list->max)
			for (size_t i = list->n / 2; i-- > 0;)
				sift_down(list, i);
		return 0;
	}
	if (compare(list, item, at(list, 0)) < 0) {
		memcpy(at(list, 0), item, list->size);
		sift_down(list, 0);
	}
	return 0;
}

void shortlist_sort(struct shortlist *list)
{
	if (list->n)
		qsort_r(list->items, list->n, list->size, list->compare,
			list->arg);
}

void shortlist_fini(struct shortlist *list)
{
	free(list->items);
	list->items = NULL;
	list->n = list->room = 0;
}
