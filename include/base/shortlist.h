/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SOCKD_BASE_SHORTLIST_H
#define SOCKD_BASE_SHORTLIST_H

#include <stddef.h>

/* The first `max` of many items in some order: offering one more costs little,
 * however many there were, and no more than those are ever kept. */
struct shortlist {
	char *items;    /* owned: n of `size` bytes each */
	size_t n, room; /* room: for so many without allocating */
	size_t max, size;
	/* Below 0: a comes first. Never 0 for two of the items. */
	int (*compare)(const void *a, const void *b, void *arg);
	void *arg; /* borrowed */
};

/* Copies the item, or drops it, or drops a later one for it. 0 or -ENOMEM. */
int shortlist_offer(struct shortlist *list, const void *item);
/* Brings them into their order; nothing may be offered after that. */
void shortlist_sort(struct shortlist *list);
void shortlist_fini(struct shortlist *list);

#endif
