/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Reads the file of accounts:
 *
 *	# a comment
 *	alice:$y$j9T$...
 *	bob:!                     nobody can log in as bob, and nobody be him
 *
 * All of it or nothing is taken; every fault is told, so that a person sees all
 * of them at once. Faults name accounts and never quote a hash, since they are
 * logged.
 *
 * Pure but for memory; any thread.
 */
#include "chat/accounts.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/errmsg.h"
#include "base/password.h"
#include "base/rows.h"

#define ACCOUNTS_MAX 100000

struct reading {
	struct accounts *accounts;
	size_t size; /* of accounts->rows */
	accounts_fault_fn *fault;
	void *arg;
	unsigned line;
	bool is_faulty, is_short;
};

static void say(struct reading *r, unsigned line, const struct errmsg *msg)
{
	r->is_faulty = true;
	r->fault(r->arg, line, msg->text);
}

static void complain(struct reading *r, const char *text)
{
	struct errmsg msg;

	(void)errmsg_set(&msg, EINVAL, "%s", text);
	say(r, r->line, &msg);
}

static bool grow(struct reading *r)
{
	void *rows = r->accounts->rows;
	bool has_room = rows_make_room(
		&rows, &r->size, r->accounts->n, sizeof(*r->accounts->rows));

	r->accounts->rows = rows;
	return has_room;
}

static bool read_name(struct reading *r, struct slice text, char *name)
{
	bool is_hash = memchr(text.data, '$', text.len);
	struct errmsg msg;

	if (text.len <= NICK_MAX && !memchr(text.data, '\0', text.len)) {
		memcpy(name, text.data, text.len);
		name[text.len] = '\0';
		if (nick_is_valid(name) && !nick_is_guest(name))
			return true;
	}
	(void)errmsg_set(&msg, EINVAL,
		"\"%.*s\" cannot be the name of an account: use 1 to %d of "
		"a-z 0-9 -_[]{}|^, no digit or dash first, not guest-",
		is_hash                 ? 3
			: text.len < 40 ? (int)text.len
					: 40,
		is_hash ? "..." : text.data, NICK_MAX);
	say(r, r->line, &msg);
	return false;
}

/* Takes hash. */
static void add(struct reading *r, const char *name, char *hash)
{
	struct account *row;

	if (!hash || !grow(r)) {
		r->is_short = true;
		free(hash);
		return;
	}
	row = &r->accounts->rows[r->accounts->n++];
	*row = (struct account){
		.hash = hash,
		.line = r->line,
		.is_locked = password_is_locked(hash),
	};
	strcpy(row->name, name);
	nick_make_key(row->key, name);
}

static void read_row(struct reading *r, struct slice line)
{
	const char *colon = memchr(line.data, ':', line.len);
	char name[NICK_MAX + 1], *hash;
	struct errmsg msg;
	size_t len;

	if (!colon) {
		complain(r, "a line is NAME:HASH, or begins with \"#\"");
		return;
	}
	len = (size_t)(colon - line.data);
	if (!read_name(r, (struct slice){line.data, len}, name))
		return;
	hash = strndup(colon + 1, line.len - len - 1);
	if (hash &&
		(strlen(hash) != line.len - len - 1 ||
			password_check_hash(hash, &msg))) {
		if (strlen(hash) != line.len - len - 1)
			(void)errmsg_set(&msg, EINVAL, "a NUL byte");
		errmsg_prefix(&msg, "%s", name);
		say(r, r->line, &msg);
		free(hash);
		return;
	}
	add(r, name, hash);
}

static int by_key(const void *a, const void *b)
{
	const struct account *left = a, *right = b;
	int order = strcmp(left->key, right->key);

	return order ? order
		     : (left->line > right->line) - (left->line < right->line);
}

/* Two of one key are one name, or would be taken for one another. */
static void check_twins(struct reading *r)
{
	const struct accounts *all = r->accounts;
	struct errmsg msg;

	for (size_t i = 1; i < all->n; i++) {
		const struct account *a = &all->rows[i - 1];
		const struct account *b = &all->rows[i];

		if (strcmp(a->key, b->key) != 0)
			continue;
		(void)errmsg_set(&msg, EINVAL,
			"%s: this account %s %s of line %u", b->name,
			name_equal(a->name, b->name) ? "is" : "looks like",
			a->name, a->line);
		say(r, b->line, &msg);
	}
}

static void list_open(struct reading *r)
{
	struct accounts *all = r->accounts;

	all->open = calloc(all->n + 1, sizeof(*all->open));
	if (!all->open) {
		r->is_short = true;
		return;
	}
	for (size_t i = 0; i < all->n; i++)
		if (!all->rows[i].is_locked)
			all->open[all->n_open++] = i;
}

static void read_lines(struct reading *r, struct slice rest)
{
	const char *lf;

	while (rest.len > 0 && !r->is_short) {
		struct slice line = rest;

		r->line++;
		lf = memchr(rest.data, '\n', rest.len);
		if (lf)
			line.len = (size_t)(lf - rest.data);
		rest.data += line.len + (lf != NULL);
		rest.len -= line.len + (lf != NULL);
		line = slice_trim(line, " \t\r");
		if (line.len == 0 || line.data[0] == '#')
			continue;
		if (r->accounts->n == ACCOUNTS_MAX) {
			complain(r, "there are more than 100,000 accounts");
			return;
		}
		read_row(r, line);
	}
}

int accounts_parse(struct accounts **ret, const struct slice *data,
	accounts_fault_fn *fault, void *arg)
{
	struct reading r = {
		.accounts = calloc(1, sizeof(*r.accounts)),
		.fault = fault,
		.arg = arg,
	};

	if (!r.accounts)
		return -ENOMEM;
	read_lines(&r, *data);
	if (r.accounts->n > 1)
		qsort(r.accounts->rows, r.accounts->n, sizeof(struct account),
			by_key);
	check_twins(&r);
	list_open(&r);
	if (r.is_short || r.is_faulty) {
		accounts_free(r.accounts);
		return r.is_short ? -ENOMEM : -EINVAL;
	}
	*ret = r.accounts;
	return 0;
}

void accounts_free(struct accounts *accounts)
{
	if (!accounts)
		return;
	for (size_t i = 0; i < accounts->n; i++)
		password_free(accounts->rows[i].hash);
	free(accounts->rows);
	free(accounts->open);
	free(accounts);
}

static int compare_key(const void *key, const void *row)
{
	return strcmp(key, ((const struct account *)row)->key);
}

const struct account *accounts_find_alike(
	const struct accounts *accounts, const char *nick)
{
	char key[NICK_MAX + 1];

	if (!accounts || accounts->n == 0)
		return NULL;
	nick_make_key(key, nick);
	return bsearch(key, accounts->rows, accounts->n, sizeof(struct account),
		compare_key);
}

const struct account *accounts_find(
	const struct accounts *accounts, const char *name)
{
	const struct account *row = accounts_find_alike(accounts, name);

	return row && name_equal(row->name, name) ? row : NULL;
}

const char *accounts_decoy(const struct accounts *accounts, uint64_t number)
{
	if (!accounts || accounts->n_open == 0)
		return NULL;
	return accounts->rows[accounts->open[number % accounts->n_open]].hash;
}

bool accounts_equal(const struct accounts *a, const struct accounts *b)
{
	if (!a || !b)
		return a == b;
	if (a->n != b->n)
		return false;
	for (size_t i = 0; i < a->n; i++)
		if (strcmp(a->rows[i].name, b->rows[i].name) != 0 ||
			strcmp(a->rows[i].hash, b->rows[i].hash) != 0)
			return false;
	return true;
}
