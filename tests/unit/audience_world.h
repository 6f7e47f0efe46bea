/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SOCKD_TESTS_UNIT_AUDIENCE_WORLD_H
#define SOCKD_TESTS_UNIT_AUDIENCE_WORLD_H

/* One worker's audiences, and peers who read what they are told. */

#include "proto/audience.h"

#include <check.h>
#include <inttypes.h>
#include <stdio.h>

#include "chat/msg.h"
#include "net_world.h"
#include "proto/chat_session.h"
#include "proto/dialect.h"

#define N_PEERS 40
#define FOREVER UINT64_MAX

/* A dialect that says "text;", in upper case hands to whoever has a view. */
static unsigned n_renders;

static inline void render(
	const struct chat_msg *msg, unsigned view, struct strbuf *out)
{
	n_renders++;
	if (view & DIALECT_QUIET && msg->type == CHAT_JOINED)
		return;
	strbuf_addf(out, "%s%s%s;", view & ~DIALECT_BELL ? "^" : "", msg->text,
		view & DIALECT_BELL ? "!" : "");
}

static inline void missed(
	const struct dialect_missed *missed, unsigned view, struct strbuf *out)
{
	strbuf_addf(out, "<%" PRIu64 " missed>", missed->n);
}

static const struct dialect dialect = {
	.name = "test", .render = render, .missed = missed};

static struct net_world net;
static struct audiences *set;
static struct chat_session *sessions[N_PEERS];
static int peers[N_PEERS];
static size_t n_peers;
static struct strbuf got;

static inline void on_closed(struct conn *c, enum close_reason why)
{
	audience_leave_all(set, conn_state(c));
}

static inline void on_input(struct conn *c, struct evbuffer *in)
{
}

static const struct conn_ops ops = {.input = on_input, .closed = on_closed};
static const struct conn_type type = {
	.ops = &ops, .state_size = sizeof(struct chat_session)};

static inline void set_up(void)
{
	net_start(&net, &type, 1);
	set = audiences_new(net_worker(&net));
	ck_assert_ptr_nonnull(set);
}

static inline void tear_down(void)
{
	crew_drop_all(&net.crew);
	audiences_free(set);
	net_stop(&net);
	for (size_t i = 0; i < n_peers; i++)
		close(peers[i]);
	strbuf_fini(&got);
}

/* Number i of those who come, from 0; its connection's id is i + 1. */
static inline size_t come(unsigned view)
{
	size_t i = n_peers++;
	struct conn *c = net_open(&net, &peers[i]);

	sessions[i] = conn_state(c);
	sessions[i]->conn = c;
	sessions[i]->dialect = &dialect;
	sessions[i]->view = (uint8_t)view;
	ck_assert_uint_eq(conn_id(c), i + 1);
	return i;
}

static inline void seat(size_t i, uint32_t room)
{
	ck_assert_int_eq(audience_seat(set, room, sessions[i]), 0);
}

static inline struct chat_msg *say(const char *text)
{
	return chat_msg_new(&(struct chat_msg_spec){
		.type = CHAT_SAID, .text = text, .nick = "x", .room = "r"});
}

static inline void add(uint32_t room, const char *text, uint64_t author)
{
	ck_assert_int_eq(audience_add(set, room, say(text), author), 0);
}

#define ck_got(i, text)                           \
	do {                                      \
		strbuf_clear(&got);               \
		strbuf_adds(&got, "");            \
		(void)net_read(peers[i], &got);   \
		ck_assert_str_eq(got.data, text); \
	} while (0)

static inline void reset_peer(size_t i)
{
	close(peers[i]);
	peers[i] = -1;
}

static inline void move(size_t i, unsigned view)
{
	sessions[i]->view = (uint8_t)view;
	ck_assert_int_eq(audience_move(set, sessions[i]), 0);
}

static inline void flood(size_t i)
{
	static char block[8192];

	memset(block, '.', sizeof(block));
	while (!conn_is_flooded(sessions[i]->conn))
		conn_send(sessions[i]->conn, block, sizeof(block));
}

#endif
