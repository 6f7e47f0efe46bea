/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Prints what the tables of the chat hold, a row a line, for chat_pages.py:
 *
 *   command NAME ALIASES USAGE      (fields separated by tabs)
 *   request TYPE FIELDS
 *   reason CODE WORDS               why connections end; no words: it is mute
 *   goodbye OBJECT                  what a program reads then
 *   object OBJECT                   what a program is told of a fact of which
 *                                   everything is known
 */
#include <stdio.h>
#include <stdlib.h>

#include "base/str.h"
#include "chat/command.h"
#include "chat/gap.h"
#include "chat/msg.h"
#include "net/close.h"
#include "proto/dialect.h"
#include "proto/dialect_json_private.h"

static const struct dialect *json;

static void print_command(const struct chat_verb_info *info)
{
	printf("command\t%s\t%s\t%s\n", info->name, info->aliases, info->usage);
}

static void print_request(const struct chat_verb_info *info)
{
	struct json_fields fields;

	dialect_json_fields(info, &fields);
	printf("request\t%s\t", dialect_json_type(info));
	for (size_t i = 0; i < fields.n; i++)
		printf("%s ", fields.names[i]);
	printf("%s\n", fields.more);
}

/* Objects end with the end of a line; there may be none. */
static void print_object(const char *word, struct strbuf *object)
{
	if (object->failed)
		abort();
	if (object->len)
		printf("%s\t%s", word, object->data);
	strbuf_fini(object);
}

static void print_reason(enum close_reason why)
{
	const struct close_row *row = close_row(why);
	struct strbuf out = {0};

	printf("reason\t%s\t%s\n", row->code, row->words ? row->words : "");
	json->goodbye(why, "x", 0, &out);
	print_object("goodbye", &out);
}

static void print_fact(enum chat_type type)
{
	const struct chat_msg_spec spec = {
		.type = type,
		.flags = CHAT_AWAY | CHAT_OPERATOR,
		.id = 1,
		.n = 1,
		.limit = 1,
		.nick = "nick",
		.nick2 = "nick2",
		.room = "room",
		.text = "text",
		.ref = "1",
	};
	struct chat_msg *msg = chat_msg_new(&spec);
	struct strbuf out = {0};

	if (!msg)
		abort();
	json->render(msg, 0, &out);
	print_object("object", &out);
	chat_msg_unref(msg);
}

int main(void)
{
	const struct chat_gap gap = {.n = 1, .since = 1, .room = "room"};
	const struct dialect_missed missed = {1, &gap, 1};
	const struct chat_verb *verb;
	struct strbuf object = {0};

	json = dialect_find("json");
	for (size_t i = 0; (verb = chat_verb_at(i)) != NULL; i++) {
		print_command(chat_verb_info(verb));
		print_request(chat_verb_info(verb));
	}
	for (int why = 0; why < CLOSE_N; why++)
		print_reason((enum close_reason)why);
	for (int type = 0; type < CHAT_TYPE_N; type++)
		print_fact((enum chat_type)type);
	json->missed(&missed, 0, &object);
	print_object("object", &object);
	return 0;
}
