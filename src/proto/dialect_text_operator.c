/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What operators read of bans in the text dialect. Pure, but for the time of
 * day.
 */
#include "base/clock.h"
#include "base/str.h"
#include "base/utf8.h"
#include "chat/msg.h"
#include "dialect_text_private.h"
#include "proto/dialect.h"

static void put_until(uint64_t until_ms, int64_t now_ms, struct strbuf *out)
{
	char until[CLOCK_BRIEF_LEN];

	if (until_ms > 0)
		strbuf_addf(out, " until %s",
			clock_format_brief(until, (int64_t)until_ms, now_ms));
}

void dialect_text_banned(
	const struct chat_msg *msg, unsigned view, struct strbuf *out)
{
	strbuf_addf(out, TEXT_MARK "%s is banned", msg->text);
	put_until(msg->n, msg->wall_ms, out);
	strbuf_addf(out, "; /unban %s ends it", msg->text);
	dialect_text_end(view, out);
	if (!msg->nick[0])
		return;
	strbuf_addf(out, TEXT_MARK "%s is disconnected", msg->nick);
	if (msg->nick2[0])
		strbuf_addf(out, "; /ban %s bans the address", msg->nick2);
	dialect_text_end(view, out);
}

static void put_ban(const struct chat_msg *item, int64_t now_ms, unsigned view,
	struct strbuf *out)
{
	char made[CLOCK_BRIEF_LEN];

	strbuf_addf(out, TEXT_MARK "%s", item->nick2);
	put_until(item->n, now_ms, out);
	strbuf_addf(out, ", by %s %s", item->nick,
		clock_format_brief(made, (int64_t)item->limit, now_ms));
	if (item->text[0])
		strbuf_adds(out, ": ");
	utf8_make_safe(out, item->text, item->text_len);
	dialect_text_end(view, out);
}

void dialect_text_bans(
	const struct chat_msg *msg, unsigned view, struct strbuf *out)
{
	for (size_t i = 0; i < msg->n_items; i++)
		put_ban(msg->items[i], msg->wall_ms, view, out);
	strbuf_adds(out, TEXT_MARK);
	dialect_text_count(msg->n, out);
	strbuf_adds(out, msg->n == 1 ? " ban" : " bans");
	if (msg->n > msg->n_items)
		strbuf_addf(out, ", the last %zu are shown", msg->n_items);
	if (msg->n > 0)
		strbuf_adds(out, "; /unban ends one");
	dialect_text_end(view, out);
}
