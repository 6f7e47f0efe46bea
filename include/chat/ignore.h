/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SOCKD_CHAT_IGNORE_H
#define SOCKD_CHAT_IGNORE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include "chat/name.h"

struct member;

enum ignore_outcome {
	IGNORE_E_FULL = 1,
};

#define IGNORES_MAX 32 /* people whom one member may ignore */

/* That one member does not want to hear another, under whatever name. Owned by
 * the one who ignores; outlives the other one, whose lines may be shown again
 * from the history. */
struct ignore {
	LIST_ENTRY(ignore) of_member; /* member.ignores */
	LIST_ENTRY(ignore) of_whom;   /* whom->ignored_by */
	struct member *whom;          /* borrowed; NULL: is no more */
	uint64_t person;              /* whom->person */
	char nick[NICK_MAX + 1];      /* the last one, if whom is no more */
};
LIST_HEAD(ignore_list, ignore);

/* NULL: it does not ignore that person. */
struct ignore *ignore_find(const struct member *member, uint64_t person);
/* By the name it has or had; NULL: nobody of whom it ignores. */
struct ignore *ignore_find_nick(const struct member *member, const char *nick);
const char *ignore_nick(const struct ignore *ignore);
/* Of those who are no more, the one ignored first; NULL: none. */
struct ignore *ignore_find_gone(const struct member *member);
/* Whom it does not ignore yet. 0, IGNORE_E_FULL, or -ENOMEM. */
int ignore_add(struct member *member, struct member *whom);
/* One who is no more, by the last nick. 0 or -ENOMEM. */
int ignore_add_gone(struct member *member, uint64_t person, const char *nick);
/* Who was no more is back as whom, if that is anybody. */
void ignore_find_again(struct ignore *ignore, struct member *whom);
void ignore_remove(struct member *member, struct ignore *ignore);
/* The member `to` is from now on who `from` was: it ignores the same, and who
 * ignored that one ignores it; not so who ignored it while it was called nick.
 * To be called before it takes the person. */
void ignore_move(struct member *to, struct member *from, const char *nick);
/* The member is no more: it ignores nobody, who ignores it only remembers. */
void ignore_fini(struct member *member);

#endif
