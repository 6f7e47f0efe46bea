/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * One who is connected to the control socket. Requests are done one after
 * another: while one is worked on or its answer is sent nothing is read, so
 * what a peer can make us hold is two lines and one answer.
 *
 *	NAMING ─▶ READING ─▶ WORKING ─▶ SENDING ─┬▶ READING
 *	             │ EOF                       └▶ LEAVING ─▶ DEAD
 *	             └───────────▶ DEAD
 *
 * Each state but WORKING has a deadline. In WORKING a timer looks once a second
 * whether the peer hung up, which does not show otherwise as nothing is read.
 * A peer that ended its input still gets all of its answers.
 *
 * Callbacks never free: a dead peer is freed by the loop. Main thread.
 */
#include <assert.h>
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>

#include "app/server_private.h"
#include "base/clock.h"
#include "base/str.h"

#include "control_private.h"

#define NAMING_MS  1000  /* then it goes without a name */
#define READING_MS 60000 /* for a whole line */
#define WORKING_MS 30000 /* for verbs that should not take time */
#define SENDING_MS 10000 /* for an answer to be read */
#define LEAVING_MS 2000
#define TICK_MS    1000
/* Unread, of a verb that streams; an answer may be larger. */
#define EMIT_MAX ((size_t)256 * 1024)

static void die(struct control_peer *peer)
{
	if (peer->state == CONTROL_DEAD)
		return;
	peer->state = CONTROL_DEAD;
	bufferevent_disable(peer->bev, EV_READ | EV_WRITE);
	bufferevent_setcb(peer->bev, NULL, NULL, NULL, NULL);
	event_del(peer->timer);
	event_active(peer->control->reaper, EV_TIMEOUT, 0);
}

/* What is not waited for never comes: without memory for that it is dead. */

static void set_timer(struct control_peer *peer, unsigned ms)
{
	struct timeval tv = {.tv_sec = ms / 1000,
		.tv_usec = (suseconds_t)(ms % 1000) * 1000};

	if (peer->state != CONTROL_DEAD && event_add(peer->timer, &tv))
		die(peer);
}

static void read_on(struct control_peer *peer)
{
	if (peer->state != CONTROL_DEAD &&
		bufferevent_enable(peer->bev, EV_READ))
		die(peer);
}

/* Answers. */

static size_t unsent(const struct control_peer *peer)
{
	return evbuffer_get_length(bufferevent_get_output(peer->bev));
}

/* libevent itself begins to write when there is something, but keeps silent if
 * it lacked memory for that, or for noticing. */
static int write_on(struct control_peer *peer)
{
	return unsent(peer) > 0 ? bufferevent_enable(peer->bev, EV_WRITE) : 0;
}

static void answer(struct control_peer *peer, int err)
{
	struct control_request *req = &peer->req;
	struct strbuf out = {0};

	report_write(req->report, req->words.is_json,
		err ? req->error.text : NULL, &out);
	if (out.failed || bufferevent_write(peer->bev, out.data, out.len))
		peer->is_last = true; /* no memory: it sees the end */
	strbuf_fini(&out);
	report_free(req->report);
	req->report = NULL;
	req->id = 0;
	peer->state = CONTROL_SENDING;
	if (unsent(peer) == 0 || write_on(peer)) /* on_sent() will not come */
		die(peer);
	set_timer(peer, SENDING_MS);
}

void control_done(struct control_request *req, int err)
{
	struct control_peer *peer = (struct control_peer *)((char *)req -
		offsetof(struct control_peer, req));

	assert(peer->state == CONTROL_WORKING && err != CONTROL_PENDING);
	answer(peer, err);
}

bool control_emit(struct control_request *req, const char *line, size_t len)
{
	struct control_peer *peer = (struct control_peer *)((char *)req -
		offsetof(struct control_peer, req));

	assert(peer->state == CONTROL_WORKING);
	if (unsent(peer) + len > EMIT_MAX ||
		bufferevent_write(peer->bev, line, len))
		return false;
	(void)write_on(peer); /* else the next tick does it */
	return true;
}

const char *control_user_name(const struct control_request *req)
{
	const struct control_peer
		*peer = (const struct control_peer *)((const char *)req -
			offsetof(struct control_peer, req));

	return peer->user.name ? peer->user.name : "the operator";
}

/* Requests. */

static void run_request(struct control_peer *peer, const char *line, size_t len)
{
	struct control *c = peer->control;
	struct control_request *req = &peer->req;
	int err;

	req->report = report_new();
	if (!req->report) {
		die(peer);
		return;
	}
	req->control = c;
	req->server = c->server;
	req->id = ++c->last_id;
	req->error.text[0] = '\0';
	peer->state = CONTROL_WORKING;
	peer->since_ms = clock_mono_ms();
	bufferevent_disable(peer->bev, EV_READ);
	err = ctl_decode(&req->words, line, len, &req->error);
	if (!err)
		err = control_access_check(peer);
	if (!err)
		err = control_handler(req->words.verb)(req);
	if (err != CONTROL_PENDING)
		answer(peer, err);
	else if (peer->state == CONTROL_WORKING) /* not answered already */
		set_timer(peer, TICK_MS);
}

/* The length of the next line, and of its end. False: it is not there yet. */
static bool find_line(
	struct control_peer *peer, size_t *ret_len, size_t *ret_eol)
{
	struct evbuffer *in = bufferevent_get_input(peer->bev);
	struct evbuffer_ptr at = evbuffer_search_eol(
		in, NULL, ret_eol, EVBUFFER_EOL_LF);

	*ret_len = at.pos < 0 ? evbuffer_get_length(in) : (size_t)at.pos;
	if (at.pos < 0)
		*ret_eol = 0;
	if (*ret_len > CTL_LINE_MAX + 1) { /* the one may be a CR */
		peer->is_last = true;
		*ret_len = CTL_LINE_MAX + 1;
		return true;
	}
	return at.pos >= 0 || (peer->is_eof && *ret_len > 0);
}

static void leave(struct control_peer *peer)
{
	struct evbuffer *in = bufferevent_get_input(peer->bev);

	if (peer->is_eof) {
		die(peer);
		return;
	}
	peer->state = CONTROL_LEAVING;
	(void)shutdown(bufferevent_getfd(peer->bev), SHUT_WR);
	evbuffer_drain(in, evbuffer_get_length(in));
	read_on(peer);
	set_timer(peer, LEAVING_MS);
}

/* Does the next request, or waits for it. */
static void proceed(struct control_peer *peer)
{
	struct evbuffer *in = bufferevent_get_input(peer->bev);
	char line[CTL_LINE_MAX + 1];
	size_t len, eol;

	if (peer->is_last) {
		leave(peer);
		return;
	}
	if (peer->state != CONTROL_READING) {
		peer->state = CONTROL_READING;
		set_timer(peer, READING_MS);
		if (!peer->is_eof)
			read_on(peer);
	}
	if (peer->state == CONTROL_DEAD)
		return;
	if (find_line(peer, &len, &eol)) {
		evbuffer_remove(in, line, len);
		evbuffer_drain(in, eol);
		run_request(peer, line, len);
	} else if (peer->is_eof) {
		die(peer);
	}
}

void control_peer_named(struct control_peer *peer)
{
	if (peer->state == CONTROL_NAMING)
		proceed(peer);
}

/* Callbacks. */

static void on_input(struct bufferevent *bev, void *arg)
{
	struct control_peer *peer = arg;
	struct evbuffer *in = bufferevent_get_input(bev);

	if (peer->state == CONTROL_READING)
		proceed(peer);
	else if (peer->state == CONTROL_LEAVING)
		evbuffer_drain(in, evbuffer_get_length(in));
}

/* All output is with the kernel. */
static void on_sent(struct bufferevent *bev, void *arg)
{
	struct control_peer *peer = arg;

	if (peer->state == CONTROL_SENDING)
		proceed(peer);
}

static void on_event(struct bufferevent *bev, short what, void *arg)
{
	struct control_peer *peer = arg;

	if (!(what & BEV_EVENT_EOF) || peer->state == CONTROL_LEAVING) {
		die(peer);
		return;
	}
	peer->is_eof = true;
	if (peer->state == CONTROL_READING)
		proceed(peer);
}

static bool has_hung_up(const struct control_peer *peer)
{
	struct pollfd pfd = {.fd = bufferevent_getfd(peer->bev)};

	return poll(&pfd, 1, 0) > 0 && (pfd.revents & (POLLHUP | POLLERR));
}

static void on_tick(struct control_peer *peer)
{
	unsigned flags = peer->req.words.verb->flags;

	if (has_hung_up(peer) || write_on(peer)) {
		die(peer);
	} else if (!(flags & (CTL_SLOW | CTL_STREAMS)) &&
		clock_mono_ms() - peer->since_ms >= WORKING_MS) {
		errmsg_set(&peer->req.error, ETIMEDOUT,
			"this took too long; the log may say why");
		answer(peer, -ETIMEDOUT);
	} else {
		set_timer(peer, TICK_MS);
	}
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct control_peer *peer = arg;

	if (peer->state == CONTROL_NAMING)
		proceed(peer);
	else if (peer->state == CONTROL_WORKING)
		on_tick(peer);
	else
		die(peer);
}

/* Its life. */

int control_peer_open(struct control *c, int fd)
{
	struct control_peer *peer = calloc(1, sizeof(*peer));

	if (peer) {
		peer->bev = bufferevent_socket_new(
			c->server->base, fd, BEV_OPT_CLOSE_ON_FREE);
		peer->timer = evtimer_new(c->server->base, on_timer, peer);
	}
	if (!peer || !peer->bev || !peer->timer) {
		if (!peer || !peer->bev)
			close(fd);
		if (peer)
			control_peer_free(peer);
		return -ENOMEM;
	}
	peer->control = c;
	peer->id = ++c->last_id;
	TAILQ_INSERT_TAIL(&c->peers, peer, link);
	c->n_peers++;
	control_access_init(c, fd, &peer->user);
	bufferevent_setcb(peer->bev, on_input, on_sent, on_event, peer);
	/* No watermark: without memory for that libevent would crash. Input is
	 * looked at after each read, so this is as good. */
	(void)bufferevent_set_max_single_read(peer->bev, CTL_LINE_MAX + 2);
	peer->state = CONTROL_NAMING;
	set_timer(peer, NAMING_MS);
	if (peer->state == CONTROL_NAMING && control_access_find_name(peer))
		proceed(peer);
	return 0;
}

void control_peer_free(struct control_peer *peer)
{
	if (peer->control) {
		TAILQ_REMOVE(&peer->control->peers, peer, link);
		peer->control->n_peers--;
	}
	if (peer->timer)
		event_free(peer->timer);
	if (peer->bev)
		bufferevent_free(peer->bev);
	report_free(peer->req.report);
	free(peer->user.name);
	free(peer);
}

void control_peer_stop(struct control_peer *peer)
{
	struct control_request *req = &peer->req;
	struct evbuffer *out = bufferevent_get_output(peer->bev);
	bool streams = peer->state == CONTROL_WORKING &&
		(req->words.verb->flags & CTL_STREAMS);

	if (peer->state == CONTROL_WORKING)
		answer(peer,
			streams ? 0
				: errmsg_set(&req->error, ESHUTDOWN,
					  "the server stopped first"));
	if (peer->state != CONTROL_SENDING)
		return;
	(void)evbuffer_unfreeze(out, 1); /* only bufferevent may write else */
	(void)evbuffer_write(out, bufferevent_getfd(peer->bev));
}
