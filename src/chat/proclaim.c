/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What the server itself tells rooms, for whoever runs it. It is news, not
 * talk: no history keeps it.
 *
 * Used under the hub's lock.
 */
#include "chat/hub_view.h"
#include "hub_private.h"

struct sight {
	const struct turn *turn;
	struct proclamation *p;
	size_t n_seen;
};

static void tell_room(const struct sight *sight, const struct room *room)
{
	struct proclamation *p = sight->p;
	struct chat_msg *msg;

	if (room->n_members == 0)
		return;
	msg = reply_new(sight->turn,
		&(struct chat_msg_spec){
			.type = CHAT_PROCLAIMED,
			.room = room->name,
			.text = p->text,
		});
	if (!msg || outbox_reserve(sight->turn->out, 1, 0) < 0) {
		chat_msg_unref(msg);
		p->is_short = true;
		return;
	}
	p->n_rooms++;
	p->n_members += room->n_members;
	observe_msg(sight->turn->hub, room, msg);
	reply_room(sight->turn, room, NULL, msg);
}

static void see_node(void *arg, struct strmap_node *node)
{
	struct sight *sight = arg;

	sight->n_seen++;
	tell_room(sight, container_of(node, struct room, node));
}

bool hub_proclaim(struct hub *hub, struct strmap_walk *walk,
	struct proclamation *p, const struct chat_now *now,
	struct chat_outbox *out)
{
	const struct turn turn = {.hub = hub, .now = now, .out = out};
	struct sight sight = {.turn = &turn, .p = p};
	const struct room *room;
	bool is_more = true;

	if (p->room) {
		room = rooms_find(&hub->rooms, p->room);
		if (room)
			tell_room(&sight, room);
		return false;
	}
	while (is_more && sight.n_seen < HUB_VIEW_PORTION)
		is_more = strmap_walk(
			&hub->rooms.by_key, walk, see_node, &sight);
	return is_more;
}
