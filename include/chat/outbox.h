/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SOCKD_CHAT_OUTBOX_H
#define SOCKD_CHAT_OUTBOX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct chat_msg;

/* Where a member lives: only ids, for other threads. */
struct chat_home {
	uint32_t worker; /* below CHAT_WORKERS_MAX */
	uint64_t conn;   /* 0: nobody */
};
#define CHAT_WORKERS_MAX 64

/* What a command leads to, in order: facts to tell and who is told, and seats
 * to change. The layer above carries it out after the lock is released, each
 * worker its part, in this order. */
enum chat_post_kind {
	CHAT_POST_ROOM,       /* msg to all of room, but not to `home` */
	CHAT_POST_NEIGHBOURS, /* ... of rooms[], each member once */
	CHAT_POST_MEMBER,     /* msg to `home` alone */
	CHAT_POST_SEAT,   /* `home` sits in room from here on, after seq n */
	CHAT_POST_UNSEAT, /* `home` no longer sits in room */
	CHAT_POST_VIEW,   /* `home` is told in the way n too; not by the hub */
	CHAT_POST_BYTES,  /* `home` gets bytes as they are; not by the hub */
	CHAT_POST_CLOSE,  /* end the connection of `home`; msg says why */
	CHAT_POST_WANTS,  /* `home` wants its lines so: n, enum chat_want */
	CHAT_POST_IGNORE, /* `home` does not hear the person n any more */
	CHAT_POST_UNIGNORE, /* ... or does again */
	CHAT_POST_GO_ON,    /* hub_go_on() for `home`, by its own worker */
	CHAT_POST_LOG,      /* what `home` did as an operator: msg, OPERATED */
};

/* How a member wants to be told. */
enum chat_want {
	CHAT_WANT_TIME = 1 << 0,  /* messages with the time of day */
	CHAT_WANT_BELL = 1 << 1,  /* a bell for what is meant for it */
	CHAT_WANT_QUIET = 1 << 2, /* nothing of who comes, goes, is renamed */
};

struct chat_post {
	enum chat_post_kind kind;
	uint32_t room;        /* its index, see room.h; small and reused */
	uint32_t announce_ms; /* SEAT: until hub_announce(); 0: not needed */
	uint32_t first_room, n_rooms; /* NEIGHBOURS: in outbox.rooms */
	uint64_t workers;      /* bit per worker that is concerned, never 0 */
	struct chat_home home; /* see kind; conn 0: nobody */
	uint64_t n;            /* see kind */
	struct chat_msg *msg;  /* a reference of ours; NULL: kind has none */
};

/* Zero-initialised is empty; used again after outbox_clear(). */
struct chat_outbox {
	struct chat_post *posts; /* owned */
	size_t n_posts, size;
	uint32_t *rooms; /* owned */
	size_t n_rooms, rooms_size;
};

void outbox_clear(struct chat_outbox *out); /* drops messages, keeps memory */
void outbox_fini(struct chat_outbox *out);

/* Makes sure that so many more posts and rooms can be added without failing,
 * so that a change and its news are all or nothing. 0 or -ENOMEM. */
int outbox_reserve(struct chat_outbox *out, size_t n_posts, size_t n_rooms);

/* Each appends one post; the reference to msg passes to the outbox, also when
 * memory runs out (then the post is lost and -ENOMEM returned). A msg of NULL
 * where one is needed counts as out of memory. A room nobody of which is
 * concerned (workers 0) takes no post and is not an error. */
int outbox_add(struct chat_outbox *out, const struct chat_post *post);
/* The same for one that concerns `home` alone; workers is filled in. */
int outbox_add_home(struct chat_outbox *out, const struct chat_post *post);
int outbox_add_neighbours(struct chat_outbox *out, const struct chat_post *post,
	const uint32_t *rooms, size_t n_rooms);

#endif
