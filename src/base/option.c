/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Values described by rows of a table.
 *
 * A row says where in a struct its value lies and of which type it is; all the
 * rest (parsing, bounds, defaults, text, comparing, freeing) is done here once
 * for every setting of sockd. Strings and lists in a target are owned by it.
 * A setter that fails leaves the field as it was.
 *
 * Pure but for memory; any thread, each target by one thread at a time.
 */
#include "base/option.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/errmsg.h"

static void *field(const struct option *opt, void *target)
{
	return (char *)target + opt->offset;
}

static const void *const_field(const struct option *opt, const void *target)
{
	return (const char *)target + opt->offset;
}

/* What to write for a value of each type, for sentences. */
static const char *const type_hints[] = {
	[OPT_BOOL] = "true or false, without quotes",
	[OPT_INT] = "a whole number without quotes or unit",
	[OPT_SIZE] = "a size in quotes, as in \"64KiB\"",
	[OPT_DURATION] = "a duration in quotes, as in \"30s\"",
	[OPT_RATE] = "a rate in quotes, as in \"2/s\"",
	[OPT_STRING] = "text in quotes",
	[OPT_ENUM] = "a word in quotes",
	[OPT_STRINGS] = "text in quotes or a list of such, [ \"a\", \"b\" ]",
};

int option_wrong_type(
	const struct option *opt, const char *found, struct errmsg *msg)
{
	return errmsg_set(msg, EINVAL, "%s does not fit here; write %s", found,
		type_hints[opt->type]);
}

/* A number as its type is written, for the bounds in a sentence. */
static const char *bound_text(const struct option *opt, char *buf, int64_t n)
{
	if (opt->type == OPT_SIZE)
		return size_format(buf, (uint64_t)n);
	if (opt->type == OPT_DURATION)
		return duration_format(buf, (uint64_t)n);
	snprintf(buf, UNITS_LEN, "%" PRId64, n);
	return buf;
}

static int check_bounds(const struct option *opt, int64_t n, const char *what,
	struct errmsg *msg)
{
	char min[UNITS_LEN], max[UNITS_LEN];
	const char *zero = "";

	if (opt->min == 0 && opt->max == 0)
		return 0;
	if (n >= opt->min && n <= opt->max)
		return 0;
	if (opt->flags & OPT_ZERO) {
		if (n == 0)
			return 0;
		zero = opt->type == OPT_INT ? "0 or " : "\"0\" or ";
	}
	return errmsg_set(msg, ERANGE, "%s is out of bounds; write %s%s to %s",
		what, zero, bound_text(opt, min, opt->min),
		bound_text(opt, max, opt->max));
}

/* Sizes and durations: beyond INT64_MAX is out of any bounds. */
static int check_unsigned(const struct option *opt, uint64_t n,
	const char *text, struct errmsg *msg)
{
	char what[UNITS_LEN + 16];

	if (n > INT64_MAX)
		return errmsg_set(msg, ERANGE, "\"%.32s\" is too large", text);
	snprintf(what, sizeof(what), "\"%.32s\"", text);
	return check_bounds(opt, (int64_t)n, what, msg);
}

static int check_value(
	const struct option *opt, const char *text, struct errmsg *msg)
{
	return opt->check ? opt->check(text, msg) : 0;
}

static int set_bool(const struct option *opt, void *target, const char *text,
	struct errmsg *msg)
{
	if (strcasecmp(text, "true") == 0)
		return option_set_bool(opt, target, true, msg);
	if (strcasecmp(text, "false") == 0)
		return option_set_bool(opt, target, false, msg);
	return errmsg_set(
		msg, EINVAL, "\"%s\" is neither true nor false", text);
}

static int set_number(const struct option *opt, void *target, const char *text,
	struct errmsg *msg)
{
	char *end;
	long long n;

	errno = 0;
	n = strtoll(text, &end, 10);
	if (end == text || *end || strspn(text, "-0123456789") != strlen(text))
		return errmsg_set(
			msg, EINVAL, "\"%s\" is not a whole number", text);
	if (errno == ERANGE)
		return errmsg_set(msg, ERANGE, "%s is too large", text);
	return option_set_int(opt, target, n, msg);
}

static int set_size(const struct option *opt, void *target, const char *text,
	struct errmsg *msg)
{
	uint64_t n;
	int r = size_parse(text, &n, msg);

	if (r == 0)
		r = check_unsigned(opt, n, text, msg);
	if (r == 0)
		*(uint64_t *)field(opt, target) = n;
	return r;
}

static int set_duration(const struct option *opt, void *target,
	const char *text, struct errmsg *msg)
{
	uint64_t n;
	int r = duration_parse(text, &n, msg);

	if (r == 0)
		r = check_unsigned(opt, n, text, msg);
	if (r == 0)
		*(uint64_t *)field(opt, target) = n;
	return r;
}

static int set_rate(const struct option *opt, void *target, const char *text,
	struct errmsg *msg)
{
	struct rate_spec rate;
	char what[UNITS_LEN + 16];
	int r = rate_parse(text, &rate, msg);

	snprintf(what, sizeof(what), "\"%.32s\"", text);
	if (r == 0)
		r = check_bounds(opt, rate.count, what, msg);
	if (r == 0)
		*(struct rate_spec *)field(opt, target) = rate;
	return r;
}

static int set_string(const struct option *opt, void *target, const char *text,
	struct errmsg *msg)
{
	char **p = field(opt, target), *copy;
	char what[64];
	int r;

	snprintf(what, sizeof(what), "a text of %zu bytes", strlen(text));
	r = check_bounds(opt, (int64_t)strlen(text), what, msg);
	if (r == 0)
		r = check_value(opt, text, msg);
	if (r < 0)
		return r;
	copy = strdup(text);
	if (!copy)
		return errmsg_set(msg, ENOMEM, "out of memory");
	free(*p);
	*p = copy;
	return 0;
}

static int unknown_word(const struct option *opt, const char *text, size_t n,
	struct errmsg *msg)
{
	const char *near = str_nearest(text, opt->names, n);
	struct strbuf words = {0};
	int r;

	if (near)
		return errmsg_set(msg, EINVAL,
			"\"%s\" is not known here; did you mean \"%s\"?", text,
			near);
	for (size_t i = 0; i < n; i++)
		strbuf_addf(&words, "%s\"%s\"", i ? ", " : "", opt->names[i]);
	r = errmsg_set(msg, EINVAL, "\"%s\" is not known here; write one of %s",
		text, words.data ? words.data : "");
	strbuf_fini(&words);
	return r;
}

static int set_enum(const struct option *opt, void *target, const char *text,
	struct errmsg *msg)
{
	size_t n;

	for (n = 0; opt->names[n]; n++) {
		if (strcmp(opt->names[n], text) == 0) {
			*(int *)field(opt, target) = (int)n;
			return 0;
		}
	}
	return unknown_word(opt, text, n, msg);
}

/* The next item of "a, b" or "\"a\", \"b\""; NULL after the last. */
static char *item_next(char **rest)
{
	char *item = strsep(rest, ",");
	size_t len;

	if (!item)
		return NULL;
	item += strspn(item, " \t");
	len = strlen(item);
	while (len > 0 && strchr(" \t", item[len - 1]))
		len--;
	if (len >= 2 && item[0] == '"' && item[len - 1] == '"') {
		item++;
		len -= 2;
	}
	item[len] = '\0';
	return item;
}

static bool is_bracketed(const char *text, size_t len)
{
	return len >= 2 && text[0] == '[' && text[len - 1] == ']';
}

static int set_strings(const struct option *opt, void *target, const char *text,
	struct errmsg *msg)
{
	struct strlist *list = field(opt, target), old = *list;
	char *copy, *rest, *item;
	int r = 0;

	copy = rest = strdup(text);
	if (!copy)
		return errmsg_set(msg, ENOMEM, "out of memory");
	if (is_bracketed(copy, strlen(copy))) {
		copy[strlen(copy) - 1] = '\0';
		rest = copy + 1;
	}
	*list = (struct strlist){0};
	while (r == 0 && (item = item_next(&rest)))
		if (*item || rest || list->n_items > 0)
			r = option_add_item(opt, target, item, msg);
	free(copy);
	if (r < 0) {
		strlist_fini(list);
		*list = old;
		return r;
	}
	strlist_fini(&old);
	return 0;
}

typedef int (*set_fn)(const struct option *opt, void *target, const char *text,
	struct errmsg *msg);

static const struct {
	set_fn set;
	size_t size;
} types[] = {
	[OPT_BOOL] = {set_bool, sizeof(bool)},
	[OPT_INT] = {set_number, sizeof(int64_t)},
	[OPT_SIZE] = {set_size, sizeof(uint64_t)},
	[OPT_DURATION] = {set_duration, sizeof(uint64_t)},
	[OPT_RATE] = {set_rate, sizeof(struct rate_spec)},
	[OPT_STRING] = {set_string, sizeof(char *)},
	[OPT_ENUM] = {set_enum, sizeof(int)},
	[OPT_STRINGS] = {set_strings, sizeof(struct strlist)},
};

int option_set_text(const struct option *opt, void *target, const char *text,
	struct errmsg *msg)
{
	return types[opt->type].set(opt, target, text, msg);
}

int option_set_string(const struct option *opt, void *target, const char *text,
	struct errmsg *msg)
{
	char found[64];

	if (opt->type == OPT_BOOL || opt->type == OPT_INT) {
		snprintf(found, sizeof(found), "the text \"%.40s\"", text);
		return option_wrong_type(opt, found, msg);
	}
	if (opt->type == OPT_STRINGS) {
		struct strlist old = *(struct strlist *)field(opt, target);
		struct strlist *list = field(opt, target);
		int r;

		*list = (struct strlist){0};
		r = option_add_item(opt, target, text, msg);
		if (r < 0)
			*list = old;
		else
			strlist_fini(&old);
		return r;
	}
	return option_set_text(opt, target, text, msg);
}

int option_set_int(const struct option *opt, void *target, int64_t value,
	struct errmsg *msg)
{
	char found[64], good[UNITS_LEN];
	int r;

	snprintf(found, sizeof(found), "the number %" PRId64, value);
	if (opt->type == OPT_INT) {
		r = check_bounds(
			opt, value, found + strlen("the number "), msg);
		if (r == 0)
			*(int64_t *)field(opt, target) = value;
		return r;
	}
	if (opt->type == OPT_SIZE && value >= 0)
		return errmsg_set(msg, EINVAL,
			"%s has no unit; write a size in quotes: \"%s\"", found,
			size_format(good, (uint64_t)value));
	if (opt->type == OPT_DURATION && value > 0)
		return errmsg_set(msg, EINVAL,
			"%s has no unit; write a duration in quotes: "
			"\"%" PRId64 "s\"",
			found, value);
	if (opt->type == OPT_DURATION && value == 0)
		return errmsg_set(msg, EINVAL,
			"a duration stands in quotes; write \"0\"");
	return option_wrong_type(opt, found, msg);
}

int option_set_bool(
	const struct option *opt, void *target, bool value, struct errmsg *msg)
{
	if (opt->type != OPT_BOOL)
		return option_wrong_type(opt, value ? "true" : "false", msg);
	*(bool *)field(opt, target) = value;
	return 0;
}

int option_add_item(const struct option *opt, void *target, const char *item,
	struct errmsg *msg)
{
	struct strlist *list = field(opt, target);
	int r;

	if (opt->type != OPT_STRINGS)
		return option_wrong_type(opt, "a list", msg);
	if (opt->max > 0 && list->n_items >= (size_t)opt->max)
		return errmsg_set(msg, ERANGE,
			"the list is too long; at most %" PRId64 " fit",
			opt->max);
	if (!*item)
		return errmsg_set(msg, EINVAL, "an empty text in the list");
	r = check_value(opt, item, msg);
	if (r < 0)
		return r;
	if (strlist_add(list, item) < 0)
		return errmsg_set(msg, ENOMEM, "out of memory");
	return 0;
}

void option_clear(const struct option *opt, void *target)
{
	assert(opt->type == OPT_STRINGS);
	strlist_fini(field(opt, target));
}

static int copy_list(struct strlist *to, const struct strlist *from)
{
	struct strlist list = {0};

	for (size_t i = 0; i < from->n_items; i++) {
		if (strlist_add(&list, from->items[i]) < 0) {
			strlist_fini(&list);
			return -ENOMEM;
		}
	}
	strlist_fini(to);
	*to = list;
	return 0;
}

int option_copy(const struct option *to, void *target,
	const struct option *from, const void *source)
{
	void *dst = field(to, target);
	const void *src = const_field(from, source);
	char *copy;

	assert(to->type == from->type);
	if (to->type == OPT_STRINGS)
		return copy_list(dst, src);
	if (to->type != OPT_STRING) {
		memcpy(dst, src, types[to->type].size);
		return 0;
	}
	copy = strdup(*(char *const *)src);
	if (!copy)
		return -ENOMEM;
	free(*(char **)dst);
	*(char **)dst = copy;
	return 0;
}

/* libconfig knows these escapes; UTF-8 stands as it is. */
static void quote(struct strbuf *out, const char *text)
{
	static const char escapes[][2] = {
		{'"', '"'},
		{'\\', '\\'},
		{'\n', 'n'},
		{'\r', 'r'},
		{'\t', 't'},
		{'\f', 'f'},
	};

	strbuf_addc(out, '"');
	for (; *text; text++) {
		unsigned char c = (unsigned char)*text;
		size_t i = 0;

		while (i < 6 && escapes[i][0] != *text)
			i++;
		if (i < 6)
			strbuf_addf(out, "\\%c", escapes[i][1]);
		else if (c < 0x20 || c == 0x7f)
			strbuf_addf(out, "\\x%02x", c);
		else
			strbuf_addc(out, *text);
	}
	strbuf_addc(out, '"');
}

static void format_list(struct strbuf *out, const struct strlist *list)
{
	strbuf_adds(out, "[ ");
	for (size_t i = 0; i < list->n_items; i++) {
		quote(out, list->items[i]);
		strbuf_adds(out, i + 1 < list->n_items ? ", " : " ");
	}
	strbuf_adds(out, "]");
}

void option_format(
	const struct option *opt, const void *target, struct strbuf *out)
{
	const void *p = const_field(opt, target);
	char buf[UNITS_LEN];

	switch (opt->type) {
	case OPT_BOOL:
		strbuf_adds(out, *(const bool *)p ? "true" : "false");
		break;
	case OPT_INT:
		strbuf_addf(out, "%" PRId64, *(const int64_t *)p);
		break;
	case OPT_SIZE:
		quote(out, size_format(buf, *(const uint64_t *)p));
		break;
	case OPT_DURATION:
		quote(out, duration_format(buf, *(const uint64_t *)p));
		break;
	case OPT_RATE:
		quote(out, rate_format(buf, p));
		break;
	case OPT_STRING:
		quote(out, *(char *const *)p ? *(char *const *)p : "");
		break;
	case OPT_ENUM:
		quote(out, opt->names[*(const int *)p]);
		break;
	case OPT_STRINGS:
		format_list(out, p);
		break;
	}
}

int option_set_defaults(const struct option *table, void *target)
{
	for (const struct option *opt = table; opt->key; opt++) {
		struct errmsg msg;
		int r;

		if (opt->flags & (OPT_REQUIRED | OPT_INHERIT))
			continue;
		r = option_set_text(opt, target, opt->fallback, &msg);
		if (r == -ENOMEM)
			return r;
		assert(r == 0);
	}
	return 0;
}

void option_fini(const struct option *table, void *target)
{
	for (const struct option *opt = table; opt->key; opt++) {
		void *p = field(opt, target);

		if (opt->type == OPT_STRING)
			free(*(char **)p);
		if (opt->type == OPT_STRINGS)
			strlist_fini(p);
		memset(p, 0, types[opt->type].size);
	}
}

/* The text is exact for every type: two values written alike are the same.
 * -ENOMEM: nobody knows. */
static int same_text(const struct option *opt_a, const void *a,
	const struct option *opt_b, const void *b)
{
	struct strbuf text[2] = {{0}, {0}};
	int same = -ENOMEM;

	option_format(opt_a, a, &text[0]);
	option_format(opt_b, b, &text[1]);
	if (!text[0].failed && !text[1].failed)
		same = strcmp(text[0].data, text[1].data) == 0;
	strbuf_fini(&text[0]);
	strbuf_fini(&text[1]);
	return same;
}

bool option_equal(const struct option *opt, const void *a, const void *b)
{
	return same_text(opt, a, opt, b) == 1;
}

int option_is_default(const struct option *opt, const void *target)
{
	union {
		int64_t number;
		struct rate_spec rate;
		struct strlist list;
	} value = {0};
	struct option row[2] = {*opt, OPTION_END};
	int r;

	assert(!(opt->flags & (OPT_REQUIRED | OPT_INHERIT)));
	row[0].offset = 0;
	r = option_set_text(row, &value, opt->fallback, NULL);
	if (r < 0)
		return r;
	r = same_text(row, &value, opt, target);
	option_fini(row, &value);
	return r;
}

const struct option *option_find(const struct option *table, const char *key)
{
	for (; table && table->key; table++)
		if (strcmp(table->key, key) == 0)
			return table;
	return NULL;
}
