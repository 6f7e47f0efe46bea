/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Requests of the control socket: from a line to words that fit a verb, and
 * back. What a verb takes is read from its row's `arguments`, so nothing here
 * knows any verb.
 *
 * Every word that comes out lies in ret->text. A word is never longer than what
 * it was written as and takes the place of the blank behind it for its NUL, so
 * that there is room for all of them. Pure; any thread.
 */
#include "ctl/ctl_codec.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

#include "base/errmsg.h"
#include "base/str.h"

#define SHOWN_MAX 64 /* bytes of a bad word in a message */
#define BLANKS    " \t"

/* What a row's arguments say. */
struct shape {
	size_t n_min, n_max; /* arguments with a place */
	bool has_rest;       /* the last of them takes the rest */
};

/* The next of the words of `arguments`; false: there is none. */
static bool next_argument(const char **at, struct slice *ret)
{
	*at += strspn(*at, " ");
	ret->data = *at;
	ret->len = strcspn(*at, " ");
	*at += ret->len;
	return ret->len > 0;
}

static bool is_named(const struct slice *arg)
{
	return memchr(arg->data, '=', arg->len) ||
		(arg->len > 3 && memcmp(arg->data, "[--", 3) == 0);
}

static struct shape shape_of(const struct ctl_verb *verb)
{
	struct shape shape = {0, 0, false};
	const char *at = verb->arguments;
	struct slice arg;

	while (next_argument(&at, &arg)) {
		if (is_named(&arg))
			continue;
		shape.n_max++;
		shape.n_min += arg.data[0] != '[';
		shape.has_rest = memmem(arg.data, arg.len, "...", 3) != NULL;
	}
	assert(shape.n_max <= CTL_ARGS_MAX);
	return shape;
}

/* Whether the verb has an option "--flag" or "key=". */
static bool has_named(const struct ctl_verb *verb, const char *name, size_t len)
{
	const char *at = verb->arguments;
	struct slice arg;

	while (next_argument(&at, &arg)) {
		if (!is_named(&arg) || arg.len < len + 2 ||
			memcmp(arg.data + 1, name, len) != 0)
			continue;
		if (name[len - 1] == '=' || arg.data[1 + len] == ']')
			return true;
	}
	return false;
}

void ctl_add_usage(struct strbuf *out, const struct ctl_verb *verb)
{
	strbuf_adds(out, verb->words);
	if (verb->arguments[0])
		strbuf_addf(out, " %s", verb->arguments);
}

/* Errors in words. */

static int wrong_usage(const struct ctl_verb *verb, struct errmsg *msg)
{
	return errmsg_set(msg, EINVAL, "usage: %s%s%s", verb->words,
		verb->arguments[0] ? " " : "", verb->arguments);
}

/* What a bad word says, for a message; buf holds it. */
static const char *shown(struct strbuf *buf, const char *word)
{
	str_escape(buf, word, strlen(word), SHOWN_MAX);
	return buf->failed ? "" : buf->data;
}

static int bad_word(const struct ctl_verb *verb, const char *word,
	const char *what, struct errmsg *msg)
{
	struct strbuf buf = {0};
	int err = errmsg_set(msg, EINVAL, "%s \"%s\"; usage: %s%s%s", what,
		shown(&buf, word), verb->words, verb->arguments[0] ? " " : "",
		verb->arguments);

	strbuf_fini(&buf);
	return err;
}

/* The verb. */

static bool begins_verb(const struct ctl_verb *verb, const char *word)
{
	size_t len = strlen(word);

	return strncmp(verb->words, word, len) == 0 && verb->words[len] == ' ';
}

static void list_second_words(const char *word, struct errmsg *msg)
{
	struct strbuf list = {0};

	for (size_t i = 0; i < CTL_N; i++)
		if (begins_verb(&ctl_verbs[i], word))
			strbuf_addf(&list, "%s\"%s\"", list.len ? " or " : "",
				ctl_verbs[i].words);
	errmsg_set(msg, EINVAL, "\"%s\" is not all of it; write %s", word,
		list.failed ? "more" : list.data);
	strbuf_fini(&list);
}

static void no_such_verb(const char *word, struct errmsg *msg)
{
	const char *names[CTL_N], *nearest;
	struct strbuf buf = {0};

	for (size_t i = 0; i < CTL_N; i++)
		names[i] = ctl_verbs[i].words;
	nearest = str_nearest(word, names, CTL_N);
	errmsg_set(msg, EINVAL, "there is no verb \"%s\"; %s%s%s",
		shown(&buf, word), nearest ? "did you mean \"" : "",
		nearest ? nearest : "help lists them", nearest ? "\"?" : "");
	strbuf_fini(&buf);
}

const struct ctl_verb *ctl_find(const char *const *words, size_t n_words,
	size_t *ret_used, struct errmsg *msg)
{
	bool begins = false;
	const char *first = n_words ? words[0] : "";

	for (size_t i = 0; i < CTL_N; i++) {
		const struct ctl_verb *verb = &ctl_verbs[i];
		size_t len = strlen(first);

		*ret_used = 1;
		if (!strcmp(verb->words, first))
			return verb;
		if (!begins_verb(verb, first))
			continue;
		begins = true;
		*ret_used = 2;
		if (n_words > 1 && !strcmp(verb->words + len + 1, words[1]))
			return verb;
	}
	if (begins)
		list_second_words(first, msg);
	else if (!first[0])
		errmsg_set(msg, EINVAL, "an empty line; help lists the verbs");
	else
		no_such_verb(first, msg);
	return NULL;
}

/* Words. */

struct cursor {
	const char *at, *end; /* what is left of the line */
	char *to;             /* where the next word goes */
	bool is_quoted;       /* the last word began with a quote */
};

static void skip_blanks(struct cursor *c)
{
	while (c->at < c->end && strchr(BLANKS, *c->at))
		c->at++;
}

/* What follows an opening quote. False: it is not closed. */
static bool take_quoted(struct cursor *c, char quote)
{
	while (c->at < c->end && *c->at != quote) {
		if (quote == '"' && *c->at == '\\' && c->at + 1 < c->end &&
			(c->at[1] == '"' || c->at[1] == '\\'))
			c->at++;
		*c->to++ = *c->at++;
	}
	if (c->at == c->end)
		return false;
	c->at++;
	return true;
}

/* The next word; NULL: there is none, or with msg a quote is not closed. */
static char *next_word(struct cursor *c, struct errmsg *msg)
{
	char *word = c->to;

	skip_blanks(c);
	if (c->at == c->end)
		return NULL;
	c->is_quoted = *c->at == '"' || *c->at == '\'';
	while (c->at < c->end && !strchr(BLANKS, *c->at)) {
		char byte = *c->at++;

		if (byte != '"' && byte != '\'') {
			*c->to++ = byte;
		} else if (!take_quoted(c, byte)) {
			errmsg_set(
				msg, EINVAL, "a quote %c is not closed", byte);
			return NULL;
		}
	}
	*c->to++ = '\0';
	return word;
}

/* All up to the end of the line, as it is. */
static char *take_rest(struct cursor *c)
{
	char *word = c->to;

	skip_blanks(c);
	while (c->end > c->at && strchr(BLANKS, c->end[-1]))
		c->end--;
	memcpy(word, c->at, (size_t)(c->end - c->at));
	c->to += c->end - c->at;
	c->at = c->end;
	*c->to++ = '\0';
	return word;
}

/* A line with other control characters is no line of words: some other
 * protocol, or a byte that would end a word where nobody sees it. */
static int check_bytes(const char *data, size_t len, struct errmsg *msg)
{
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)data[i];

		if ((c < 0x20 && c != '\t') || c == 0x7f)
			return errmsg_set(msg, EINVAL,
				"a control character (byte %u) is not allowed",
				(unsigned)c);
	}
	return 0;
}

/* How far `word` is the name of an option: with its '='. 0: it is none. */
static size_t option_name(const char *word)
{
	size_t len = strspn(word, "abcdefghijklmnopqrstuvwxyz_");

	if (strncmp(word, "--", 2) == 0)
		return strlen(word);
	return len && word[len] == '=' ? len + 1 : 0;
}

static int add_option(struct ctl_request *req, char *word, struct errmsg *msg)
{
	size_t len = option_name(word);

	if (!has_named(req->verb, word, len))
		return bad_word(req->verb, word, "unknown option", msg);
	if (req->n_options == CTL_OPTIONS_MAX)
		return errmsg_set(msg, EINVAL, "too many options");
	req->options[req->n_options++] = word;
	return 0;
}

static bool is_option(const struct ctl_verb *verb, const char *word)
{
	size_t len = option_name(word);

	return len &&
		(word[0] == '-' || has_named(verb, word, len) ||
			strchr(verb->arguments, '='));
}

static int take_arguments(
	struct ctl_request *req, struct cursor *c, struct errmsg *msg)
{
	const struct shape shape = shape_of(req->verb);
	char *word;
	int err = 0;

	msg->text[0] = '\0';
	skip_blanks(c);
	while (!err && c->at < c->end) {
		bool is_rest = shape.has_rest && req->n_args == shape.n_max - 1;

		word = is_rest ? take_rest(c) : next_word(c, msg);
		if (!word)
			return msg->text[0] ? -EINVAL : 0;
		if (!is_rest && !c->is_quoted && is_option(req->verb, word))
			err = add_option(req, word, msg);
		else if (req->n_args == shape.n_max)
			err = bad_word(
				req->verb, word, "there is no place for", msg);
		else
			req->args[req->n_args++] = word;
		skip_blanks(c);
	}
	return !err && req->n_args < shape.n_min ? wrong_usage(req->verb, msg)
						 : err;
}

static int take_verb(
	struct ctl_request *req, struct cursor *c, struct errmsg *msg)
{
	const char *words[2] = {"", ""};
	struct cursor after;
	size_t n = 0, used;

	msg->text[0] = '\0';
	words[0] = next_word(c, msg);
	if (words[0] && !strcmp(words[0], "json")) {
		req->is_json = true;
		words[0] = next_word(c, msg);
	}
	if (msg->text[0])
		return -EINVAL;
	n = words[0] ? 1 : 0;
	after = *c;
	words[1] = n ? next_word(&after, msg) : NULL;
	req->verb = ctl_find(words, words[1] ? 2 : n, &used, msg);
	if (req->verb && used == 2)
		*c = after;
	return req->verb ? 0 : -EINVAL;
}

int ctl_decode(struct ctl_request *ret, const char *line, size_t len,
	struct errmsg *msg)
{
	struct cursor c;
	int err;

	ret->verb = NULL;
	ret->is_json = len >= 5 && memcmp(line, "json ", 5) == 0;
	ret->n_args = ret->n_options = 0;
	if (len && line[len - 1] == '\r')
		len--;
	if (len > CTL_LINE_MAX)
		return errmsg_set(msg, EINVAL, "a request has %d bytes at most",
			CTL_LINE_MAX);
	c = (struct cursor){.at = line, .end = line + len, .to = ret->text};
	err = check_bytes(line, len, msg);
	if (!err)
		err = take_verb(ret, &c, msg);
	if (!err)
		err = take_arguments(ret, &c, msg);
	assert(c.to <= ret->text + sizeof(ret->text));
	return err;
}

bool ctl_has_option(const struct ctl_request *req, const char *option)
{
	for (size_t i = 0; i < req->n_options; i++)
		if (!strcmp(req->options[i], option))
			return true;
	return false;
}

const char *ctl_value(const struct ctl_request *req, const char *key)
{
	size_t len = strlen(key);

	for (size_t i = req->n_options; i > 0; i--) {
		const char *option = req->options[i - 1];

		if (!strncmp(option, key, len) && option[len] == '=')
			return option + len + 1;
	}
	return NULL;
}

/* The other way. */

static void add_word(struct strbuf *out, const char *word)
{
	if (*word && !strpbrk(word, BLANKS "\"'\\")) {
		strbuf_adds(out, word);
		return;
	}
	strbuf_addc(out, '"');
	for (; *word; word++) {
		if (*word == '"' || *word == '\\')
			strbuf_addc(out, '\\');
		strbuf_addc(out, *word);
	}
	strbuf_addc(out, '"');
}

/* A quote before the name would make it an argument. */
static void add_option_word(struct strbuf *out, const char *word)
{
	const char *equals = strchr(word, '=');

	if (!equals || word[0] == '-') {
		strbuf_adds(out, word);
		return;
	}
	strbuf_add(out, word, (size_t)(equals + 1 - word));
	add_word(out, equals + 1);
}

static void add_arguments(struct strbuf *out, const struct ctl_verb *verb,
	const char *const *words, size_t n_words)
{
	const struct shape shape = shape_of(verb);
	size_t n_args = 0;
	bool is_rest = false;

	for (size_t i = 0; i < n_words; i++) {
		is_rest = is_rest ||
			(shape.has_rest && n_args == shape.n_max - 1);
		strbuf_addc(out, ' ');
		if (is_rest)
			strbuf_adds(out, words[i]);
		else if (is_option(verb, words[i]))
			add_option_word(out, words[i]);
		else
			add_word(out, words[i]);
		n_args += !is_option(verb, words[i]);
	}
}

int ctl_encode(struct strbuf *out, bool is_json, const char *const *words,
	size_t n_words, struct errmsg *msg)
{
	size_t used, start = out->len;
	const struct ctl_verb *verb = ctl_find(words, n_words, &used, msg);

	if (!verb)
		return -EINVAL;
	if (is_json)
		strbuf_adds(out, "json ");
	strbuf_adds(out, verb->words);
	add_arguments(out, verb, words + used, n_words - used);
	if (out->failed)
		return errmsg_set(msg, ENOMEM, "out of memory");
	if (out->len - start > CTL_LINE_MAX)
		return errmsg_set(msg, EINVAL, "a request has %d bytes at most",
			CTL_LINE_MAX);
	return check_bytes(out->data + start, out->len - start, msg);
}
