/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The framers: each row brings one parser behind the common face, and adds the
 * sentences for peers. Pure. */
#include "net/framer.h"

#include <errno.h>
#include <string.h>

#include "base/units.h"

/* Lines. */

static void line_init(union framer_state *f, const struct framer_limits *limits)
{
	framer_line_init(&f->line, limits->line);
}

static void say_too_long(struct frame *ret, size_t len, size_t max)
{
	char came[STR_COUNT_LEN], allowed[STR_COUNT_LEN];

	errmsg_set(&ret->why, EMSGSIZE,
		"that line has %s bytes, %s are allowed; it was not answered",
		str_count(came, len), str_count(allowed, max));
}

static enum framer_event line_took(const struct framer_line *f,
	enum line_event event, const struct slice *line, struct frame *ret)
{
	static const enum framer_event events[] = {
		[LINE_MORE] = FRAMER_MORE,
		[LINE_WHOLE] = FRAMER_WHOLE,
		[LINE_TOO_LONG] = FRAMER_REFUSED,
		[LINE_ENDLESS] = FRAMER_BROKEN,
		[LINE_SKIPPED] = FRAMER_SKIPPED,
	};
	char size[UNITS_LEN];

	if (event == LINE_WHOLE)
		ret->message = *line;
	else if (event == LINE_TOO_LONG)
		say_too_long(ret, line->len, f->max);
	else if (event == LINE_ENDLESS)
		errmsg_set(&ret->why, EMSGSIZE,
			"%s without an end of line; this port wants lines",
			size_words(size, f->endless));
	return events[event];
}

static enum framer_event line_next(
	union framer_state *f, const struct slice *in, struct frame *ret)
{
	struct slice line;
	enum line_event event = framer_line_next(
		&f->line, in->data, in->len, &line, &ret->used);

	return line_took(&f->line, event, &line, ret);
}

static enum framer_event line_end(
	union framer_state *f, const struct slice *in, struct frame *ret)
{
	struct slice line;
	enum line_event event = framer_line_end(
		&f->line, in->data, in->len, &line);

	ret->used = in->len;
	return line_took(&f->line, event, &line, ret);
}

static void line_wrap(
	const union framer_state *f, size_t len, struct frame_wrap *ret)
{
	ret->head_len = 0;
	ret->tail = framer_line_ending(&f->line);
}

static const struct framer framer_line = {
	.name = "line",
	.broken = CLOSE_LINE,
	.init = line_init,
	.next = line_next,
	.end = line_end,
	.wrap = line_wrap,
};

/* Lengths. */

static void length_init(
	union framer_state *f, const struct framer_limits *limits)
{
	framer_length_init(&f->length, limits->message);
}

static enum framer_event length_next(
	union framer_state *f, const struct slice *in, struct frame *ret)
{
	static const enum framer_event events[] = {
		[LENGTH_MORE] = FRAMER_MORE,
		[LENGTH_WHOLE] = FRAMER_WHOLE,
		[LENGTH_TOO_LARGE] = FRAMER_BROKEN,
	};
	enum length_event event = framer_length_next(
		&f->length, in->data, in->len, &ret->message, &ret->used);

	if (event == LENGTH_TOO_LARGE)
		framer_length_refusal(&f->length, in->data, &ret->why);
	return events[event];
}

static enum framer_event length_end(
	union framer_state *f, const struct slice *in, struct frame *ret)
{
	ret->used = 0;
	if (in->len == 0)
		return FRAMER_MORE;
	framer_length_cut(in->data, in->len, &ret->why);
	return FRAMER_BROKEN;
}

static void length_wrap(
	const union framer_state *f, size_t len, struct frame_wrap *ret)
{
	framer_length_encode(ret->head, len);
	ret->head_len = FRAMER_LENGTH_HEAD;
	ret->tail = (struct slice){"", 0};
}

static const struct framer framer_length = {
	.name = "length",
	.broken = CLOSE_FRAME,
	.init = length_init,
	.next = length_next,
	.end = length_end,
	.wrap = length_wrap,
};

static const struct framer *const framers[] = {
	&framer_line,
	&framer_length,
};

const struct framer *framer_find(const char *name)
{
	for (size_t i = 0; i < sizeof(framers) / sizeof(framers[0]); i++)
		if (strcmp(framers[i]->name, name) == 0)
			return framers[i];
	return NULL;
}
