/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The verb `kick`: a person by the nick, any connection by its id. The one who
 * is kicked and the rooms hear "kicked by USER: REASON", USER being who asks.
 * Main thread. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "app/server_private.h"
#include "base/str.h"
#include "base/utf8.h"
#include "chat/msg.h"
#include "net/kick.h"
#include "proto/chat_admin.h"

#include "control_private.h"

/* As much of "USER: REASON" as fits, in whole characters. */
static int make_words(struct control_request *req, char *words, size_t size)
{
	const char *reason = req->words.n_args > 1 ? req->words.args[1] : "";
	struct strbuf text = {0};
	size_t len;

	strbuf_adds(&text, control_user_name(req));
	if (reason[0]) {
		strbuf_adds(&text, ": ");
		utf8_make_safe(&text, reason, strlen(reason));
	}
	if (text.failed)
		return errmsg_set(&req->error, ENOMEM, "out of memory");
	len = utf8_fit(text.data, text.len, size - 1);
	memcpy(words, text.data, len);
	words[len] = '\0';
	strbuf_fini(&text);
	return 0;
}

static int refuse_nick(struct control_request *req, const char *nick)
{
	struct member_views views = {0};
	const char **names, *nearest = NULL;

	chat_admin_members(req->server->ctx.chat, NULL, &views);
	names = calloc(views.n + 1, sizeof(*names));
	for (size_t i = 0; names && i < views.n; i++)
		names[i] = views.rows[i].nick;
	if (names)
		nearest = str_nearest(nick, names, views.n);
	errmsg_set(&req->error, ENOENT, "nobody is called \"%.40s\"%s%s%s",
		nick,
		nearest ? "; did you mean "
			: "; `clients` lists who is "
			  "connected",
		nearest ? nearest : "", nearest ? "?" : "");
	free(names);
	member_views_fini(&views);
	return -ENOENT;
}

static void kick_done(void *arg, uint64_t ref, bool found)
{
	struct control_request *req = control_find(arg, ref);

	if (!req)
		return;
	control_done(req,
		found ? 0
		      : errmsg_set(&req->error, ENOENT,
				"there is no connection %s that is open; "
				"`closed` lists the last that ended",
				req->words.args[0]));
}

static int kick_nick(struct control_request *req, const char *nick)
{
	struct member_view member;
	struct chat_msg *answer;

	if (!chat_admin_find_member(req->server->ctx.chat, nick, &member, NULL))
		return refuse_nick(req, nick);
	answer = control_operate(req, "kick");
	chat_msg_unref(answer);
	return answer ? 0 : -EINVAL;
}

int control_kick(struct control_request *req)
{
	struct kick kick = {
		.done = kick_done, .arg = req->control, .ref = req->id};

	if (!control_read_id(req->words.args[0], &kick.conn))
		return kick_nick(req, req->words.args[0]);
	if (make_words(req, kick.words, sizeof(kick.words)))
		return -ENOMEM;
	if (kick_ask(&req->server->crew, req->server->mailbox, &kick))
		return errmsg_set(&req->error, ENOMEM, "out of memory");
	return CONTROL_PENDING;
}
