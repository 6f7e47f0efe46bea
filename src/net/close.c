/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The rows of the reasons why connections end; see net/close.h. */
#include "net/close.h"

#include <assert.h>
#include <string.h>

#include "base/str.h"
#include "base/utf8.h"

#include "base/metrics.h"

/* Each is a cell of what is counted by reason. */
_Static_assert((int)CLOSE_N <= (int)METRICS_REASONS, "METRICS_REASONS is less");

static const struct close_row rows[] = {
#define CLOSE_ROW(name, code, fate, words) \
	[CLOSE_##name] = {code, CLOSE_FATE_##fate, words},
	CLOSE_TABLE(CLOSE_ROW)
#undef CLOSE_ROW
};

const struct close_row *close_row(enum close_reason why)
{
	assert(why < CLOSE_N);
	return &rows[why];
}

void close_words(enum close_reason why, const char *arg, struct strbuf *out)
{
	const char *words = close_row(why)->words;
	const char *hole = strstr(words, "%s");

	if (hole) {
		strbuf_add(out, words, (size_t)(hole - words));
		if (arg)
			utf8_make_safe(out, arg, strlen(arg));
		words = hole + 2;
	}
	strbuf_adds(out, words);
}
