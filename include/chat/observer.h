/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SOCKD_CHAT_OBSERVER_H
#define SOCKD_CHAT_OBSERVER_H

struct chat_msg;
struct hub;

/* Who watches the hub from outside: what is said (SAID, ACTION), TOPIC_SET,
 * PROCLAIMED, and who comes, goes and is renamed (JOINED, LEFT, RENAMED) the
 * moment it happens, which members are told later, or not at all in a room
 * that is quiet. */
struct chat_observer {
	/* room: its name, borrowed. A rename is shown once with NULL, then once
	 * for each room the member is in. msg: borrowed; NULL: one was lost for
	 * want of memory. */
	void (*see)(struct chat_observer *observer, const char *room,
		struct chat_msg *msg);
};

/* Borrowed until the next call; NULL: nobody watches, which costs nothing. */
void hub_observe(struct hub *hub, struct chat_observer *observer);

#endif
