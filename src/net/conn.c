/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The life of a connection. Its worker's thread only.
 *
 *             conn_close(why)          all sent             peer's FIN,
 *   OPEN ------------------> DRAIN -------------> LINGER ------------> DEAD
 *    |                         |                    |      deadline      ^
 *    +-- socket lost, fate DROP+--------------------+--------------------+
 *
 * DRAIN sends what is queued, the last line included, under a deadline; input
 * is read and thrown away, so that a peer that is still sending is not reset
 * before it has read our last words. Then our FIN. LINGER goes on reading
 * until the peer's FIN or its own deadline; a TCP peer that is still there
 * then is reset once it acknowledged everything, which ends clients that do
 * not leave by themselves. A peer whose FIN came first needs no lingering.
 *
 * DEAD waits on the worker's list until the current callback is over; nothing
 * is freed anywhere else. One timer per conn serves all its deadlines: traffic
 * only notes the time, and a timer that fires too early is set anew. */
#include "net/conn.h"

#include <assert.h>
#include <errno.h>
#include <linux/sockios.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event_struct.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/str.h"
#include "base/units.h"
#include "net/addr.h"
#include "net/conn_private.h"
#include "net/service.h"
#include "net/worker_private.h"

#define BRIEF_LINGER_MS  250
#define LINGER_AGAIN_MS  250
#define LINGER_TRIES_MAX 40

static const struct conn_ops *ops_of(const struct conn *c)
{
	return c->service->type->ops;
}

void *conn_state(struct conn *c)
{
	return c->tail;
}

struct worker *conn_worker(struct conn *c)
{
	return c->worker;
}

const struct service *conn_service(const struct conn *c)
{
	return c->service;
}

uint64_t conn_id(const struct conn *c)
{
	return c->id;
}

const char *conn_peer_text(const struct conn *c, char *buf)
{
	return peer_format(buf, &c->peer);
}

bool conn_is_counted(const struct conn *c)
{
	return c->in_address_table;
}

bool conn_peer_bytes(const struct conn *c, uint8_t bytes[16])
{
	return addr_bytes(&c->peer.sa, bytes);
}

const char *conn_local_text(const struct conn *c, char *buf)
{
	struct addr a = {.len = sizeof(a.un)};

	if (c->local)
		a = *c->local;
	else if (getsockname(c->fd, &a.sa, &a.len))
		a = (struct addr){.len = sizeof(a.sa.sa_family)};
	return addr_format(buf, &a.sa, a.len);
}

void conn_set_nick(struct conn *c, const char *nick)
{
	c->nick = nick;
}

const char *conn_nick(const struct conn *c)
{
	return c->nick;
}

bool conn_is_open(const struct conn *c)
{
	return c->state == CONN_OPEN;
}

static struct log_limit closed_limit = {.burst = 50};
static struct log_limit silent_limit = {.burst = 50};

/* Health checks and scanners send nothing, and leave after a greeting. */
static bool is_use(const struct conn *c)
{
	if (c->in_bytes)
		return true;
	return c->out_bytes > c->queued &&
		(c->used || !c->service->type->greets);
}

/* One line per connection that ended; those without use only when somebody
 * debugs. */
static void log_closed(struct conn *c)
{
	char peer[ADDR_LEN], more[LOG_LEFT_OUT_LEN];
	struct strbuf line = {0};
	uint64_t left_out;
	bool used = is_use(c);
	enum log_level level = used ? LOG_LEVEL_INFO : LOG_LEVEL_DEBUG;
	struct log_about about = {
		.service = c->service->name,
		.peer = conn_peer_text(c, peer),
		.conn = c->id,
	};

	if (!log_enabled(level) ||
		!log_limit_pass(
			used ? &closed_limit : &silent_limit, &left_out))
		return;
	strbuf_addf(&line, "closed service=%s peer=%s conn=%llu", about.service,
		peer, (unsigned long long)c->id);
	if (c->nick)
		strbuf_addf(&line, " nick=%s", c->nick);
	strbuf_addf(&line, " reason=%s in=%llu out=%llu secs=%.1f%s",
		close_row(c->why)->code, (unsigned long long)c->in_bytes,
		(unsigned long long)(c->out_bytes - c->queued),
		(double)(worker_now_ms(c->worker) - c->opened_ms) / 1000,
		log_left_out(more, left_out));
	if (!line.failed)
		log_about(level, &about, "%s", line.data);
	strbuf_fini(&line);
}

static void conn_die(struct conn *c)
{
	if (c->state == CONN_DEAD)
		return;
	c->state = CONN_DEAD;
	conn_watch_input(c);
	worker_reap(c->worker, c);
}

/* Deadlines. */

static uint64_t earlier(uint64_t a, uint64_t b)
{
	return b && b < a ? b : a;
}

static uint64_t next_deadline(const struct conn *c)
{
	uint64_t due = UINT64_MAX;

	due = earlier(due, c->close_ms);
	if (c->state != CONN_OPEN)
		return due;
	due = earlier(due, c->timer_ms);
	if (c->service->idle_ms)
		due = earlier(due, c->last_ms + c->service->idle_ms);
	return due;
}

void conn_update_deadline(struct conn *c)
{
	uint64_t due = next_deadline(c);

	if (c->state == CONN_DEAD)
		return;
	/* A timer that is early only looks again; moving it costs more. */
	if (c->timer.slot && c->timer.due_ms <= due)
		return;
	if (due != UINT64_MAX)
		worker_set_timer(c->worker, &c->timer, due);
}

void conn_input_again(struct conn *c)
{
	if (c->state != CONN_OPEN || c->behind)
		return;
	if (worker_again(c->worker, c)) {
		conn_lost(c, ENOMEM);
		return;
	}
	c->behind = true;
	conn_watch_input(c);
}

static void end_input(struct conn *c);
static void lose(struct conn *c, int err);

void conn_on_again(struct conn *c)
{
	uint8_t late_end = c->late_end;

	c->behind = false;
	c->late_end = 0;
	if (late_end == LATE_EOF)
		end_input(c);
	else if (late_end)
		lose(c, late_end);
	else if (c->state == CONN_OPEN && conn_may_offer(c))
		conn_offer_input(c);
	conn_watch_input(c);
}

/* Many may end at once. True if this one is seen to later. */
static bool is_put_off(struct conn *c, uint8_t end)
{
	if (c->state != CONN_OPEN || !worker_is_spent(c->worker))
		return false;
	c->late_end = end;
	conn_input_again(c);
	return true;
}

void conn_set_timer(struct conn *c, uint64_t when_ms)
{
	c->timer_ms = when_ms;
	conn_update_deadline(c);
}

static void reset_peer(struct conn *c)
{
	struct linger hard = {.l_onoff = 1, .l_linger = 0};

	if (c->peer.family != AF_UNIX)
		(void)setsockopt(
			c->fd, SOL_SOCKET, SO_LINGER, &hard, sizeof(hard));
	conn_die(c);
}

/* How long bytes that the peer has not acknowledged may delay its reset. */
static uint64_t unsent_bound_ms(const struct conn *c)
{
	if (close_row(c->why)->fate == CLOSE_FATE_STOP)
		return c->service->drain_ms;
	return LINGER_TRIES_MAX * LINGER_AGAIN_MS;
}

/* The linger is over: reset the peer, but not while the kernel still holds
 * bytes it has not acknowledged. */
static void linger_ended(struct conn *c, uint64_t now)
{
	int unsent = 0;

	if (c->peer.family != AF_UNIX && ioctl(c->fd, SIOCOUTQ, &unsent) == 0 &&
		unsent > 0 && now < c->opened_ms + unsent_bound_ms(c)) {
		c->close_ms = now + LINGER_AGAIN_MS;
		return;
	}
	reset_peer(c);
}

/* While it is flooded no input counts, so last_ms tells of output. */
static bool is_too_slow(const struct conn *c, uint64_t now)
{
	return c->queued > c->service->output_hard ||
		c->last_ms + c->service->patience_ms <= now;
}

static void open_conn_due(struct conn *c, uint64_t now)
{
	const struct service *svc = c->service;

	if (c->close_ms && c->close_ms <= now) {
		if (is_too_slow(c, now)) {
			conn_close(c, CLOSE_SLOW, NULL);
			return;
		}
		c->close_ms = now + svc->patience_ms;
	}
	if (svc->idle_ms && c->last_ms + svc->idle_ms <= now) {
		conn_close(c, CLOSE_IDLE, NULL);
		return;
	}
	if (c->timer_ms && c->timer_ms <= now) {
		c->timer_ms = 0;
		ops_of(c)->timer(c);
	}
}

/* A peer that only reads, slowly, is not cut off while it goes on. */
static void drain_ended(struct conn *c, uint64_t now)
{
	uint64_t patience_ms = c->service->patience_ms;

	if (c->eof && close_row(c->why)->fate == CLOSE_FATE_DRAIN &&
		c->last_ms + patience_ms > now)
		c->close_ms = c->last_ms + patience_ms;
	else
		reset_peer(c);
}

static void conn_due(struct conn *c, uint64_t now)
{
	if (c->state == CONN_OPEN)
		open_conn_due(c, now);
	else if (c->close_ms > now)
		;
	else if (c->state == CONN_DRAIN)
		drain_ended(c, now);
	else if (c->state == CONN_LINGER)
		linger_ended(c, now);
}

void conn_on_due(struct timer *t)
{
	struct conn *c = (struct conn *)(void *)((char *)t -
		offsetof(struct conn, timer));

	conn_due(c, worker_now_ms(c->worker));
	conn_update_deadline(c);
}

/* Closing. */

static uint64_t linger_ms(const struct conn *c)
{
	if (close_row(c->why)->fate == CLOSE_FATE_BRIEF &&
		c->service->linger_ms > BRIEF_LINGER_MS)
		return BRIEF_LINGER_MS;
	return c->service->linger_ms;
}

static void half_close(struct conn *c)
{
	uint64_t now = worker_now_ms(c->worker);

	if (c->eof) {
		conn_die(c);
		return;
	}
	if (shutdown(c->fd, SHUT_WR)) {
		conn_die(c);
		return;
	}
	c->state = CONN_LINGER;
	c->close_ms = now + linger_ms(c);
	c->opened_ms = now;
	conn_watch_input(c);
	conn_update_deadline(c);
}

void conn_output_done(struct conn *c)
{
	assert(c->state == CONN_DRAIN && c->queued == 0);
	half_close(c);
}

static void end_input(struct conn *c)
{
	uint64_t began_us = clock_mono_us();

	if (c->state != CONN_OPEN)
		return;
	if (ops_of(c)->eof)
		ops_of(c)->eof(
			c, c->bev ? bufferevent_get_input(c->bev) : NULL);
	else
		conn_close(c, CLOSE_EOF, NULL);
	worker_spend(c->worker, began_us, clock_mono_us());
}

void conn_peer_ended(struct conn *c)
{
	c->eof = true;
	conn_watch_input(c);
	if (c->state == CONN_LINGER)
		conn_die(c);
	else if (!is_put_off(c, LATE_EOF))
		end_input(c);
}

static void lose(struct conn *c, int err)
{
	uint64_t began_us = clock_mono_us();

	conn_lost(c, err);
	worker_spend(c->worker, began_us, clock_mono_us());
}

void conn_peer_lost(struct conn *c, int err)
{
	if (err <= 0 || err >= LATE_EOF || !is_put_off(c, (uint8_t)err))
		lose(c, err);
}

static void end_protocol(struct conn *c, enum close_reason why)
{
	c->why = (uint8_t)why;
	c->timer_ms = 0;
	c->close_ms = 0;
	conn_source_stop(c);
	log_closed(c);
	conn_note_end(c);
	c->nick = NULL;
	if (c->opened && ops_of(c)->closed)
		ops_of(c)->closed(c, why);
}

void conn_lost(struct conn *c, int err)
{
	if (c->state == CONN_DEAD)
		return;
	if (c->state == CONN_OPEN) {
		c->state = CONN_DRAIN;
		end_protocol(c,
			err == ETIMEDOUT        ? CLOSE_TIMEOUT
				: err == ENOMEM ? CLOSE_MEMORY
						: CLOSE_RESET);
	}
	conn_die(c);
}

/* What the words of a reason speak of, when the closer does not say. */
static const char *default_arg(
	const struct conn *c, enum close_reason why, char *buf)
{
	if (why == CLOSE_IDLE)
		return duration_format(buf, c->service->idle_ms);
	if (why == CLOSE_SLOW)
		return size_words(buf, c->service->output_hard);
	return "";
}

static void say_goodbye(struct conn *c, enum close_reason why, const char *arg)
{
	struct strbuf last = {0};
	char buf[UNITS_LEN];

	if (!ops_of(c)->goodbye || !close_row(why)->words)
		return;
	ops_of(c)->goodbye(c, why, arg ? arg : default_arg(c, why, buf), &last);
	if (!last.failed && last.len)
		conn_write(c, last.data, last.len);
	strbuf_fini(&last);
}

static uint64_t drain_bound_ms(const struct conn *c)
{
	enum close_fate fate = close_row(c->why)->fate;

	if (fate == CLOSE_FATE_STOP)
		return c->service->drain_ms;
	if (fate == CLOSE_FATE_SHED)
		return c->service->linger_ms;
	return c->service->patience_ms;
}

/* The peer is still owed the last words when the protocol has gone: they are
 * written while the conn counts as closing, so nothing else gets behind. */
void conn_close(struct conn *c, enum close_reason why, const char *arg)
{
	if (c->state == CONN_OPEN && ops_of(c)->flush)
		ops_of(c)->flush(c);
	if (c->state != CONN_OPEN)
		return;
	c->state = CONN_DRAIN;
	if (close_row(why)->fate != CLOSE_FATE_DROP)
		say_goodbye(c, why, arg);
	if (c->state == CONN_DEAD) {
		end_protocol(c, why);
		return;
	}
	end_protocol(c, why);
	if (close_row(why)->fate == CLOSE_FATE_DROP) {
		conn_die(c);
		return;
	}
	if (c->queued == 0) {
		half_close(c);
		return;
	}
	c->close_ms = worker_now_ms(c->worker) + drain_bound_ms(c);
	conn_watch_input(c);
	conn_update_deadline(c);
}
