/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SOCKD_TESTS_UNIT_LOGIN_WORLD_H
#define SOCKD_TESTS_UNIT_LOGIN_WORLD_H

/* A hub with accounts: alice and Bob, and mallory, who is locked. */

#include "base/group.h"
#include "chat/accounts.h"
#include "chat/login.h"
#include "chat_world.h"

#define HASH "$5$rounds=1000$sodium$5ddODpS4oYUJCBwWoNxoIoNa0ato.KOsTPB5Q2NhIGA"

static struct world w;
static struct member *carol, *p; /* who watches, who logs in */

static inline void no_fault(void *arg, unsigned line, const char *text)
{
	ck_abort_msg("line %u: %s", line, text);
}

/* From now on these are the accounts; NULL: there is no file. */
static inline void know(const char *text)
{
	struct accounts *old = w.settings.people;

	w.settings.people = NULL;
	if (text) {
		const struct slice data = {text, strlen(text)};

		ck_assert_int_eq(accounts_parse(&w.settings.people, &data,
					 no_fault, NULL),
			0);
	}
	if (w.hub)
		world_configure(&w);
	accounts_free(old);
}

static inline void set_up(void)
{
	w = (struct world){.settings = world_settings()};
	w.settings.replay = 0;
	know("alice:" HASH "\nBob:" HASH "\nmallory:!\n");
	world_start(&w, 2);
	w.shows_workers = false;
	carol = world_person(&w, 1, 0, "carol");
	p = world_enter(&w, 2, 1, "lobby");
	outbox_clear(&w.out);
}

static inline void tear_down(void)
{
	if (p)
		world_leave(&w, p, NULL);
	world_leave(&w, carol, NULL);
	strlist_fini(&w.settings.operators);
	gid_list_fini(&w.settings.operator_groups);
	world_stop(&w);
	accounts_free(w.settings.people);
}

#endif
