/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Objects of the JSON dialect about people: who is where, away, ignored, back.
 * Pure.
 */
#include <string.h>

#include "base/json_write.h"
#include "base/str.h"
#include "chat/msg.h"
#include "dialect_json_private.h"

/* ,"members":[{"username":U},...],"total":N} */
static void put_members(const struct chat_msg *msg, struct strbuf *out)
{
	json_write_key(out, "members");
	for (size_t i = 0; i < msg->n_items; i++) {
		const struct chat_msg *item = msg->items[i];

		strbuf_adds(
			out, i == 0 ? "[{\"username\":" : ",{\"username\":");
		json_write_quoted(out, item->nick, strlen(item->nick));
		if (item->flags & CHAT_AWAY)
			json_write_bool(out, "away", true);
		strbuf_addc(out, '}');
	}
	strbuf_adds(out, msg->n_items > 0 ? "]" : "[]");
	json_write_number(out, "total", msg->n);
	strbuf_addc(out, '}');
}

void dialect_json_who(const struct chat_msg *msg, struct strbuf *out)
{
	json_write_begin(out, "who");
	json_write_string(out, "room", msg->room);
	put_members(msg, out);
}

void dialect_json_ignoring(const struct chat_msg *msg, struct strbuf *out)
{
	json_write_begin(out, "ignore");
	put_members(msg, out);
}

/* Times are seconds. */
void dialect_json_whois(const struct chat_msg *msg, struct strbuf *out)
{
	json_write_begin(out, "whois");
	json_write_string(out, "username", msg->nick);
	if (msg->nick2[0])
		json_write_string(out, "user", msg->nick2);
	if (msg->room[0])
		json_write_string(out, "account", msg->room);
	if (msg->flags & CHAT_OPERATOR)
		json_write_bool(out, "operator", true);
	json_write_key(out, "rooms");
	for (size_t i = 0; i < msg->n_items; i++) {
		const char *room = msg->items[i]->room;

		strbuf_addc(out, i == 0 ? '[' : ',');
		json_write_quoted(out, room, strlen(room));
	}
	strbuf_adds(out, msg->n_items > 0 ? "]" : "[]");
	json_write_number(out, "here", msg->n / 1000);
	json_write_number(out, "silent", msg->limit / 1000);
	json_write_bool(out, "away", msg->flags & CHAT_AWAY);
	if (msg->text[0])
		json_write_foreign(out, "message", msg->text);
	strbuf_addc(out, '}');
}

void dialect_json_away(const struct chat_msg *msg, struct strbuf *out)
{
	json_write_begin(out, "away");
	json_write_string(out, "username", msg->nick);
	json_write_foreign(out, "message", msg->text);
	strbuf_addc(out, '}');
}

void dialect_json_welcome_back(const struct chat_msg *msg, struct strbuf *out)
{
	json_write_begin(out, "resume");
	json_write_string(out, "username", msg->nick);
	if (msg->nick2[0])
		json_write_string(out, "taken", msg->nick2);
	json_write_number(out, "missed", msg->n);
	json_write_number(out, "lost", msg->limit);
	json_write_foreign(out, "resume", msg->text);
	strbuf_addc(out, '}');
}

void dialect_json_logged_in(const struct chat_msg *msg, struct strbuf *out)
{
	json_write_begin(out, "login");
	json_write_string(out, "username", msg->nick);
	json_write_bool(out, "operator", msg->flags & CHAT_OPERATOR);
	strbuf_addc(out, '}');
}
