/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SOCKD_PROTO_AUDIENCE_PRIVATE_H
#define SOCKD_PROTO_AUDIENCE_PRIVATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

#include "base/str.h"

struct chat_msg;
struct conn;
struct dialect;
struct metrics_worker;
struct worker;

/* Shared by audience.c, where all of this is explained, and audience_seat.c. */

#define BATCH_MAX 256 /* facts of one room in a batch */

struct place {
	struct conn *conn; /* borrowed; NULL: a hole */
	struct seat *seat; /* borrowed; of the conn's session */
	uint64_t mark;     /* serial of a batch it may not get as others do */
};

struct group {
	const struct dialect *dialect;
	unsigned view;
	struct place *places; /* owned */
	uint32_t n, size, n_holes;
};

struct waiting {
	struct chat_msg *msg; /* a reference */
	uint64_t author;      /* a conn's id, or 0 */
};

struct audience {
	uint32_t room;
	struct group *groups; /* owned */
	uint32_t n_groups;
	uint32_t n_waiting, waiting_size;
	uint64_t told; /* the seq of the last message that all were told */
	size_t waiting_bytes;
	struct waiting *waiting; /* owned */
	struct audience *next;   /* in audiences.first */
	bool queued;             /* it is there */
	bool held;               /* being told: not freed, even if deserted */
	LIST_HEAD(, seat) picky; /* of sessions that ignore or want bells */
};

struct seat {
	struct seat *next; /* in chat_session.seats */
	struct audience *audience;
	uint32_t group, place;
	LIST_ENTRY(seat) of_picky; /* audience.picky, if: */
	bool is_picky;
	uint32_t n_missed;     /* messages, see chat_missed.c */
	uint64_t first_missed; /* the id of the first of them */
};

struct audiences {
	struct worker *worker;        /* borrowed */
	struct metrics_worker *tally; /* borrowed; the worker's */
	struct audience **rooms;      /* owned, by room index */
	size_t n_rooms;
	struct audience *first, **last; /* those with something waiting */
	bool in_round;                  /* `first` is being told: */
	uint32_t cursor_group, cursor_place;
	struct strbuf rendered; /* the batch, for the group at the cursor */
	size_t ends[BATCH_MAX]; /* ... and where each piece ends */
	size_t n_shown;         /* ... and how many are not empty */
	size_t n_said;          /* ... and how many of these have an id ... */
	uint64_t first_said;    /* ... which is that of the first of them */
	uint64_t round_us;      /* when the round began */
	uint64_t n_delivered;   /* pieces, not yet in the tally */
	bool is_full;           /* one of them has BATCH_MAX waiting */
	uint64_t serial;        /* of the batch, or of a fact told once */
	struct strbuf scratch;  /* a rendering for one */
};

/* The seq of the last message that waits; 0: none does. */
uint64_t audience_last_waiting(const struct audience *a);
/* audience_seat.c: */
struct audience *audience_find(
	const struct audiences *set, uint32_t room); /* NULL: nobody is there */
void audience_free(struct audience *a);
void audience_drop_if_deserted(struct audiences *set, struct audience *a);
/* Closes the holes that a round left. */
void audience_sweep(struct group *g);

#endif
