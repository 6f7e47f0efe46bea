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
	unsigned item_view = (view | DIALECT_TIME) & DIALECT_RENDERING;

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
		dialect_text_render(item, item_view, out);
	}
	put_line("end of the last lines", view, out);
}

/* ": alice, bob (away)" */
static void put_nicks(const struct chat_msg *msg, struct strbuf *out)
{
	for (size_t i = 0; i < msg->n_items; i++) {
		const struct chat_msg *item = msg->items[i];

		strbuf_adds(out, i == 0 ? ": " : ", ");
		strbuf_adds(out, item->nick);
		if (item->flags & CHAT_AWAY)
			strbuf_adds(out, " (away)");
	}
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
	put_nicks(msg, out);
	dialect_text_end(view, out);
}

void dialect_text_ignoring(
	const struct chat_msg *msg, unsigned view, struct strbuf *out)
{
	if (msg->n == 0) {
		put_line(
			"you ignore nobody; /ignore NICK begins to", view, out);
		return;
	}
	strbuf_adds(out, TEXT_MARK "you ignore ");
	dialect_text_count(msg->n, out);
	put_nicks(msg, out);
	dialect_text_end(view, out);
}

/* "2h": how long in the largest unit that is not too large. */
static void put_age(uint64_t ms, struct strbuf *out)
{
	static const struct {
		uint64_t ms;
		char letter;
	} units[] = {
		{86400000, 'd'}, {3600000, 'h'}, {60000, 'm'}, {1000, 's'}};
	size_t i = 0;

	while (ms < units[i].ms && units[i].letter != 's')
		i++;
	strbuf_addf(out, "%llu%c", (unsigned long long)(ms / units[i].ms),
		units[i].letter);
}

/* "account alice, operator", "user alice on this machine", "guest" */
static void put_identity(const struct chat_msg *msg, struct strbuf *out)
{
	const char *comma = "";

	if (msg->room[0])
		strbuf_addf(out, "account %s", msg->room);
	else if (!msg->nick2[0])
		strbuf_adds(out, "guest");
	if (msg->room[0] && msg->nick2[0])
		comma = ", ";
	if (msg->nick2[0])
		strbuf_addf(
			out, "%suser %s on this machine", comma, msg->nick2);
	if (msg->flags & CHAT_OPERATOR)
		strbuf_adds(out, ", operator");
}

void dialect_text_whois(
	const struct chat_msg *msg, unsigned view, struct strbuf *out)
{
	strbuf_addf(out, TEXT_MARK "%s: ", msg->nick);
	put_identity(msg, out);
	strbuf_adds(out, msg->n_items > 0 ? ", in" : ", in no room");
	for (size_t i = 0; i < msg->n_items; i++)
		strbuf_addf(
			out, "%s #%s", i > 0 ? "," : "", msg->items[i]->room);
	strbuf_adds(out, ", here ");
	put_age(msg->n, out);
	strbuf_adds(out, ", silent ");
	put_age(msg->limit, out);
	dialect_text_end(view, out);
	if (!(msg->flags & CHAT_AWAY))
		return;
	strbuf_addf(out, TEXT_MARK "%s is away%s", msg->nick,
		msg->text[0] ? ": " : "");
	utf8_make_safe(out, msg->text, msg->text_len);
	dialect_text_end(view, out);
}

/* "3 missed, all shown", "12 lost", "15 missed, 12 lost" */
static void put_gap(uint64_t missed, uint64_t lost, struct strbuf *out)
{
	if (missed == 0)
		strbuf_adds(out, "nothing was missed");
	if (missed > lost) {
		dialect_text_count(missed, out);
		strbuf_adds(out, lost > 0 ? " missed, " : " missed, all shown");
	}
	if (lost > 0) {
		dialect_text_count(lost, out);
		strbuf_adds(out, " lost");
	}
}

void dialect_text_welcome_back(
	const struct chat_msg *msg, unsigned view, struct strbuf *out)
{
	strbuf_addf(out, TEXT_MARK "welcome back, %s: ", msg->nick);
	put_gap(msg->n, msg->limit, out);
	strbuf_addf(out, ". If you are cut off: /resume %s", msg->text);
	dialect_text_end(view, out);
	if (!msg->nick2[0])
		return;
	strbuf_addf(out,
		TEXT_MARK "somebody else has the name %s now; /nick NAME takes "
			  "another",
		msg->nick2);
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

/* Names of verbs, blanks between them. */
static void put_names(bool (*is_one)(const struct chat_verb_info *info),
	const char *before, struct strbuf *out)
{
	const struct chat_verb *verb;

	for (size_t i = 0; (verb = chat_verb_at(i)) != NULL; i++) {
		if (!is_one(chat_verb_info(verb)))
			continue;
		strbuf_addf(out, "%s/%s", before, chat_verb_info(verb)->name);
		before = "  ";
	}
}

static bool is_minor(const struct chat_verb_info *info)
{
	return info->is_minor;
}

static bool is_for_operators(const struct chat_verb_info *info)
{
	return info->is_for_operators;
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
		if (!is_minor(chat_verb_info(verb)) &&
			!is_for_operators(chat_verb_info(verb)))
			put_verb_line(chat_verb_info(verb), view, out);
	put_names(is_minor, TEXT_MARK, out);
	strbuf_adds(out, "  (/help COMMAND explains one)");
	dialect_text_end(view, out);
	if (msg->flags & CHAT_OPERATOR) {
		put_names(is_for_operators, TEXT_MARK "for operators: ", out);
		dialect_text_end(view, out);
	}
	put_line("the first letters of a command are enough; //x says /x", view,
		out);
}
