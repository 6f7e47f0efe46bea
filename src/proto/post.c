/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Post: lines from a shell into a room. Each is said by an author who is no
 * member and answered with its id or with what is wrong; then the connection
 * ends, at the peer's end of input or when it was silent for a second, so that
 * a netcat that does not end its side comes back too. Worker threads.
 *
 *   NAMING ------> READING -----> QUIET -----> OVER: the rest counts as a line
 *   the user's     ^ |  ^   1 s     |    a turn
 *   name is looked | |  +-- bytes --+
 *   up             | v
 *                 WAITING for the turn of a line
 *
 * Flood control keeps the order of the answers: while a line waits nothing
 * behind it is read. So many as `queue` says have waited before lines are
 * refused, until the peer has paused for long enough to have its burst again.
 *
 * Silence is counted from the last byte, and only while we read: the clock
 * stands still while we do not, since too much waits to be told or our answers
 * are not read. QUIET is one more turn of the loop, for bytes that lay unread
 * when the time was up.
 *
 * Answers are written at once and not sent as mail: the peer hears nothing of
 * the room, so there is nothing that they could overtake. For datagrams see
 * post_datagram.c. */
#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <event2/buffer.h>

#include "base/errmsg.h"
#include "base/metrics.h"
#include "base/option.h"
#include "base/units.h"
#include "chat/name.h"
#include "chat/settings.h"
#include "net/census.h"
#include "net/conn.h"
#include "net/conn_flow.h"
#include "net/service.h"
#include "net/user.h"
#include "net/worker.h"
#include "proto/chat_port.h"
#include "post_flood.h"
#include "post_private.h"
#include "proto/post_lines.h"
#include "proto/proto.h"

#define READS_PER_TURN 4 /* of POST_LINES_MAX lines; then others have theirs */
#define SILENCE_MS     1000
#define NAMING_MS      2000 /* then it is said without the user's name */

enum post_stage {
	POST_NAMING,
	POST_READING,
	POST_WAITING,
	POST_QUIET,
	POST_OVER,
};

struct post_session {
	struct framer_line framer;
	uint8_t stage; /* enum post_stage */
	struct post_flood flood;
	const char *nick;        /* borrowed: from here or the service */
	char user[NICK_MAX + 1]; /* of the peer */
};

/* Who speaks. */

const char *post_service_nick(const struct service *svc)
{
	const struct post_options *opt = svc->options;

	return opt->nick[0] ? opt->nick : svc->name;
}

static void end_naming(struct conn *c)
{
	struct post_session *session = conn_state(c);

	session->stage = POST_READING;
	conn_set_nick(c, session->nick);
	conn_set_timer(c, 0);
	conn_resume(c);
}

static void on_name(struct conn *c, const char *name)
{
	struct post_session *session = conn_state(c);

	if (session->stage != POST_NAMING)
		return; /* too late */
	if (name && nick_is_valid(name) && !nick_is_guest(name))
		strcpy(session->user, name);
	end_naming(c);
}

/* Nothing is read until the name is known, or cannot be waited for. */
static void begin_naming(struct conn *c, uid_t uid)
{
	struct post_session *session = conn_state(c);

	snprintf(session->user, sizeof(session->user), "uid-%u", uid);
	session->nick = session->user;
	session->stage = POST_NAMING;
	if (user_find_name(c, uid, on_name)) {
		end_naming(c);
		return;
	}
	conn_pause(c);
	conn_set_timer(c, worker_now_ms(conn_worker(c)) + NAMING_MS);
}

static int post_open(struct conn *c)
{
	const struct service *svc = conn_service(c);
	const struct post_options *opt = svc->options;
	struct post_session *session = conn_state(c);
	uid_t uid;

	framer_line_init(&session->framer, svc->line_max);
	session->stage = POST_READING;
	session->nick = post_service_nick(svc);
	if (!opt->nick[0] && user_of(c, &uid) == 0)
		begin_naming(c, uid);
	else
		conn_set_nick(c, session->nick);
	return 0;
}

/* What is said. */

void post_fill_in(struct post_lines *lines, const struct service *svc,
	const char *nick, bool is_user)
{
	const struct post_options *opt = svc->options;

	for (size_t i = 0; i < lines->n; i++) {
		lines->remarks[i].room = opt->room;
		lines->remarks[i].nick = nick;
		lines->remarks[i].is_user = is_user;
	}
}

/* Says what was read and answers it. */
static void say(struct conn *c, struct post_lines *lines)
{
	const struct post_session *session = conn_state(c);
	const struct service *svc = conn_service(c);
	struct strbuf out = {0};

	census_count_messages(c, lines->n);
	post_fill_in(lines, svc, session->nick, session->nick == session->user);
	if (chat_port_post(svc->context, lines->remarks, lines->n, c)) {
		conn_close(c, CLOSE_MEMORY, NULL);
		return;
	}
	post_lines_answer(lines, &out);
	if (out.failed)
		conn_close(c, CLOSE_MEMORY, NULL);
	else
		conn_send(c, out.data, out.len);
	strbuf_fini(&out);
}

/* Flood control. */

static const struct flood_settings *limits_of(const struct conn *c)
{
	const struct post_options *opt = conn_service(c)->options;

	return &opt->flood;
}

static uint64_t now_of(struct conn *c)
{
	return worker_now_ms(conn_worker(c));
}

static struct metrics_service *tally_of(struct conn *c)
{
	return service_tally(
		conn_service(c)->count, worker_index(conn_worker(c)));
}

/* How many lines may be said now. Whoever is exempt has a new burst when the
 * old one is used up. */
static size_t count_allowed(struct conn *c)
{
	struct post_session *session = conn_state(c);
	const struct flood_settings *limits = limits_of(c);
	size_t n = post_flood_allowed(
		&session->flood, limits, POST_LINES_MAX, now_of(c));

	if (n == 0 && conn_is_from(c, &limits->exempt)) {
		session->flood = (struct post_flood){.n_waited = 0};
		n = POST_LINES_MAX;
	}
	return n;
}

/* Some may be said. */
static void pay_for(struct conn *c, const struct post_lines *lines)
{
	struct post_session *session = conn_state(c);
	struct metrics_service *tally = tally_of(c);

	if (post_flood_say(
		    &session->flood, limits_of(c), lines->n, now_of(c)) &&
		tally)
		metrics_add(tally->lines_delayed, lines->n);
}

/* They may not. False if that goes on for too long. */
static bool refuse(struct conn *c, struct post_lines *lines)
{
	struct post_session *session = conn_state(c);
	struct metrics_service *tally = tally_of(c);

	for (size_t i = 0; i < lines->n; i++)
		if (lines->remarks[i].error < CHAT_E_FIRST)
			lines->remarks[i].error = CHAT_E_TOO_FAST;
	if (lines->n == 0)
		return true;
	if (tally)
		metrics_add(tally->lines_dropped, lines->n);
	return post_flood_refuse(&session->flood, limits_of(c), now_of(c));
}

/* Input. */

static void close_endless(struct conn *c)
{
	const struct post_session *session = conn_state(c);
	char buf[UNITS_LEN];

	conn_close(c, CLOSE_LINE, size_words(buf, session->framer.endless));
}

/* Some lines, `allowed` at most; 0: they are refused. */
static enum post_lines_end take(
	struct conn *c, struct slice *data, bool is_end, size_t allowed)
{
	struct post_session *session = conn_state(c);
	struct post_lines lines = {.max = allowed};
	enum post_lines_end end = post_lines_read(
		&lines, &session->framer, data, is_end);
	bool is_patient = true;

	if (allowed)
		pay_for(c, &lines);
	else
		is_patient = refuse(c, &lines);
	if (lines.n)
		say(c, &lines);
	if (end == POST_LINES_ENDLESS)
		close_endless(c);
	else if (!is_patient)
		conn_close(c, CLOSE_FLOOD, NULL);
	post_lines_fini(&lines);
	return end;
}

enum eaten {
	EATEN_ALL,   /* that can be done with */
	EATEN_SOME,  /* others have their turn */
	EATEN_WAITS, /* for its own */
};

static enum eaten eat_lines(struct conn *c, struct slice *data, bool is_end)
{
	struct post_session *session = conn_state(c);

	for (int i = 0; i < READS_PER_TURN || is_end; i++) {
		size_t allowed = data->len ? count_allowed(c) : 1;

		if (!allowed &&
			post_flood_may_wait(&session->flood, limits_of(c)))
			return EATEN_WAITS;
		if (take(c, data, is_end, allowed) != POST_LINES_FULL)
			return EATEN_ALL;
		if (!conn_is_open(c) || (conn_is_paused(c) && !is_end))
			break;
	}
	return EATEN_SOME;
}

/* is_end: all of it is done, since nothing follows. */
static enum eaten eat(struct conn *c, struct evbuffer *in, bool is_end)
{
	size_t len = evbuffer_get_length(in);
	struct slice data = {
		.data = len ? (const char *)evbuffer_pullup(in, -1) : "",
		.len = len,
	};
	enum eaten eaten;

	if (!data.data) {
		conn_close(c, CLOSE_MEMORY, NULL);
		return EATEN_ALL;
	}
	eaten = eat_lines(c, &data, is_end);
	evbuffer_drain(in, len - data.len);
	return eaten;
}

static void wait_for_turn(struct conn *c, bool is_end)
{
	struct post_session *session = conn_state(c);
	uint64_t due = post_flood_wait_ms(&session->flood, limits_of(c));
	uint64_t next = now_of(c) + 1;

	session->stage = is_end ? POST_OVER : POST_WAITING;
	if (!is_end)
		conn_pause(c);
	conn_set_timer(c, due > next ? due : next);
}

/* When it ends. */

static void wait_for_silence(struct conn *c, uint64_t ms)
{
	conn_set_timer(c, worker_now_ms(conn_worker(c)) + ms);
}

/* All that comes has come. */
static void end(struct conn *c, struct evbuffer *in, enum close_reason why)
{
	if (eat(c, in, true) == EATEN_WAITS)
		wait_for_turn(c, true);
	else
		conn_close(c, why, NULL);
}

static void post_input(struct conn *c, struct evbuffer *in)
{
	struct post_session *session = conn_state(c);
	enum eaten eaten;

	if (session->stage == POST_OVER) {
		end(c, in, CLOSE_DONE);
		return;
	}
	session->stage = POST_READING;
	eaten = eat(c, in, false);
	if (!conn_is_open(c))
		return;
	if (eaten == EATEN_WAITS) {
		wait_for_turn(c, false);
		return;
	}
	if (eaten == EATEN_SOME && !conn_is_paused(c))
		conn_input_again(c);
	wait_for_silence(c, SILENCE_MS);
}

static void post_eof(struct conn *c, struct evbuffer *in)
{
	end(c, in, CLOSE_EOF);
}

static void end_waiting(struct conn *c)
{
	struct post_session *session = conn_state(c);

	session->stage = POST_READING;
	wait_for_silence(c, SILENCE_MS);
	conn_resume(c);
}

static void post_timer(struct conn *c)
{
	struct post_session *session = conn_state(c);

	if (session->stage == POST_NAMING) {
		end_naming(c);
	} else if (session->stage == POST_WAITING) {
		end_waiting(c);
	} else if (session->stage == POST_OVER) {
		conn_input_again(c);
	} else if (!conn_is_reading(c) || conn_queued(c)) {
		session->stage = POST_READING;
		wait_for_silence(c, SILENCE_MS);
	} else if (session->stage == POST_READING) {
		session->stage = POST_QUIET;
		wait_for_silence(c, 1);
	} else {
		session->stage = POST_OVER;
		conn_input_again(c);
	}
}

/* Also for connections that were never let in: no session then. */
static void post_goodbye(struct conn *c, enum close_reason why, const char *arg,
	struct strbuf *out)
{
	strbuf_adds(out, "error: ");
	close_words(why, arg, out);
	strbuf_addc(out, '\n');
}

static const struct conn_ops post_ops = {
	.open = post_open,
	.input = post_input,
	.eof = post_eof,
	.timer = post_timer,
	.goodbye = post_goodbye,
};

#define FIELD(name) .offset = offsetof(struct post_options, name)

/* clang-format off */
static const struct option post_options[] = {
	{.key = "room", .type = OPT_STRING, FIELD(room), .max = 33,
		.fallback = "", .reload = RELOAD_NEW,
		.help = "where lines are said; empty: chat.room"},
	{.key = "nick", .type = OPT_STRING, FIELD(nick), .max = NICK_MAX,
		.fallback = "", .reload = RELOAD_NEW,
		.help = "who says them; empty: the user, or the service"},
	{.key = "flood.burst", .type = OPT_INT, FIELD(flood.burst), .min = 1,
		.max = 100000, .fallback = "100", .reload = RELOAD_NEW,
		.help = "lines that pass at once"},
	{.key = "flood.queue", .type = OPT_INT, FIELD(flood.queue),
		.max = 100000, .fallback = "20", .reload = RELOAD_NEW,
		.help = "lines that wait their turn then"},
	{.key = "flood.rate", .type = OPT_RATE, FIELD(flood.rate),
		.fallback = "2/s", .reload = RELOAD_NEW,
		.help = "how fast they pass"},
	{.key = "flood.patience", .type = OPT_DURATION,
		FIELD(flood.patience_ms), .min = 100, .max = 86400000,
		.fallback = "30s", .reload = RELOAD_NEW,
		.help = "flooding for so long closes"},
	{.key = "flood.exempt", .type = OPT_STRINGS, FIELD(flood.exempt),
		.max = 1024, .fallback = "[ ]", .check = network_check,
		.reload = RELOAD_NEW, .help = "networks that may flood"},
	OPTION_END,
};
/* clang-format on */

static int post_check(const void *options, struct errmsg *msg)
{
	const struct post_options *opt = options;
	char name[ROOM_NAME_MAX + 1];

	if (opt->room[0] && !room_name_parse(name, opt->room))
		return errmsg_set(msg, EINVAL,
			"room: \"%s\" is not the name of a room; use 1 to %d "
			"letters, digits or -_.",
			opt->room, ROOM_NAME_MAX);
	return 0;
}

/* The nick is nobody else's while the service exists. */
static int post_reserve(const char *service, const void *options,
	struct strlist *nicks, struct errmsg *msg)
{
	const struct post_options *opt = options;
	const char *nick = opt->nick[0] ? opt->nick : service;

	if (nick_is_guest(nick))
		return errmsg_set(msg, EINVAL,
			"nick: \"%s\"%s cannot be a name in the chat: those "
			"that begin with guest- are for guests",
			nick, opt->nick[0] ? "" : ", that of the service,");
	if (!nick_is_valid(nick))
		return errmsg_set(msg, EINVAL,
			"nick: \"%s\"%s cannot be a name in the chat: write 1 "
			"to %d of a-z 0-9 -_[]{}|^, no digit or dash first",
			nick, opt->nick[0] ? "" : ", that of the service,",
			NICK_MAX);
	return strlist_add(nicks, nick);
}

static int post_setup(struct service *svc, const struct proto_context *ctx,
	struct errmsg *msg)
{
	svc->context = ctx->chat;
	return 0;
}

const struct proto proto_post = {
	.name = "post",
	.summary = "lines from a shell into a chat room",
	.type = {.ops = &post_ops,
		.state_size = sizeof(struct post_session),
		.datagram = post_datagram},
	.framings = PROTO_FRAMING_STREAM,
	.transports = PROTO_TRANSPORT_TCP | PROTO_TRANSPORT_UDP,
	.options = post_options,
	.options_size = sizeof(struct post_options),
	.idle_ms = PROTO_IDLE_COMMON,
	.send_buffer = 128 * 1024,
	.is_private = true,
	.check = post_check,
	.reserve = post_reserve,
	.setup = post_setup,
};
