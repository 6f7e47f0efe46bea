/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SOCKD_TESTS_UNIT_STATE_WORLD_H
#define SOCKD_TESTS_UNIT_STATE_WORLD_H

/* The world of the chat, w, whose hub is saved, and read into a new one. */

#include "base/errmsg.h"
#include "chat/state.h"
#include "chat_world.h"

static struct world w;

static void setup(void)
{
	w = (struct world){.settings = world_settings()};
	w.settings.resume_ms = 600000;
	world_start(&w, 1);
	world_later(&w, 100000000);
}

static void teardown(void)
{
	world_stop(&w);
}

static void save(bool is_last, struct strbuf *out)
{
	struct chat_state *state = chat_state_new(is_last);

	ck_assert_ptr_nonnull(state);
	while (hub_save(w.hub, state, &w.now))
		;
	ck_assert_int_eq(chat_state_encode(state, out), 0);
	chat_state_free(state);
}

/* Reads into a new hub. On success the world has that one; members of the old
 * one, if there are any, must not be used any more. */
static int restore(const struct strbuf *from, struct errmsg *msg)
{
	const struct slice data = {from->data, from->len};
	struct chat_state_counts counts;
	struct hub *fresh;
	int err;

	ck_assert_int_eq(hub_new(&fresh, &w.settings, 1, world_seed), 0);
	err = hub_restore(fresh, &data, &w.now, &counts, msg);
	if (err) {
		hub_free(fresh);
		return err;
	}
	hub_free(w.hub);
	w.hub = fresh;
	return 0;
}

static void must_restore(const struct strbuf *from)
{
	struct errmsg msg = {""};

	ck_assert_msg(restore(from, &msg) == 0, "%s", msg.text);
}

static uint64_t say(const char *room, const char *text)
{
	struct chat_remark remark = {
		.room = room, .nick = "herald", .text = text};

	hub_say_as(w.hub, &remark, &w.now, &w.out);
	ck_assert_uint_ne(remark.id, 0);
	outbox_clear(&w.out);
	return remark.id;
}

#endif
