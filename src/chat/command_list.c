/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The lists: who is in a room, which rooms there are, whom one ignores; and the
 * refusals that name the nearest of what there is. Each list shows the first
 * LIST_MAX in its order. They are picked in one walk that keeps the best so
 * far sorted, since sorting a room of thousands under the lock would hold up
 * everybody else.
 *
 * Used under the hub's lock.
 */
#include <stdlib.h>
#include <string.h>

#include "chat/command.h"
#include "command_private.h"
#include "hub_private.h"

#define LIST_MAX    50
#define NEAREST_MAX 256 /* names among which the nearest is looked for */

/* The first of all that were offered, sorted. */
struct pick {
	const void *items[LIST_MAX]; /* borrowed */
	size_t n;
	int (*compare)(const void *a, const void *b); /* below 0: a first */
};

static void pick_offer(struct pick *pick, const void *item)
{
	size_t i = pick->n;

	if (i == LIST_MAX && pick->compare(item, pick->items[i - 1]) >= 0)
		return;
	if (i < LIST_MAX)
		pick->n++;
	else
		i--;
	for (; i > 0 && pick->compare(item, pick->items[i - 1]) < 0; i--)
		pick->items[i] = pick->items[i - 1];
	pick->items[i] = item;
}

static int compare_members(const void *a, const void *b)
{
	const struct member *left = a, *right = b;

	return name_compare(left->nick, right->nick);
}

static int compare_ignored(const void *a, const void *b)
{
	return name_compare(ignore_nick(a), ignore_nick(b));
}

/* The fullest first, then by name. */
static int compare_rooms(const void *a, const void *b)
{
	const struct room *left = a, *right = b;

	if (left->n_members != right->n_members)
		return left->n_members > right->n_members ? -1 : 1;
	return name_compare(left->name, right->name);
}

static struct chat_msg *member_item(const struct turn *turn, const void *item)
{
	const struct member *member = item;

	return reply_new(turn,
		&(struct chat_msg_spec){
			.type = CHAT_WHO_ITEM,
			.flags = member->away ? CHAT_AWAY : 0,
			.nick = member->nick,
		});
}

static struct chat_msg *ignored_item(const struct turn *turn, const void *item)
{
	return reply_new(turn,
		&(struct chat_msg_spec){
			.type = CHAT_WHO_ITEM,
			.nick = ignore_nick(item),
		});
}

static struct chat_msg *room_item(const struct turn *turn, const void *item)
{
	const struct room *room = item;

	return reply_new(turn,
		&(struct chat_msg_spec){
			.type = CHAT_ROOM_ITEM,
			.room = room->name,
			.n = room->n_members,
			.text = room_topic(room),
		});
}

/* Answers with the list: head, and an item for each that was picked. */
static void tell_list(const struct turn *turn, const struct pick *pick,
	const struct chat_msg_spec *head,
	struct chat_msg *(*make)(const struct turn *, const void *))
{
	struct chat_msg *items[LIST_MAX];
	struct chat_msg_spec spec = *head;

	spec.items = items;
	for (size_t i = 0; i < pick->n; i++) {
		items[i] = make(turn, pick->items[i]);
		if (!items[i]) {
			while (i > 0)
				chat_msg_unref(items[--i]);
			reply_post(turn, NULL);
			return;
		}
	}
	spec.n_items = pick->n;
	reply_tell(turn, &spec);
}

void command_refuse_nick(const struct turn *turn, const char *nick)
{
	const struct membership *seat, *other;
	const char *nicks[NEAREST_MAX];
	size_t n = 0;

	seat = turn->member ? turn->member->current : NULL;
	if (seat) {
		LIST_FOREACH (other, &seat->room->members, in_room) {
			if (n == NEAREST_MAX)
				break;
			if (other->member != turn->member)
				nicks[n++] = other->member->nick;
		}
	}
	reply_refuse(
		turn, CHAT_E_NO_SUCH_NICK, nick, str_nearest(nick, nicks, n));
}

void command_refuse_room(const struct turn *turn, const char *name)
{
	const struct strmap *map = &turn->hub->rooms.by_key;
	const char *bare = name[0] == '#' ? name + 1 : name;
	const char *names[NEAREST_MAX];
	struct strmap_node *node = NULL;
	size_t n = 0;

	while (n < NEAREST_MAX && (node = strmap_next(map, node)) != NULL)
		names[n++] = container_of(node, struct room, node)->name;
	reply_refuse(
		turn, CHAT_E_NO_SUCH_ROOM, bare, str_nearest(bare, names, n));
}

/* The room that is asked about; NULL, and told, if there is none. */
static const struct room *room_asked(const struct turn *turn)
{
	char name[ROOM_NAME_MAX + 1];
	const struct room *room = NULL;
	const struct membership *seat;

	if (turn->call->n_args == 0) {
		seat = seat_meant(turn);
		return seat ? seat->room : NULL;
	}
	if (room_name_parse(name, turn->call->args[0]))
		room = rooms_find(&turn->hub->rooms, name);
	if (!room)
		command_refuse_room(turn, turn->call->args[0]);
	return room;
}

void command_who(const struct turn *turn)
{
	struct pick pick = {.compare = compare_members};
	struct chat_msg_spec head = {.type = CHAT_WHO};
	const struct room *room = room_asked(turn);
	const struct membership *seat;

	if (!room)
		return;
	LIST_FOREACH (seat, &room->members, in_room)
		pick_offer(&pick, seat->member);
	head.room = room->name;
	head.n = room->n_members;
	tell_list(turn, &pick, &head, member_item);
}

void command_rooms(const struct turn *turn)
{
	const struct strmap *map = &turn->hub->rooms.by_key;
	struct pick pick = {.compare = compare_rooms};
	const struct chat_msg_spec head = {.type = CHAT_ROOMS, .n = map->n};
	struct strmap_node *node = NULL;

	while ((node = strmap_next(map, node)) != NULL)
		pick_offer(&pick, container_of(node, struct room, node));
	tell_list(turn, &pick, &head, room_item);
}

void command_ignored(const struct turn *turn)
{
	struct pick pick = {.compare = compare_ignored};
	const struct chat_msg_spec head = {
		.type = CHAT_IGNORING,
		.n = turn->member->n_ignores,
	};
	const struct ignore *ignore;

	LIST_FOREACH (ignore, &turn->member->ignores, of_member)
		pick_offer(&pick, ignore);
	tell_list(turn, &pick, &head, ignored_item);
}
