/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Copies of rooms and members for whoever runs the server. A portion is a few
 * buckets of the hub's maps; between portions everything may change, and what
 * is there all the time is seen once (strmap_walk()).
 *
 * Used under the hub's lock.
 */
#include "chat/hub_view.h"

#include <stdlib.h>
#include <string.h>

#include "base/rows.h"
#include "hub_private.h"

void room_view_fini(struct room_view *view)
{
	free(view->topic);
	view->topic = NULL;
}

void room_views_fini(struct room_views *views)
{
	for (size_t i = 0; i < views->n; i++)
		room_view_fini(&views->rows[i]);
	free(views->rows);
	*views = (struct room_views){0};
}

void member_views_fini(struct member_views *views)
{
	free(views->rows);
	*views = (struct member_views){0};
}

static void fill_room(struct room_view *view, const struct room *room)
{
	const char *topic = room_topic(room);

	*view = (struct room_view){
		.is_configured = room->settings != NULL,
		.n_members = room->n_members,
		.n_said = room->seq,
		.said_ms = room->seq ? hub_time_of_id(room->last_id) : 0,
		.n_lines = room->history.n,
		.history_bytes = room->history.bytes,
		.topic = topic[0] ? strdup(topic) : NULL,
	};
	strcpy(view->name, room->name);
}

static void fill_member(struct member_view *view, const struct member *member,
	const struct chat_now *now)
{
	*view = (struct member_view){
		.home = member->home,
		.here_ms = now->mono_ms - member->came_ms,
		.silent_ms = now->mono_ms - member->spoke_ms,
		.is_away = member->away != NULL,
		.is_program = member->is_program,
		.is_operator = member->is_operator,
	};
	strcpy(view->nick, member->nick);
	if (member->account)
		strcpy(view->account, member->account);
	if (member_user(member))
		strncpy(view->user, member_user(member),
			sizeof(view->user) - 1);
}

struct room_sight {
	struct room_views *views;
	size_t n_seen;
};

static void see_room(void *arg, struct strmap_node *node)
{
	struct room_sight *sight = arg;
	struct room_views *views = sight->views;
	void *rows = views->rows;

	sight->n_seen++;
	if (rows_make_room(
		    &rows, &views->size, views->n, sizeof(*views->rows))) {
		views->rows = rows;
		fill_room(&views->rows[views->n++],
			container_of(node, struct room, node));
	} else {
		views->is_short = true;
	}
}

bool hub_view_rooms(const struct hub *hub, struct strmap_walk *walk,
	struct room_views *views)
{
	struct room_sight sight = {.views = views};
	bool is_more = true;

	while (is_more && sight.n_seen < HUB_VIEW_PORTION)
		is_more = strmap_walk(
			&hub->rooms.by_key, walk, see_room, &sight);
	return is_more;
}

struct member_sight {
	struct member_views *views;
	const struct room *room; /* NULL: any */
	const struct chat_now *now;
	size_t n_seen;
};

static void see_member(void *arg, struct strmap_node *node)
{
	struct member_sight *sight = arg;
	struct member_views *views = sight->views;
	const struct member *member = container_of(node, struct member, node);
	void *rows = views->rows;

	sight->n_seen++;
	if (sight->room && !seat_find(member, sight->room))
		return;
	if (rows_make_room(
		    &rows, &views->size, views->n, sizeof(*views->rows))) {
		views->rows = rows;
		fill_member(&views->rows[views->n++], member, sight->now);
	} else {
		views->is_short = true;
	}
}

bool hub_view_members(const struct hub *hub, struct strmap_walk *walk,
	const char *room, const struct chat_now *now,
	struct member_views *views)
{
	struct member_sight sight = {.views = views, .now = now};
	bool is_more = true;

	if (room)
		sight.room = rooms_find(&hub->rooms, room);
	if (room && !sight.room)
		return false;
	while (is_more && sight.n_seen < HUB_VIEW_PORTION)
		is_more = strmap_walk(&hub->members, walk, see_member, &sight);
	return is_more;
}

bool hub_view_room(
	const struct hub *hub, const char *name, struct room_view *ret)
{
	const struct room *room = rooms_find(&hub->rooms, name);

	if (room)
		fill_room(ret, room);
	return room != NULL;
}

bool hub_view_member(const struct hub *hub, const char *nick,
	const struct chat_now *now, struct member_view *ret,
	struct strlist *ret_rooms)
{
	const struct member *member = hub_find_member(hub, nick);
	const struct membership *seat;

	if (!member)
		return false;
	fill_member(ret, member, now);
	LIST_FOREACH (seat, &member->seats, of_member)
		if (ret_rooms)
			(void)strlist_add(ret_rooms, seat->room->name);
	return true;
}
