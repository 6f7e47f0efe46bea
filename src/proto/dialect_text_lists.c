/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What takes several lines in the text dialect: the message of the day, the
 * replay of a room, lists, help. Every line starts with the server's mark but
 * those of a replay that repeat what people said. Pure.
 */
#include <string.h>
#include <time.h>

#include "base/str.h"
#include "base/utf8.h"
#include "chat/command.h"
#include "chat/msg.h"
#include "dialect_text_private.h"
#include "proto/dialect.h"

#define HELP_COLUMN 20

static void put_line(const char *words, unsigned view, struct strbuf *out)
{
	strbuf_adds(out, TEXT_MARK);
	strbuf_adds(out, words);
	dialect_text_end(view, out);
}

void dialect_text_motd(
	const struct chat_msg *msg, unsigned view, struct strbuf *out)
{
	const char *line = msg->text;
	size_t len;

	if (!*line) {
		put_line("there is no message of the day", view, out);
		return;
	}
	while (*line) {
		len = strcspn(line, "\n");
		strbuf_adds(out, TEXT_MARK);
		utf8_make_safe(out, line, len);
		dialect_text_end(view, out);
		line += len + (line[len] == '\n');
	}
}

/* Says the day of wall_ms if it is another than that of `before`. */
static void put_day_change(
	int64_t before_ms, int64_t wall_ms, unsigned view, struct strbuf *out)
{
	static const char days[][4] = {
		"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
	static const char months[][4] = {"Jan", "Feb", "Mar", "Apr", "May",
		"Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
	time_t before = (time_t)(before_ms / 1000);
	time_t now = (time_t)(wall_ms / 1000);
	struct tm then, tm;

	if (!localtime_r(&before, &then) || !localtime_r(&now, &tm))
		return;
	if (then.tm_year == tm.tm_year && then.tm_yday == tm.tm_yday)
		return;
	strbuf_addf(out, TEXT_MARK "%s %d %s %d", days[tm.tm_wday], tm.tm_mday,
		months[tm.tm_mon], tm.tm_year + 1900);
	dialect_text_end(view, out);
}

void dialect_text_replay(
	const struct chat_msg *msg, unsigned view, struct strbuf *out)
{
	int64_t day_ms = msg->wall_ms; /* what needs no day is of today */

	strbuf_adds(out, TEXT_MARK);
	if (msg->n_items == 0) {
		strbuf_addf(out, "nothing has been said in #%s yet", msg->room);
		dialect_text_end(view, out);
		return;
	}
	strbuf_adds(out, "the last ");
	if (msg->n_items > 1)
		dialect_text_count(msg->n_items, out);
	strbuf_adds(out, msg->n_items > 1 ? " lines:" : "line:");
	dialect_text_end(view, out);
	for (size_t i = 0; i < msg->n_items; i++) {
		const struct chat_msg *item = msg->items[i];

		put_day_change(day_ms, item->wall_ms, view, out);
		day_ms = item->wall_ms;
		dialect_text_render(item, view | DIALECT_TIME, out);
	}
	put_line("end of the last lines", view, out);
}

void dialect_text_who(
	const struct chat_msg *msg, unsigned view, struct strbuf *out)
{
	strbuf_adds(out, TEXT_MARK);
	if (msg->n == 0)
		strbuf_adds(out, "nobody is");
	else
		dialect_text_count(msg->n, out);
	strbuf_addf(out, " in #%s", msg->room);
	if (msg->n > msg->n_items)
		strbuf_addf(out, ", the first %zu", msg->n_items);
	for (size_t i = 0; i < msg->n_items; i++) {
		strbuf_adds(out, i == 0 ? ": " : ", ");
		strbuf_adds(out, msg->items[i]->nick);
	}
	dialect_text_end(view, out);
}

void dialect_text_rooms(
	const struct chat_msg *msg, unsigned view, struct strbuf *out)
{
	for (size_t i = 0; i < msg->n_items; i++) {
		const struct chat_msg *item = msg->items[i];

		strbuf_addf(out, TEXT_MARK "#%s  ", item->room);
		dialect_text_count(item->n, out);
		if (item->text[0])
			strbuf_adds(out, "  ");
		utf8_make_safe(out, item->text, item->text_len);
		dialect_text_end(view, out);
	}
	strbuf_adds(out, TEXT_MARK);
	dialect_text_count(msg->n, out);
	strbuf_adds(out, msg->n == 1 ? " room" : " rooms");
	if (msg->n > msg->n_items)
		strbuf_addf(out, ", the fullest %zu are shown", msg->n_items);
	strbuf_adds(out, "; /join NAME goes there");
	dialect_text_end(view, out);
}

static void put_verb_line(
	const struct chat_verb_info *info, unsigned view, struct strbuf *out)
{
	size_t start = out->len;

	strbuf_addf(out, TEXT_MARK "/%s %s", info->name, info->usage);
	while (out->len < start + sizeof TEXT_MARK - 1 + HELP_COLUMN &&
		!out->failed)
		strbuf_addc(out, ' ');
	strbuf_adds(out, info->help);
	dialect_text_end(view, out);
}

static void put_verb_help(
	const struct chat_verb_info *info, unsigned view, struct strbuf *out)
{
	const char *alias = info->aliases;
	size_t len;

	strbuf_addf(out, TEXT_MARK "/%s%s%s: %s", info->name,
		info->usage[0] ? " " : "", info->usage, info->help);
	for (; *alias; alias += len + strspn(alias + len, " ")) {
		len = strcspn(alias, " ");
		strbuf_adds(out, alias == info->aliases ? "; also /" : ", /");
		strbuf_add(out, alias, len);
	}
	dialect_text_end(view, out);
}

void dialect_text_help(
	const struct chat_msg *msg, unsigned view, struct strbuf *out)
{
	const struct chat_verb *verb, *others[2];

	verb = chat_verb_find(msg->text, others);
	if (verb) {
		put_verb_help(chat_verb_info(verb), view, out);
		return;
	}
	for (size_t i = 0; (verb = chat_verb_at(i)) != NULL; i++)
		put_verb_line(chat_verb_info(verb), view, out);
	put_line("the first letters of a command are enough; //x says /x", view,
		out);
}
