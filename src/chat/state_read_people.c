/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Reading the people who may come back: whoever has a code is somebody that has
 * left, though it may have been there when the state was saved.
 *
 * As state_read.c.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "hub_private.h"
#include "state_private.h"

#define WANTS_ALL (CHAT_WANT_TIME | CHAT_WANT_BELL | CHAT_WANT_QUIET)

static int check_person(
	struct state_reading *r, const struct member *member, uint64_t gone_ms)
{
	if (member->person < 1 || member->person > r->n_persons ||
		member->reply_person > r->n_persons ||
		member->wants & ~(unsigned)WANTS_ALL)
		return state_bad(
			r, "the numbers of %s are out of range", member->nick);
	if (gone_ms > r->gone_ms)
		return state_bad(r, "%s is out of order", member->nick);
	r->gone_ms = gone_ms;
	return 0;
}

/* A copy of a text that the member owns, if there is one. */
static int keep_text(
	struct state_reading *r, char **ret, const char *text, bool has)
{
	*ret = has ? strdup(text) : NULL;
	return has && !*ret ? state_no_memory(r) : 0;
}

static bool is_nick_or_none(const char *text)
{
	return !text[0] || nick_is_valid(text);
}

static int get_wishes(struct state_reading *r, struct member *member)
{
	const char *account, *away, *reply_to;
	uint64_t flags;
	int err;

	member->person = state_get(r, 8);
	account = state_get_text(r, 1);
	member->wants = (uint8_t)state_get(r, 1);
	member->hints = (unsigned)state_get(r, 4);
	flags = state_get(r, 1);
	member->away_serial = (uint32_t)state_get(r, 4);
	away = state_get_text(r, 2);
	for (size_t i = 0; i < AWAYS_TOLD; i++)
		member->aways_told[i] = (uint32_t)state_get(r, 4);
	member->reply_person = state_get(r, 8);
	reply_to = state_get_text(r, 1);
	err = state_check_got(r, "a person");
	if (err)
		return err;
	if (flags & ~(uint64_t)STATE_IS_AWAY || !state_is_safe(away) ||
		(!flags && away[0]) || !is_nick_or_none(reply_to) ||
		!is_nick_or_none(account))
		return state_bad(r, "the words of %s are none", member->nick);
	err = keep_text(r, &member->away, away, flags != 0);
	if (!err)
		err = keep_text(
			r, &member->reply_to, reply_to, reply_to[0] != '\0');
	return err
		? err
		: keep_text(r, &member->account, account, account[0] != '\0');
}

static int get_ignores(struct state_reading *r, struct member *member)
{
	size_t n = (size_t)state_get(r, 2);

	if (n > IGNORES_MAX)
		return state_bad(r, "%s ignores too many", member->nick);
	for (size_t i = 0; i < n; i++) {
		uint64_t person = state_get(r, 8);
		const char *nick = state_get_text(r, 1);
		int err = state_check_got(r, "a person");

		if (err)
			return err;
		if (person < 1 || person > r->n_persons ||
			person == member->person || !nick_is_valid(nick) ||
			ignore_find(member, person))
			return state_bad(
				r, "whom %s ignores is nobody", member->nick);
		if (ignore_add_gone(member, person, nick) < 0)
			return state_no_memory(r);
	}
	return 0;
}

static int get_seat(
	struct state_reading *r, const char *nick, struct past_seat *seat)
{
	const char *name = state_get_text(r, 1);
	const struct room *room;
	int err;

	seat->room = state_get(r, 8);
	seat->seq = state_get(r, 8);
	err = state_check_got(r, "a person");
	if (err)
		return err;
	if (!state_is_room(name) || seat->room < 1 ||
		seat->room > r->n_rooms_ever)
		return state_bad(r, "the rooms of %s are none", nick);
	room = rooms_find(&r->hub->rooms, name);
	if (room && room->serial == seat->room && seat->seq > room->seq)
		return state_bad(r, "%s has read what was not said", nick);
	strcpy(seat->name, name);
	return 0;
}

#define SEAT_LEAST 18 /* bytes of a seat without its name */

static int get_seats(struct state_reading *r, struct ticket *ticket)
{
	size_t n = state_get_count(r, SEAT_LEAST);
	int err = 0;

	ticket->seats = calloc(n + 1, sizeof *ticket->seats);
	if (!ticket->seats)
		return state_no_memory(r);
	for (; ticket->n_seats < n && !err; ticket->n_seats++)
		err = get_seat(r, ticket->member->nick,
			&ticket->seats[ticket->n_seats]);
	return err ? err : state_check_got(r, "a person");
}

/* From the nick on. The member is the ticket's whatever happens. */
static int get_ticket(struct state_reading *r, const char *nick, uint32_t code,
	uint64_t gone_ms)
{
	struct tickets *tickets = &r->hub->tickets;
	struct member *member = member_new((struct chat_home){0}, nick);
	struct ticket *ticket;
	int err;

	if (!member || ticket_add(tickets, member, code) < 0) {
		member_free(member);
		return state_no_memory(r);
	}
	ticket = member->ticket;
	ticket_keep(tickets, ticket, state_ago(r, gone_ms));
	err = get_wishes(r, member);
	if (!err)
		err = check_person(r, member, gone_ms);
	if (!err)
		err = get_ignores(r, member);
	if (!err)
		err = get_seats(r, ticket);
	if (!err)
		member->muted_ms = state_until(r, state_get(r, 8));
	return err ? err : state_check_got(r, "a person");
}

int state_get_person(struct state_reading *r)
{
	uint32_t code = (uint32_t)state_get(r, 4);
	uint64_t gone_ms = state_get(r, 8);
	const char *nick = state_get_text(r, 1);
	int err = state_check_got(r, "a person");

	if (err)
		return err;
	if (!nick_is_valid(nick))
		return state_bad(r, "a person has a nick that nobody can have");
	if (!ticket_code_is_valid(code) || tickets_find(&r->hub->tickets, code))
		return state_bad(
			r, "the code of %s is none, or another's", nick);
	return get_ticket(r, nick, code, gone_ms);
}

static int compare_members(const void *a, const void *b)
{
	const struct member *const *x = a, *const *y = b;

	return (*x)->person < (*y)->person ? -1 : (*x)->person > (*y)->person;
}

static struct member *find_person(
	struct member **members, size_t n, uint64_t person)
{
	const struct member wanted = {.person = person}, *key = &wanted;
	struct member **found = n > 0
		? bsearch(&key, members, n, sizeof *members, compare_members)
		: NULL;

	return found ? *found : NULL;
}

/* Who ignores somebody that may come back too knows that one again. */
int state_link_ignores(struct state_reading *r)
{
	const struct tickets *tickets = &r->hub->tickets;
	struct member **members = calloc(
		tickets->n + 1, sizeof(struct member *));
	struct ignore *ignore;

	if (!members)
		return state_no_memory(r);
	for (size_t i = 0; i < tickets->n; i++)
		members[i] = tickets->rows[i]->member;
	qsort(members, tickets->n, sizeof(struct member *), compare_members);
	for (size_t i = 0; i < tickets->n; i++)
		LIST_FOREACH (ignore, &members[i]->ignores, of_member)
			ignore_find_again(ignore,
				find_person(
					members, tickets->n, ignore->person));
	free(members);
	return 0;
}

#define MUTE_LEAST 10 /* bytes without the name */

int state_get_mutes(struct state_reading *r)
{
	size_t n = state_get_count(r, MUTE_LEAST);
	const char *account;
	uint64_t left_ms;
	int err = 0;

	for (size_t i = 0; i < n && !err; i++) {
		account = state_get_text(r, 1);
		left_ms = state_get(r, 8);
		err = state_check_got(r, "an account");
		if (!err && (!nick_is_valid(account) || left_ms == 0))
			err = state_bad(r, "an account that is muted is none");
		if (!err &&
			mutes_add(&r->hub->mutes, account,
				state_until(r, left_ms)) < 0)
			err = state_no_memory(r);
	}
	return err;
}
