/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Tickets. A code is a number of 30 random bits, written with letters and
 * digits that nobody confuses. All codes lie in one array that is compared
 * from end to end, so that how long a look-up takes tells nothing about them;
 * ten thousand take a few microseconds, and wrong ones are rare, see
 * code_tries.h.
 *
 *   ticket_give()        ticket_keep()          ticket_pass()
 *   -----------> here -----------------> left -----------------> here
 *                 |                        |
 *                 +-----  ticket_drop()  --+
 *
 * Who has left hangs in the order of leaving: the first to end.
 *
 * Used under the hub's lock.
 */
#include "chat/ticket.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "chat/member.h"

#define CODE_CHARS 6
#define CODE_BITS  5 /* of a character */
#define CODE_DASH  4 /* characters in front of it */
#define CODE_LIMIT (1u << (CODE_CHARS * CODE_BITS))
#define CODE_TRIES 100
#define FORGET_MAX 16 /* tickets at one time, so that it takes no time */

/* without i l o u, which are read as 1 1 0 v */
static const char code_chars[] = "0123456789abcdefghjkmnpqrstvwxyz";
static const char code_misread[] = "ilou", code_meant[] = "110v";

void tickets_init(struct tickets *tickets)
{
	*tickets = (struct tickets){0};
	TAILQ_INIT(&tickets->gone);
	LIST_INIT(&tickets->claims);
}

void tickets_fini(struct tickets *tickets)
{
	while (tickets->n > 0)
		ticket_drop(tickets, tickets->rows[0]);
	free(tickets->codes);
	free(tickets->rows);
}

/* Codes. */

void ticket_format_code(char buf[static TICKET_CODE_LEN], uint32_t code)
{
	size_t n = 0;

	for (int i = CODE_CHARS - 1; i >= 0; i--) {
		buf[n++] = code_chars[code >> (i * CODE_BITS) &
			((1u << CODE_BITS) - 1)];
		if (n == CODE_DASH)
			buf[n++] = '-';
	}
	buf[n] = '\0';
}

/* The value of a character of a code, -1 if it is none. */
static int char_value(char c)
{
	const char *at;

	if (c >= 'A' && c <= 'Z')
		c = (char)(c - 'A' + 'a');
	at = c ? strchr(code_misread, c) : NULL;
	if (at)
		c = code_meant[at - code_misread];
	at = c ? strchr(code_chars, c) : NULL;
	return at ? (int)(at - code_chars) : -1;
}

bool ticket_parse_code(const char *text, uint32_t *ret)
{
	uint32_t code = 0;
	int n = 0, value;

	for (; *text; text++) {
		if (*text == '-')
			continue;
		value = char_value(*text);
		if (value < 0 || ++n > CODE_CHARS)
			return false;
		code = code << CODE_BITS | (uint32_t)value;
	}
	if (n == CODE_CHARS)
		*ret = code;
	return n == CODE_CHARS;
}

struct ticket *tickets_find(const struct tickets *tickets, uint32_t code)
{
	size_t found = SIZE_MAX;

	for (size_t i = 0; i < tickets->n; i++) {
		size_t is_it = (size_t)(tickets->codes[i] == code);

		found = (found & (is_it - 1)) | (i & (0 - is_it));
	}
	return found < tickets->n ? tickets->rows[found] : NULL;
}

int tickets_new_code(const struct tickets *tickets, uint32_t *ret)
{
	uint32_t code;

	for (int i = 0; i < CODE_TRIES; i++) {
		if (getrandom(&code, sizeof code, 0) != sizeof code)
			return -EIO;
		code &= CODE_LIMIT - 1;
		if (!tickets_find(tickets, code)) {
			*ret = code;
			return 0;
		}
	}
	return -EAGAIN;
}

bool ticket_code_is_valid(uint32_t code)
{
	return code < CODE_LIMIT;
}

uint32_t ticket_code(const struct tickets *tickets, const struct ticket *t)
{
	return tickets->codes[t->slot];
}

/* Tickets. */

static int widen(struct tickets *tickets)
{
	size_t size = tickets->size > 0 ? 2 * tickets->size : 16;
	struct ticket **rows;
	uint32_t *codes;

	if (tickets->n < tickets->size)
		return 0;
	codes = realloc(tickets->codes, size * sizeof *codes);
	if (!codes)
		return -ENOMEM;
	tickets->codes = codes;
	rows = realloc(tickets->rows, size * sizeof(struct ticket *));
	if (!rows)
		return -ENOMEM;
	tickets->rows = rows;
	tickets->size = size;
	return 0;
}

int ticket_add(struct tickets *tickets, struct member *member, uint32_t code)
{
	struct ticket *ticket;

	assert(!member->ticket);
	if (widen(tickets) < 0)
		return -ENOMEM;
	ticket = calloc(1, sizeof *ticket);
	if (!ticket)
		return -ENOMEM;
	ticket->member = member;
	ticket->slot = tickets->n++;
	tickets->rows[ticket->slot] = ticket;
	tickets->codes[ticket->slot] = code;
	tickets->n_changes++;
	member->ticket = ticket;
	return 0;
}

int ticket_give(struct tickets *tickets, struct member *member)
{
	uint32_t code;
	int r;

	if (member->ticket)
		return 0;
	r = tickets_new_code(tickets, &code);
	return r < 0 ? r : ticket_add(tickets, member, code);
}

static void forget_leaving(struct tickets *tickets, struct ticket *ticket)
{
	if (!ticket->has_left)
		return;
	TAILQ_REMOVE(&tickets->gone, ticket, link);
	tickets->n_gone--;
	member_free(ticket->member);
	ticket->member = NULL;
	ticket->has_left = false;
}

static void forget_seats(struct ticket *ticket)
{
	free(ticket->seats);
	ticket->seats = NULL;
	ticket->n_seats = 0;
}

void ticket_drop(struct tickets *tickets, struct ticket *ticket)
{
	size_t last = tickets->n - 1;

	if (!ticket)
		return;
	tickets->n_changes++;
	ticket_claim(tickets, ticket, NULL);
	ticket->member->ticket = NULL;
	forget_leaving(tickets, ticket);
	forget_seats(ticket);
	tickets->codes[ticket->slot] = tickets->codes[last];
	tickets->rows[ticket->slot] = tickets->rows[last];
	tickets->rows[ticket->slot]->slot = ticket->slot;
	tickets->n = last;
	free(ticket);
}

/* Who is on the way back will be there in a moment. */
static struct ticket *first_unclaimed(struct tickets *tickets)
{
	struct ticket *ticket = TAILQ_FIRST(&tickets->gone);

	while (ticket && ticket->claimer)
		ticket = TAILQ_NEXT(ticket, link);
	return ticket;
}

bool ticket_keep(
	struct tickets *tickets, struct ticket *ticket, uint64_t now_ms)
{
	assert(!ticket->has_left);
	tickets->n_changes++;
	ticket->has_left = true;
	ticket->left_ms = now_ms;
	TAILQ_INSERT_TAIL(&tickets->gone, ticket, link);
	if (++tickets->n_gone <= TICKETS_GONE)
		return false;
	ticket_drop(tickets, first_unclaimed(tickets));
	return true;
}

void ticket_pass(struct tickets *tickets, struct ticket *ticket,
	struct member *member, uint32_t code)
{
	assert(ticket->has_left && member != ticket->member);
	tickets->n_changes++;
	ticket_claim(tickets, ticket, NULL);
	ticket_drop(tickets, member->ticket);
	ticket->member->ticket = NULL;
	forget_leaving(tickets, ticket);
	forget_seats(ticket);
	ticket->member = member;
	ticket->unread = ticket->left_out = 0;
	tickets->codes[ticket->slot] = code;
	member->ticket = ticket;
}

void ticket_claim(
	struct tickets *tickets, struct ticket *ticket, struct member *claimer)
{
	if (ticket->claimer) {
		ticket->claimer->claim = NULL;
		LIST_REMOVE(ticket, of_claim);
	}
	ticket->claimer = claimer;
	if (claimer) {
		assert(!claimer->claim);
		claimer->claim = ticket;
		LIST_INSERT_HEAD(&tickets->claims, ticket, of_claim);
	}
}

void tickets_forget(struct tickets *tickets, uint64_t keep_ms, uint64_t now_ms)
{
	struct ticket *ticket = TAILQ_FIRST(&tickets->gone), *next;

	for (int n = 0; n < FORGET_MAX && ticket; ticket = next) {
		next = TAILQ_NEXT(ticket, link);
		if (ticket->claimer)
			continue;
		if (!ticket_is_over(ticket, keep_ms, now_ms))
			break;
		ticket_drop(tickets, ticket);
		n++;
	}
}

struct ticket *tickets_find_named(
	const struct tickets *tickets, const char *key, const char *account)
{
	struct ticket *ticket;

	TAILQ_FOREACH (ticket, &tickets->gone, link) {
		const struct member *member = ticket->member;

		if (strcmp(member->key, key) == 0 ||
			(member->account &&
				name_equal(member->account, account)))
			return ticket;
	}
	return NULL;
}

bool ticket_is_over(
	const struct ticket *ticket, uint64_t keep_ms, uint64_t now_ms)
{
	return ticket->has_left && now_ms >= ticket->left_ms + keep_ms;
}

bool tickets_hold_nick(const struct tickets *tickets, const char *key,
	const struct member *but)
{
	const struct ticket *ticket;

	LIST_FOREACH (ticket, &tickets->claims, of_claim)
		if (ticket->has_left && ticket->claimer != but &&
			strcmp(ticket->member->key, key) == 0)
			return true;
	return false;
}
