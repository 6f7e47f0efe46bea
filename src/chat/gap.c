/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What the history still has of that which a slow reader was not told. It is
 * counted as /history counts, so that the number which the reader is given is
 * the one to ask for.
 *
 * Used under the hub's lock.
 */
#include "chat/gap.h"

#include <string.h>

#include "hub_private.h"

static const struct room *find_room(const struct member *member, uint32_t index)
{
	const struct membership *seat;

	LIST_FOREACH (seat, &member->seats, of_member)
		if (seat->room->index == index)
			return seat->room;
	return NULL;
}

void gap_fill(struct chat_gap *gap, const struct member *member)
{
	const struct room *room = find_room(member, gap->index);
	const struct history *h;

	gap->n_kept = 0;
	gap->room[0] = '\0';
	if (!room)
		return;
	strcpy(gap->room, room->name);
	h = &room->history;
	for (size_t i = h->n; i-- > 0;) {
		const struct chat_msg *msg = history_at(h, i);

		if (msg->id <= gap->since)
			break;
		gap->n_kept += !ignore_find(member, msg->author);
	}
}
