/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The fan-out: one worker's members of each room, and how a batch of facts
 * reaches them.
 *
 *   audiences.rooms[room] -> audience -> groups, one per rendering
 *                                         places: conn, seat, mark
 *   chat_session.seats    -> seat, seat, ...  each knows its place
 *
 * Facts are collected per room (`waiting`) and sent as one batch: for each
 * group it is rendered once, as pieces one behind the other, and every member
 * gets the whole in one write. Who wrote some of it, ignores somebody, or wants
 * a bell when it is named, gets the pieces one by one, without those, or with
 * it; such places are marked with the batch's serial before the round begins,
 * so that the round itself looks at nothing but places and conns.
 *
 * A round may take several turns of the loop; `cursor` says where it is. A
 * connection that ends during a round leaves a hole (conn NULL) that is swept
 * when the round is over; otherwise the last place moves into the gap. An
 * audience nobody sits in and nothing waits for is freed. */
#include "proto/audience.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/metrics.h"
#include "base/str.h"
#include "chat/msg.h"
#include "chat/name.h"
#include "net/conn.h"
#include "net/worker.h"
#include "audience_private.h"
#include "chat_missed.h"
#include "proto/chat_session.h"
#include "proto/dialect.h"

#define BATCH_BYTES      (64 * 1024)
#define KEEP_RENDERED    BATCH_BYTES /* memory kept between batches */
#define KEEP_WAITING     8           /* ... and facts, per room */
#define PLACES_PER_CLOCK 32
#define PLACES_AHEAD     4 /* whose conns are fetched from memory meanwhile */

struct audiences *audiences_new(struct worker *worker)
{
	struct audiences *set = calloc(1, sizeof(*set));

	if (!set)
		return NULL;
	set->worker = worker;
	set->tally = worker_tally(worker);
	set->last = &set->first;
	return set;
}

void audiences_free(struct audiences *set)
{
	if (!set)
		return;
	for (size_t i = 0; i < set->n_rooms; i++)
		if (set->rooms[i])
			audience_free(set->rooms[i]);
	free(set->rooms);
	strbuf_fini(&set->rendered);
	strbuf_fini(&set->scratch);
	free(set);
}

/* Collecting. */

static int grow_waiting(struct audience *a)
{
	uint32_t size = a->waiting_size ? a->waiting_size * 2 : 2;
	struct waiting *waiting;

	if (a->n_waiting < a->waiting_size)
		return 0;
	waiting = reallocarray(a->waiting, size, sizeof(*waiting));
	if (!waiting)
		return -ENOMEM;
	a->waiting = waiting;
	a->waiting_size = size;
	return 0;
}

int audience_add(struct audiences *set, uint32_t room, struct chat_msg *msg,
	uint64_t author)
{
	struct audience *a = audience_find(set, room);

	if (!a) { /* whoever sat there has gone meanwhile */
		chat_msg_unref(msg);
		return 0;
	}
	assert(a->n_waiting < BATCH_MAX);
	if (grow_waiting(a)) {
		chat_msg_unref(msg);
		return -ENOMEM;
	}
	a->waiting[a->n_waiting++] = (struct waiting){msg, author};
	a->waiting_bytes += msg->bytes;
	set->is_full = set->is_full || a->n_waiting == BATCH_MAX ||
		a->waiting_bytes >= BATCH_BYTES;
	if (!a->queued) {
		a->queued = true;
		a->next = NULL;
		*set->last = a;
		set->last = &a->next;
	}
	return 0;
}

uint64_t audience_last_waiting(const struct audience *a)
{
	for (uint32_t i = a->n_waiting; i-- > 0;)
		if (a->waiting[i].msg->seq)
			return a->waiting[i].msg->seq;
	return 0;
}

bool audiences_is_in_round(const struct audiences *set)
{
	return set->in_round;
}

bool audiences_is_full(const struct audiences *set)
{
	return set->is_full;
}

/* Telling. */

/* seat: where it would have heard of it; NULL: it was told alone. */
static void miss(struct audiences *set, struct chat_session *session,
	struct seat *seat, const struct chat_msg *msg)
{
	missed_count(session, seat, msg);
	metrics_add(set->tally->left_out, 1);
}

/* The same for all of the batch. */
static void miss_batch(struct audiences *set, const struct place *place)
{
	missed_count_batch(conn_state(place->conn), place->seat, set->n_shown,
		set->n_said, set->first_said);
	metrics_add(set->tally->left_out, set->n_shown);
}

static bool is_ignored(const struct chat_session *session, uint64_t person)
{
	for (size_t i = 0; i < session->ignored.n; i++)
		if (session->ignored.ids[i] == person)
			return true;
	return false;
}

/* Whether the line calls the session by its name, and that is to ring. */
static bool rings(
	const struct chat_session *session, const struct chat_msg *msg)
{
	return session->view & DIALECT_BELL && conn_nick(session->conn) &&
		(msg->type == CHAT_SAID || msg->type == CHAT_ACTION) &&
		name_is_in(msg->text, conn_nick(session->conn));
}

/* Piece number i, from `start` of what is rendered, unless it is not for this
 * session. True if there is something of it. */
static bool add_piece(struct audiences *set, struct chat_session *session,
	uint32_t i, size_t start)
{
	const struct waiting *waiting = &set->first->waiting[i];

	if (waiting->author == conn_id(session->conn) || set->ends[i] == start)
		return false;
	if (waiting->msg->author && is_ignored(session, waiting->msg->author))
		return false;
	if (rings(session, waiting->msg))
		session->dialect->render(
			waiting->msg, session->view, &set->scratch);
	else
		strbuf_add(&set->scratch, set->rendered.data + start,
			set->ends[i] - start);
	return true;
}

/* One piece after the other, as many as there is room for; the rest is left
 * out. The place is empty once that ends the connection. */
static void send_singly(struct audiences *set, struct place *place)
{
	struct chat_session *session = conn_state(place->conn);
	size_t start = 0;

	for (uint32_t i = 0; i < set->first->n_waiting && place->conn;
		start = set->ends[i++]) {
		strbuf_clear(&set->scratch);
		if (!add_piece(set, session, i, start))
			continue;
		if (set->scratch.failed)
			conn_close(place->conn, CLOSE_MEMORY, NULL);
		else if (conn_send_message(place->conn, set->scratch.data,
				 set->scratch.len))
			set->n_delivered++;
		else
			miss(set, session, place->seat,
				set->first->waiting[i].msg);
	}
}

/* For one who does not get what the others get: its own choice of pieces. */
static void send_chosen(struct audiences *set, struct place *place)
{
	struct chat_session *session = conn_state(place->conn);
	size_t start = 0, n = 0;

	strbuf_clear(&set->scratch);
	for (uint32_t i = 0; i < set->first->n_waiting; start = set->ends[i++])
		n += add_piece(set, session, i, start);
	if (set->scratch.failed)
		conn_close(place->conn, CLOSE_MEMORY, NULL);
	else if (n &&
		conn_send_messages(
			place->conn, set->scratch.data, set->scratch.len))
		set->n_delivered += n;
	else if (n)
		send_singly(set, place);
}

static void send_batch(struct audiences *set, struct place *place)
{
	if (conn_send_messages(
		    place->conn, set->rendered.data, set->rendered.len))
		set->n_delivered += set->n_shown;
	else if (conn_is_flooded(place->conn))
		miss_batch(set, place);
	else
		send_singly(set, place);
}

static void mark_picky(struct audiences *set, const struct audience *a)
{
	const struct seat *seat;

	LIST_FOREACH (seat, &a->picky, of_picky)
		a->groups[seat->group].places[seat->place].mark = set->serial;
}

static void mark_authors(struct audiences *set, const struct audience *a)
{
	for (uint32_t i = 0; i < a->n_waiting; i++) {
		struct conn *c = a->waiting[i].author
			? worker_find_conn(set->worker, a->waiting[i].author)
			: NULL;
		struct seat *seat = c
			? ((struct chat_session *)conn_state(c))->seats
			: NULL;

		for (; seat; seat = seat->next)
			if (seat->audience == a)
				a->groups[seat->group]
					.places[seat->place]
					.mark = set->serial;
	}
}

/* Without memory to render it nobody of the group is told the batch. */
static void miss_all(struct audiences *set, const struct group *g)
{
	set->n_shown = set->first->n_waiting;
	for (uint32_t i = 0; i < g->n; i++)
		if (g->places[i].conn)
			miss_batch(set, &g->places[i]);
}

static void note_said(struct audiences *set, const struct chat_msg *msg)
{
	if (msg->seq && set->n_said++ == 0)
		set->first_said = msg->id;
}

/* Renders the batch for the group at the cursor. */
static void begin_group(struct audiences *set)
{
	struct audience *a = set->first;
	struct group *g = &a->groups[set->cursor_group];

	set->cursor_place = 0;
	set->n_shown = set->n_said = 0;
	strbuf_clear(&set->rendered);
	if (!g->n)
		return;
	for (uint32_t i = 0; i < a->n_waiting; i++) {
		g->dialect->render(a->waiting[i].msg, g->view, &set->rendered);
		set->n_shown += set->rendered.len > (i ? set->ends[i - 1] : 0);
		set->ends[i] = set->rendered.len;
		note_said(set, a->waiting[i].msg);
	}
	if (!set->rendered.failed)
		return;
	strbuf_fini(&set->rendered);
	miss_all(set, g);
}

static void begin_round(struct audiences *set)
{
	set->in_round = true;
	set->round_us = clock_mono_us();
	set->serial++;
	set->cursor_group = 0;
	mark_authors(set, set->first);
	mark_picky(set, set->first);
	begin_group(set);
}

/* False if it took longer than most places do. */
static bool tell_place(struct audiences *set, struct place *place)
{
	if (!place->conn)
		return true;
	if (place->mark == set->serial) {
		send_chosen(set, place);
		return false;
	}
	send_batch(set, place);
	return true;
}

/* Goes on with the group at the cursor. False: time is up. */
static bool go_round_group(struct audiences *set, uint64_t until_us)
{
	const struct group *g = &set->first->groups[set->cursor_group];

	while (set->rendered.len && set->cursor_place < g->n) {
		uint32_t at = set->cursor_place++;
		bool was_quick;

		if (at + PLACES_AHEAD < g->n)
			conn_prefetch(g->places[at + PLACES_AHEAD].conn);
		was_quick = tell_place(set, &g->places[at]);
		if ((!was_quick || set->cursor_place % PLACES_PER_CLOCK == 0) &&
			clock_mono_us() >= until_us)
			return false;
	}
	return true;
}

static bool go_round_groups(struct audiences *set, uint64_t until_us)
{
	while (go_round_group(set, until_us)) {
		if (++set->cursor_group == set->first->n_groups)
			return true;
		begin_group(set);
	}
	return false;
}

static bool go_round(struct audiences *set, uint64_t until_us)
{
	bool is_over = go_round_groups(set, until_us);

	metrics_add(set->tally->delivered, set->n_delivered);
	set->n_delivered = 0;
	return is_over;
}

static void end_round(struct audiences *set)
{
	struct audience *a = set->first;

	set->in_round = false;
	metrics_observe(set->tally->fanout_time, METRICS_ID_fanout_time,
		clock_mono_us() - set->round_us);
	for (uint32_t i = 0; i < a->n_groups; i++)
		audience_sweep(&a->groups[i]);
	audience_set_told(set, a->room, audience_last_waiting(a));
	if (set->rendered.size > KEEP_RENDERED)
		strbuf_fini(&set->rendered);
	for (uint32_t i = 0; i < a->n_waiting; i++)
		chat_msg_unref(a->waiting[i].msg);
	a->n_waiting = 0;
	a->waiting_bytes = 0;
	if (a->waiting_size > KEEP_WAITING) {
		free(a->waiting);
		a->waiting = NULL;
		a->waiting_size = 0;
	}
	a->queued = false;
	set->first = a->next;
	if (!set->first) {
		set->last = &set->first;
		set->is_full = false;
	}
	audience_drop_if_deserted(set, a);
}

bool audiences_run(struct audiences *set, uint64_t until_us)
{
	while (set->first) {
		if (!set->in_round)
			begin_round(set);
		if (!go_round(set, until_us))
			return false;
		end_round(set);
	}
	return true;
}

void audience_tell(struct audiences *set, struct chat_session *session,
	const struct chat_msg *msg)
{
	struct strbuf *out = &set->scratch;

	if (!conn_is_flooded(session->conn))
		missed_tell(session); /* what memory did not suffice for */
	strbuf_clear(out);
	session->dialect->render(msg, session->view, out);
	if (out->failed)
		conn_close(session->conn, CLOSE_MEMORY, NULL);
	else if (out->len == 0)
		return; /* nothing of it is shown */
	else if (conn_send_message(session->conn, out->data, out->len))
		metrics_add(set->tally->delivered, 1);
	else
		miss(set, session, NULL, msg);
}

static void tell_neighbours(struct audiences *set, struct group *g,
	const struct chat_msg *msg, uint64_t author)
{
	/* From the end: whoever is closed leaves the gap to one who was told
	 * already. */
	for (uint32_t p = g->n; p-- > 0;) {
		struct chat_session *session = conn_state(g->places[p].conn);

		if (session->told == set->serial ||
			conn_id(session->conn) == author)
			continue;
		session->told = set->serial;
		audience_tell(set, session, msg);
	}
}

void audience_tell_once(struct audiences *set, const uint32_t *rooms,
	size_t n_rooms, const struct chat_msg *msg, uint64_t author)
{
	assert(!set->first);
	set->serial++;
	for (size_t r = 0; r < n_rooms; r++) {
		struct audience *a = audience_find(set, rooms[r]);

		if (!a)
			continue;
		a->held = true;
		for (uint32_t i = 0; i < a->n_groups; i++)
			tell_neighbours(set, &a->groups[i], msg, author);
		a->held = false;
		audience_drop_if_deserted(set, a);
	}
}
