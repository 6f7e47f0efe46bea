/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The chat's side of a connection: bytes become lines, lines become commands
 * by the dialect, commands go to chat_port. All answers come back as letters,
 * in order with the rooms' events. Worker threads.
 *
 * Which of them run at once, and which later or never, is up to chat_flood.
 *
 * The peer's end of input is not the end at once: what came before it is done,
 * then a letter to ourselves closes the connection after the answers. */
#include <assert.h>
#include <errno.h>
#include <stddef.h>
#include <string.h>

#include <event2/buffer.h>

#include "base/clock.h"
#include "base/errmsg.h"
#include "base/option.h"
#include "base/units.h"
#include "base/utf8.h"
#include "chat/command.h"
#include "chat/login.h"
#include "chat/msg.h"
#include "chat/name.h"
#include "chat/settings.h"
#include "net/census.h"
#include "net/conn.h"
#include "net/conn_end.h"
#include "net/conn_flow.h"
#include "net/conn_loss.h"
#include "net/service.h"
#include "net/user.h"
#include "net/worker.h"
#include "proto/chat_port.h"
#include "proto/chat_session.h"
#include "proto/dialect.h"
#include "proto/proto.h"
#include "chat_flood.h"
#include "chat_intake.h"
#include "chat_missed.h"
#include "chat_timer.h"

#define LINES_PER_TURN  64 /* then others have theirs */
#define LINES_PER_CLOCK 8
#define SLICE_US        1000 /* ... or after so long */

/* Rows of the table of dialects. */
static const char *const dialect_names[] = {"auto", "text", "json", NULL};
enum chat_login { CHAT_LOGIN_OPTIONAL, CHAT_LOGIN_REQUIRED };
static const char *const login_names[] = {"optional", "required", NULL};

struct chat_options {
	int dialect; /* of dialect_names */
	char *room;  /* "": chat.room */
	struct flood_settings flood;
	int login; /* enum chat_login */
	bool login_plain;
};

static const struct dialect *dialect_of(const struct service *svc)
{
	const struct chat_options *opt = svc->options;

	if (svc->framer) /* behind lengths there is nothing but JSON */
		return dialect_find("frame");
	return dialect_find(dialect_names[opt->dialect]);
}

const struct flood_settings *chat_flood_settings(const struct service *svc)
{
	const struct chat_options *opt = svc->options;

	return &opt->flood;
}

static int chat_open(struct conn *c)
{
	const struct service *svc = conn_service(c);
	const struct chat_options *opt = svc->options;
	struct chat_session *session = conn_state(c);

	session->conn = c;
	session->port = svc->context;
	session->room = opt->room;
	if (opt->login == CHAT_LOGIN_REQUIRED)
		session->terms |= CHAT_TERM_HELD;
	if (!opt->login_plain && !user_is_local(c))
		session->terms |= CHAT_TERM_PLAIN;
	return intake_open(session, dialect_of(svc));
}

static void run(struct chat_session *session, struct chat_call *call)
{
	session->is_secret = call->verb && chat_verb_info(call->verb)->may_wait;
	if (!call->verb && !call->is_error)
		return;
	census_count_messages(session->conn, 1);
	if (chat_flood_admit(session, call))
		chat_port_run(session);
}

/* What the dialect itself has to say, and how it wants to be written to; both
 * are of what came before the end of this line, so the lines before are run
 * first, and this one after. Lines that wait, since they came too fast or their
 * answers are not read, are not waited for. Returns the call where it can be
 * run. */
static struct chat_call *see_to_input(
	struct chat_session *session, struct chat_call *call)
{
	struct dialect_input *in = &session->input;
	unsigned view = in->view & ~session->asked_view;
	struct chat_call kept = *call;

	if (!view && in->reply.len == 0)
		return call;
	*call = (struct chat_call){0};
	chat_port_flush(session);
	if (view)
		chat_port_add_view(session, view);
	chat_port_send(session, (const char *)in->reply.bytes, in->reply.len);
	if (in->reply.len)
		conn_hold(session->conn);
	in->reply.len = 0;
	call = chat_port_call(session);
	chat_call_fini(call);
	*call = kept;
	return call;
}

static void close_endless(struct chat_session *session)
{
	char buf[UNITS_LEN];

	chat_port_flush(session);
	chat_port_hang_up(session, CLOSE_LINE,
		size_words(buf, session->input.line.endless));
}

static void close_for_memory(struct chat_session *session)
{
	chat_port_flush(session);
	conn_close(session->conn, CLOSE_MEMORY, NULL);
}

/* False if no more can be done with what came. */
static bool act(struct chat_session *session, enum dialect_event event,
	struct chat_call *call)
{
	call = see_to_input(session, call);
	if (!conn_is_open(session->conn) || session->leaving)
		return false;
	if (event == DIALECT_READ)
		run(session, call);
	else if (event == DIALECT_ENDLESS)
		close_endless(session);
	else if (event == DIALECT_NO_MEMORY)
		close_for_memory(session);
	else if (event == DIALECT_BECOMES || event == DIALECT_STRANGE)
		intake_act(session, event, call);
	return event == DIALECT_READ || event == DIALECT_BECOMES;
}

/* One step; false if no more can be done with these bytes. */
static bool eat(struct chat_session *session, const struct slice *data,
	size_t *ret_used)
{
	struct chat_call *call = chat_port_call(session);
	return act(session, intake_read(session, data, call, ret_used), call);
}

static bool may_go_on(struct chat_session *session)
{
	return conn_is_open(session->conn) && !session->leaving &&
		!session->is_waiting && !conn_is_paused(session->conn) &&
		(!conn_is_choked(session->conn) ||
			chat_flood_may_read(session));
}

/* A password that was run is to be found nowhere. */
static void wipe_secret(struct chat_session *session, char *data, size_t len)
{
	if (session->is_secret && data)
		explicit_bzero(data, len);
	session->is_secret = false;
}

/* n: lines that were done in this turn. */
static bool has_time(size_t n, uint64_t until_us)
{
	if (n % LINES_PER_CLOCK != 0)
		return true;
	return n < LINES_PER_TURN && clock_mono_us() < until_us;
}

static void chat_input(struct conn *c, struct evbuffer *in)
{
	struct chat_session *session = conn_state(c);
	char *bytes = (char *)evbuffer_pullup(in, -1);
	struct slice data = {bytes, evbuffer_get_length(in)};
	uint64_t until_us = clock_mono_us() + SLICE_US;
	size_t len = data.len, used, n = 0;
	bool is_more = true;

	if (session->is_waiting) { /* somebody else had it go on */
		conn_pause(c);
		return;
	}
	if (len && !data.data) {
		conn_close(c, CLOSE_MEMORY, NULL);
		return;
	}
	while (data.len && has_time(n++, until_us) && may_go_on(session) &&
		(is_more = eat(session, &data, &used))) {
		wipe_secret(session, bytes + (len - data.len), used);
		data.data += used;
		data.len -= used;
	}
	chat_port_flush(session);
	intake_watch(session);
	evbuffer_drain(in, session->leaving ? len : len - data.len);
	if (may_go_on(session) && data.len && is_more)
		conn_input_again(c);
}

/* What is left at the end; it may decide what it is the end of. */
static void eat_rest(struct chat_session *session, const struct slice *data)
{
	enum dialect_event event;

	do {
		struct chat_call *call = chat_port_call(session);

		event = intake_end(session, data, call);
		act(session, event, call);
	} while (event == DIALECT_BECOMES && conn_is_open(session->conn));
}

static void chat_eof(struct conn *c, struct evbuffer *in)
{
	struct chat_session *session = conn_state(c);
	char *bytes = (char *)evbuffer_pullup(in, -1);
	struct slice data = {bytes, evbuffer_get_length(in)};

	if (session->leaving)
		return;
	if (data.data || !data.len)
		eat_rest(session, &data);
	wipe_secret(session, bytes, data.len);
	chat_port_flush(session);
	if (session->leaving)
		return;
	if (!session->member)
		conn_close(c, CLOSE_EOF, NULL);
	else if (conn_is_open(c))
		chat_flood_end(session);
}

static void chat_writable(struct conn *c)
{
	struct chat_session *session = conn_state(c);

	missed_tell(session);
	if (flood_first(&session->flood) || session->ended)
		chat_flood_go_on(session);
}

/* Who is seen by others has come to stay, and not only to look. */
static void announce_due(struct chat_session *session)
{
	conn_set_used(session->conn);
	chat_port_announce(session);
}

static void input_due(struct chat_session *session)
{
	struct chat_call *call = chat_port_call(session);
	enum dialect_event event = intake_late(session, call);

	if (event == DIALECT_MORE)
		return;
	act(session, event, call);
	chat_port_flush(session);
	intake_watch(session);
	conn_input_again(session->conn);
}

static void chat_timer(struct conn *c)
{
	static void (*const on_due[])(struct chat_session *) = {
		[CHAT_TIMER_INPUT] = input_due,
		[CHAT_TIMER_ANNOUNCE] = announce_due,
		[CHAT_TIMER_FLOOD] = chat_flood_go_on,
		[CHAT_TIMER_LOGIN] = chat_port_go_on,
	};
	struct chat_session *session = conn_state(c);
	uint64_t now_ms = worker_now_ms(conn_worker(c));
	enum chat_timer which;

	while (conn_is_open(c) && !session->leaving &&
		(which = chat_timer_take(session, now_ms)) != CHAT_TIMER_N)
		on_due[which](session);
}

/* What the rooms hear is what the member is told. */
static void note_words(
	struct chat_session *session, enum close_reason why, const char *arg)
{
	struct strbuf text = {0};

	close_words(why, arg, &text);
	chat_msg_unref(session->bye);
	session->bye = NULL;
	if (!text.failed)
		session->bye = chat_msg_new(&(struct chat_msg_spec){
			.type = CHAT_BYE, .text = text.data});
	strbuf_fini(&text);
}

/* Also for connections that were never let in: no session then. */
static void chat_goodbye(struct conn *c, enum close_reason why, const char *arg,
	struct strbuf *out)
{
	struct chat_session *session = conn_state(c);
	const struct dialect *dialect = session->dialect;

	if (!dialect)
		dialect = dialect_of(conn_service(c));
	if ((why == CLOSE_KICKED || why == CLOSE_BANNED) && session->member)
		note_words(session, why, arg);
	if (session->missed)
		missed_format(session, out);
	dialect->goodbye(why, arg, session->view, out);
}

/* What the rooms hear of it. */
static const char *leaving_words(
	const struct chat_session *session, enum close_reason why)
{
	static const char *const words[CLOSE_N] = {
		[CLOSE_RESET] = "connection lost",
		[CLOSE_TIMEOUT] = "connection lost",
		[CLOSE_IDLE] = "silent for too long",
		[CLOSE_SLOW] = "reads too slowly",
		[CLOSE_FLOOD] = "too many lines too fast",
		[CLOSE_LINE] = "sent no end of line",
		[CLOSE_RESUMED] = "came back on another connection",
	};

	return session->bye ? session->bye->text : words[why];
}

static void chat_closed(struct conn *c, enum close_reason why)
{
	struct chat_session *session = conn_state(c);
	bool is_gone = why == CLOSE_EOF || why == CLOSE_RESET ||
		why == CLOSE_TIMEOUT;

	flood_fini(&session->flood);
	chat_port_leave(session, leaving_words(session, why),
		conn_undelivered(c, is_gone));
	if (session->dialect->stop)
		session->dialect->stop(&session->input);
}

static const struct conn_ops chat_ops = {
	.open = chat_open,
	.input = chat_input,
	.eof = chat_eof,
	.writable = chat_writable,
	.timer = chat_timer,
	.goodbye = chat_goodbye,
	.closed = chat_closed,
};

#define FIELD(name) .offset = offsetof(struct chat_options, name)

/* clang-format off */
static const struct option chat_options[] = {
	{.key = "dialect", .type = OPT_ENUM, FIELD(dialect),
		.names = dialect_names, .fallback = "auto",
		.reload = RELOAD_NEW,
		.help = "what clients speak; auto: the first byte decides"},
	{.key = "room", .type = OPT_STRING, FIELD(room), .max = 33,
		.fallback = "", .reload = RELOAD_NEW,
		.help = "where people start; empty: chat.room"},
	{.key = "flood.burst", .type = OPT_INT, FIELD(flood.burst), .min = 1,
		.max = 100000, .flags = OPT_INHERIT, .fallback = "chat.flood.burst",
		.reload = RELOAD_NEW, .help = "lines that pass at once"},
	{.key = "flood.queue", .type = OPT_INT, FIELD(flood.queue),
		.max = 100000, .flags = OPT_INHERIT, .fallback = "chat.flood.queue",
		.reload = RELOAD_NEW,
		.help = "lines that wait their turn then"},
	{.key = "flood.rate", .type = OPT_RATE, FIELD(flood.rate),
		.flags = OPT_INHERIT, .fallback = "chat.flood.rate",
		.reload = RELOAD_NEW, .help = "how fast they pass"},
	{.key = "flood.patience", .type = OPT_DURATION,
		FIELD(flood.patience_ms), .min = 100, .max = 86400000,
		.flags = OPT_INHERIT,
		.fallback = "chat.flood.patience", .reload = RELOAD_NEW,
		.help = "flooding for so long closes"},
	{.key = "flood.exempt", .type = OPT_STRINGS, FIELD(flood.exempt),
		.flags = OPT_INHERIT, .fallback = "chat.flood.exempt",
		.check = network_check, .reload = RELOAD_NEW,
		.help = "networks that may flood"},
	{.key = "login", .type = OPT_ENUM, FIELD(login), .names = login_names,
		.fallback = "optional", .reload = RELOAD_NEW,
		.help = "whether people must log in"},
	{.key = "login_plain", .type = OPT_BOOL, FIELD(login_plain),
		.fallback = "false", .reload = RELOAD_NEW,
		.help = "allow passwords without TLS beyond loopback"},
	OPTION_END,
};
/* clang-format on */

static int chat_check(const void *options, struct errmsg *msg)
{
	const struct chat_options *opt = options;
	char name[ROOM_NAME_MAX + 1];

	if (opt->room[0] && !room_name_parse(name, opt->room))
		return errmsg_set(msg, EINVAL,
			"room: \"%s\" is not the name of a room; use 1 to %d "
			"letters, digits or -_.",
			opt->room, ROOM_NAME_MAX);
	return 0;
}

/* Also -t looks here. */
static int chat_check_framed(const void *options, struct errmsg *msg)
{
	const struct chat_options *opt = options;

	if (strcmp(dialect_names[opt->dialect], "text") != 0)
		return 0;
	return errmsg_set(msg, EINVAL,
		"dialect: \"text\" has no framing \"length\"; write \"json\"");
}

static bool chat_needs_accounts(const void *options)
{
	const struct chat_options *opt = options;

	return opt->login == CHAT_LOGIN_REQUIRED;
}

static int chat_setup(struct service *svc, const struct proto_context *ctx,
	struct errmsg *msg)
{
	svc->context = ctx->chat;
	return 0;
}

const struct proto proto_chat = {
	.name = "chat",
	.summary = "rooms for people and programs",
	.type = {.ops = &chat_ops,
		.state_size = sizeof(struct chat_session),
		.reads_choked = true,
		.greets = true},
	.framings = PROTO_FRAMING_STREAM | PROTO_FRAMING_LENGTH,
	.transports = PROTO_TRANSPORT_TCP,
	.options = chat_options,
	.options_size = sizeof(struct chat_options),
	.idle_ms = 0,
	.send_buffer = 128 * 1024,
	.is_private = true,
	.check = chat_check,
	.check_framed = chat_check_framed,
	.needs_accounts = chat_needs_accounts,
	.setup = chat_setup,
};
