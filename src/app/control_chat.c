/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The verbs about the chat: `rooms`, `room` and `say`. Main thread. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "app/config.h"
#include "app/plan.h"
#include "app/server_private.h"
#include "base/str.h"
#include "base/utf8.h"
#include "chat/name.h"
#include "proto/chat_admin.h"

#include "control_private.h"

/* Rooms by name. */

static void refuse_room(struct control_request *req, const char *name)
{
	struct room_views views = {0};
	const char **names, *nearest = NULL;

	if (name[0] == '#')
		name++;
	chat_admin_rooms(req->server->ctx.chat, &views);
	names = calloc(views.n + 1, sizeof(*names));
	for (size_t i = 0; names && i < views.n; i++)
		names[i] = views.rows[i].name;
	if (names)
		nearest = str_nearest(name, names, views.n);
	errmsg_set(&req->error, ENOENT, "there is no room #%.40s%s%s%s", name,
		nearest ? "; did you mean #" : "; `rooms` lists them",
		nearest ? nearest : "", nearest ? "?" : "");
	free(names);
	room_views_fini(&views);
}

int control_find_room(
	struct control_request *req, const char *word, struct room_view *ret)
{
	char name[ROOM_NAME_MAX + 1];

	if (room_name_parse(name, word) &&
		chat_admin_find_room(req->server->ctx.chat, name, ret))
		return 0;
	refuse_room(req, word);
	return -ENOENT;
}

/* rooms */

static void add_said(struct report *r, const struct room_view *view)
{
	if (view->said_ms)
		report_time(r, "last_said", view->said_ms);
	else
		report_none(r, "last_said");
}

static void add_topic(struct report *r, const struct room_view *view)
{
	if (view->topic)
		report_text(r, "topic", view->topic);
	else
		report_none(r, "topic");
}

static void add_room(struct report *r, const struct room_view *view)
{
	report_text(r, "room", view->name);
	report_count(r, "members", view->n_members);
	report_count(r, "messages", view->n_said);
	add_said(r, view);
	report_count(r, "history_lines", view->n_lines);
	report_bytes(r, "history_bytes", view->history_bytes);
	report_bool(r, "configured", view->is_configured);
	add_topic(r, view);
}

/* The fullest first, then by name. */
static int compare_rooms(const void *a, const void *b)
{
	const struct room_view *left = a, *right = b;

	if (left->n_members != right->n_members)
		return left->n_members > right->n_members ? -1 : 1;
	return name_compare(left->name, right->name);
}

static void remark_short(struct report *r, bool is_short)
{
	if (is_short)
		report_text(r, "remark", "memory was short: some are missing");
}

int control_rooms(struct control_request *req)
{
	static const struct report_column columns[] = {
		{"room", REPORT_TEXT},
		{"members", REPORT_COUNT},
		{"messages", REPORT_COUNT},
		{"last_said", REPORT_TIME},
		{"history_lines", REPORT_COUNT},
		{"history_bytes", REPORT_BYTES},
		{"configured", REPORT_BOOL},
		{"topic", REPORT_TEXT},
	};
	struct room_views views = {0};

	chat_admin_rooms(req->server->ctx.chat, &views);
	if (views.n)
		qsort(views.rows, views.n, sizeof(*views.rows), compare_rooms);
	report_begin(req->report, "rooms", columns, 8);
	for (size_t i = 0; i < views.n; i++)
		add_room(req->report, &views.rows[i]);
	report_end(req->report);
	remark_short(req->report, views.is_short);
	room_views_fini(&views);
	return 0;
}

/* room */

static int compare_members(const void *a, const void *b)
{
	const struct member_view *left = a, *right = b;

	return name_compare(left->nick, right->nick);
}

static void add_member(struct report *r, const struct member_view *view)
{
	report_text(r, "nick", view->nick);
	report_count(r, "id", view->home.conn);
	report_text(r, "kind", view->is_program ? "program" : "person");
	report_age(r, "here", view->here_ms);
	report_age(r, "silent", view->silent_ms);
	report_bool(r, "away", view->is_away);
}

static void add_members(struct control_request *req, const char *room)
{
	static const struct report_column columns[] = {
		{"nick", REPORT_TEXT},
		{"id", REPORT_COUNT},
		{"kind", REPORT_TEXT},
		{"here", REPORT_AGE},
		{"silent", REPORT_AGE},
		{"away", REPORT_BOOL},
	};
	struct member_views views = {0};

	chat_admin_members(req->server->ctx.chat, room, &views);
	if (views.n)
		qsort(views.rows, views.n, sizeof(*views.rows),
			compare_members);
	report_begin(req->report, "who", columns, 6);
	for (size_t i = 0; i < views.n; i++)
		add_member(req->report, &views.rows[i]);
	report_end(req->report);
	remark_short(req->report, views.is_short);
	member_views_fini(&views);
}

int control_room(struct control_request *req)
{
	struct room_view view;
	int err = control_find_room(req, req->words.args[0], &view);

	if (err)
		return err;
	add_room(req->report, &view);
	add_members(req, view.name);
	room_view_fini(&view);
	return 0;
}

/* say */

static int check_text(struct control_request *req, const char *text)
{
	const struct config *cfg = config_ref_get(req->server->plan->cfg);
	size_t max = cfg->chat.text;

	if (!text[0])
		return errmsg_set(&req->error, EINVAL, "there is no text");
	if (strlen(text) > max)
		return errmsg_set(&req->error, EMSGSIZE,
			"the text has %zu bytes, %zu are allowed", strlen(text),
			max);
	return 0;
}

static int proclaim(struct control_request *req, struct proclamation *p)
{
	int err = chat_admin_proclaim(req->server->ctx.chat, p);

	report_count(req->report, "rooms", p->n_rooms);
	report_count(req->report, "members", p->n_members);
	if (err)
		return errmsg_set(&req->error, -err,
			"so much waits to be told that this was not told to "
			"all; try again in a moment");
	if (p->is_short)
		return errmsg_set(&req->error, ENOMEM,
			"memory was short: not all were told");
	return 0;
}

int control_say(struct control_request *req)
{
	const char *where = req->words.args[0];
	struct proclamation p = {.room = NULL};
	struct room_view view = {.topic = NULL};
	struct strbuf text = {0};
	int err = check_text(req, req->words.args[1]);

	if (!err && strcmp(where, "*") != 0) {
		err = control_find_room(req, where, &view);
		p.room = view.name;
	}
	room_view_fini(&view);
	if (err)
		return err;
	utf8_make_safe(&text, req->words.args[1], strlen(req->words.args[1]));
	p.text = text.data;
	err = text.failed ? errmsg_set(&req->error, ENOMEM, "out of memory")
			  : proclaim(req, &p);
	strbuf_fini(&text);
	return err;
}
