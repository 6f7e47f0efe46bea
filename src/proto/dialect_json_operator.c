/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Objects of the JSON dialect about what operators do. Pure.
 */
#include <string.h>

#include "base/json_write.h"
#include "base/str.h"
#include "base/units.h"
#include "chat/msg.h"
#include "dialect_json_private.h"
#include "proto/dialect.h"

/* {"type":"notification","event":EVENT,"username":NICK */
static void begin(
	const struct chat_msg *msg, const char *event, struct strbuf *out)
{
	json_write_begin(out, "notification");
	json_write_string(out, "event", event);
	json_write_string(out, "username", msg->nick);
}

/* ,"message":"NICK did"} */
static void end_in_words(
	const struct chat_msg *msg, const char *did, struct strbuf *out)
{
	json_write_key(out, "message");
	strbuf_addc(out, '"');
	json_write_escaped(out, msg->nick, strlen(msg->nick));
	json_write_escaped(out, did, strlen(did));
	strbuf_adds(out, "\"}");
}

void dialect_json_muted(const struct chat_msg *msg, struct strbuf *out)
{
	begin(msg, "mute", out);
	json_write_bool(out, "muted", true);
	if (msg->n > 0)
		json_write_number(out, "seconds", msg->n / 1000);
	end_in_words(msg, " has muted you", out);
}

void dialect_json_unmuted(const struct chat_msg *msg, struct strbuf *out)
{
	begin(msg, "mute", out);
	json_write_bool(out, "muted", false);
	end_in_words(msg, " has unmuted you", out);
}

void dialect_json_locked(const struct chat_msg *msg, struct strbuf *out)
{
	begin(msg, "lock", out);
	json_write_string(out, "room", msg->room);
	json_write_bool(out, "locked", msg->n > 0);
	end_in_words(msg,
		msg->n > 0 ? " locked the room: only operators may join"
			   : " opened the room to everybody",
		out);
}

void dialect_json_banned(const struct chat_msg *msg, struct strbuf *out)
{
	json_write_begin(out, "ban");
	json_write_foreign(out, "target", msg->text);
	if (msg->n > 0)
		json_write_time(out, "until", (int64_t)msg->n);
	if (msg->nick[0])
		json_write_string(out, "username", msg->nick);
	if (msg->nick2[0])
		json_write_string(out, "address", msg->nick2);
	strbuf_addc(out, '}');
}

static void put_ban(const struct chat_msg *item, struct strbuf *out)
{
	strbuf_adds(out, "{\"target\":");
	json_write_quoted(out, item->nick2, strlen(item->nick2));
	json_write_foreign(out, "by", item->nick);
	json_write_time(out, "time", (int64_t)item->limit);
	if (item->n > 0)
		json_write_time(out, "until", (int64_t)item->n);
	if (item->text[0])
		json_write_foreign(out, "message", item->text);
	strbuf_addc(out, '}');
}

void dialect_json_bans(const struct chat_msg *msg, struct strbuf *out)
{
	json_write_begin(out, "bans");
	json_write_key(out, "bans");
	strbuf_addc(out, '[');
	for (size_t i = 0; i < msg->n_items; i++) {
		if (i > 0)
			strbuf_addc(out, ',');
		put_ban(msg->items[i], out);
	}
	strbuf_addc(out, ']');
	json_write_number(out, "total", msg->n);
	strbuf_addc(out, '}');
}
