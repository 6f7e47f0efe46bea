/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SOCKD_BIN_SOCKLOAD_FANOUT_H
#define SOCKD_BIN_SOCKLOAD_FANOUT_H

#include <stdbool.h>
#include <stdint.h>

#include "sockload.h"
#include "sockload_session.h"
#include "sockload_track.h"

/* The shape of a message, shared by those that send and those that check. */
#define MESSAGE_HEAD 29 /* "|", 5, ".", 8, ".", 12 digits, "|" */
#define MESSAGE_MIN  48

struct message {
	uint32_t sender;
	uint64_t seq;
};

struct member {
	struct session session;
	struct sender *sender; /* borrowed; NULL: only receives */
	uint32_t *next;        /* borrowed; per sender of the room: the number
	                          of the message waited for */
	uint32_t offset;       /* where in its line the last message began */
	bool is_slow;          /* see sockload_slow.c; then: */
	uint64_t n_came, n_announced; /* messages, and those skipped */
};

struct sender {
	struct member *member; /* borrowed */
	uint64_t issued, oldest;
	char *ring;        /* owned; window × size bytes: the messages */
	uint64_t *stamps;  /* owned; when each was sent, or was due */
	uint32_t *pending; /* owned; how many members still wait for it */
	struct strbuf head, tail; /* what is sent around a message */
	bool is_dirty;
};

struct fanout {
	struct member *members; /* owned; receivers, then senders */
	struct sender *senders; /* owned */
	uint32_t *next;         /* owned; of all members */
	uint32_t *n_hearing;    /* owned; members of each room that receive */
	uint32_t *dirty;        /* owned; senders that may have room again */
	uint32_t n_dirty;
	uint64_t n_pending; /* messages that have not reached everybody */
	uint64_t now_us;    /* of this callback; 0: not looked at yet */
	struct track track;
	struct strbuf out;
	struct event *slow_step; /* owned; NULL: none is slow, or not yet */
	bool slow_are_free;      /* they read as all others do */
};

/* True if messages have to reach the member in time. */
bool fanout_hears(const struct load *l, const struct member *m);
/* A message may have reached its last member: makes room in the window. */
void fanout_advance(struct load *l, uint32_t sender);
/* The nth sender (from 0) of a room; past the last, no sender's number. */
uint32_t fanout_sender(const struct load *l, uint32_t room, uint32_t nth);

#endif
