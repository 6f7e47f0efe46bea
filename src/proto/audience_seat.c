/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Who sits in the audiences of a worker: coming, going, and moving to another
 * group. Invariant: a seat and its place point at each other; a place without
 * a seat is a hole, and there are holes only while the audience's round is
 * going on. The worker's thread only. */
#include "proto/audience.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "chat/msg.h"
#include "audience_private.h"
#include "proto/chat_session.h"

void audience_free(struct audience *a)
{
	for (uint32_t i = 0; i < a->n_groups; i++)
		free(a->groups[i].places);
	for (uint32_t i = 0; i < a->n_waiting; i++)
		chat_msg_unref(a->waiting[i].msg);
	free(a->waiting);
	free(a->groups);
	free(a);
}

struct audience *audience_find(const struct audiences *set, uint32_t room)
{
	return room < set->n_rooms ? set->rooms[room] : NULL;
}

static int make_room_for(struct audiences *set, uint32_t room)
{
	size_t n = set->n_rooms ? set->n_rooms : 16;
	struct audience **rooms;

	if (room < set->n_rooms)
		return 0;
	while (n <= room)
		n *= 2;
	rooms = reallocarray(set->rooms, n, sizeof(struct audience *));
	if (!rooms)
		return -ENOMEM;
	memset(rooms + set->n_rooms, 0,
		(n - set->n_rooms) * sizeof(struct audience *));
	set->rooms = rooms;
	set->n_rooms = n;
	return 0;
}

static struct audience *make_audience(struct audiences *set, uint32_t room)
{
	if (make_room_for(set, room))
		return NULL;
	if (!set->rooms[room]) {
		set->rooms[room] = calloc(1, sizeof(struct audience));
		if (set->rooms[room])
			set->rooms[room]->room = room;
	}
	return set->rooms[room];
}

static bool is_deserted(const struct audience *a)
{
	for (uint32_t i = 0; i < a->n_groups; i++)
		if (a->groups[i].n)
			return false;
	return !a->queued && !a->held;
}

void audience_drop_if_deserted(struct audiences *set, struct audience *a)
{
	if (!is_deserted(a))
		return;
	set->rooms[a->room] = NULL;
	audience_free(a);
}

/* The group of a session's rendering, or -ENOMEM. */
static int group_index(struct audience *a, const struct chat_session *session)
{
	unsigned view = session->view & DIALECT_RENDERING;
	struct group *groups;
	uint32_t i;

	for (i = 0; i < a->n_groups; i++)
		if (a->groups[i].dialect == session->dialect &&
			a->groups[i].view == view)
			return (int)i;
	groups = reallocarray(a->groups, i + 1, sizeof(*groups));
	if (!groups)
		return -ENOMEM;
	a->groups = groups;
	groups[i] = (struct group){.dialect = session->dialect, .view = view};
	a->n_groups++;
	return (int)i;
}

static int add_place(struct group *g)
{
	if (g->n == g->size) {
		uint32_t size = g->size ? g->size * 2 : 2;
		struct place *places = reallocarray(
			g->places, size, sizeof(*places));

		if (!places)
			return -ENOMEM;
		g->places = places;
		g->size = size;
	}
	return (int)g->n++;
}

/* Gives the seat a place in the group of its session's rendering. */
static int take_place(struct audience *a, struct seat *seat,
	const struct chat_session *session)
{
	int group = group_index(a, session);
	int place = group >= 0 ? add_place(&a->groups[group]) : -ENOMEM;

	if (place < 0)
		return -ENOMEM;
	seat->audience = a;
	seat->group = (uint32_t)group;
	seat->place = (uint32_t)place;
	a->groups[group].places[place] = (struct place){
		.conn = session->conn, .seat = seat};
	return 0;
}

/* Seats of sessions that may not get what the others of their group get hang
 * in the audience's list, so that a batch is looked at for them alone. */
static void update_picky(struct seat *seat, const struct chat_session *session)
{
	bool is_picky = session->ignored.n > 0 || session->view & DIALECT_BELL;

	if (is_picky && !seat->is_picky)
		LIST_INSERT_HEAD(&seat->audience->picky, seat, of_picky);
	else if (!is_picky && seat->is_picky)
		LIST_REMOVE(seat, of_picky);
	seat->is_picky = is_picky;
}

int audience_seat(
	struct audiences *set, uint32_t room, struct chat_session *session)
{
	struct audience *a = make_audience(set, room);
	struct seat *seat = calloc(1, sizeof(*seat));

	assert(!set->in_round || set->first != a);
	if (!a || !seat || take_place(a, seat, session)) {
		free(seat);
		if (a)
			audience_drop_if_deserted(set, a);
		return -ENOMEM;
	}
	seat->next = session->seats;
	session->seats = seat;
	update_picky(seat, session);
	return 0;
}

/* Moves the last place into the gap. */
static void close_gap(struct group *g, uint32_t gap)
{
	struct place *last = &g->places[--g->n];

	if (gap == g->n)
		return;
	g->places[gap] = *last;
	if (last->seat)
		last->seat->place = gap;
}

static void leave_place(struct audiences *set, struct seat *seat)
{
	struct audience *a = seat->audience;
	struct group *g = &a->groups[seat->group];

	if (seat->is_picky)
		LIST_REMOVE(seat, of_picky);
	if (set->in_round && set->first == a) {
		g->places[seat->place].conn = NULL;
		g->places[seat->place].seat = NULL;
		g->n_holes++;
	} else {
		close_gap(g, seat->place);
		audience_drop_if_deserted(set, a);
	}
	free(seat);
}

void audience_unseat(
	struct audiences *set, uint32_t room, struct chat_session *session)
{
	for (struct seat **at = &session->seats; *at; at = &(*at)->next) {
		struct seat *seat = *at;

		if (seat->audience->room == room) {
			*at = seat->next;
			leave_place(set, seat);
			return;
		}
	}
}

int audience_move(struct audiences *set, struct chat_session *session)
{
	for (struct seat *seat = session->seats; seat; seat = seat->next) {
		uint32_t group = seat->group, place = seat->place;

		assert(!set->in_round || set->first != seat->audience);
		if (take_place(seat->audience, seat, session))
			return -ENOMEM;
		close_gap(&seat->audience->groups[group], place);
		update_picky(seat, session);
	}
	return 0;
}

static void forget_ignored(struct chat_session *session, uint64_t person)
{
	struct idlist *list = &session->ignored;

	for (size_t i = 0; i < list->n; i++)
		if (list->ids[i] == person) {
			list->ids[i] = list->ids[--list->n];
			return;
		}
}

int audience_ignore(
	struct chat_session *session, uint64_t person, bool is_ignored)
{
	forget_ignored(session, person);
	if (is_ignored && idlist_add(&session->ignored, person))
		return -ENOMEM;
	for (struct seat *seat = session->seats; seat; seat = seat->next)
		update_picky(seat, session);
	return 0;
}

void audience_set_told(struct audiences *set, uint32_t room, uint64_t seq)
{
	struct audience *a = audience_find(set, room);

	if (a && a->told < seq)
		a->told = seq;
}

/* Who is being told, or was last, may not have got it. */
static bool is_past(const struct audiences *set, const struct seat *seat)
{
	if (!set->in_round || seat->audience != set->first)
		return false;
	return seat->group < set->cursor_group ||
		(seat->group == set->cursor_group &&
			seat->place + 1 < set->cursor_place);
}

void audience_each_told(const struct audiences *set,
	const struct chat_session *session,
	void (*fn)(uint32_t room, uint64_t seq, void *arg), void *arg)
{
	const struct seat *seat;

	for (seat = session->seats; seat; seat = seat->next) {
		const struct audience *a = seat->audience;
		uint64_t last = is_past(set, seat) ? audience_last_waiting(a)
						   : 0;

		fn(a->room, last ? last : a->told, arg);
	}
}

void audience_leave_all(struct audiences *set, struct chat_session *session)
{
	struct seat *seat;

	while ((seat = session->seats)) {
		session->seats = seat->next;
		leave_place(set, seat);
	}
	idlist_fini(&session->ignored);
}

void audience_sweep(struct group *g)
{
	for (uint32_t i = g->n; g->n_holes && i-- > 0;) {
		if (g->places[i].conn)
			continue;
		close_gap(g, i);
		g->n_holes--;
	}
}
