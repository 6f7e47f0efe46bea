/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * One sentence for a person, carried beside an error number.
 *
 * A message is cut, never refused, when it does not fit: a long sentence
 * without its end still helps, and no caller has to handle a failure while it
 * is already handling one. Pure; any thread.
 */
#include "base/errmsg.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

int errmsg_set(struct errmsg *msg, int err, const char *fmt, ...)
{
	va_list ap;

	assert(err > 0);
	if (msg) {
		va_start(ap, fmt);
		vsnprintf(msg->text, sizeof(msg->text), fmt, ap);
		va_end(ap);
	}
	return -err;
}

void errmsg_prefix(struct errmsg *msg, const char *fmt, ...)
{
	char old[ERRMSG_LEN];
	va_list ap;
	size_t len;

	if (!msg)
		return;
	memcpy(old, msg->text, sizeof(old));
	va_start(ap, fmt);
	vsnprintf(msg->text, sizeof(msg->text), fmt, ap);
	va_end(ap);
	len = strlen(msg->text);
	snprintf(msg->text + len, sizeof(msg->text) - len, ": %s", old);
}
