/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SOCKD_PROTO_DIALECT_H
#define SOCKD_PROTO_DIALECT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "net/close.h"
#include "net/framer_json.h"
#include "net/framer_length.h"
#include "net/framer_line.h"
#include "net/telnet.h"
#include "proto/dialect_view.h"

struct chat_call;
struct chat_gap;
struct chat_msg;
struct dialect;
struct service;
struct strbuf;
struct text_telnet;

/* How one kind of client writes commands and reads facts. A dialect is one
 * file and one row in src/proto/meson.build; it sees no socket and no hub, so
 * that a test or a fuzzer can drive it with bytes alone. */

/* What a dialect keeps of a connection's input between reads. */
struct dialect_input {
	union {
		struct { /* text */
			struct framer_line line;
			struct text_telnet *telnet; /* owned; NULL: none */
		};
		struct framer_json json;
		struct framer_length frame;
		size_t line_max; /* auto */
	};
	/* What the reads found out, for the caller to see to after each: */
	uint8_t view;              /* how to write to it, bits to be added */
	struct telnet_reply reply; /* to be sent, then emptied */
	union {
		const struct dialect *next; /* BECOMES: which one */
		const char *stranger;       /* STRANGE: what, for the log */
	};
	uint8_t why; /* ... and enum close_reason */
};

/* What was left out for somebody who reads too slowly. */
struct dialect_missed {
	uint64_t n;                  /* in all */
	const struct chat_gap *gaps; /* by rooms that have a history of it */
	size_t n_gaps;
};

enum dialect_event {
	DIALECT_MORE,      /* nothing whole: come again with these and more */
	DIALECT_READ,      /* call says what to run, or nothing */
	DIALECT_ENDLESS,   /* what came will never be whole: close */
	DIALECT_NO_MEMORY, /* for what came: close */
	DIALECT_BECOMES,   /* in->next goes on with what is not used */
	DIALECT_STRANGE,   /* it speaks none: send call->buf and close */
};

struct dialect {
	const char *name;   /* as `dialect = "..."` writes it */
	bool is_undecided;  /* nobody is let in before it became another */
	bool is_of_program; /* who speaks it starts in no room */
	/* A connection begins to speak it. */
	void (*start)(struct dialect_input *in, const struct service *svc);
	/* Reads the next input of a connection and fills call (cleared by the
	 * caller). *ret_used bytes are done with, 0 only for MORE, BECOMES and
	 * what closes. */
	enum dialect_event (*read)(struct dialect_input *in,
		const struct slice *data, struct chat_call *call,
		size_t *ret_used);
	/* The input ended with these bytes that are no whole one: READ, or
	 * MORE if there is nothing in them. */
	enum dialect_event (*end)(struct dialect_input *in,
		const struct slice *data, struct chat_call *call);
	/* It speaks it no longer: frees what `in` owns. NULL: nothing. */
	void (*stop)(struct dialect_input *in);
	/* So many ms may pass until what has begun is whole; 0, and NULL: any
	 * number. After that late() is called. */
	uint64_t (*patience_ms)(const struct dialect_input *in);
	enum dialect_event (*late)(
		struct dialect_input *in, struct chat_call *call);
	/* It became another by late(): was that right? Looks at the first bytes
	 * before that one does. READ: yes; MORE: cannot tell yet, so there is
	 * nothing whole in them for that one either. is_all: the input ended
	 * with them. */
	enum dialect_event (*reconsider)(struct dialect_input *in,
		const struct slice *data, bool is_all, struct chat_call *call);
	/* Appends the bytes that tell a member msg. Nothing is fine. NULL, as
	 * missed(), if it is undecided: then nobody is told anything. */
	void (*render)(
		const struct chat_msg *msg, unsigned view, struct strbuf *out);
	/* Appends the last line before we close. arg: for the reason's %s. */
	void (*goodbye)(enum close_reason why, const char *arg, unsigned view,
		struct strbuf *out);
	/* Appends the count of what was left out, and how to see it. */
	void (*missed)(const struct dialect_missed *missed, unsigned view,
		struct strbuf *out);
};

extern const struct dialect *const dialect_table[]; /* ended by NULL */
/* The row named so, or NULL. */
const struct dialect *dialect_find(const char *name);
/* Appends the words of a refusal (from CHAT_E_FIRST on) for who is no member
 * and knows no command. */
void dialect_refusal_words(const struct chat_msg *msg, struct strbuf *out);
/* The library that reads JSON, and its version: "jansson 2.14". */
const char *dialect_library_text(void);

#endif
