/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The rows of the reasons why connections end; see net/close.h. */
#include "net/close.h"

#include <assert.h>
#include <stddef.h>

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
