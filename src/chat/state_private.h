/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SOCKD_CHAT_STATE_PRIVATE_H
#define SOCKD_CHAT_STATE_PRIVATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"
#include "base/strmap.h"
#include "chat/history.h"
#include "chat/msg_type.h"
#include "chat/name.h"

struct chat_now;
struct chat_state_counts;
struct errmsg;
struct hub;
struct ticket;

/* What the state*.c files share. The bytes, numbers with the lowest byte first:
 *
 *	state    u8 1: the last one, of a stop; i64 wall time; u64 last id,
 *	         persons, rooms made; u32 times that somebody went away;
 *	         u32 rooms, each:
 *	room     text8 name; u64 serial, sequence, last id, ms idle;
 *	         u8 1: has a topic of its own, 2: an operator locked it,
 *	         4: or opened it, 8: it was configured as locked; text16 topic;
 *	         u32 marks, each u64 id, sequence; u32 messages, each:
 *	message  u8 what; u64 id, sequence, author; i64 wall time; text8 nick;
 *	         text32 text
 *	         after the rooms: u32 people, each:
 *	person   u32 code; u64 ms since it left; text8 nick; u64 person;
 *	         text8 account, or ""; u8 wants; u32 hints; u8 1: is away;
 *	         u32 number of that; text16 words; 4 u32 of whose being away it
 *	         was told; u64 person and text8 nick that /reply means, or 0
 *	         and ""; u16 ignored, each u64 person, text8 nick; u32 rooms,
 *	         each text8 name, u64 serial, sequence; u64 ms that it is muted
 *	         after the people: u32 accounts that are muted, each text8 name,
 *	         u64 ms
 *
 * A text is its length, in as many bits, the text itself, and a NUL. Times for
 * which somebody is muted are without end if all bits are set. Rooms stand in
 * the order in which they became idle, people in that of leaving. */

#define STATE_LAST       (1u << 0)
#define STATE_HAS_TOPIC  (1u << 0)
#define STATE_IS_LOCKED  (1u << 1)
#define STATE_IS_OPEN    (1u << 2)
#define STATE_WAS_LOCKED (1u << 3)
#define STATE_IS_AWAY    (1u << 0)

/* What can stand in a history, by its number there; 0 is none. */
#define STATE_N_MSGS 3
extern const enum chat_type state_msgs[STATE_N_MSGS];

/* The latest time that is written and read: the end of the year 9999. */
#define STATE_WALL_MAX INT64_C(253402300799999)

/* A room that is being taken, or was. */
struct state_room {
	char name[ROOM_NAME_MAX + 1];
	bool is_taken;
	bool is_begun;
	uint64_t serial, seq, last_id, idle_ms;
	unsigned lock;              /* STATE_IS_LOCKED ... */
	char *topic;                /* owned; NULL: none of its own */
	struct history_mark *marks; /* owned */
	size_t n_marks;
	struct chat_msg **msgs; /* owned; references */
	size_t n_msgs, size;
};

/* A person as bytes, in chat_state.people. */
struct state_person {
	uint64_t gone_ms; /* since it left */
	uint32_t code;
	size_t at, len;
};

struct chat_state {
	bool is_last;
	bool failed; /* memory did not suffice */
	int step;
	/* People. */
	uint64_t number; /* of this state, see hub.n_saves */
	size_t left;     /* tickets to look at */
	struct strbuf people;
	struct state_person *persons; /* owned; they lie in people */
	size_t n_persons, persons_size;
	/* Rooms. */
	struct strmap_walk walk;
	struct state_room *rooms; /* owned */
	size_t n_rooms, rooms_size;
	size_t at; /* the one that is being taken */
	/* Of the hub itself, at the end. */
	int64_t wall_ms;
	uint64_t last_id, n_people_ever, n_rooms_ever;
	uint32_t n_aways;
	struct strbuf mutes; /* as bytes */
	uint32_t n_mutes;
};

/* state_write.c */
void state_put(struct strbuf *out, uint64_t value, size_t n_bytes);
/* A text whose length has so many bytes; NULL stands for "". */
void state_put_text(struct strbuf *out, const char *text, size_t n_bytes);
/* So long from now on, or without end. */
uint64_t state_left(uint64_t until_ms, uint64_t now_ms);
void state_put_person(struct strbuf *out, const struct ticket *ticket,
	uint32_t code, uint64_t now_ms);
/* Since it left. */
uint64_t state_gone(const struct ticket *ticket, uint64_t now_ms);

/* state_read.c */
struct state_reading {
	struct hub *hub;
	const struct chat_now *now;
	const uint8_t *at;
	size_t left;
	bool is_short; /* more was asked for than is there */
	bool is_odd;   /* a text is not ended where it should be */
	uint64_t last_id, n_persons, n_rooms_ever;
	uint64_t idle_ms, gone_ms; /* of the one before */
	struct chat_state_counts *counts;
	struct errmsg *msg;
};
/* Returns -EBADMSG; the text goes on after "it is not consistent: ". */
int state_bad(const struct state_reading *r, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
int state_no_memory(const struct state_reading *r); /* -ENOMEM */
/* 0 and "" if there is no more, which state_check_got() finds. */
uint64_t state_get(struct state_reading *r, size_t n_bytes);
const char *state_get_text(struct state_reading *r, size_t n_bytes);
/* How many of something follow, none of which is shorter than that. */
size_t state_get_count(struct state_reading *r, size_t least);
/* 0 if all that was got up to now was there; what: in the middle of it. */
int state_check_got(const struct state_reading *r, const char *what);
bool state_is_room(const char *text); /* a name of one, without "#" */
bool state_is_safe(const char *text); /* for people to see */
/* Until when, on the clock of now; what state_left() gave. */
uint64_t state_until(const struct state_reading *r, uint64_t left_ms);
/* So long ago, by a clock that may not have run for so long. */
uint64_t state_ago(const struct state_reading *r, uint64_t ms);

/* state_read_people.c */
int state_get_person(struct state_reading *r);
/* Who ignores somebody that may come back too knows that one again. */
int state_link_ignores(struct state_reading *r);
int state_get_mutes(struct state_reading *r);

#endif
