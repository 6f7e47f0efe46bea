/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SOCKD_PROTO_CHAT_SESSION_H
#define SOCKD_PROTO_CHAT_SESSION_H

#include <stdbool.h>
#include <stdint.h>

#include "net/idlist.h"
#include "proto/dialect.h"
#include "proto/flood.h"

struct chat_msg;
struct chat_port;
struct conn;
struct flood_settings;
struct member;
struct seat;

enum chat_timer {
	CHAT_TIMER_INPUT,    /* what has begun to come took too long */
	CHAT_TIMER_ANNOUNCE, /* the rooms are told of a guest */
	CHAT_TIMER_FLOOD,    /* a line that waits may run; see chat_flood.h */
	CHAT_TIMER_LOGIN,    /* looks again whether a login can go on */
	CHAT_TIMER_N
};

/* The chat's state of one connection; lives inside its conn. Its worker's
 * thread only, but for member, which belongs to the hub. */
struct chat_session {
	struct conn *conn;             /* borrowed: it holds this */
	struct chat_port *port;        /* borrowed */
	const struct dialect *dialect; /* constant */
	const char *room;              /* borrowed: where a person starts */
	struct member *member;         /* borrowed; looked into by chat_port */
	struct seat *seats;            /* owned list: the rooms it hears */
	struct idlist ignored;         /* persons whom it does not hear */
	struct chat_msg *bye;          /* a reference: what /quit said */
	uint64_t missed;               /* messages left out while it was slow */
	uint64_t told;                 /* the last fact told to each once */
	struct dialect_input input;
	uint64_t due_ms[CHAT_TIMER_N]; /* see chat_timer.h; 0: not */
	struct flood flood;            /* what it says too fast */
	/* Looks at the first input again, see dialect.h; NULL: none does. */
	const struct dialect *doubting;
	uint8_t view;       /* bits of enum dialect_view */
	uint8_t asked_view; /* those that it will have by itself */
	uint8_t terms;      /* bits of enum chat_term */
	bool leaving;       /* asked to go: input no longer counts */
	bool ended;         /* its input has, and what waits still runs */
	bool is_waiting;    /* for the answer to what was run last: nothing else
	                    is run until then */
	bool is_secret;     /* what was read last holds a password */
};

#endif
