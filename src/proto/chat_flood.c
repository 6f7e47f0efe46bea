/* SPDX-License-Identifier: GPL-3.0-or-later */
/* When a session's lines run: at once, in their turn, or never.
 *
 * What flood.c decides is carried out here. Lines wait for two reasons, in one
 * queue: more came than may pass, or the peer does not read the answers it has
 * caused (conn_is_choked()). In the first case what is too much is dropped; in
 * the second nothing is, and reading stops when the queue is full.
 *
 * Urgent verbs, those that lead away, go round the queue. What waited is then
 * dropped, since it may be meant for the room that is left.
 *
 * Whatever is told goes through the hub like an answer, so it comes in order
 * with everything else. Worker threads. */
#include "chat_flood.h"

#include <stdio.h>

#include "base/metrics.h"
#include "base/str.h"
#include "base/units.h"
#include "chat/command.h"
#include "chat/settings.h"
#include "net/conn.h"
#include "net/conn_flow.h"
#include "net/service.h"
#include "net/worker.h"
#include "proto/chat_port.h"
#include "proto/chat_session.h"
#include "chat_timer.h"
#include "proto/flood.h"

#define LINES_PER_TURN 64   /* then others have theirs */
#define CHOKED_QUEUE   20   /* among so many /quit is found */
#define LOOK_MS        1000 /* at the limits of a room, while lines wait */

/* The rule for one call, with the settings if those are a room's. */
struct ruling {
	struct flood_rule rule;
	struct flood_settings own;
};

static struct metrics_service *tally_of(const struct chat_session *session)
{
	return service_tally(conn_service(session->conn)->count,
		worker_index(conn_worker(session->conn)));
}

static uint64_t now_of(const struct chat_session *session)
{
	return worker_now_ms(conn_worker(session->conn));
}

static unsigned cost_of(const struct chat_call *call)
{
	return call->verb ? chat_verb_info(call->verb)->cost : 1;
}

static void close_for_memory(struct chat_session *session)
{
	chat_port_flush(session);
	conn_close(session->conn, CLOSE_MEMORY, NULL);
}

static const struct flood_settings *limits_of(
	const struct chat_session *session)
{
	return chat_flood_settings(conn_service(session->conn));
}

/* Nobody's line is dropped since its peer reads slowly: as many may wait then
 * as are read on, see chat_flood_may_read(). */
static size_t least_wait(const struct chat_session *session)
{
	size_t queue = (size_t)limits_of(session)->queue;

	if (!conn_is_choked(session->conn))
		return 0;
	return queue > CHOKED_QUEUE ? queue : CHOKED_QUEUE;
}

static struct flood_rule service_rule(struct chat_session *session)
{
	return (struct flood_rule){
		.settings = limits_of(session),
		.bucket = &session->flood.bucket,
		.line_max = conn_service(session->conn)->line_max,
		.least_wait = least_wait(session),
	};
}

/* False: out of memory. */
static bool find_rule(struct chat_session *session,
	const struct chat_call *call, struct ruling *ret)
{
	uint64_t room;

	ret->rule = service_rule(session);
	if (!chat_port_find_flood(session, call, &ret->own, &room))
		return true;
	ret->rule.settings = &ret->own;
	ret->rule.bucket = flood_room_bucket(
		&session->flood, room, conn_last_ms(session->conn));
	return ret->rule.bucket != NULL;
}

/* Whoever is exempt gets a new burst when the old one is used up: so nobody is
 * asked where it comes from who does not say much. */
static bool take_exempt(struct chat_session *session,
	const struct flood_rule *rule, const struct chat_call *call)
{
	const struct flood_settings *limits = limits_of(session);
	bool is_exempt = rule->settings == limits
		? conn_is_from(session->conn, &limits->exempt)
		: chat_port_is_exempt(session, call);

	if (!is_exempt)
		return false;
	*rule->bucket = (struct bucket){0};
	return flood_take(rule, cost_of(call), now_of(session));
}

/* Telling. */

static void tell(struct chat_session *session, enum chat_type type,
	const struct flood_count *count, const char *text)
{
	struct chat_call *call = chat_port_call(session);

	strbuf_adds(&call->buf, text);
	if (call->buf.failed) {
		close_for_memory(session);
		return;
	}
	chat_call_refuse(call, type);
	call->error_text = call->buf.data;
	call->n = count->n;
	call->limit = count->burst;
	chat_port_run(session);
}

static void tell_dropped(struct chat_session *session)
{
	struct flood_count dropped = flood_tell_dropped(&session->flood);
	char count[STR_COUNT_LEN], text[STR_COUNT_LEN + 16];

	if (!dropped.n)
		return;
	snprintf(text, sizeof(text), "%s %s",
		str_count(count, dropped.rate.count),
		rate_time_words(&dropped.rate));
	tell(session, CHAT_NOT_SENT, &dropped, text);
}

/* A program may want to know of each request what became of it. True if it is
 * told of this one, which is then a refusal to be run. */
static bool becomes_refusal(struct chat_session *session,
	struct chat_call *call, enum chat_type error)
{
	struct flood_rule rule = service_rule(session);

	if (!session->dialect->is_of_program ||
		!flood_tell_one(&session->flood, &rule))
		return false;
	chat_call_refuse(call, error);
	return true;
}

/* The timer. */

static uint64_t earliest(uint64_t a, uint64_t b)
{
	return a && (!b || a < b) ? a : b;
}

/* What a room allows may change meanwhile, so that is looked at again. */
static uint64_t first_due_ms(struct chat_session *session)
{
	const struct chat_call *first = flood_first(&session->flood);
	uint64_t now_ms = now_of(session), due = 0;
	struct ruling r;

	if (!first || session->is_waiting || conn_is_choked(session->conn))
		return 0;
	if (find_rule(session, first, &r))
		due = flood_due_ms(&r.rule, cost_of(first));
	if (r.rule.settings == &r.own && due > now_ms + LOOK_MS)
		due = now_ms + LOOK_MS;
	return due > now_ms ? due : now_ms + 1;
}

static void watch(struct chat_session *session)
{
	uint64_t due;

	if (!conn_is_open(session->conn) || session->leaving)
		return;
	due = earliest(first_due_ms(session),
		earliest(flood_tell_ms(&session->flood),
			flood_rest_ms(&session->flood)));
	chat_timer_set(session, CHAT_TIMER_FLOOD, due);
}

/* Lines that come. */

/* What waited, for whatever reason, when somebody left; all that was dropped
 * before has been told. */
static void drop_waiting(struct chat_session *session)
{
	struct metrics_service *tally = tally_of(session);
	struct flood_rule rule = service_rule(session);
	struct flood_count left;
	struct chat_call call;

	while (flood_first(&session->flood)) {
		flood_end_first(&session->flood, &call, now_of(session));
		flood_count_dropped(&session->flood, &rule);
		if (tally)
			metrics_add(tally->lines_dropped, 1);
		if (becomes_refusal(session, &call, CHAT_E_LEFT_FIRST))
			chat_port_run_call(session, &call);
		chat_call_fini(&call);
	}
	left = flood_tell_dropped(&session->flood);
	if (left.n && conn_is_open(session->conn))
		tell(session, CHAT_LEFT_FIRST, &left, "");
}

/* An urgent call. False if it has run. */
static bool go_round(struct chat_session *session, struct chat_call *call)
{
	struct chat_call urgent;

	if (!flood_first(&session->flood) && !flood_tell_ms(&session->flood))
		return true;
	urgent = *call;
	*call = (struct chat_call){0};
	tell_dropped(session);
	if (conn_is_open(session->conn))
		drop_waiting(session);
	if (conn_is_open(session->conn))
		chat_port_run_call(session, &urgent);
	chat_call_fini(&urgent);
	watch(session);
	return false;
}

static void end_patience(struct chat_session *session)
{
	tell_dropped(session);
	chat_port_flush(session);
	if (conn_is_open(session->conn) && !session->leaving)
		chat_port_hang_up(session, CLOSE_FLOOD, NULL);
}

static void note_wait(
	struct chat_session *session, const struct flood_rule *rule)
{
	struct metrics_service *tally = tally_of(session);
	const struct rate_spec *rate = &rule->settings->rate;
	const struct flood_count count = {.n = rate->count};

	if (conn_is_choked(session->conn))
		return;
	if (tally)
		metrics_add(tally->lines_delayed, 1);
	if (flood_tell_wait(&session->flood))
		tell(session, CHAT_SLOW_DOWN, &count, rate_time_words(rate));
}

static void note_dropped(struct chat_session *session, struct chat_call *call)
{
	struct metrics_service *tally = tally_of(session);

	if (tally)
		metrics_add(tally->lines_dropped, 1);
	if (becomes_refusal(session, call, CHAT_E_TOO_FAST))
		chat_port_run(session);
}

static void put(struct chat_session *session, const struct flood_rule *rule,
	struct chat_call *call, uint64_t now_ms)
{
	enum flood_fate fate = flood_put(&session->flood, rule, call, now_ms);

	if (fate == FLOOD_NO_MEMORY)
		close_for_memory(session);
	else if (fate == FLOOD_WAITS)
		note_wait(session, rule);
	else
		note_dropped(session, call);
	if (fate == FLOOD_PATIENCE && conn_is_open(session->conn))
		end_patience(session);
	watch(session);
}

static bool admit_slowly(struct chat_session *session, struct chat_call *call)
{
	uint64_t now_ms = now_of(session);
	unsigned cost = cost_of(call);
	struct ruling r;

	if (!find_rule(session, call, &r)) {
		close_for_memory(session);
		return false;
	}
	if (cost == 0 &&
		(flood_take(&r.rule, cost, now_ms) ||
			chat_verb_is_last(call->verb)))
		return go_round(session, call);
	if (!flood_first(&session->flood) && !conn_is_choked(session->conn) &&
		(flood_take(&r.rule, cost, now_ms) ||
			take_exempt(session, &r.rule, call)))
		return true;
	put(session, &r.rule, call, now_ms);
	return false;
}

/* A line like most lines, without a look at the clock: the time of the last
 * byte will do if it suffices. */
static bool passes_at_once(
	struct chat_session *session, const struct chat_call *call)
{
	const struct flood_settings *limits = limits_of(session);

	return call->verb == chat_verb_say() && !session->flood.late &&
		!conn_is_choked(session->conn) &&
		!chat_port_has_floods(session->port) &&
		bucket_take(&session->flood.bucket, &limits->rate,
			(uint32_t)limits->burst, conn_last_ms(session->conn));
}

bool chat_flood_admit(struct chat_session *session, struct chat_call *call)
{
	return passes_at_once(session, call) || admit_slowly(session, call);
}

bool chat_flood_may_read(struct chat_session *session)
{
	struct flood_rule rule = service_rule(session);

	if (!flood_is_full(&session->flood, &rule))
		return true;
	conn_hold(session->conn);
	return false;
}

/* Lines whose turn it is. */

/* False if there is none. */
static bool run_first(struct chat_session *session)
{
	const struct chat_call *first = flood_first(&session->flood);
	struct chat_call call;
	struct ruling r;

	if (!first || !conn_is_open(session->conn) || session->leaving ||
		session->is_waiting || conn_is_choked(session->conn))
		return false;
	if (!find_rule(session, first, &r)) {
		close_for_memory(session);
		return false;
	}
	if (!flood_take(&r.rule, cost_of(first), now_of(session)) &&
		!take_exempt(session, &r.rule, first))
		return false;
	flood_end_first(&session->flood, &call, now_of(session));
	chat_port_run_call(session, &call);
	chat_call_fini(&call);
	return true;
}

static void tell_if_due(struct chat_session *session)
{
	uint64_t due = flood_tell_ms(&session->flood);

	if (due && (due <= now_of(session) || session->ended))
		tell_dropped(session);
}

void chat_flood_go_on(struct chat_session *session)
{
	for (int n = 0; n < LINES_PER_TURN && run_first(session); n++)
		;
	if (conn_is_open(session->conn) && !session->leaving)
		tell_if_due(session);
	chat_port_flush(session);
	if (!conn_is_open(session->conn) || session->leaving)
		return;
	flood_rest(&session->flood, now_of(session));
	if (session->ended && !session->is_waiting &&
		!flood_first(&session->flood))
		chat_port_hang_up(session, CLOSE_EOF, NULL);
	watch(session);
}

/* Not at once: whoever calls this may be in the midst of running a line. */
void chat_flood_resume(struct chat_session *session)
{
	if (session->ended || flood_first(&session->flood))
		chat_timer_set(session, CHAT_TIMER_FLOOD, now_of(session) + 1);
}

void chat_flood_end(struct chat_session *session)
{
	session->ended = true;
	chat_flood_go_on(session);
}
