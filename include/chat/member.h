/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SOCKD_CHAT_MEMBER_H
#define SOCKD_CHAT_MEMBER_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include "base/group.h"
#include "base/network.h"
#include "base/strmap.h"
#include "chat/ignore.h"
#include "chat/name.h"
#include "chat/outbox.h"

struct chat_identity;
struct login;
struct room;
struct ticket;

#define AWAYS_TOLD 4

/* What the kernel says of who connected over a unix socket. */
struct unix_user {
	char *name; /* owned; NULL: none */
	struct gid_list groups;
};

/* A person or a program, for chat's own files. Owned by the hub. */
struct member {
	struct strmap_node node; /* hub.members, by key */
	struct chat_home home;
	uint64_t person; /* who it is, also after a resume; unique for ever */
	LIST_HEAD(, membership) seats; /* owned, membership.of_member */
	struct membership *current; /* where a plain line goes; NULL: nowhere */
	const char *start;          /* borrowed: its first room; NULL: the
	                                  default one */
	char *reply_to;             /* owned nick; NULL: nobody yet */
	uint64_t reply_person;      /* whose nick that was */
	uint64_t came_ms, spoke_ms; /* monotonic */
	char *away;                 /* owned words, may be ""; NULL: here */
	uint32_t away_serial;       /* which of all that were ever away */
	/* Of whose being away it was told last, by away_serial. */
	uint32_t aways_told[AWAYS_TOLD];
	bool is_operator;
	bool is_held;  /* until it has logged in nothing else is allowed */
	bool is_plain; /* what it sends may be read by others on its way */
	uint8_t n_wrong_logins;
	struct ignore_list ignores;    /* owned */
	struct ignore_list ignored_by; /* borrowed */
	uint8_t n_ignores;
	uint8_t n_wrong_codes;
	uint8_t wants;   /* bits of enum chat_want */
	bool is_program; /* starts nowhere, asks for what it wants to see */
	unsigned hints;  /* bare words it was told about; bits */
	struct ticket *ticket; /* the tickets' own; NULL: it has no code */
	struct ticket *claim;  /* what it waits for, see resume.c; NULL */
	/* Who it is beyond its nick, see hub_set_identity(). */
	char *account;            /* owned; NULL: none */
	struct unix_user *user;   /* owned; NULL: none */
	struct login *login;      /* owned; what it waits for; NULL: nothing */
	LIST_HEAD(, login) heirs; /* login.of_holder: wait for its nick */
	uint64_t muted_ms;        /* until then it may say nothing; monotonic;
	                           0: it may, UINT64_MAX: until told */
	struct network address;   /* it connected from; prefix 0: none */
	bool is_counted;          /* what it tries counts for that address */
	char nick[NICK_MAX + 1];
	char key[NICK_MAX + 1]; /* nick_make_key() of nick */
};

/* That a member is in a room. Owned by the member. */
struct membership {
	struct member *member;            /* borrowed */
	struct room *room;                /* borrowed */
	LIST_ENTRY(membership) in_room;   /* room.members */
	LIST_ENTRY(membership) of_member; /* member.seats */
	unsigned flags;
	uint32_t n_untold; /* see hub_set_told() */
};
enum membership_flag {
	SEAT_PENDING = 1 << 0, /* a guest whose joining is yet to be told */
	SEAT_SHOWN = 1 << 1,   /* the room has seen that it is here */
};

/* NULL: out of memory. */
struct member *member_new(struct chat_home home, const char *nick);
void member_free(struct member *member); /* sits nowhere; NULL is fine */
size_t member_count_seats(const struct member *member);
/* The name of its Unix user; borrowed, NULL: none. */
const char *member_user(const struct member *member);
/* 0 or -ENOMEM (then it is called as before). */
int member_set_user(struct member *member, const char *name);
/* See hub_set_identity(). */
int member_set_identity(
	struct member *member, const struct chat_identity *identity);
/* *ret_left_ms: for how long, 0 if nobody knows. */
bool member_is_muted(
	const struct member *member, uint64_t now_ms, uint64_t *ret_left_ms);
/* The name changes; not while the member is in a map. */
void member_set_nick(struct member *member, const char *nick);
/* Whom /reply means from now on; memory may not suffice, then the old one. */
void member_set_reply_to(struct member *member, const struct member *to);

#endif
