/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SOCKD_NET_FRAMER_H
#define SOCKD_NET_FRAMER_H

#include <stddef.h>

#include "base/errmsg.h"
#include "base/str.h"
#include "net/close.h"
#include "net/framer_length.h"
#include "net/framer_line.h"

/* What `framing = "..."` may name: how a stream of bytes becomes messages, and
 * answers become bytes again. A framer is pure, and a row in framer.c. */

union framer_state {
	struct framer_line line;
	struct framer_length length;
};

struct framer_limits {
	size_t line;    /* bytes of a line */
	size_t message; /* bytes of any other message */
};

enum framer_event {
	FRAMER_MORE,  /* nothing whole: come again with these and more bytes */
	FRAMER_WHOLE, /* a message */
	FRAMER_SKIPPED, /* bytes of a message that is not let through */
	FRAMER_REFUSED, /* that one ended; the next may be right */
	FRAMER_BROKEN,  /* nothing that follows is a message: close */
	FRAMER_N
};

struct frame {
	struct slice message; /* WHOLE: somewhere in the bytes given */
	size_t used;          /* bytes done with; 0 for MORE and BROKEN */
	struct errmsg why;    /* REFUSED, BROKEN: what to tell the peer */
};

/* What goes around an answer. */
struct frame_wrap {
	char head[FRAMER_LENGTH_HEAD];
	size_t head_len;
	struct slice tail; /* constant; as the last message ended */
};

struct framer {
	const char *name;         /* as `framing = "..."` writes it */
	enum close_reason broken; /* why a connection ends then */
	void (*init)(union framer_state *f, const struct framer_limits *limits);
	/* Looks at the next bytes. */
	enum framer_event (*next)(union framer_state *f, const struct slice *in,
		struct frame *ret);
	/* The stream ended, these bytes are left. MORE: nothing of note. */
	enum framer_event (*end)(union framer_state *f, const struct slice *in,
		struct frame *ret);
	/* For an answer of len bytes to the last message. */
	void (*wrap)(const union framer_state *f, size_t len,
		struct frame_wrap *ret);
};

/* The one of that name; NULL for "stream", which has no messages. */
const struct framer *framer_find(const char *name);

#endif
