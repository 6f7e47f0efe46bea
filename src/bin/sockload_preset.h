/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SOCKD_BIN_SOCKLOAD_PRESET_H
#define SOCKD_BIN_SOCKLOAD_PRESET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"

struct errmsg;

/* How to talk to a kind of server: what to send to become a member of a room
 * and to say something there. The texts are templates, see template_expand().
 * NULL: that step is left out. */
struct preset {
	const char *name;
	const char *summary;
	const char *login;   /* sent as soon as connected */
	const char *welcome; /* a line holding this: logged in, now `join` */
	const char *join;
	const char *ready; /* a line holding this: member of the room */
	const char
		*sender_login; /* "" : as `login`; for a sender that is not */
	const char *sender_ready; /* a member itself */
	const char *refused; /* a line that begins so before `ready`: failed */
	const char *send;    /* holds {payload} once */
	/* A line holding this, with a number for {n}: so many messages were
	 * skipped, since the member reads too slowly. */
	const char *skipped;
	bool sender_hears; /* a sender is a member and gets others' messages */
	bool ping;         /* a line PING… is answered with PONG… */
};

extern const struct preset presets[]; /* ends with a row without a name */
const struct preset *preset_find(const char *name); /* or NULL */

struct template_vars {
	uint32_t id;     /* {id} */
	uint32_t room;   /* {room}: "load-", run and this; {room_size} */
	uint32_t size;   /* {size}: bytes of a payload */
	const char *run; /* {run}: three letters, so that no run meets what
	                    an earlier one left; {nick}: "n", id and this */
};

/* Appends text with each {name} replaced. A "{" that no letter follows, as in
 * JSON, stands for itself. 0, or -EINVAL with the reason in msg for an unknown
 * name. {payload} is not known here: see template_split(). */
int template_expand(struct strbuf *out, const char *text,
	const struct template_vars *vars, struct errmsg *msg);
/* Cuts a copy of text at its {payload}: *ret_head is owned by the caller,
 * *ret_tail points into it. 0, -EINVAL (none, or two) or -ENOMEM. */
int template_split(
	const char *text, char **ret_head, char **ret_tail, struct errmsg *msg);
/* Replaces \n \r \t \\ in a template from the command line, in place. */
int template_unescape(char *text, struct errmsg *msg);

#endif
