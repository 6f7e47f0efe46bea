/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The hub and its lock. Nothing under the lock does I/O or waits: commands
 * change pure data, and what they lead to is split into letters, at most one
 * per worker, which are queued before the lock is given back; so every worker
 * gets the events of a room in the order in which the hub made them. Sleeping
 * workers are woken after that. The commands that one read brought are parsed
 * first and then run together, up to CALLS_MAX under one lock and in one
 * letter, fewer of those that walk over many rooms or members; workers are
 * woken when all have been run, so that they find a batch. */
#include "proto/chat_port.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/random.h>

#include "base/clock.h"
#include "base/metrics.h"
#include "chat/gap.h"
#include "chat/hub.h"
#include "chat/login.h"
#include "chat/msg.h"
#include "chat/operate.h"
#include "chat/settings.h"
#include "net/conn.h"
#include "net/conn_flow.h"
#include "net/peer.h"
#include "net/worker.h"
#include "proto/audience.h"
#include "proto/chat_desk.h"
#include "proto/chat_session.h"
#include "chat_login.h"
#include "chat_missed.h"
#include "chat_port_private.h"
#include "chat_user.h"

#define CALL_KEEP   (4 * 1024)  /* bytes kept of one call's memory */
#define CALLS_BYTES (16 * 1024) /* of text that is run at once */
#define CALL_LONG   4           /* as many others */

struct chat_desk *chat_port_desk(const struct chat_session *session)
{
	return &session->port->desks[worker_index(conn_worker(session->conn))];
}

static struct chat_home home_of(const struct chat_session *session)
{
	return (struct chat_home){
		.worker = worker_index(conn_worker(session->conn)),
		.conn = conn_id(session->conn),
	};
}

struct chat_now chat_port_now(void)
{
	return (struct chat_now){
		.mono_ms = clock_mono_ms(), .wall_ms = clock_wall_ms()};
}

/* Posting, under the lock. */

static size_t count_posts(const struct chat_outbox *out, uint64_t bit)
{
	size_t n = 0;

	for (size_t i = 0; i < out->n_posts; i++)
		n += (out->posts[i].workers & bit) != 0;
	return n;
}

static uint64_t concerned(const struct chat_outbox *out)
{
	uint64_t workers = 0;

	for (size_t i = 0; i < out->n_posts; i++)
		workers |= out->posts[i].workers;
	return workers;
}

/* Seldom: the one who is told may have to be woken, under the lock. */
static void note_bans(struct chat_port *port)
{
	uint64_t serial = hub_bans(port->hub)->serial;

	if (serial == port->bans_serial)
		return;
	port->bans_serial = serial;
	if (port->bans_changed)
		port->bans_changed(port->bans_arg);
}

struct delivery chat_port_deliver(
	struct chat_port *port, struct chat_outbox *out)
{
	struct delivery d = {.concerned = concerned(out)};

	for (unsigned i = 0; i < port->n_desks; i++) {
		uint64_t bit = 1ull << i;
		struct chat_letter *letter;

		if (!(d.concerned & bit))
			continue;
		letter = letter_new(
			&port->desks[i], out, count_posts(out, bit));
		if (!letter)
			d.failed = true;
		else if (desk_post(&port->desks[i], letter))
			d.asleep |= bit;
	}
	outbox_clear(out);
	note_bans(port);
	return d;
}

void chat_port_wake(struct chat_port *port, uint64_t workers)
{
	for (unsigned i = 0; i < port->n_desks; i++)
		if (workers & (1ull << i))
			mailbox_wake(worker_mailbox(port->desks[i].worker));
}

static void press_back(struct chat_port *port, uint64_t workers, struct conn *c)
{
	for (unsigned i = 0; i < port->n_desks; i++)
		if (workers & (1ull << i))
			desk_press_back(&port->desks[i], c);
}

/* Whether one of the posts from the `first` on ends conn. */
static bool closes(const struct chat_outbox *out, size_t first, uint64_t conn)
{
	for (size_t i = first; i < out->n_posts; i++)
		if (out->posts[i].kind == CHAT_POST_CLOSE &&
			out->posts[i].home.conn == conn)
			return true;
	return false;
}

/* After the lock: what concerns the session itself. */
static void settle(struct chat_session *session, const struct delivery *d)
{
	chat_port_desk(session)->asleep |= d->asleep;
	if (d->failed)
		conn_close(session->conn, CLOSE_MEMORY, NULL);
	else
		press_back(session->port, d->concerned, session->conn);
}

/* What sessions do. */

/* Under the lock. Only this thread renames this member, so the name lasts. */
static void take_nick(struct chat_session *session)
{
	conn_set_nick(session->conn, member_nick(session->member));
}

static bool may_wait(const struct chat_call *call)
{
	return call->verb && chat_verb_info(call->verb)->may_wait;
}

/* One that may have to wait is the last of them. */
static void run_calls(struct chat_session *session)
{
	struct chat_port *port = session->port;
	struct chat_desk *desk = chat_port_desk(session);
	struct chat_outbox *out = &desk->outbox;
	struct chat_now when = chat_port_now();
	struct chat_login_job *login = NULL;
	bool asks = false;
	struct delivery d;

	pthread_mutex_lock(&port->lock);
	for (size_t i = 0; i < desk->n_calls && !session->leaving; i++) {
		struct chat_call *call = &desk->calls[i];
		size_t first = out->n_posts;

		hub_run(port->hub, session->member, call, &when, out);
		session->leaving = closes(out, first, conn_id(session->conn));
		if (may_wait(call)) {
			asks = chat_login_take(session, call, &login);
			chat_call_clear(call);
		}
	}
	d = chat_port_deliver(port, out);
	take_nick(session);
	pthread_mutex_unlock(&port->lock);
	desk->n_calls = 0;
	desk->calls_bytes = 0;
	desk->calls_weight = 0;
	settle(session, &d);
	if (asks)
		chat_login_start(session, login);
}

struct chat_call *chat_port_call(struct chat_session *session)
{
	struct chat_desk *desk = chat_port_desk(session);
	struct chat_call *call = &desk->calls[desk->n_calls];

	if (call->buf.size > CALL_KEEP)
		chat_call_fini(call);
	chat_call_clear(call);
	return call;
}

bool chat_port_has_floods(const struct chat_port *port)
{
	return atomic_load_explicit(&port->has_floods, memory_order_relaxed);
}

static size_t weight_of(const struct chat_call *call)
{
	return call->verb && chat_verb_info(call->verb)->is_long ? CALL_LONG
								 : 1;
}

void chat_port_run(struct chat_session *session)
{
	struct chat_desk *desk = chat_port_desk(session);
	const struct chat_call *call = &desk->calls[desk->n_calls++];

	desk->calls_bytes += call->buf.len;
	desk->calls_weight += weight_of(call);
	/* What may change the room that the next line is for has run then. */
	if (desk->calls_weight >= CALLS_MAX ||
		desk->calls_bytes >= CALLS_BYTES || may_wait(call) ||
		(call->verb != chat_verb_say() &&
			chat_port_has_floods(session->port)))
		run_calls(session);
}

void chat_port_run_call(struct chat_session *session, struct chat_call *call)
{
	struct chat_call *slot = chat_port_call(session), other = *slot;

	*slot = *call;
	*call = other;
	chat_port_run(session);
}

bool chat_port_find_flood(struct chat_session *session,
	const struct chat_call *call, struct flood_settings *ret,
	uint64_t *ret_room)
{
	struct chat_port *port = session->port;
	const struct flood_settings *found;

	if (!chat_port_has_floods(port) || !session->member)
		return false;
	pthread_mutex_lock(&port->lock);
	found = hub_find_flood(port->hub, session->member, call, ret_room);
	if (found)
		*ret = *found;
	pthread_mutex_unlock(&port->lock);
	ret->exempt = (struct strlist){0};
	return found;
}

bool chat_port_is_exempt(
	struct chat_session *session, const struct chat_call *call)
{
	struct chat_port *port = session->port;
	const struct flood_settings *found;
	uint64_t room;
	bool is_exempt;

	pthread_mutex_lock(&port->lock);
	found = hub_find_flood(port->hub, session->member, call, &room);
	is_exempt = found && conn_is_from(session->conn, &found->exempt);
	pthread_mutex_unlock(&port->lock);
	return is_exempt;
}

void chat_port_flush(struct chat_session *session)
{
	struct chat_desk *desk = chat_port_desk(session);

	if (desk->n_calls)
		run_calls(session);
	chat_port_wake(session->port, desk->asleep);
	desk->asleep = 0;
}

int chat_port_enter(struct chat_session *session, const char *room)
{
	struct chat_port *port = session->port;
	struct chat_outbox *out = &chat_port_desk(session)->outbox;
	bool is_held = session->terms & CHAT_TERM_HELD;
	struct chat_now when = chat_port_now();
	struct chat_user user;
	struct network address = {.prefix = 128};
	bool has_address = conn_peer_bytes(session->conn, address.bytes);
	struct delivery d;

	chat_user_read(&user, session->conn);
	pthread_mutex_lock(&port->lock);
	if (room && !room[0])
		room = port->settings->room;
	session->member = hub_enter(
		port->hub, home_of(session), is_held ? NULL : room, &when, out);
	if (session->member) {
		hub_set_terms(port->hub, session->member, session->terms, room);
		chat_user_tell(&user, port->hub, session->member);
	}
	d = chat_port_deliver(port, out);
	if (session->member && has_address)
		hub_set_address(port->hub, session->member, &address,
			conn_is_counted(session->conn));
	if (session->member)
		take_nick(session);
	pthread_mutex_unlock(&port->lock);
	settle(session, &d);
	chat_port_flush(session);
	chat_user_fini(&user, session->member ? session->conn : NULL);
	return session->member ? 0 : -ENOMEM;
}

int chat_port_make_program(struct chat_session *session)
{
	struct chat_port *port = session->port;
	struct chat_outbox *out = &chat_port_desk(session)->outbox;
	struct chat_now when = chat_port_now();
	struct delivery d;
	int err;

	chat_port_flush(session);
	pthread_mutex_lock(&port->lock);
	err = hub_make_program(port->hub, session->member, &when, out);
	d = chat_port_deliver(port, out);
	pthread_mutex_unlock(&port->lock);
	settle(session, &d);
	chat_port_flush(session);
	return err;
}

void chat_port_do(struct chat_session *session, chat_port_fn what)
{
	struct chat_port *port = session->port;
	struct chat_outbox *out = &chat_port_desk(session)->outbox;
	struct chat_now when = chat_port_now();
	struct delivery d;

	pthread_mutex_lock(&port->lock);
	what(port->hub, session->member, &when, out);
	d = chat_port_deliver(port, out);
	take_nick(session);
	pthread_mutex_unlock(&port->lock);
	settle(session, &d);
	chat_port_flush(session);
}

void chat_port_announce(struct chat_session *session)
{
	chat_port_do(session, hub_announce);
}

void chat_port_go_on(struct chat_session *session)
{
	chat_port_do(session, hub_go_on);
	chat_login_update(session);
}

void chat_port_fill_gaps(
	struct chat_session *session, struct chat_gap *gaps, size_t n)
{
	struct chat_port *port = session->port;

	if (!session->member)
		return;
	pthread_mutex_lock(&port->lock);
	for (size_t i = 0; i < n; i++)
		gap_fill(&gaps[i], session->member);
	pthread_mutex_unlock(&port->lock);
}

static void note_told(uint32_t room, uint64_t seq, void *arg)
{
	const struct chat_session *session = arg;

	hub_set_told(session->port->hub, session->member, room, seq);
}

void chat_port_leave(
	struct chat_session *session, const char *reason, uint64_t undelivered)
{
	struct chat_port *port = session->port;
	struct chat_desk *desk = chat_port_desk(session);
	struct chat_now when = chat_port_now();
	struct delivery d = {0};
	uint64_t n_missed = missed_said(session);

	assert(desk->n_calls == 0);
	if (!session->member) {
		audience_leave_all(desk->audiences, session);
		return;
	}
	pthread_mutex_lock(&port->lock);
	hub_set_unread(port->hub, session->member, undelivered, n_missed);
	audience_each_told(desk->audiences, session, note_told, session);
	hub_leave(port->hub, session->member, reason, &when, &desk->outbox);
	session->member = NULL;
	if (atomic_load(&port->stopping))
		outbox_clear(&desk->outbox);
	else
		d = chat_port_deliver(port, &desk->outbox);
	pthread_mutex_unlock(&port->lock);
	audience_leave_all(desk->audiences, session);
	chat_port_wake(port, d.asleep);
	chat_msg_unref(session->bye); /* the reason may be its text */
	session->bye = NULL;
}

/* Those who are no members. */

bool chat_port_is_full(const struct chat_port *port)
{
	for (unsigned i = 0; i < port->n_desks; i++)
		if (desk_is_full(&port->desks[i]))
			return true;
	return false;
}

int chat_port_post(struct chat_port *port, struct chat_remark *remarks,
	size_t n, struct conn *c)
{
	struct chat_outbox out = {0};
	struct chat_now when = chat_port_now();
	struct delivery d;

	if (!c && chat_port_is_full(port))
		return -EAGAIN;
	pthread_mutex_lock(&port->lock);
	for (size_t i = 0; i < n; i++)
		if (remarks[i].error < CHAT_E_FIRST)
			hub_say_as(port->hub, &remarks[i], &when, &out);
	d = chat_port_deliver(port, &out);
	pthread_mutex_unlock(&port->lock);
	outbox_fini(&out);
	chat_port_wake(port, d.asleep);
	if (c)
		press_back(port, d.concerned, c);
	return d.failed ? -ENOMEM : 0;
}

/* The port's own life. */

void chat_port_stop(struct chat_port *port)
{
	chat_admin_watch(port, NULL);
	atomic_store(&port->stopping, true);
}

void chat_port_count(
	struct chat_port *port, size_t *ret_members, size_t *ret_rooms)
{
	pthread_mutex_lock(&port->lock);
	*ret_members = hub_n_members(port->hub);
	*ret_rooms = hub_n_rooms(port->hub);
	pthread_mutex_unlock(&port->lock);
}

void chat_port_levels(struct chat_port *port, struct chat_levels *ret)
{
	pthread_mutex_lock(&port->lock);
	hub_levels(port->hub, ret);
	pthread_mutex_unlock(&port->lock);
}

void chat_port_sum(const struct chat_port *port, struct metrics_chat_sum *ret)
{
	*ret = (struct metrics_chat_sum){{0}};
	metrics_sum_chat(ret, hub_tally(port->hub));
}

static void note_settings(
	struct chat_port *port, const struct chat_settings *settings)
{
	bool has = false;

	for (size_t i = 0; i < settings->n_rooms; i++)
		has = has || settings->rooms[i].has_flood;
	port->settings = settings;
	atomic_store(&port->has_floods, has);
}

int chat_port_configure(
	struct chat_port *port, const struct chat_settings *settings)
{
	int err;

	pthread_mutex_lock(&port->lock);
	err = hub_configure(port->hub, settings);
	if (!err)
		note_settings(port, settings);
	pthread_mutex_unlock(&port->lock);
	return err;
}

static int init_desks(struct chat_port *port, struct crew *crew)
{
	port->desks = calloc(crew->n_workers, sizeof(*port->desks));
	if (!port->desks)
		return -ENOMEM;
	port->n_desks = crew->n_workers;
	for (unsigned i = 0; i < crew->n_workers; i++)
		if (desk_init(&port->desks[i], crew->workers[i], port->desks,
			    crew->n_workers))
			return -ENOMEM;
	return 0;
}

int chat_port_new_hub(const struct chat_port *port, struct hub **ret)
{
	uint8_t seed[16];

	if (getrandom(seed, sizeof(seed), 0) < 0)
		return -errno;
	return hub_new(ret, port->settings, port->n_workers, seed);
}

int chat_port_new(struct chat_port **ret, struct crew *crew,
	const struct chat_settings *settings)
{
	struct chat_port *port = calloc(1, sizeof(*port));
	int err;

	if (!port)
		return -ENOMEM;
	pthread_mutex_init(&port->lock, NULL);
	note_settings(port, settings);
	port->n_workers = crew->n_workers;
	err = chat_port_new_hub(port, &port->hub);
	if (!err)
		err = init_desks(port, crew);
	if (!err) {
		port->logins = chat_logins_new();
		err = port->logins ? 0 : -ENOMEM;
	}
	if (err) {
		chat_port_free(port);
		return err;
	}
	*ret = port;
	return 0;
}

void chat_port_free(struct chat_port *port)
{
	if (!port)
		return;
	chat_logins_free(port->logins);
	for (unsigned i = 0; i < port->n_desks; i++)
		desk_fini(&port->desks[i]);
	free(port->desks);
	hub_free(port->hub);
	pthread_mutex_destroy(&port->lock);
	free(port);
}
