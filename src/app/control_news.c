/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The verbs `watch room` and `watch events`: lines as things happen, until the
 * asker leaves.
 *
 *   workers, chat --news--> feed --> main thread --lines--> who watches
 *
 * Both arrows are bounded and drop: the feed if the main thread is late, the
 * output of a peer if it reads too slowly. What was dropped is counted, and
 * said before the next line that has room. Nothing runs while nobody watches;
 * that a watcher has left is found out with the next news.
 *
 * The watch belongs to the server and not to the control socket, since workers
 * may have news until they have ended. Main thread, but for see_conn(). */
#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "app/control_news.h"
#include "app/server_private.h"
#include "base/clock.h"
#include "base/json_write.h"
#include "base/strmap.h"
#include "chat/msg.h"
#include "net/addr.h"
#include "net/conn_end.h"
#include "net/feed.h"
#include "proto/chat_admin.h"
#include "proto/dialect.h"

#include "control_private.h"

#define FEED_BYTES ((size_t)512 * 1024)

struct watcher {
	uint64_t req; /* see control_find() */
	bool is_json, is_gone;
	bool wants_events;
	char room[ROOM_NAME_MAX + 1]; /* or this, "": events */
	uint64_t n_lost;
};

struct control_news {
	struct server *server;            /* borrowed */
	struct feed *feed;                /* owned */
	struct conn_watcher conn_watcher; /* the crew's while wants_events */
	struct watcher watchers[CONTROL_PEERS_MAX];
	size_t n;
};

/* News of connections. */

struct conn_news {
	struct feed_item item;
	struct conn_end end;
};

static void conn_news_free(struct feed_item *item)
{
	free(container_of(item, struct conn_news, item));
}

static const struct feed_kind conn_news_kind = {.free = conn_news_free};

/* conn_watcher.see, on a worker. */
static void see_conn(void *arg, const struct conn_end *end)
{
	struct control_news *watch = arg;
	struct conn_news *news = calloc(1, sizeof(*news));

	if (news) {
		news->item.kind = &conn_news_kind;
		news->item.bytes = sizeof(*news);
		news->end = *end;
	}
	feed_put(watch->feed, news ? &news->item : NULL);
}

/* Lines. */

/* "14:02:05 " */
static void put_clock(struct strbuf *out, int64_t wall_ms)
{
	time_t secs = (time_t)(wall_ms / 1000);
	struct tm tm;

	if (localtime_r(&secs, &tm))
		strbuf_addf(out, "%02d:%02d:%02d ", tm.tm_hour, tm.tm_min,
			tm.tm_sec);
}

static void begin_event(
	struct strbuf *out, bool is_json, const char *event, int64_t wall_ms)
{
	if (is_json) {
		json_write_begin(out, event);
		json_write_time(out, "time", wall_ms);
	} else {
		put_clock(out, wall_ms);
		strbuf_adds(out, event);
	}
}

static void add_text(
	struct strbuf *out, bool is_json, const char *key, const char *text)
{
	if (is_json)
		json_write_foreign(out, key, text);
	else
		strbuf_addf(out, " %s=%s", key, text);
}

static void add_number(
	struct strbuf *out, bool is_json, const char *key, uint64_t n)
{
	if (is_json)
		json_write_number(out, key, n);
	else
		strbuf_addf(out, " %s=%llu", key, (unsigned long long)n);
}

static void end_event(struct strbuf *out, bool is_json)
{
	strbuf_adds(out, is_json ? "}\n" : "\n");
}

/* The words are those of the log. */
static void put_conn(
	struct strbuf *out, bool is_json, const struct conn_end *end)
{
	bool has_ended = end->why != CLOSE_N;
	char peer[ADDR_LEN];

	begin_event(
		out, is_json, has_ended ? "closed" : "opened", end->wall_ms);
	add_text(out, is_json, "service", end->service);
	add_text(out, is_json, "peer", peer_format(peer, &end->peer));
	add_number(out, is_json, "conn", end->id);
	if (end->nick[0])
		add_text(out, is_json, "nick", end->nick);
	if (has_ended) {
		add_text(out, is_json, "reason",
			close_row((enum close_reason)end->why)->code);
		add_number(out, is_json, "in", end->in_bytes);
		add_number(out, is_json, "out", end->out_bytes);
		if (is_json)
			json_write_time(out, "secs", (int64_t)end->lived_ms);
		else
			strbuf_addf(out, " secs=%.1f",
				(double)end->lived_ms / 1000);
	}
	end_event(out, is_json);
}

static void put_coming(
	struct strbuf *out, bool is_json, const struct chat_news *news)
{
	const struct chat_msg *msg = news->msg;

	begin_event(out, is_json,
		msg->type == CHAT_JOINED         ? "join"
			: msg->type == CHAT_LEFT ? "leave"
						 : "rename",
		news->wall_ms);
	add_text(out, is_json, "nick", msg->nick);
	if (msg->type == CHAT_RENAMED)
		add_text(out, is_json, "to", msg->nick2);
	else
		add_text(out, is_json, "room", news->room);
	end_event(out, is_json);
}

/* As members of the room have it, with the time. */
static void put_talk(
	struct strbuf *out, bool is_json, const struct chat_news *news)
{
	const struct dialect *dialect = dialect_find(is_json ? "json" : "text");

	if (!is_json)
		put_clock(out, news->wall_ms);
	dialect->render(news->msg, 0, out);
	if (!is_json || news->msg->wall_ms || out->failed || out->len < 2)
		return;
	assert(!strcmp(out->data + out->len - 2, "}\n"));
	out->len -= 2;
	json_write_time(out, "time", news->wall_ms);
	strbuf_adds(out, "}\n");
}

static void put_lost(struct strbuf *out, bool is_json, uint64_t n)
{
	char count[STR_COUNT_LEN];

	if (is_json) {
		begin_event(out, true, "left_out", clock_wall_ms());
		json_write_number(out, "lines", n);
		strbuf_adds(out, "}\n");
	} else {
		strbuf_addf(out, "(%s line%s left out)\n", str_count(count, n),
			n == 1 ? " was" : "s were");
	}
}

/* To watchers. */

static void emit(struct control_news *watch, struct watcher *w,
	const struct strbuf *line)
{
	struct control_request *req = control_find(
		watch->server->control, w->req);
	struct strbuf both = {0};

	if (!req) {
		w->is_gone = true;
		return;
	}
	if (w->n_lost)
		put_lost(&both, w->is_json, w->n_lost);
	strbuf_add(&both, line->data, line->len);
	if (both.failed || line->failed ||
		!control_emit(req, both.data, both.len))
		w->n_lost++;
	else
		w->n_lost = 0;
	strbuf_fini(&both);
}

static bool wants(const struct watcher *w, struct feed_item *item)
{
	struct chat_news *news;

	if (item->kind == &conn_news_kind)
		return w->wants_events;
	news = container_of(item, struct chat_news, item);
	if (w->wants_events)
		return news->is_event;
	return news->is_of_room && name_equal(w->room, news->room);
}

static void put_item(
	const struct watcher *w, struct feed_item *item, struct strbuf *out)
{
	if (item->kind == &conn_news_kind)
		put_conn(out, w->is_json,
			&container_of(item, struct conn_news, item)->end);
	else if (w->wants_events)
		put_coming(out, w->is_json,
			container_of(item, struct chat_news, item));
	else
		put_talk(out, w->is_json,
			container_of(item, struct chat_news, item));
}

static void show(struct control_news *watch, struct feed_item *item)
{
	struct strbuf line = {0};

	for (size_t i = 0; i < watch->n; i++) {
		struct watcher *w = &watch->watchers[i];

		if (w->is_gone || !wants(w, item))
			continue;
		strbuf_fini(&line);
		put_item(w, item, &line);
		emit(watch, w, &line);
	}
	strbuf_fini(&line);
}

/* Who watches. */

/* Has watched what somebody watches, and nothing else. */
static void update(struct control_news *watch)
{
	struct chat_watch chat = {.feed = watch->feed};

	for (size_t i = 0; i < watch->n; i++) {
		const struct watcher *w = &watch->watchers[i];

		if (w->wants_events)
			chat.events = true;
		else
			strcpy(chat.rooms[chat.n_rooms++], w->room);
	}
	conn_ends_watch(&watch->server->crew,
		chat.events ? &watch->conn_watcher : NULL);
	chat_admin_watch(watch->server->ctx.chat, &chat);
}

static void drop_gone(struct control_news *watch)
{
	size_t n = 0;

	for (size_t i = 0; i < watch->n; i++)
		if (!watch->watchers[i].is_gone)
			watch->watchers[n++] = watch->watchers[i];
	if (n == watch->n)
		return;
	watch->n = n;
	update(watch);
}

static void on_news(void *arg)
{
	struct control_news *watch = arg;
	struct feed_item *item, *next;
	uint64_t n_lost;

	for (item = feed_take(watch->feed, &n_lost); item; item = next) {
		next = item->next;
		show(watch, item);
		item->kind->free(item);
	}
	for (size_t i = 0; i < watch->n; i++)
		watch->watchers[i].n_lost += n_lost;
	drop_gone(watch);
}

void control_news_reloaded(struct server *s, bool is_ok)
{
	struct control_news *watch = s->news;
	int64_t now_ms = clock_wall_ms();

	for (size_t i = 0; watch && i < watch->n; i++) {
		struct watcher *w = &watch->watchers[i];
		struct strbuf line = {0};

		if (!w->wants_events)
			continue;
		begin_event(&line, w->is_json,
			is_ok ? "reloaded" : "reload_failed", now_ms);
		end_event(&line, w->is_json);
		emit(watch, w, &line);
		strbuf_fini(&line);
	}
}

/* The watchers that left make way. */
static void find_gone(struct control_news *watch)
{
	for (size_t i = 0; i < watch->n; i++)
		watch->watchers[i].is_gone = !control_find(
			watch->server->control, watch->watchers[i].req);
	drop_gone(watch);
}

static int make_watch(struct server *s)
{
	struct control_news *watch;

	if (s->news)
		return 0;
	watch = calloc(1, sizeof(*watch));
	if (!watch)
		return -ENOMEM;
	watch->server = s;
	watch->conn_watcher = (struct conn_watcher){see_conn, watch};
	if (feed_new(&watch->feed, s->mailbox, FEED_BYTES, on_news, watch)) {
		free(watch);
		return -ENOMEM;
	}
	s->news = watch;
	return 0;
}

void control_news_free(struct control_news *watch)
{
	if (!watch)
		return;
	feed_free(watch->feed);
	free(watch);
}

/* The first line says that from here on nothing is missed. */
static void greet(struct control_request *req, const struct watcher *w,
	const struct room_view *room)
{
	struct strbuf line = {0};

	begin_event(&line, w->is_json, "watching", clock_wall_ms());
	if (room) {
		add_text(&line, w->is_json, "room", room->name);
		add_number(&line, w->is_json, "members", room->n_members);
	}
	end_event(&line, w->is_json);
	if (!line.failed)
		(void)control_emit(req, line.data, line.len);
	strbuf_fini(&line);
}

/* room NULL: events. */
static int begin(struct control_request *req, const struct room_view *room)
{
	struct control_news *watch;
	struct watcher *w;

	if (make_watch(req->server))
		return errmsg_set(&req->error, ENOMEM, "out of memory");
	watch = req->server->news;
	find_gone(watch);
	assert(watch->n < CONTROL_PEERS_MAX);
	w = &watch->watchers[watch->n++];
	*w = (struct watcher){
		.req = req->id,
		.is_json = req->words.is_json,
		.wants_events = room == NULL,
	};
	if (room)
		strcpy(w->room, room->name);
	update(watch);
	greet(req, w, room);
	return CONTROL_PENDING;
}

int control_watch_room(struct control_request *req)
{
	struct room_view view;
	int err = control_find_room(req, req->words.args[0], &view);

	if (err)
		return err;
	err = begin(req, &view);
	room_view_fini(&view);
	return err;
}

int control_watch_events(struct control_request *req)
{
	return begin(req, NULL);
}
