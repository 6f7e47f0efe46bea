/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The accounts that are muted: few, since operators mute them one by one, so a
 * list will do. Used under the hub's lock.
 */
#include "chat/mutes.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "chat/member.h"

struct mute {
	TAILQ_ENTRY(mute) link;
	uint64_t until_ms;
	char account[];
};

void mutes_init(struct mutes *mutes)
{
	TAILQ_INIT(&mutes->list);
}

static void drop(struct mutes *mutes, struct mute *mute)
{
	TAILQ_REMOVE(&mutes->list, mute, link);
	mutes->n--;
	free(mute);
}

void mutes_fini(struct mutes *mutes)
{
	struct mute *mute, *next;

	for (mute = mutes->n ? TAILQ_FIRST(&mutes->list) : NULL; mute;
		mute = next) {
		next = TAILQ_NEXT(mute, link);
		free(mute);
	}
}

static struct mute *find(const struct mutes *mutes, const char *account)
{
	struct mute *mute;

	TAILQ_FOREACH (mute, &mutes->list, link)
		if (name_equal(mute->account, account))
			return mute;
	return NULL;
}

int mutes_add(struct mutes *mutes, const char *account, uint64_t until_ms)
{
	size_t len = strlen(account) + 1;
	struct mute *mute = calloc(1, sizeof *mute + len);

	if (!mute)
		return -ENOMEM;
	mute->until_ms = until_ms;
	memcpy(mute->account, account, len);
	TAILQ_INSERT_TAIL(&mutes->list, mute, link);
	if (++mutes->n > MUTES_MAX)
		drop(mutes, TAILQ_FIRST(&mutes->list));
	return 0;
}

void mutes_see(const struct mutes *mutes, mutes_see_fn see, void *arg)
{
	const struct mute *mute;

	TAILQ_FOREACH (mute, &mutes->list, link)
		see(arg, mute->account, mute->until_ms);
}

void mutes_set(struct mutes *mutes, struct member *member, uint64_t until_ms)
{
	struct mute *old;

	member->muted_ms = until_ms;
	if (!member->account)
		return;
	old = find(mutes, member->account);
	if (old)
		drop(mutes, old);
	if (until_ms > 0)
		(void)mutes_add(mutes, member->account, until_ms);
}

void mutes_recall(const struct mutes *mutes, struct member *member)
{
	const struct mute *mute = NULL;

	if (member->account)
		mute = find(mutes, member->account);
	if (mute && member->muted_ms < mute->until_ms)
		member->muted_ms = mute->until_ms;
}

void mutes_forget(struct mutes *mutes, uint64_t now_ms)
{
	struct mute *mute, *next;

	for (mute = TAILQ_FIRST(&mutes->list); mute; mute = next) {
		next = TAILQ_NEXT(mute, link);
		if (now_ms >= mute->until_ms)
			drop(mutes, mute);
	}
}
