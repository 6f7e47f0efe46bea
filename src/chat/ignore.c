/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Who ignores whom. An entry hangs in two lists:
 *
 *   ignorer --ignores--> entry <--ignored_by-- whom
 *
 * so that it follows the other one through renames without anybody looking for
 * it. When whom is no more the entry keeps the person, which the history still
 * speaks of, and the last name, by which people end it.
 *
 * Used under the hub's lock.
 */
#include "chat/ignore.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "chat/member.h"

struct ignore *ignore_find(const struct member *member, uint64_t person)
{
	struct ignore *ignore;

	LIST_FOREACH (ignore, &member->ignores, of_member)
		if (ignore->person == person)
			return ignore;
	return NULL;
}

const char *ignore_nick(const struct ignore *ignore)
{
	return ignore->whom ? ignore->whom->nick : ignore->nick;
}

struct ignore *ignore_find_nick(const struct member *member, const char *nick)
{
	struct ignore *ignore;

	LIST_FOREACH (ignore, &member->ignores, of_member)
		if (name_equal(ignore_nick(ignore), nick))
			return ignore;
	return NULL;
}

/* The entry is all that is left of whom it speaks of. */
static void forget_whom(struct ignore *ignore, const char *nick)
{
	strcpy(ignore->nick, nick);
	LIST_REMOVE(ignore, of_whom);
	ignore->whom = NULL;
}

/* New ones hang in front. */
struct ignore *ignore_find_gone(const struct member *member)
{
	struct ignore *ignore, *gone = NULL;

	LIST_FOREACH (ignore, &member->ignores, of_member)
		if (!ignore->whom)
			gone = ignore;
	return gone;
}

int ignore_add(struct member *member, struct member *whom)
{
	struct ignore *ignore;

	assert(member != whom && !ignore_find(member, whom->person));
	if (member->n_ignores == IGNORES_MAX)
		return IGNORE_E_FULL;
	ignore = calloc(1, sizeof *ignore);
	if (!ignore)
		return -ENOMEM;
	ignore->whom = whom;
	ignore->person = whom->person;
	LIST_INSERT_HEAD(&member->ignores, ignore, of_member);
	LIST_INSERT_HEAD(&whom->ignored_by, ignore, of_whom);
	member->n_ignores++;
	return 0;
}

int ignore_add_gone(struct member *member, uint64_t person, const char *nick)
{
	struct ignore *ignore = calloc(1, sizeof *ignore);

	assert(member->n_ignores < IGNORES_MAX && strlen(nick) <= NICK_MAX);
	if (!ignore)
		return -ENOMEM;
	ignore->person = person;
	strcpy(ignore->nick, nick);
	LIST_INSERT_HEAD(&member->ignores, ignore, of_member);
	member->n_ignores++;
	return 0;
}

void ignore_find_again(struct ignore *ignore, struct member *whom)
{
	assert(!ignore->whom);
	if (!whom)
		return;
	ignore->whom = whom;
	LIST_INSERT_HEAD(&whom->ignored_by, ignore, of_whom);
}

void ignore_remove(struct member *member, struct ignore *ignore)
{
	LIST_REMOVE(ignore, of_member);
	if (ignore->whom)
		LIST_REMOVE(ignore, of_whom);
	free(ignore);
	member->n_ignores--;
}

static void forget_by_all(struct member *member, const char *nick)
{
	struct ignore *ignore;

	while ((ignore = LIST_FIRST(&member->ignored_by)) != NULL)
		forget_whom(ignore, nick);
}

void ignore_move(struct member *to, struct member *from, const char *nick)
{
	struct ignore *ignore = ignore_find(to, from->person), *next;

	if (ignore) /* nobody ignores itself */
		ignore_remove(to, ignore);
	forget_by_all(to, nick);
	while ((ignore = LIST_FIRST(&from->ignored_by)) != NULL) {
		LIST_REMOVE(ignore, of_whom);
		LIST_INSERT_HEAD(&to->ignored_by, ignore, of_whom);
		ignore->whom = to;
	}
	for (ignore = LIST_FIRST(&from->ignores); ignore; ignore = next) {
		next = LIST_NEXT(ignore, of_member);
		if (to->n_ignores == IGNORES_MAX ||
			ignore->person == to->person ||
			ignore_find(to, ignore->person)) {
			ignore_remove(from, ignore);
			continue;
		}
		LIST_REMOVE(ignore, of_member);
		LIST_INSERT_HEAD(&to->ignores, ignore, of_member);
		from->n_ignores--;
		to->n_ignores++;
	}
}

void ignore_fini(struct member *member)
{
	struct ignore *ignore, *next;

	for (ignore = LIST_FIRST(&member->ignores); ignore; ignore = next) {
		next = LIST_NEXT(ignore, of_member);
		ignore_remove(member, ignore);
	}
	forget_by_all(member, member->nick);
}
