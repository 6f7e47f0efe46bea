/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Members. There may be many thousands, so the struct is small: names lie in
 * it at their longest, what few people need lies outside. Where a member sits
 * is the business of seat.c, who holds which name that of hub.c.
 *
 * Used under the hub's lock.
 */
#include "chat/member.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "chat/hub.h"
#include "chat/login.h"

struct member *member_new(struct chat_home home, const char *nick)
{
	struct member *member = calloc(1, sizeof *member);

	if (!member)
		return NULL;
	member->home = home;
	LIST_INIT(&member->seats);
	LIST_INIT(&member->ignores);
	LIST_INIT(&member->ignored_by);
	LIST_INIT(&member->heirs);
	member_set_nick(member, nick);
	return member;
}

static void unix_user_free(struct unix_user *user)
{
	if (!user)
		return;
	free(user->name);
	gid_list_fini(&user->groups);
	free(user);
}

void member_free(struct member *member)
{
	if (!member)
		return;
	assert(LIST_EMPTY(&member->seats));
	assert(LIST_EMPTY(&member->heirs) && !member->login);
	ignore_fini(member);
	free(member->reply_to);
	free(member->away);
	unix_user_free(member->user);
	free(member->account);
	free(member);
}

const char *member_user(const struct member *member)
{
	return member->user ? member->user->name : NULL;
}

static int copy_word(char **ret, const char *word)
{
	*ret = word ? strdup(word) : NULL;
	return word && !*ret ? -ENOMEM : 0;
}

int member_set_user(struct member *member, const char *name)
{
	char *copy = strdup(name);

	if (copy && !member->user)
		member->user = calloc(1, sizeof *member->user);
	if (!copy || !member->user) {
		free(copy);
		return -ENOMEM;
	}
	free(member->user->name);
	member->user->name = copy;
	return 0;
}

/* *ret NULL: it has none. 0 or -ENOMEM. */
static int copy_user(
	struct unix_user **ret, const struct chat_identity *identity)
{
	struct unix_user *user;
	int err;

	*ret = NULL;
	if (!identity->user && !identity->groups)
		return 0;
	user = calloc(1, sizeof *user);
	err = user ? copy_word(&user->name, identity->user) : -ENOMEM;
	if (!err && identity->groups)
		err = gid_list_copy(&user->groups, identity->groups);
	if (err)
		unix_user_free(user);
	else
		*ret = user;
	return err;
}

int member_set_identity(
	struct member *member, const struct chat_identity *identity)
{
	struct unix_user *user;
	char *account = NULL;
	int err = copy_user(&user, identity);

	if (!err)
		err = copy_word(&account, identity->account);
	if (err) {
		unix_user_free(user);
		return err;
	}
	unix_user_free(member->user);
	free(member->account);
	member->user = user;
	member->account = account;
	member->is_operator = identity->is_operator;
	return 0;
}

bool member_is_muted(
	const struct member *member, uint64_t now_ms, uint64_t *ret_left_ms)
{
	if (now_ms >= member->muted_ms)
		return false;
	*ret_left_ms = member->muted_ms == UINT64_MAX
		? 0
		: member->muted_ms - now_ms;
	return true;
}

void member_set_nick(struct member *member, const char *nick)
{
	assert(strlen(nick) <= NICK_MAX);
	strcpy(member->nick, nick);
	nick_make_key(member->key, nick);
}

void member_set_reply_to(struct member *member, const struct member *to)
{
	char *copy;

	if (!member->reply_to || strcmp(member->reply_to, to->nick) != 0) {
		copy = strdup(to->nick);
		if (!copy)
			return;
		free(member->reply_to);
		member->reply_to = copy;
	}
	member->reply_person = to->person;
}

size_t member_count_seats(const struct member *member)
{
	const struct membership *seat;
	size_t n = 0;

	LIST_FOREACH (seat, &member->seats, of_member)
		n++;
	return n;
}

const char *member_nick(const struct member *member)
{
	return member->nick;
}
