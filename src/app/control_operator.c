/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What operators do in the chat by commands of the same names: `ban`, `unban`,
 * `mute`, `lock`, `kick` of a nick. They are done by the chat, which also says
 * what it refuses; here are only the answers. And `bans`, which shows all of
 * them. Main thread. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/ban_keeper.h"
#include "app/server_private.h"
#include "base/clock.h"
#include "base/str.h"
#include "chat/msg.h"
#include "proto/chat_admin.h"
#include "proto/dialect.h"

#include "control_private.h"

#define KNOWN_AS_LEN 128

static void refuse(struct control_request *req, const struct chat_msg *answer)
{
	struct strbuf words = {0};

	dialect_refusal_words(answer, &words);
	errmsg_set(&req->error, EINVAL, "%s",
		words.failed ? "out of memory" : words.data);
	strbuf_fini(&words);
}

struct chat_msg *control_operate(struct control_request *req, const char *verb)
{
	char known_as[KNOWN_AS_LEN];
	const struct admin_deed deed = {
		.verb = verb,
		.args = req->words.args,
		.n_args = req->words.n_args,
		.nick = control_user_name(req),
		.known_as = known_as,
	};
	struct chat_msg *answer;

	snprintf(known_as, sizeof(known_as), "%s by sockctl", deed.nick);
	answer = chat_admin_operate(req->server->ctx.chat, &deed);
	if (!answer)
		errmsg_set(&req->error, ENOMEM, "out of memory");
	if (!answer || answer->type < CHAT_E_FIRST)
		return answer;
	refuse(req, answer);
	chat_msg_unref(answer);
	return NULL;
}

static void until_or_none(struct report *r, int64_t until_ms)
{
	if (until_ms)
		report_time(r, "until", until_ms);
	else
		report_none(r, "until");
}

static void text_or_none(struct report *r, const char *key, const char *text)
{
	if (text[0])
		report_text(r, key, text);
	else
		report_none(r, key);
}

static void ban_settled(void *arg, uint64_t ref, int err, uint64_t n_closed)
{
	struct control_request *req = control_find(arg, ref);

	if (!req)
		return;
	if (err)
		errmsg_set(&req->error, -err,
			"the list of bans is changed, but that is not in "
			"force yet: out of memory; it is tried again every "
			"second");
	else
		report_count(req->report, "connections_closed", n_closed);
	control_done(req, err);
}

/* The answer comes when it is so: in all services, if it is a network. */
static int settle(struct control_request *req, const char *what)
{
	struct network net;

	if (network_parse(what, &net, NULL))
		return 0;
	if (ban_keeper_await(
		    req->server->bans, ban_settled, req->control, req->id))
		return errmsg_set(&req->error, ENOMEM, "out of memory");
	return CONTROL_PENDING;
}

int control_ban(struct control_request *req)
{
	struct chat_msg *answer = control_operate(req, "ban");
	int err;

	if (!answer)
		return -EINVAL;
	report_text(req->report, "banned", answer->text);
	until_or_none(req->report, (int64_t)answer->n);
	if (answer->nick[0]) {
		report_text(req->report, "disconnected", answer->nick);
		text_or_none(req->report, "address", answer->nick2);
	}
	err = settle(req, answer->text);
	chat_msg_unref(answer);
	return err;
}

int control_unban(struct control_request *req)
{
	struct chat_msg *answer = control_operate(req, "unban");
	int err;

	if (!answer)
		return -EINVAL;
	report_text(req->report, "unbanned", answer->text);
	err = settle(req, answer->text);
	chat_msg_unref(answer);
	return err;
}

int control_mute(struct control_request *req)
{
	struct chat_msg *answer = control_operate(req, "mute");

	if (!answer)
		return -EINVAL;
	report_text(req->report, "nick", answer->nick);
	report_bool(req->report, "muted", answer->type == CHAT_YOU_MUTED);
	if (answer->n)
		report_age(req->report, "for", answer->n);
	chat_msg_unref(answer);
	return 0;
}

int control_lock(struct control_request *req)
{
	struct chat_msg *answer = control_operate(req, "lock");

	if (!answer)
		return -EINVAL;
	report_text(req->report, "room", answer->room);
	report_bool(req->report, "locked", answer->n > 0);
	chat_msg_unref(answer);
	return 0;
}

/* bans */

static void add_ban(struct report *r, const struct ban *ban)
{
	report_text(r, "ban", ban->what);
	report_text(r, "kind", ban->kind == BAN_NETWORK ? "network" : "name");
	report_time(r, "made", ban->made_ms);
	until_or_none(r, ban->until_ms);
	report_text(r, "by", ban->by);
	text_or_none(r, "reason", ban->reason);
}

int control_bans(struct control_request *req)
{
	static const struct report_column columns[] = {
		{"ban", REPORT_TEXT},
		{"kind", REPORT_TEXT},
		{"made", REPORT_TIME},
		{"until", REPORT_TIME},
		{"by", REPORT_TEXT},
		{"reason", REPORT_TEXT},
	};
	int64_t now_ms = clock_wall_ms();
	struct ban_list list;

	if (chat_admin_bans(req->server->ctx.chat, &list))
		return errmsg_set(&req->error, ENOMEM, "out of memory");
	report_begin(req->report, "bans", columns, 6);
	for (size_t i = 0; i < list.n_items; i++)
		if (!ban_is_over(list.items[i], now_ms))
			add_ban(req->report, list.items[i]);
	report_end(req->report);
	ban_list_fini(&list);
	return 0;
}
