/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Bans as bytes: a line for each, its fields separated by TAB.
 *
 *	WHAT  MADE  UNTIL  BY  REASON
 *
 * MADE and UNTIL are wall milliseconds, UNTIL 0 for none. What is read may be
 * anything, so each field must be just as it would have been written: then a
 * file is read whole or not at all. Pure.
 */
#include "chat/bans.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "base/errmsg.h"
#include "base/utf8.h"

#define N_FIELDS  5
#define TEXT_SIZE (BAN_REASON_MAX + 1) /* of the longest field */

void bans_encode(const struct ban_list *list, struct strbuf *out)
{
	strbuf_adds(out, "");
	for (size_t i = 0; i < list->n_items; i++) {
		const struct ban *ban = list->items[i];

		strbuf_addf(out, "%s\t%" PRId64 "\t%" PRId64 "\t%s\t%s\n",
			ban->what, ban->made_ms, ban->until_ms, ban->by,
			ban->reason);
	}
}

struct fields {
	char texts[N_FIELDS][TEXT_SIZE];
};

/* Cuts one line, len bytes. False: not so many fields, or one is too long or no
 * text that would have been written. */
static bool split(const char *line, size_t len, struct fields *ret)
{
	const char *end = line + len, *tab;
	size_t n;

	for (int i = 0; i < N_FIELDS; i++) {
		bool is_last = i + 1 == N_FIELDS;

		tab = memchr(line, '\t', (size_t)(end - line));
		if (is_last != !tab)
			return false;
		n = (size_t)((is_last ? end : tab) - line);
		if (n >= TEXT_SIZE || !utf8_is_safe(line, n))
			return false;
		memcpy(ret->texts[i], line, n);
		ret->texts[i][n] = '\0';
		line += n + 1;
	}
	return true;
}

/* A whole number as it would have been written. */
static bool read_ms(const char *text, int64_t *ret)
{
	int64_t ms = 0;

	if (!*text || (text[0] == '0' && text[1]))
		return false;
	for (; *text; text++) {
		if (*text < '0' || *text > '9' || ms > INT64_MAX / 10 - 1)
			return false;
		ms = ms * 10 + (*text - '0');
	}
	*ret = ms;
	return true;
}

/* NULL, or what is wrong with it; *ret_err: -ENOMEM if it is not its fault. */
static const char *add_one(struct bans *bans, const struct fields *fields,
	int64_t now_ms, int *ret_err)
{
	struct ban_spec spec = {
		.what = fields->texts[0],
		.by = fields->texts[3],
		.reason = fields->texts[4],
	};
	struct ban *ban;

	if (!read_ms(fields->texts[1], &spec.made_ms) ||
		!read_ms(fields->texts[2], &spec.until_ms))
		return "a time is no number";
	if (strlen(spec.by) > BAN_BY_MAX)
		return "a text is too long";
	if (bans_find(bans, spec.what))
		return "it is there twice";
	*ret_err = bans_add(bans, &spec, BANS_MAX, &ban);
	if (*ret_err == -EINVAL)
		return "neither a network nor a name";
	if (*ret_err == BANS_E_FULL)
		return "there are too many";
	if (*ret_err < 0)
		return "out of memory";
	if (strcmp(ban->what, spec.what) != 0)
		return "not the way that network is written";
	if (ban_is_over(ban, now_ms))
		bans_remove(bans, ban);
	return NULL;
}

static void remove_all(struct bans *bans)
{
	while (!TAILQ_EMPTY(&bans->list))
		bans_remove(bans, TAILQ_FIRST(&bans->list));
}

int bans_decode(struct bans *bans, const char *data, size_t len, int64_t now_ms,
	struct errmsg *msg)
{
	const char *at = data, *end = data + len, *lf;
	struct fields fields;
	const char *wrong;
	size_t n = 0;
	int err = 0;

	for (; at < end; at = lf + 1) {
		n++;
		lf = memchr(at, '\n', (size_t)(end - at));
		wrong = !lf ? "the last line has no end"
			: !split(at, (size_t)(lf - at), &fields)
			? "not five fields of text"
			: add_one(bans, &fields, now_ms, &err);
		if (!wrong)
			continue;
		remove_all(bans);
		return errmsg_set(msg, err == -ENOMEM ? ENOMEM : EBADMSG,
			"line %zu: %s", n, wrong);
	}
	return 0;
}
