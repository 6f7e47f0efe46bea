/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The servers that fanout and idle can talk to, and the templates in which
 * that is said. One row is one kind of server; nothing else in the program
 * knows any of them, and the command line can replace every text of a row.
 *
 * Redis and NATS know no members: whoever publishes need not subscribe, so
 * their senders hear nothing. With sockd and IRC a sender is in the room and
 * hears all other senders; none of these sends a message back to its author.
 */
#include "sockload_preset.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/errmsg.h"

#define NATS_HELLO "CONNECT {\"verbose\":false,\"pedantic\":false}\r\n"

const struct preset presets[] = {
	{
		.name = "sockd",
		.summary = "the chat of sockd, as a person with netcat",
		.login = "\n", /* a person; else sockd waits for a moment */
		.welcome = "/help lists",
		.join = "/join {room}\n",
		.ready = "*** you are in #{room}",
		.refused = "*** error",
		.send = "{payload}\n",
		.skipped = "*** {n} line",
		.sender_hears = true,
	},
	{
		.name = "sockd-json",
		.summary = "the chat of sockd, JSON objects",
		.login = "{\"type\":\"join\",\"room\":\"{room}\","
			 "\"username\":\"{nick}\"}\n",
		.ready = "\"event\":\"join\",\"username\":\"{nick}\"",
		.refused = "{\"type\":\"error\"",
		.send = "{\"type\":\"chat\",\"message\":\"{payload}\"}\n",
		.skipped = "\"event\":\"missed\",\"count\":{n},",
		.sender_hears = true,
	},
	{
		.name = "irc",
		.summary = "an IRC server (ngircd, InspIRCd, ergo)",
		.login = "NICK {nick}\r\nUSER {nick} 0 * :sockload\r\n",
		.welcome = " 001 ",
		.join = "JOIN #{room}\r\n",
		.ready = " 366 ",
		.refused = "ERROR ",
		.send = "PRIVMSG #{room} :{payload}\r\n",
		.sender_hears = true,
		.ping = true,
	},
	{
		.name = "redis",
		.summary = "Redis publish and subscribe",
		.login = "SUBSCRIBE {room}\r\n",
		.ready = ":1",
		.sender_login = "PING\r\n",
		.sender_ready = "+PONG",
		.refused = "-",
		.send = "*3\r\n$7\r\nPUBLISH\r\n${room_size}\r\n{room}\r\n"
			"${size}\r\n{payload}\r\n",
	},
	{
		.name = "nats",
		.summary = "NATS publish and subscribe",
		.login = NATS_HELLO "SUB {room} 1\r\nPING\r\n",
		.ready = "PONG",
		.sender_login = NATS_HELLO "PING\r\n",
		.sender_ready = "PONG",
		.refused = "-ERR",
		.send = "PUB {room} {size}\r\n{payload}\r\n",
		.ping = true,
	},
	{
		.name = "limit",
		.summary = "tests/bench/limit: every line to everybody else",
		.welcome = "hello",
		.join = "in\n",
		.ready = "in",
		.send = "{payload}\n",
		.sender_hears = true,
	},
	{.name = NULL},
};

const struct preset *preset_find(const char *name)
{
	for (const struct preset *p = presets; p->name; p++)
		if (strcmp(p->name, name) == 0)
			return p;
	return NULL;
}

static void add_number(struct strbuf *out, uint32_t n)
{
	strbuf_addf(out, "%u", n);
}

static void put_id(struct strbuf *out, const struct template_vars *v)
{
	add_number(out, v->id);
}

static void put_nick(struct strbuf *out, const struct template_vars *v)
{
	strbuf_addf(out, "n%u%s", v->id, v->run);
}

static void put_room(struct strbuf *out, const struct template_vars *v)
{
	strbuf_addf(out, "load-%s%u", v->run, v->room);
}

static void put_room_size(struct strbuf *out, const struct template_vars *v)
{
	struct strbuf room = {0};

	put_room(&room, v);
	add_number(out, (uint32_t)room.len);
	strbuf_fini(&room);
}

static void put_run(struct strbuf *out, const struct template_vars *v)
{
	strbuf_adds(out, v->run);
}

static void put_size(struct strbuf *out, const struct template_vars *v)
{
	add_number(out, v->size);
}

static const struct {
	const char *name;
	void (*put)(struct strbuf *out, const struct template_vars *v);
} variables[] = {
	{"id", put_id},
	{"nick", put_nick},
	{"room", put_room},
	{"room_size", put_room_size},
	{"run", put_run},
	{"size", put_size},
};

static bool put_variable(struct strbuf *out, const struct slice *name,
	const struct template_vars *vars)
{
	for (size_t i = 0; i < sizeof(variables) / sizeof(*variables); i++) {
		const char *known = variables[i].name;
		if (strlen(known) != name->len ||
			memcmp(known, name->data, name->len) != 0)
			continue;
		variables[i].put(out, vars);
		return true;
	}
	return false;
}

int template_expand(struct strbuf *out, const char *text,
	const struct template_vars *vars, struct errmsg *msg)
{
	while (*text) {
		size_t plain = strcspn(text, "{");
		strbuf_add(out, text, plain);
		text += plain;
		if (!*text)
			break;
		size_t len = strspn(text + 1, "abcdefghijklmnopqrstuvwxyz_");
		if (len == 0 || text[1 + len] != '}') {
			strbuf_addc(out, *text++);
			continue;
		}
		struct slice name = {text + 1, len};
		if (!put_variable(out, &name, vars))
			return errmsg_set(msg, EINVAL,
				"a template knows no {%.*s}; there are {id}, "
				"{nick}, {room}, {room_size}, {run}, {size} "
				"and, in what is sent, {payload}",
				(int)len, name.data);
		text += len + 2;
	}
	return out->failed ? -ENOMEM : 0;
}

int template_split(
	const char *text, char **ret_head, char **ret_tail, struct errmsg *msg)
{
	static const char mark[] = "{payload}";
	const char *at = strstr(text, mark);

	if (!at || strstr(at + 1, mark))
		return errmsg_set(
			msg, EINVAL, "what is sent must hold {payload} once");
	char *head = strdup(text);
	if (!head)
		return -ENOMEM;
	head[at - text] = '\0';
	*ret_head = head;
	*ret_tail = head + (at - text) + strlen(mark);
	return 0;
}

int template_unescape(char *text, struct errmsg *msg)
{
	static const char from[] = "nrt\\", to[] = "\n\r\t\\";
	char *out = text;

	for (const char *in = text; *in; in++) {
		if (*in != '\\') {
			*out++ = *in;
			continue;
		}
		in++;
		const char *p = *in ? strchr(from, *in) : NULL;
		if (!p)
			return errmsg_set(msg, EINVAL,
				"a template knows \\n, \\r, \\t and \\\\ only");
		*out++ = to[p - from];
	}
	*out = '\0';
	return 0;
}
