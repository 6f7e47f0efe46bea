/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SOCKD_CTL_CTL_CODEC_H
#define SOCKD_CTL_CTL_CODEC_H

#include <stdbool.h>
#include <stddef.h>

#include "ctl/ctl_table.h"

struct errmsg;
struct strbuf;

/* One request: a line of words, the first of which name a verb.
 *
 *	[json] VERB [WORD]...
 *
 * Words are separated by blanks. Within "..." blanks are part of a word, and \
 * stands before a " or \ of its own; within '...' all is. A text that takes
 * the rest of the line is taken as it is. Pure. */

#define CTL_LINE_MAX    4096 /* bytes, without the line end */
#define CTL_ARGS_MAX    8
#define CTL_OPTIONS_MAX 16

struct ctl_request {
	const struct ctl_verb *verb;
	bool is_json;                   /* set even if the rest is wrong */
	const char *args[CTL_ARGS_MAX]; /* those with a place, in order */
	size_t n_args;
	const char *options[CTL_OPTIONS_MAX]; /* "--flag", "key=value" */
	size_t n_options;
	char text[CTL_LINE_MAX + 1]; /* what the above point into */
};

/* From a line without its end (CR is dropped). 0, or -EINVAL with what is wrong
 * and what to write in msg. */
int ctl_decode(struct ctl_request *ret, const char *line, size_t len,
	struct errmsg *msg);
/* Whether "--flag" was given. */
bool ctl_has_option(const struct ctl_request *req, const char *option);
/* The value of "key=value" (the last one given); NULL: none. */
const char *ctl_value(const struct ctl_request *req, const char *key);

/* The other way: words as a shell hands them over, to a line without its end.
 * 0, or -EINVAL with msg: no such verb, too long, or what no line can hold. */
int ctl_encode(struct strbuf *out, bool is_json, const char *const *words,
	size_t n_words, struct errmsg *msg);

/* The verb of these words, and how many of them name it. NULL: there is none,
 * and msg says what there is. */
const struct ctl_verb *ctl_find(const char *const *words, size_t n_words,
	size_t *ret_used, struct errmsg *msg);
/* Appends "drain [SERVICE] [DURATION]". */
void ctl_add_usage(struct strbuf *out, const struct ctl_verb *verb);

#endif
