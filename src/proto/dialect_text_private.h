/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SOCKD_PROTO_DIALECT_TEXT_PRIVATE_H
#define SOCKD_PROTO_DIALECT_TEXT_PRIVATE_H

#include <stddef.h>
#include <stdint.h>

struct chat_call;
struct chat_msg;
struct strbuf;

/* Every line of the server's own starts so, and no line of a person does. */
#define TEXT_MARK "*** "

/* dialect_text.c: one line without its end, into call (cleared by the caller).
 * Pure. */
void dialect_text_parse(const char *data, size_t len, struct chat_call *call);

/* dialect_text_words.c: dialect.render. */
void dialect_text_render(
	const struct chat_msg *msg, unsigned view, struct strbuf *out);
/* Ends a line. */
void dialect_text_end(unsigned view, struct strbuf *out);
/* "1,940" */
void dialect_text_count(uint64_t n, struct strbuf *out);

/* dialect_text_lists.c: messages that take several lines. */
void dialect_text_motd(
	const struct chat_msg *msg, unsigned view, struct strbuf *out);
void dialect_text_replay(
	const struct chat_msg *msg, unsigned view, struct strbuf *out);
void dialect_text_who(
	const struct chat_msg *msg, unsigned view, struct strbuf *out);
void dialect_text_ignoring(
	const struct chat_msg *msg, unsigned view, struct strbuf *out);
void dialect_text_whois(
	const struct chat_msg *msg, unsigned view, struct strbuf *out);
void dialect_text_welcome_back(
	const struct chat_msg *msg, unsigned view, struct strbuf *out);
void dialect_text_rooms(
	const struct chat_msg *msg, unsigned view, struct strbuf *out);
void dialect_text_help(
	const struct chat_msg *msg, unsigned view, struct strbuf *out);
/* dialect_text_operator.c */
void dialect_text_banned(
	const struct chat_msg *msg, unsigned view, struct strbuf *out);
void dialect_text_bans(
	const struct chat_msg *msg, unsigned view, struct strbuf *out);

#endif
