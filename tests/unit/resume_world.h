/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SOCKD_TESTS_UNIT_RESUME_WORLD_H
#define SOCKD_TESTS_UNIT_RESUME_WORLD_H

/* Alice and bob, who has a code, in a hub with the clock in the test's hand. */

#include <stdio.h>

#include "chat_world.h"

#define KEEP_MS 600000

static struct world w;
static struct member *bob, *alice;
static char code[16]; /* the last that anybody was told */

/* The outbox as text, codes noted and written CODE. */
static inline const char *read_all(void)
{
	static char text[4096];
	char *at;

	world_read_code(&w, code);
	snprintf(text, sizeof text, "%s", world_read(&w));
	while (code[0] && (at = strstr(text, code)) != NULL) {
		memcpy(at, "CODE", 4);
		memmove(at + 4, at + 7, strlen(at + 7) + 1);
	}
	return text;
}

#define expect(expected) ck_assert_str_eq(read_all(), expected)

static inline struct member *person(
	uint64_t conn, uint32_t worker, const char *nick)
{
	struct member *member = world_enter(&w, conn, worker, "lobby");

	world_run(&w, member, "nick", nick, NULL);
	(void)read_all();
	return member;
}

static inline struct member *guest(uint64_t conn, uint32_t worker)
{
	struct member *member = world_enter(&w, conn, worker, "lobby");

	(void)world_read(&w);
	return member;
}

static inline void leave(struct member **member)
{
	world_leave(&w, *member, "gone");
	*member = NULL;
}

/* Bob, by the code that was told last. */
static inline void come_back(uint64_t conn, uint32_t worker)
{
	outbox_clear(&w.out);
	bob = guest(conn, worker);
	world_run(&w, bob, "resume", code, NULL);
}

static inline void say(struct member *member, const char *text)
{
	world_run(&w, member, "say", text, NULL);
}

static inline void start(unsigned n_workers)
{
	w.settings.resume_ms = KEEP_MS;
	w.settings.replay = 0;
	world_start(&w, n_workers);
	w.shows_workers = false;
	alice = person(2, 0, "alice");
	bob = person(1, n_workers - 1, "bob");
}

static inline void resume_set_up(void)
{
	w = (struct world){.settings = world_settings()};
	start(2);
}

static inline void resume_tear_down(void)
{
	if (bob)
		world_leave(&w, bob, NULL);
	if (alice)
		world_leave(&w, alice, NULL);
	world_stop(&w);
}

static inline void keep_for(uint64_t ms)
{
	w.settings.resume_ms = ms;
	world_configure(&w);
}

#endif
