/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The sentences that objects of the JSON dialect hold for people. What they
 * quote may be anything, and is cut. Pure. */
#include <string.h>

#include "base/json_write.h"
#include "base/str.h"
#include "base/units.h"
#include "base/utf8.h"
#include "chat/msg.h"
#include "dialect_json_private.h"

#define QUOTE_MAX 40 /* characters */

static void put_count(uint64_t n, struct strbuf *out)
{
	char count[STR_COUNT_LEN];

	strbuf_adds(out, str_count(count, n));
}

static void put_field(
	char letter, const struct chat_msg *msg, struct strbuf *out)
{
	char time[UNITS_LEN];

	if (letter == 'n')
		utf8_make_safe_cut(out, msg->nick, QUOTE_MAX);
	else if (letter == 'N')
		utf8_make_safe_cut(out, msg->nick2, QUOTE_MAX);
	else if (letter == 't')
		utf8_make_safe_cut(out, msg->text, QUOTE_MAX);
	else if (letter == 'r')
		utf8_make_safe_cut(out, msg->room, QUOTE_MAX);
	else if (letter == 'c')
		put_count(msg->n, out);
	else if (letter == 'l')
		put_count(msg->limit, out);
	else if (letter == 'L' && msg->limit > 0)
		strbuf_addf(out, " for %s", duration_words(time, msg->limit));
	else if (letter == 'w')
		utf8_make_safe(out, msg->nick2, strlen(msg->nick2));
}

void dialect_json_sentence(
	const char *words, const struct chat_msg *msg, struct strbuf *out)
{
	size_t run;

	while (*words) {
		run = strcspn(words, "%");
		strbuf_add(out, words, run);
		words += run;
		if (*words) {
			put_field(words[1], msg, out);
			words += 2;
		}
	}
}

void dialect_json_message(
	const char *words, const struct chat_msg *msg, struct strbuf *out)
{
	struct strbuf sentence = {0};

	dialect_json_sentence(words, msg, &sentence);
	if (sentence.failed)
		out->failed = true;
	else
		json_write_text(out, "message", sentence.data, sentence.len);
	strbuf_fini(&sentence);
}
