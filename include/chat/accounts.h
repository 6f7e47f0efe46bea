/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SOCKD_CHAT_ACCOUNTS_H
#define SOCKD_CHAT_ACCOUNTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"
#include "chat/name.h"

/* The people who have a password here, as a file says it: NAME:HASH a line.
 * Not changed once it was read, so any thread may look. */

struct account {
	char name[NICK_MAX + 1]; /* as written */
	char key[NICK_MAX + 1];  /* nick_make_key() of it; no two are equal */
	char *hash;              /* owned; see base/password.h */
	unsigned line;           /* of the file */
	bool is_locked;          /* nobody can log in */
};

struct accounts {
	struct account *rows; /* owned; by key */
	size_t n;
	size_t n_open; /* that are not locked; their indexes are in: */
	size_t *open;  /* owned */
};

/* Told of each fault: the line it is in, and what is wrong with it. */
typedef void accounts_fault_fn(void *arg, unsigned line, const char *text);

/* Reads the bytes of a file to their end, whatever is wrong in them. Pure. 0;
 * -EINVAL, all faults told; or -ENOMEM. */
int accounts_parse(struct accounts **ret, const struct slice *data,
	accounts_fault_fn *fault, void *arg);
void accounts_free(struct accounts *accounts); /* NULL is fine */

/* By the name, case folded; NULL: there is none. All take NULL for no file. */
const struct account *accounts_find(
	const struct accounts *accounts, const char *name);
/* The one whose name equals nick or looks like it. */
const struct account *accounts_find_alike(
	const struct accounts *accounts, const char *nick);
/* The hash of some account that is not locked, chosen by number, for a name
 * that is none's to take as long as one. NULL: all are locked. */
const char *accounts_decoy(const struct accounts *accounts, uint64_t number);
/* True if both say the same. */
bool accounts_equal(const struct accounts *a, const struct accounts *b);

#endif
