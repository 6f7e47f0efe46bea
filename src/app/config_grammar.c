/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The order of tokens in a configuration, to name the cause of an error.
 *
 * libconfig parses the text; but of a mistake it only knows "syntax error" and
 * a line, often a later one. This machine follows the same grammar first:
 *
 *	NAME ─▶ EQUALS ─▶ VALUE ─▶ END ─▶ NAME	in a group
 *	FIRST ─▶ COMMA ◀─▶ ITEM			in a list or an array
 *
 * Each unexpected token says what stood there and what to write instead. It
 * is a little stricter than libconfig: two texts side by side in a list are a
 * forgotten comma, not one text. Pure; main thread.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/errmsg.h"
#include "config_private.h"

static bool is_group(const struct config_grammar *g)
{
	return g->depth == 0 || g->stack[g->depth - 1].open == '{';
}

static enum config_expect after_value(const struct config_grammar *g)
{
	return is_group(g) ? EXPECT_END : EXPECT_COMMA;
}

static int bare_word(
	const struct config_grammar *g, struct slice text, struct errmsg *msg)
{
	static const char *const words[][2] = {
		{"yes", "true"},
		{"on", "true"},
		{"no", "false"},
		{"off", "false"},
	};

	if (g->expect == EXPECT_VALUE && text.data[text.len - 1] == ':')
		return errmsg_set(msg, EINVAL,
			"a group stands in braces: write %s: { %.*s ... };",
			g->name, (int)text.len, text.data);
	for (size_t i = 0; i < 4; i++)
		if (strlen(words[i][0]) == text.len &&
			strncasecmp(words[i][0], text.data, text.len) == 0)
			return errmsg_set(msg, EINVAL,
				"write %s instead of %.*s", words[i][1],
				(int)text.len, text.data);
	return errmsg_set(msg, EINVAL, "text needs quotes: write \"%.*s\"",
		(int)text.len, text.data);
}

static int open_bracket(struct config_grammar *g, struct slice text,
	unsigned line, struct errmsg *msg)
{
	if (g->depth == CONFIG_DEPTH)
		return errmsg_set(msg, EINVAL,
			"more than %d brackets inside one another",
			CONFIG_DEPTH);
	if (g->depth > 0 && g->stack[g->depth - 1].open == '[')
		return errmsg_set(msg, EINVAL,
			"\"%c\" inside \"[\": an array holds plain values",
			text.data[0]);
	g->stack[g->depth].open = text.data[0];
	g->stack[g->depth].line = line;
	g->depth++;
	g->expect = text.data[0] == '{' ? EXPECT_NAME : EXPECT_FIRST;
	return 0;
}

static int close_bracket(
	struct config_grammar *g, struct slice text, struct errmsg *msg)
{
	char open, close = text.data[0];

	if (g->depth == 0)
		return errmsg_set(msg, EINVAL, "\"%c\" closes nothing", close);
	open = g->stack[g->depth - 1].open;
	if ((open == '{') != (close == '}') || (open == '[') != (close == ']'))
		return errmsg_set(msg, EINVAL,
			"\"%c\" closes the \"%c\" of line %u", close, open,
			g->stack[g->depth - 1].line);
	g->depth--;
	g->expect = after_value(g);
	return 0;
}

static int take_name(struct config_grammar *g, enum config_token token,
	struct slice text, struct errmsg *msg)
{
	if (token == TOKEN_CLOSE)
		return close_bracket(g, text, msg);
	if (token == TOKEN_NAME) {
		snprintf(g->name, sizeof(g->name), "%.*s", (int)text.len,
			text.data);
		g->expect = EXPECT_EQUALS;
		return 0;
	}
	if (token == TOKEN_END || token == TOKEN_COMMA)
		return errmsg_set(msg, EINVAL, "a \"%c\" too many; take it out",
			text.data[0]);
	return errmsg_set(msg, EINVAL,
		"the name of a setting belongs here, not %.*s",
		(int)(text.len < 40 ? text.len : 40), text.data);
}

static int take_equals(struct config_grammar *g, enum config_token token,
	struct slice text, struct errmsg *msg)
{
	if (token == TOKEN_EQUALS) {
		g->expect = EXPECT_VALUE;
		return 0;
	}
	if (token == TOKEN_OPEN && text.data[0] == '{')
		return errmsg_set(
			msg, EINVAL, "\":\" is missing: write %s: {", g->name);
	return errmsg_set(
		msg, EINVAL, "\"=\" is missing behind \"%s\"", g->name);
}

/* A value, whatever it is the value of. */
static int take_value(struct config_grammar *g, enum config_token token,
	struct slice text, unsigned line, struct errmsg *msg)
{
	switch (token) {
	case TOKEN_BOOL:
	case TOKEN_NUMBER:
	case TOKEN_STRING:
		g->expect = after_value(g);
		return 0;
	case TOKEN_OPEN:
		return open_bracket(g, text, line, msg);
	case TOKEN_NAME:
		return bare_word(g, text, msg);
	case TOKEN_EQUALS:
	case TOKEN_END:
	case TOKEN_COMMA:
	case TOKEN_CLOSE:
		break;
	}
	if (g->expect == EXPECT_VALUE)
		return errmsg_set(
			msg, EINVAL, "the value of \"%s\" is missing", g->name);
	return errmsg_set(
		msg, EINVAL, "a value belongs here, not \"%c\"", text.data[0]);
}

static int take_end(struct config_grammar *g, enum config_token token,
	struct slice text, unsigned line, struct errmsg *msg)
{
	/* libconfig joins texts side by side, for long ones. */
	if (token == TOKEN_STRING && g->last == TOKEN_STRING)
		return 0;
	if (token == TOKEN_END || token == TOKEN_COMMA) {
		g->expect = EXPECT_NAME;
		return 0;
	}
	if (token == TOKEN_NAME && g->last == TOKEN_NUMBER &&
		g->last_line == line)
		return errmsg_set(msg, EINVAL,
			"a value with a unit needs quotes and no space");
	if (token == TOKEN_NAME && g->last == TOKEN_STRING &&
		g->last_line == line)
		return errmsg_set(msg, EINVAL,
			"\";\" is missing before \"%.*s\", or a quote too "
			"many before it",
			(int)text.len, text.data);
	if (token == TOKEN_NAME || token == TOKEN_CLOSE)
		return take_name(g, token, text, msg);
	return errmsg_set(msg, EINVAL,
		"\";\" is missing behind the value of \"%s\"", g->name);
}

static int take_item(struct config_grammar *g, enum config_token token,
	struct slice text, unsigned line, struct errmsg *msg)
{
	if (token == TOKEN_CLOSE && g->expect == EXPECT_ITEM)
		return errmsg_set(msg, EINVAL,
			"a comma before \"%c\"; take it out", text.data[0]);
	if (token == TOKEN_CLOSE)
		return close_bracket(g, text, msg);
	return take_value(g, token, text, line, msg);
}

static int take_comma(struct config_grammar *g, enum config_token token,
	struct slice text, struct errmsg *msg)
{
	unsigned open = g->stack[g->depth - 1].line;

	if (token == TOKEN_CLOSE)
		return close_bracket(g, text, msg);
	if (token == TOKEN_COMMA) {
		g->expect = EXPECT_ITEM;
		return 0;
	}
	if (token == TOKEN_END || token == TOKEN_EQUALS)
		return errmsg_set(msg, EINVAL,
			"the \"%c\" of line %u is not closed before \"%c\"",
			g->stack[g->depth - 1].open, open, text.data[0]);
	return errmsg_set(msg, EINVAL,
		"a comma is missing between two items of the list");
}

int config_grammar_take(struct config_grammar *g, enum config_token token,
	struct slice text, unsigned line, struct errmsg *msg)
{
	int r = 0;

	switch (g->expect) {
	case EXPECT_NAME:
		r = take_name(g, token, text, msg);
		break;
	case EXPECT_EQUALS:
		r = take_equals(g, token, text, msg);
		break;
	case EXPECT_VALUE:
		r = take_value(g, token, text, line, msg);
		break;
	case EXPECT_END:
		r = take_end(g, token, text, line, msg);
		break;
	case EXPECT_FIRST:
	case EXPECT_ITEM:
		r = take_item(g, token, text, line, msg);
		break;
	case EXPECT_COMMA:
		r = take_comma(g, token, text, msg);
		break;
	}
	g->last = token;
	g->last_line = line;
	return r;
}

bool config_grammar_is_between(const struct config_grammar *g)
{
	return g->expect == EXPECT_NAME || g->expect == EXPECT_END;
}
