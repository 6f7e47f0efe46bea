/* SPDX-License-Identifier: GPL-3.0-or-later */
/* How bytes move: the two ways to read, and the one to write.
 *
 * Line protocols read through the bufferevent. Bulk protocols (type->raw) read
 * by an event of their own straight into the worker's scratch buffer, since
 * the bufferevent would ask the kernel for the amount and then read 4 KiB at a
 * time; its own reading stays off then. So all that such a conn needs it for is
 * output that has to wait, and it is made when there first is some: idle, it
 * would cost three times what the rest of the conn does. Either way the bytes
 * are counted here and handed to the protocol while the conn is open, and
 * thrown away while it closes.
 *
 * Writing: while nothing is queued, straight to the socket; what the kernel
 * does not take, and all that follows, waits in the bufferevent's output.
 * Marks on that output:
 *
 *   0 ... soft/3 ........ soft ............ hard
 *         resume reading  stop reading      byte services close; messages are
 *         (writable)      the peer's input  counted, not queued, until soft/3
 *
 * A protocol with reads_choked is offered input over the soft mark too, so that
 * its peer can still ask to leave. It keeps what waits for the answers to be
 * read, and calls conn_hold() when it can keep no more.
 *
 * A flooded peer has output_patience to get below hard, and then as long again
 * each time that it has read anything at all.
 *
 * A source, which always has more to say, is never queued: it is asked when the
 * kernel has room, for what one write takes, so that the peer's own reading
 * makes the pace, everybody else in the loop has a turn in between, and the
 * marks do not concern it. */
#include "net/conn.h"

#include <assert.h>
#include <errno.h>
#include <linux/sockios.h>
#include <netinet/tcp.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>

#include "base/clock.h"
#include "base/str.h"
#include "net/conn_flow.h"
#include "net/conn_loss.h"
#include "net/conn_private.h"
#include "net/service.h"
#include "net/worker_private.h"

#define RAW_READS_PER_TURN 4
#define MAX_SINGLE_WRITE   (256 * 1024)

static const struct conn_ops *ops_of(const struct conn *c)
{
	return c->service->type->ops;
}

static void count_input(struct conn *c, size_t n)
{
	struct worker *w = c->worker;
	uint64_t now_ms = worker_now_ms(w);

	c->in_bytes += n;
	if (!c->flooded)
		c->last_ms = now_ms;
	metrics_add(worker_tally_of(w, c->service)->received_bytes, n);
	worker_note_io(w, now_ms);
}

/* The kernel was asked to take some, and took n. */
static void count_output(struct conn *c, size_t n)
{
	c->last_ms = worker_now_ms(c->worker);
	metrics_add(worker_tally_of(c->worker, c->service)->sent_bytes, n);
}

/* Each change of the queue, whoever makes it: its length and the crew's sum are
 * always right, and what left it counts as traffic. */
static void on_queue_changed(
	struct evbuffer *output, const struct evbuffer_cb_info *info, void *arg)
{
	struct conn *c = arg;
	struct crew *crew = c->worker->crew;

	atomic_fetch_add(&crew->output_bytes, info->n_added);
	atomic_fetch_sub(&crew->output_bytes, info->n_deleted);
	c->queued += (uint32_t)info->n_added;
	c->queued -= (uint32_t)info->n_deleted;
	if (info->n_deleted)
		count_output(c, info->n_deleted);
}

size_t conn_queued(const struct conn *c)
{
	return c->queued;
}

/* A live peer acknowledges within the time after which the kernel sends again;
 * one that does not is lost, even if nobody has noticed. */
static bool answers(const struct conn *c)
{
	struct tcp_info info = {0};
	socklen_t len = sizeof(info);

	return c->queued == 0 &&
		getsockopt(c->fd, IPPROTO_TCP, TCP_INFO, &info, &len) == 0 &&
		info.tcpi_retransmits == 0 && info.tcpi_probes == 0;
}

uint64_t conn_undelivered(const struct conn *c, bool is_gone)
{
	int unsent = 0;

	if (c->peer.family == AF_UNIX)
		return c->queued;
	if (!is_gone && answers(c))
		return 0;
	if (ioctl(c->fd, SIOCOUTQ, &unsent) || unsent < 0)
		unsent = 0;
	return c->queued + (uint64_t)unsent;
}

bool conn_is_flooded(const struct conn *c)
{
	return c->flooded;
}

bool conn_is_choked(const struct conn *c)
{
	return c->choked;
}

uint64_t conn_last_ms(const struct conn *c)
{
	return c->last_ms;
}

bool conn_is_from(const struct conn *c, const struct strlist *networks)
{
	return peer_is_in(&c->peer.sa, networks);
}

bool conn_may_offer(const struct conn *c)
{
	return !c->paused && !c->held &&
		(!c->choked || c->service->type->reads_choked);
}

static bool may_offer(const struct conn *c)
{
	return conn_may_offer(c) && !c->behind;
}

static bool wants_input(const struct conn *c)
{
	if (c->eof || c->state == CONN_DEAD)
		return false;
	return c->state != CONN_OPEN || may_offer(c);
}

void conn_watch_input(struct conn *c)
{
	bool want = wants_input(c);
	int err;

	if (want == c->reading)
		return;
	if (c->service->type->raw)
		err = want ? event_add(conn_raw_event(c), NULL)
			   : event_del(conn_raw_event(c));
	else
		err = want ? bufferevent_enable(c->bev, EV_READ)
			   : bufferevent_disable(c->bev, EV_READ);
	c->reading = want && !err;
	if (err && want)
		conn_lost(c, ENOMEM);
}

void conn_hold(struct conn *c)
{
	c->held = c->choked;
	conn_watch_input(c);
}

static void let_eat(struct conn *c, struct evbuffer *in)
{
	uint64_t began_us = clock_mono_us();

	ops_of(c)->input(c, in);
	worker_spend(c->worker, began_us, clock_mono_us());
}

/* Offers the protocol what lies in the bufferevent's input; a raw one, what it
 * has kept itself. */
void conn_offer_input(struct conn *c)
{
	struct evbuffer *in;

	if (c->service->type->raw) {
		ops_of(c)->input(c, NULL);
		return;
	}
	in = bufferevent_get_input(c->bev);
	if (c->state == CONN_OPEN)
		let_eat(c, in);
	if (c->state != CONN_OPEN)
		evbuffer_drain(in, evbuffer_get_length(in));
	c->unread = (uint32_t)evbuffer_get_length(in);
}

static void on_read(struct bufferevent *bev, void *arg)
{
	struct conn *c = arg;
	size_t len = evbuffer_get_length(bufferevent_get_input(bev));

	if (len > c->unread)
		count_input(c, len - c->unread);
	c->unread = (uint32_t)len;
	if (c->state == CONN_OPEN && worker_is_spent(c->worker))
		conn_input_again(c);
	else if (c->state != CONN_OPEN || may_offer(c))
		conn_offer_input(c);
}

/* After a pause: what lies there may be a whole line already, and nothing
 * more need ever come. */
static void offer_again(struct conn *c)
{
	if (c->state != CONN_OPEN || !may_offer(c))
		return;
	if (c->service->type->raw && ops_of(c)->input)
		conn_input_again(c);
	else if (c->unread)
		bufferevent_trigger(c->bev, EV_READ, BEV_TRIG_DEFER_CALLBACKS);
}

/* What fits between the marks, so that giving back what was read never makes a
 * peer slow that was not. */
static size_t raw_read_size(const struct service *svc)
{
	size_t between = svc->output_hard - svc->output_soft;

	return between < SCRATCH_LEN ? between : SCRATCH_LEN;
}

static void on_raw_read(evutil_socket_t fd, short what, void *arg)
{
	struct conn *c = arg;
	char *scratch = c->worker->scratch;
	size_t size = raw_read_size(c->service);

	for (int i = 0; i < RAW_READS_PER_TURN && c->reading; i++) {
		ssize_t n = recv((int)fd, scratch, size, 0);

		if (n < 0 && (errno == EAGAIN || errno == EINTR))
			return;
		if (n < 0) {
			conn_lost(c, errno);
			return;
		}
		if (n == 0) {
			conn_peer_ended(c);
			return;
		}
		count_input(c, (size_t)n);
		c->n_messages += !c->service->framer;
		if (c->state == CONN_OPEN)
			ops_of(c)->data(c, scratch, (size_t)n);
		if ((size_t)n < size)
			return;
	}
}

/* The output fell below the low mark, or is empty. */
static void on_write(struct bufferevent *bev, void *arg)
{
	struct conn *c = arg;

	if (c->state == CONN_DRAIN && c->queued == 0) {
		conn_output_done(c);
		return;
	}
	if (c->state != CONN_OPEN || !c->choked)
		return;
	c->choked = false;
	c->held = false;
	c->flooded = false;
	c->close_ms = 0;
	if (ops_of(c)->writable)
		ops_of(c)->writable(c);
	conn_watch_input(c);
	offer_again(c);
}

static void on_event(struct bufferevent *bev, short what, void *arg)
{
	struct conn *c = arg;

	if (what & BEV_EVENT_ERROR)
		conn_peer_lost(c, EVUTIL_SOCKET_ERROR());
	else if (what & BEV_EVENT_EOF)
		conn_peer_ended(c);
}

/* Some bytes stayed in the queue. */
static void output_grew(struct conn *c)
{
	struct crew *crew = c->worker->crew;
	const struct service *svc = c->service;

	if (atomic_load_explicit(&crew->output_bytes, memory_order_relaxed) >
		atomic_load_explicit(&crew->output_total, memory_order_relaxed))
		worker_want_shed(c->worker);
	if (c->state != CONN_OPEN)
		return;
	if (!c->choked && c->queued > svc->output_soft) {
		c->choked = true;
		conn_watch_input(c);
	}
	if (c->queued <= svc->output_hard || c->flooded)
		return;
	if (svc->type->raw) {
		conn_close(c, CLOSE_SLOW, NULL);
		return;
	}
	c->flooded = true;
	c->close_ms = worker_now_ms(c->worker) + svc->patience_ms;
	conn_update_deadline(c);
}

/* What a write that returned n took; 0 if the socket is full. -1: it failed, c
 * is lost. */
static ssize_t written(struct conn *c, ssize_t n)
{
	if (n >= 0)
		return n;
	if (errno == EAGAIN || errno == EINTR || errno == ENOBUFS)
		return 0;
	conn_lost(c, errno);
	return -1;
}

/* What the socket takes now; 0 or -1 as above. */
static ssize_t write_now(struct conn *c, const void *data, size_t len)
{
	return written(c, send(c->fd, data, len, MSG_NOSIGNAL | MSG_DONTWAIT));
}

static ssize_t write_parts_now(struct conn *c, struct iovec *iov, size_t n_iov)
{
	struct msghdr msg = {.msg_iov = iov, .msg_iovlen = n_iov};

	if (n_iov == 1)
		return write_now(c, iov->iov_base, iov->iov_len);
	return written(c, sendmsg(c->fd, &msg, MSG_NOSIGNAL | MSG_DONTWAIT));
}

/* The kernel has room. What it does not take is asked for again. */
static void on_room(evutil_socket_t fd, short what, void *arg)
{
	struct conn *c = arg;
	struct slice more = ops_of(c)->source(c, c->out_bytes);
	ssize_t n;

	if (c->state != CONN_OPEN)
		return;
	n = write_now(c, more.data, more.len);
	if (n <= 0)
		return;
	c->out_bytes += (size_t)n;
	count_output(c, (size_t)n);
}

void conn_source_start(struct conn *c)
{
	if (c->state != CONN_OPEN || !ops_of(c)->source)
		return;
	if (event_add(conn_source_event(c), NULL))
		conn_lost(c, ENOMEM);
}

void conn_source_stop(struct conn *c)
{
	if (ops_of(c)->source)
		event_del(conn_source_event(c));
}

/* Callbacks are not deferred: on a plain socket the end follows the last bytes
 * by itself. The socket stays ours: a raw conn has it before its bufferevent. */
static int make_bufferevent(struct conn *c)
{
	c->bev = bufferevent_socket_new(c->worker->base, c->fd, 0);
	if (!c->bev)
		return -ENOMEM;
	if (!evbuffer_add_cb(
		    bufferevent_get_output(c->bev), on_queue_changed, c)) {
		bufferevent_free(c->bev);
		c->bev = NULL;
		return -ENOMEM;
	}
	bufferevent_setcb(c->bev, on_read, on_write, on_event, c);
	bufferevent_setwatermark(
		c->bev, EV_WRITE, c->service->output_soft / 3, 0);
	bufferevent_set_max_single_write(c->bev, MAX_SINGLE_WRITE);
	return 0;
}

/* What the socket did not take: all but the first bytes. libevent says nothing
 * if it has no memory to watch for room, so that is asked for once more. */
static int queue(
	struct conn *c, const struct iovec *iov, size_t n_iov, size_t taken)
{
	bool is_first = c->queued == 0;

	if (!c->bev && make_bufferevent(c))
		return -ENOMEM;
	for (size_t i = 0; i < n_iov; i++) {
		size_t skip = taken < iov[i].iov_len ? taken : iov[i].iov_len;

		taken -= skip;
		if (skip < iov[i].iov_len &&
			bufferevent_write(c->bev,
				(const char *)iov[i].iov_base + skip,
				iov[i].iov_len - skip))
			return -ENOMEM;
	}
	return is_first && bufferevent_enable(c->bev, EV_WRITE) ? -ENOMEM : 0;
}

/* len: of all parts together. */
static void write_parts(
	struct conn *c, struct iovec *iov, size_t n_iov, size_t len)
{
	ssize_t n = 0;

	if (c->queued == 0) {
		n = write_parts_now(c, iov, n_iov);
		if (n < 0)
			return;
		count_output(c, (size_t)n);
	}
	c->out_bytes += len;
	if ((size_t)n == len)
		return;
	if (queue(c, iov, n_iov, (size_t)n)) {
		conn_lost(c, ENOMEM);
		return;
	}
	output_grew(c);
}

void conn_write(struct conn *c, const void *data, size_t len)
{
	struct iovec one = {(void *)(uintptr_t)data, len};

	write_parts(c, &one, 1, len);
}

void conn_send(struct conn *c, const void *data, size_t len)
{
	if (c->state == CONN_OPEN && len > 0)
		conn_write(c, data, len);
}

void conn_sendv(struct conn *c, const struct slice *parts, size_t n_parts)
{
	struct iovec iov[CONN_PARTS_MAX];
	size_t n = 0, len = 0;

	assert(n_parts <= CONN_PARTS_MAX);
	for (size_t i = 0; i < n_parts; i++) {
		if (parts[i].len == 0)
			continue;
		iov[n++] = (struct iovec){
			(void *)(uintptr_t)parts[i].data, parts[i].len};
		len += parts[i].len;
	}
	if (c->state == CONN_OPEN && len > 0)
		write_parts(c, iov, n, len);
}

bool conn_send_message(struct conn *c, const void *data, size_t len)
{
	if (c->flooded)
		return false;
	conn_send(c, data, len);
	return true;
}

bool conn_send_messages(struct conn *c, const void *data, size_t len)
{
	if (c->flooded || c->queued + len > c->service->output_hard)
		return false;
	conn_send(c, data, len);
	return true;
}

void conn_pause(struct conn *c)
{
	c->paused = true;
	conn_watch_input(c);
}

void conn_resume(struct conn *c)
{
	if (!c->paused)
		return;
	c->paused = false;
	conn_watch_input(c);
	offer_again(c);
}

bool conn_is_paused(const struct conn *c)
{
	return c->paused;
}

bool conn_is_reading(const struct conn *c)
{
	return c->reading;
}

size_t conn_tail_len(const struct conn_type *type)
{
	size_t n = type->raw + (type->ops->source != NULL);

	assert(type->raw || !type->ops->source);
	return conn_events_at(type) + n * sizeof(struct event);
}

int conn_io_init(struct conn *c)
{
	if (!c->service->type->raw)
		return make_bufferevent(c);
	event_assign(conn_raw_event(c), c->worker->base, c->fd,
		EV_READ | EV_PERSIST, on_raw_read, c);
	if (ops_of(c)->source)
		event_assign(conn_source_event(c), c->worker->base, c->fd,
			EV_WRITE | EV_PERSIST, on_room, c);
	return 0;
}

void conn_io_fini(struct conn *c)
{
	atomic_fetch_sub(&c->worker->crew->output_bytes, c->queued);
	if (c->service->type->raw)
		event_del(conn_raw_event(c));
	if (c->bev)
		bufferevent_free(c->bev); /* forgets the socket at once */
	c->bev = NULL;
	close(c->fd);
}
