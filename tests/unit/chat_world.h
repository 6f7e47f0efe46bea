/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SOCKD_TESTS_UNIT_CHAT_WORLD_H
#define SOCKD_TESTS_UNIT_CHAT_WORLD_H

/* A hub with a clock of its own for tests of the chat layer, and its outbox as
 * text: one line a post, "room 0 !2: SAID bob #lobby \"hi\"" is told to all of
 * room 0 but connection 2. Guests are written guest-****. */

#include <assert.h>
#include <check.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "chat/command.h"
#include "chat/hub.h"
#include "chat/settings.h"

struct world {
	struct chat_settings settings;
	struct hub *hub;
	struct chat_now now;
	struct chat_outbox out;
	struct strbuf text;
	bool shows_workers;
};

static const uint8_t world_seed[16] = "0123456789abcde";

static inline struct chat_settings world_settings(void)
{
	static char name[] = "sockd", room[] = "lobby", motd[] = "";

	return (struct chat_settings){
		.name = name,
		.room = room,
		.motd = motd,
		.text = 4096,
		.topic = 300,
		.history = 500,
		.history_bytes = 256 << 10,
		.history_total = 64 << 20,
		.room_keep_ms = 3600000,
		.replay = 10,
		.quiet_above = 50,
		.max_rooms = 1000,
		.rooms_per_member = 20,
		.max_bans = 100,
	};
}

/* settings already set, by world_settings() and changes */
static inline void world_start(struct world *w, unsigned n_workers)
{
	w->now = (struct chat_now){1000, 1700000000000};
	w->shows_workers = n_workers > 1;
	ck_assert_int_eq(
		hub_new(&w->hub, &w->settings, n_workers, world_seed), 0);
}

/* The settings, changed, are in force. */
static inline void world_configure(struct world *w)
{
	ck_assert_int_eq(hub_configure(w->hub, &w->settings), 0);
}

static inline void world_later(struct world *w, uint64_t ms)
{
	w->now.mono_ms += ms;
	w->now.wall_ms += (int64_t)ms;
}

static inline void world_stop(struct world *w)
{
	hub_free(w->hub);
	outbox_fini(&w->out);
	strbuf_fini(&w->text);
}

static inline void world_put_name(struct strbuf *out, const char *name)
{
	if (name[0])
		strbuf_addf(out, " %s",
			strncmp(name, "guest-", 6) == 0 ? "guest-****" : name);
}

static inline void world_put_msg(struct strbuf *out, const struct chat_msg *msg)
{
	static const char *const types[] = {
#define WORLD_TYPE_NAME(name) #name,
		CHAT_TYPES(WORLD_TYPE_NAME)
#undef WORLD_TYPE_NAME
	};

	strbuf_addf(out, "%s", types[msg->type]);
	world_put_name(out, msg->nick);
	world_put_name(out, msg->nick2);
	if (msg->room[0])
		strbuf_addf(out, " #%s", msg->room);
	if (msg->text[0])
		strbuf_addf(out, " \"%.60s\"", msg->text);
	if (msg->n > 0)
		strbuf_addf(out, " n=%" PRIu64, msg->n);
	if (msg->limit > 0)
		strbuf_addf(out, " limit=%" PRIu64, msg->limit);
	if (msg->ref[0])
		strbuf_addf(out, " ref=%s", msg->ref);
	if (msg->flags & CHAT_QUIET)
		strbuf_adds(out, " quiet");
	if (msg->flags & CHAT_AWAY)
		strbuf_adds(out, " away");
	for (size_t i = 0; i < msg->n_items; i++) {
		strbuf_adds(out, i == 0 ? " [" : ", ");
		world_put_msg(out, msg->items[i]);
	}
	if (msg->n_items > 0)
		strbuf_adds(out, "]");
}

static inline void world_put_post(struct world *w, const struct chat_post *post)
{
	struct strbuf *out = &w->text;

	switch (post->kind) {
	case CHAT_POST_ROOM:
		strbuf_addf(out, "room %u", post->room);
		break;
	case CHAT_POST_NEIGHBOURS:
		strbuf_adds(out, "near");
		for (uint32_t i = 0; i < post->n_rooms; i++)
			strbuf_addf(
				out, " %u", w->out.rooms[post->first_room + i]);
		break;
	case CHAT_POST_MEMBER:
		strbuf_addf(out, "to %" PRIu64, post->home.conn);
		break;
	case CHAT_POST_VIEW:
	case CHAT_POST_CLOSE:
		strbuf_addf(out, "%s %" PRIu64,
			post->kind == CHAT_POST_VIEW ? "view" : "close",
			post->home.conn);
		break;
	case CHAT_POST_BYTES:
		ck_abort_msg("not by the hub");
	case CHAT_POST_WANTS:
	case CHAT_POST_IGNORE:
	case CHAT_POST_UNIGNORE:
		strbuf_addf(out, "%s %" PRIu64 " %" PRIu64,
			post->kind == CHAT_POST_WANTS            ? "wants"
				: post->kind == CHAT_POST_IGNORE ? "ignore"
								 : "unignore",
			post->home.conn, post->n);
		break;
	case CHAT_POST_LOG:
		strbuf_addf(out, "log %" PRIu64, post->home.conn);
		break;
	case CHAT_POST_GO_ON:
		strbuf_addf(out, "go on %" PRIu64, post->home.conn);
		break;
	case CHAT_POST_SEAT:
	case CHAT_POST_UNSEAT:
		strbuf_addf(out, "%s %" PRIu64 " in %u",
			post->kind == CHAT_POST_SEAT ? "seat" : "unseat",
			post->home.conn, post->room);
		if (post->announce_ms > 0)
			strbuf_addf(out, " after %u", post->announce_ms);
		break;
	}
	if (post->kind <= CHAT_POST_NEIGHBOURS && post->home.conn != 0)
		strbuf_addf(out, " !%" PRIu64, post->home.conn);
	if (w->shows_workers)
		strbuf_addf(out, " w=%" PRIx64, post->workers);
	if (post->msg) {
		strbuf_adds(out, ": ");
		world_put_msg(out, post->msg);
	}
	strbuf_addc(out, '\n');
}

/* The outbox as text, which is then empty. */
static inline const char *world_read(struct world *w)
{
	strbuf_clear(&w->text);
	strbuf_adds(&w->text, "");
	for (size_t i = 0; i < w->out.n_posts; i++)
		world_put_post(w, &w->out.posts[i]);
	outbox_clear(&w->out);
	return w->text.data ? w->text.data : "";
}

#define world_expect(w, expected) ck_assert_str_eq(world_read(w), expected)

/* Replaces code by the one to come back with that somebody was told last. */
static inline void world_read_code(const struct world *w, char code[16])
{
	for (size_t i = 0; i < w->out.n_posts; i++) {
		const struct chat_msg *msg = w->out.posts[i].msg;

		if (msg &&
			(msg->type == CHAT_YOU_RENAMED ||
				msg->type == CHAT_WELCOME_BACK))
			snprintf(code, 16, "%s", msg->text);
		if (msg && msg->type == CHAT_ARRIVED && msg->nick2[0])
			snprintf(code, 16, "%s", msg->nick2);
	}
}

static inline struct member *world_enter(
	struct world *w, uint64_t conn, uint32_t worker, const char *room)
{
	struct chat_home home = {worker, conn};
	struct member *member = hub_enter(w->hub, home, room, &w->now, &w->out);

	ck_assert_ptr_nonnull(member);
	return member;
}

/* Runs a verb with its arguments, ended by NULL. */
static inline void world_run(
	struct world *w, struct member *member, const char *verb, ...)
{
	const struct chat_verb *others[2];
	struct chat_call call = {.verb = chat_verb_find(verb, others)};
	const char *arg;
	va_list ap;

	assert(call.verb); /* allocates nothing, unlike those of Check */
	va_start(ap, verb);
	while ((arg = va_arg(ap, const char *)) != NULL)
		call.args[call.n_args++] = arg;
	va_end(ap);
	hub_run(w->hub, member, &call, &w->now, &w->out);
}

/* Somebody who has a name and whom the room knows; nothing is left to read. */
static inline struct member *world_person(
	struct world *w, uint64_t conn, uint32_t worker, const char *nick)
{
	struct member *member = world_enter(w, conn, worker, "lobby");

	world_run(w, member, "nick", nick, NULL);
	outbox_clear(&w->out);
	return member;
}

static inline void world_leave(
	struct world *w, struct member *member, const char *reason)
{
	hub_leave(w->hub, member, reason, &w->now, &w->out);
}

#endif
