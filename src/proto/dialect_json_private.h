/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SOCKD_PROTO_DIALECT_JSON_PRIVATE_H
#define SOCKD_PROTO_DIALECT_JSON_PRIVATE_H

#include <stdbool.h>
#include <stddef.h>

#include "chat/command.h"

struct chat_msg;
struct dialect_input;
struct slice;
struct strbuf;

/* dialect_json_parse.c: one object, into call (cleared by the caller); white
 * space around it is fine, nothing is no request. Pure. */
void dialect_json_parse(const char *data, size_t len, struct chat_call *call);
/* True if that is an object with a string "type". */
bool dialect_json_is_request(const char *data, size_t len);
/* The refusal of what is no object. */
void dialect_json_refuse(struct chat_call *call);
/* How a verb is called here: "chat" is the verb "say". */
const char *dialect_json_type(const struct chat_verb_info *info);
/* The fields that a verb's arguments come in, in their order, as their number
 * and names; the first ones must be there. */
#define JSON_FIELD_LEN 16
struct json_fields {
	size_t n, least;
	char names[CHAT_ARGS_MAX][JSON_FIELD_LEN];
	const char *more; /* further ones, blanks between them; "": none */
};
void dialect_json_fields(
	const struct chat_verb_info *info, struct json_fields *ret);

/* dialect_json_words.c: dialect.render; one object and an LF, or nothing. */
void dialect_json_render(
	const struct chat_msg *msg, unsigned view, struct strbuf *out);

/* dialect_json_sentence.c */
/* In words %n, %N and %t stand for nick, nick2 and the text, %r for the room,
 * %c and %l for the numbers n and limit, %L for " for 10m" if limit is a time,
 * %w for words of ours in nick2. */
void dialect_json_sentence(
	const char *words, const struct chat_msg *msg, struct strbuf *out);
/* That as the member "message". */
void dialect_json_message(
	const char *words, const struct chat_msg *msg, struct strbuf *out);

/* dialect_json_people.c: one object each. */
void dialect_json_who(const struct chat_msg *msg, struct strbuf *out);
void dialect_json_ignoring(const struct chat_msg *msg, struct strbuf *out);
void dialect_json_whois(const struct chat_msg *msg, struct strbuf *out);
void dialect_json_away(const struct chat_msg *msg, struct strbuf *out);
void dialect_json_welcome_back(const struct chat_msg *msg, struct strbuf *out);
void dialect_json_logged_in(const struct chat_msg *msg, struct strbuf *out);

/* dialect_json_operator.c: the same. */
void dialect_json_muted(const struct chat_msg *msg, struct strbuf *out);
void dialect_json_unmuted(const struct chat_msg *msg, struct strbuf *out);
void dialect_json_locked(const struct chat_msg *msg, struct strbuf *out);
void dialect_json_banned(const struct chat_msg *msg, struct strbuf *out);
void dialect_json_bans(const struct chat_msg *msg, struct strbuf *out);

#endif
