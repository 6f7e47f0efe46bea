/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SOCKD_PROTO_DIALECT_VIEW_H
#define SOCKD_PROTO_DIALECT_VIEW_H

#include <stdbool.h>

struct chat_msg;

/* What may differ between members of one dialect; with the dialect it makes
 * the "rendering": members of a room who share one get the same bytes. */
enum dialect_view {
	DIALECT_CRLF = 1 << 0,  /* lines end with CR LF: a telnet, says itself
				 * that the connection is gone */
	DIALECT_TIME = 1 << 1,  /* messages carry the time of day */
	DIALECT_QUIET = 1 << 2, /* who comes, goes, is renamed is not shown */
	DIALECT_BELL = 1 << 3,  /* rings; see below */
};
#define DIALECT_VIEWS 16 /* combinations of the above */

/* In a session's view BELL says that it wants one for what is meant for it. Of
 * rooms that differs from message to message, so it makes no rendering of its
 * own; to render() it says that this message rings. */
#define DIALECT_RENDERING ((unsigned)~DIALECT_BELL)

/* True if msg is not shown to whoever has that view, in any dialect. */
bool dialect_is_hidden(const struct chat_msg *msg, unsigned view);

#endif
