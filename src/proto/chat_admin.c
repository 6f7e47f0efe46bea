/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The administrator's door to the hub. A mutex is not fair: who gives it back
 * and takes it again at once may have it all the time while others sleep. So
 * there is a rest after each portion, long enough for who waits to wake up.
 *
 * News of what is watched are made under the lock, on the thread that caused
 * them, and are dropped there if the feed is full. */
#include "proto/chat_admin.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/utf8.h"
#include "chat/command.h"
#include "chat/msg.h"
#include "chat/operate.h"
#include "chat_port_private.h"

#define REST_NS 50000

void chat_port_rest(void)
{
	const struct timespec ts = {.tv_nsec = REST_NS};

	(void)nanosleep(&ts, NULL);
}

void chat_admin_rooms(struct chat_port *port, struct room_views *ret)
{
	struct strmap_walk walk = {0};
	bool is_more;

	do {
		pthread_mutex_lock(&port->lock);
		is_more = hub_view_rooms(port->hub, &walk, ret);
		pthread_mutex_unlock(&port->lock);
		chat_port_rest();
	} while (is_more);
}

void chat_admin_members(
	struct chat_port *port, const char *room, struct member_views *ret)
{
	const struct chat_now now = chat_port_now();
	struct strmap_walk walk = {0};
	bool is_more;

	do {
		pthread_mutex_lock(&port->lock);
		is_more = hub_view_members(port->hub, &walk, room, &now, ret);
		pthread_mutex_unlock(&port->lock);
		chat_port_rest();
	} while (is_more);
}

bool chat_admin_find_room(
	struct chat_port *port, const char *name, struct room_view *ret)
{
	bool found;

	pthread_mutex_lock(&port->lock);
	found = hub_view_room(port->hub, name, ret);
	pthread_mutex_unlock(&port->lock);
	return found;
}

bool chat_admin_find_member(struct chat_port *port, const char *nick,
	struct member_view *ret, struct strlist *ret_rooms)
{
	const struct chat_now now = chat_port_now();
	bool found;

	pthread_mutex_lock(&port->lock);
	found = hub_view_member(port->hub, nick, &now, ret, ret_rooms);
	pthread_mutex_unlock(&port->lock);
	return found;
}

int chat_admin_proclaim(struct chat_port *port, struct proclamation *p)
{
	const struct chat_now now = chat_port_now();
	struct chat_outbox out = {0};
	struct strmap_walk walk = {0};
	bool is_more = true;

	while (is_more && !chat_port_is_full(port)) {
		struct delivery d;

		pthread_mutex_lock(&port->lock);
		is_more = hub_proclaim(port->hub, &walk, p, &now, &out);
		d = chat_port_deliver(port, &out);
		pthread_mutex_unlock(&port->lock);
		chat_port_wake(port, d.asleep);
		p->is_short = p->is_short || d.failed;
		if (is_more)
			chat_port_rest();
	}
	outbox_fini(&out);
	return is_more ? -EAGAIN : 0;
}

/* Operating. */

/* Puts the arguments, made safe, into the call. False: no memory. */
static bool fill_call(struct chat_call *call, const struct admin_deed *deed)
{
	size_t starts[CHAT_ARGS_MAX];

	assert(deed->n_args <= CHAT_ARGS_MAX);
	for (size_t i = 0; i < deed->n_args; i++) {
		starts[i] = call->buf.len;
		utf8_make_safe(
			&call->buf, deed->args[i], strlen(deed->args[i]));
		strbuf_addc(&call->buf, '\0');
	}
	call->n_args = deed->n_args;
	for (size_t i = 0; !call->buf.failed && i < deed->n_args; i++)
		call->args[i] = call->buf.data + starts[i];
	return !call->buf.failed;
}

struct chat_msg *chat_admin_operate(
	struct chat_port *port, const struct admin_deed *deed)
{
	const struct chat_now now = chat_port_now();
	const struct chat_verb *others[2];
	struct chat_call call = {.verb = chat_verb_find(deed->verb, others)};
	struct chat_operation operation = {
		.call = &call, .nick = deed->nick, .known_as = deed->known_as};
	struct chat_outbox out = {0};
	struct delivery d = {0};

	assert(call.verb && chat_verb_info(call.verb)->is_for_operators);
	if (fill_call(&call, deed)) {
		pthread_mutex_lock(&port->lock);
		hub_operate(port->hub, &operation, &now, &out);
		d = chat_port_deliver(port, &out);
		pthread_mutex_unlock(&port->lock);
		chat_port_wake(port, d.asleep);
	}
	outbox_fini(&out);
	chat_call_fini(&call);
	return operation.answer;
}

void chat_admin_watch_bans(
	struct chat_port *port, void (*changed)(void *arg), void *arg)
{
	pthread_mutex_lock(&port->lock);
	port->bans_serial = hub_bans(port->hub)->serial;
	port->bans_changed = changed;
	port->bans_arg = arg;
	pthread_mutex_unlock(&port->lock);
}

int chat_admin_bans(struct chat_port *port, struct ban_list *ret)
{
	int err;

	pthread_mutex_lock(&port->lock);
	err = bans_copy(hub_bans(port->hub), ret);
	pthread_mutex_unlock(&port->lock);
	return err;
}

size_t chat_admin_n_bans(struct chat_port *port)
{
	int64_t now_ms = clock_wall_ms();
	size_t n;

	pthread_mutex_lock(&port->lock);
	n = bans_count(hub_bans(port->hub), now_ms);
	pthread_mutex_unlock(&port->lock);
	return n;
}

int chat_admin_load_bans(struct chat_port *port, const char *data, size_t len,
	struct errmsg *msg)
{
	const struct chat_now now = chat_port_now();
	int err;

	pthread_mutex_lock(&port->lock);
	err = hub_load_bans(port->hub, data, len, &now, msg);
	pthread_mutex_unlock(&port->lock);
	return err;
}

/* Watching. */

static void news_free(struct feed_item *item)
{
	struct chat_news *news = container_of(item, struct chat_news, item);

	chat_msg_unref(news->msg);
	free(news);
}

const struct feed_kind chat_news_kind = {.free = news_free};

static bool is_watched(const struct chat_watch *watch, const char *room)
{
	for (size_t i = 0; room && i < watch->n_rooms; i++)
		if (name_equal(watch->rooms[i], room))
			return true;
	return false;
}

static bool is_event(const char *room, const struct chat_msg *msg)
{
	if (msg->type == CHAT_RENAMED)
		return !room;
	return msg->type == CHAT_JOINED || msg->type == CHAT_LEFT;
}

static struct feed_item *make_news(const char *room, struct chat_msg *msg)
{
	struct chat_news *news = calloc(1, sizeof(*news));

	if (!news)
		return NULL;
	news->item.kind = &chat_news_kind;
	news->item.bytes = sizeof(*news) + msg->bytes;
	news->wall_ms = clock_wall_ms();
	if (room)
		strcpy(news->room, room);
	news->msg = chat_msg_ref(msg);
	return &news->item;
}

/* chat_observer.see, under the lock. */
static void see(
	struct chat_observer *observer, const char *room, struct chat_msg *msg)
{
	struct chat_port *port = container_of(
		observer, struct chat_port, observer);
	const struct chat_watch *watch = &port->watch;
	bool of_room = is_watched(watch, room);
	bool event = watch->events && msg && is_event(room, msg);
	struct feed_item *item = NULL;

	if (msg && !of_room && !event)
		return;
	if (msg)
		item = make_news(room, msg);
	if (item) {
		struct chat_news *news = container_of(
			item, struct chat_news, item);

		news->is_event = event;
		news->is_of_room = of_room;
	}
	feed_put(watch->feed, item);
}

void chat_admin_watch(struct chat_port *port, const struct chat_watch *watch)
{
	bool is_on = watch && (watch->events || watch->n_rooms > 0);

	pthread_mutex_lock(&port->lock);
	if (is_on)
		port->watch = *watch;
	port->observer.see = see;
	hub_observe(port->hub, is_on ? &port->observer : NULL);
	pthread_mutex_unlock(&port->lock);
}
