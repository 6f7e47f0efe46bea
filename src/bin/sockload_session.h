/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SOCKD_BIN_SOCKLOAD_SESSION_H
#define SOCKD_BIN_SOCKLOAD_SESSION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"
#include "sockload_link.h"

struct session;

struct session_ops {
	void (*ready)(struct session *s);
	/* A whole line, without its end, of a session that is ready. */
	void (*line)(struct session *s, const char *line, size_t len);
	/* All lines of one read were given; may be NULL. */
	void (*lines_end)(struct session *s);
	/* The server ended it; the link is closed already. */
	void (*ended)(struct session *s);
};

enum session_state {
	SESSION_CLOSED,
	SESSION_CONNECTING,
	SESSION_WELCOME, /* logging in */
	SESSION_JOINING,
	SESSION_READY,
};

/* A connection that logs in as its preset says and then hands on lines.
 * Zero-initialised is closed. Embedded first in the mode's own struct. */
struct session {
	struct link link;
	const struct session_ops *ops;
	enum session_state state;
	uint32_t room;
	bool only_sends; /* a sender that is no member itself */
	char *rest;      /* owned; the beginning of a line */
	size_t rest_len;
	struct strbuf out; /* what the kernel has not taken yet */
	size_t out_sent;
	char last[200]; /* the last line that was not a message */
};

/* 0, -EAGAIN or -errno. ops, id and room are kept. */
int session_open(struct session *s, struct load *l, uint32_t id,
	const struct session_ops *ops);
void session_fini(struct session *s); /* closes too */
/* Whether it is read as soon as there is something. */
void session_watch(struct session *s, bool on);
/* Reads so many bytes at most, if there are any. */
void session_read(struct session *s, size_t max);
/* Sends, or queues what the kernel does not take. */
void session_send(struct session *s, const void *data, size_t len);
/* Keeps a line to be quoted if the session fails. */
void session_note(struct session *s, const char *line, size_t len);

#endif
