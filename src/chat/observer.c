/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The way from what happens in the hub to whoever watches it.
 *
 * Used under the hub's lock.
 */
#include "chat/observer.h"

#include "hub_private.h"

void hub_observe(struct hub *hub, struct chat_observer *observer)
{
	hub->observer = observer;
}

void observe_msg(
	const struct hub *hub, const struct room *room, struct chat_msg *msg)
{
	if (hub->observer)
		hub->observer->see(hub->observer, room->name, msg);
}

void observe_seat(const struct hub *hub, const struct membership *seat,
	enum chat_type type, const char *reason)
{
	struct chat_msg *msg;

	if (!hub->observer)
		return;
	msg = chat_msg_new(&(struct chat_msg_spec){
		.type = type,
		.nick = seat->member->nick,
		.room = seat->room->name,
		.text = reason,
	});
	observe_msg(hub, seat->room, msg);
	chat_msg_unref(msg);
}

void observe_name(
	const struct hub *hub, const struct member *member, const char *nick)
{
	const struct membership *seat;
	struct chat_msg *msg;

	if (!hub->observer)
		return;
	msg = chat_msg_new(&(struct chat_msg_spec){
		.type = CHAT_RENAMED,
		.nick = member->nick,
		.nick2 = nick,
	});
	hub->observer->see(hub->observer, NULL, msg);
	if (msg)
		LIST_FOREACH (seat, &member->seats, of_member)
			observe_msg(hub, seat->room, msg);
	chat_msg_unref(msg);
}
