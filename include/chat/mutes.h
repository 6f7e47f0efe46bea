/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SOCKD_CHAT_MUTES_H
#define SOCKD_CHAT_MUTES_H

#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

struct member;

/* Who may say nothing. A member knows it of itself, and a code takes it along;
 * these are the accounts of those who were muted, so that one who logs in again
 * is muted again. For chat's own files. */

#define MUTES_MAX 1000 /* accounts; the one muted first is forgotten */

struct mutes {
	TAILQ_HEAD(, mute) list; /* owned; muted first comes first */
	size_t n;
};

void mutes_init(struct mutes *mutes);
void mutes_fini(struct mutes *mutes); /* initialised, or zeroed */
/* The member is muted until that time on the monotonic clock: 0 not at all,
 * UINT64_MAX until told. Short of memory an account is not remembered. */
void mutes_set(struct mutes *mutes, struct member *member, uint64_t until_ms);
/* The member has logged in. */
void mutes_recall(const struct mutes *mutes, struct member *member);
/* As it was kept: an account that is muted until then. 0 or -ENOMEM. */
int mutes_add(struct mutes *mutes, const char *account, uint64_t until_ms);
/* Shows each, muted first comes first. */
typedef void (*mutes_see_fn)(void *arg, const char *account, uint64_t until_ms);
void mutes_see(const struct mutes *mutes, mutes_see_fn see, void *arg);
/* Forgets those that are over. */
void mutes_forget(struct mutes *mutes, uint64_t now_ms);

#endif
