/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Echo over UDP: every socket sends datagrams and expects each back, whole and
 * unchanged. At most `depth` of a socket are on their way, each in a place of
 * its own:
 *
 *	free -> sent -> back, or lost when it is not back in time -> free
 *
 * A datagram begins with its number and its place; the rest is the socket's
 * stream from number * size on. Order is not promised and not asked for. One
 * that comes although nobody waits for it came twice, or after it was given up.
 *
 * A connected socket has no handshake; so the first datagram, number 0, is sent
 * until it is back. Sending waits for room, which the kernel always makes;
 * receiving never waits.
 */
#include <errno.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "sockload.h"
#include "sockload_payload.h"

#define BATCH        32
#define LOOK_US      20000 /* between two looks for what is lost */
#define PLACE_BITS   16
#define DATAGRAM_LEN 65536

struct place {
	uint64_t number;
	uint64_t stamp_us;
	bool waits;
};

struct socket {
	struct load *load; /* borrowed */
	struct event on_read;
	uint32_t id;
	int fd;
	size_t target; /* which address of the name */
	bool is_open, is_ready;
	uint64_t issued;      /* datagrams */
	uint64_t hello_us;    /* when number 0 was sent last */
	struct place *places; /* borrowed: `depth` of them */
	uint32_t *free;       /* borrowed: a stack of places */
	uint32_t n_free;
};

struct datagrams {
	struct socket *sockets; /* owned */
	struct place *places;   /* owned; of all sockets */
	uint32_t *free;         /* owned; of all sockets */
	uint64_t n_pending;     /* on their way, all sockets */
	struct event look;
	struct mmsghdr in[BATCH];
	struct iovec in_room[BATCH];
	char *in_data; /* owned; DATAGRAM_LEN each */
	struct mmsghdr out[BATCH];
	struct iovec out_parts[BATCH][2];
	uint64_t out_heads[BATCH];
};

static void on_look(evutil_socket_t fd, short what, void *arg);

/* Buffers to receive into, once for all sockets. */
static int make_buffers(struct datagrams *d)
{
	d->in_data = malloc((size_t)BATCH * DATAGRAM_LEN);
	if (!d->in_data)
		return -ENOMEM;
	for (size_t i = 0; i < BATCH; i++) {
		d->in_room[i] = (struct iovec){
			d->in_data + i * DATAGRAM_LEN, DATAGRAM_LEN};
		d->in[i].msg_hdr.msg_iov = &d->in_room[i];
		d->in[i].msg_hdr.msg_iovlen = 1;
	}
	return 0;
}

static int datagrams_prepare(struct load *l)
{
	uint32_t n = (uint32_t)l->opt->connections;
	uint32_t depth = (uint32_t)l->opt->depth;
	struct datagrams *d = calloc(1, sizeof(*d));

	l->state = d;
	if (!d)
		return -ENOMEM;
	d->sockets = calloc(n, sizeof(*d->sockets));
	d->places = calloc((size_t)n * depth, sizeof(*d->places));
	d->free = calloc((size_t)n * depth, sizeof(*d->free));
	if (!d->sockets || !d->places || !d->free || make_buffers(d))
		return -ENOMEM;
	for (uint32_t i = 0; i < n; i++) {
		struct socket *s = &d->sockets[i];

		s->places = d->places + (size_t)i * depth;
		s->free = d->free + (size_t)i * depth;
		while (s->n_free < depth) {
			s->free[s->n_free] = depth - 1 - s->n_free;
			s->n_free++;
		}
	}
	l->n_conns = n;
	l->pace = (struct pace){.rate = l->opt->rate, .n_lanes = n};
	return 0;
}

/* A datagram is done with, for better or worse. */
static void give_back(struct socket *s, uint32_t place)
{
	struct datagrams *d = s->load->state;

	s->places[place].waits = false;
	s->free[s->n_free++] = place;
	d->n_pending--;
	load_finish(s->load);
}

static void drop(struct socket *s)
{
	if (!s->is_open)
		return;
	event_del(&s->on_read);
	close(s->fd);
	s->is_open = false;
	for (uint32_t i = 0; i < s->load->opt->depth; i++)
		if (s->places[i].waits)
			give_back(s, i);
}

static void lost(struct socket *s, uint32_t place)
{
	struct load *l = s->load;

	fault_add(&l->faults, FAULT_LOST, 1,
		"socket %u: datagram %" PRIu64 " is not back after %" PRIu64
		" ms",
		s->id, s->places[place].number, l->opt->loss_ms);
	give_back(s, place);
}

/* An error that the network told of. */
static void failed(struct socket *s, int err)
{
	struct load *l = s->load;

	drop(s);
	if (!s->is_ready)
		load_refused(l, s->id, s->target, err);
	else
		load_lost(l, s->id, err, "");
}

/* Sends the first n of out. Those that the kernel drops are lost in time. */
static void send_out(struct socket *s, unsigned n)
{
	struct datagrams *d = s->load->state;
	unsigned i = 0;

	while (i < n) {
		int r = sendmmsg(s->fd, d->out + i, n - i, 0);

		if (r > 0) {
			i += (unsigned)r;
		} else if (errno == ENOBUFS) {
			i++;
		} else if (errno != EINTR) {
			failed(s, errno);
			return;
		}
	}
}

static void put_out(
	struct socket *s, unsigned at, uint64_t number, uint32_t place)
{
	struct load *l = s->load;
	struct datagrams *d = l->state;
	const size_t head_len = sizeof(d->out_heads[at]);
	uint64_t offset = number * l->opt->size + head_len;
	struct iovec *parts = d->out_parts[at];

	d->out_heads[at] = number << PLACE_BITS | place;
	parts[0] = (struct iovec){&d->out_heads[at], head_len};
	parts[1] = (struct iovec){(void *)(uintptr_t)payload_at(s->id, offset),
		l->opt->size - head_len};
	d->out[at].msg_hdr = (struct msghdr){.msg_iov = parts, .msg_iovlen = 2};
}

static void say_hello(struct socket *s)
{
	s->hello_us = clock_mono_us();
	put_out(s, 0, 0, 0);
	send_out(s, 1);
}

static bool may_issue(const struct socket *s, uint64_t due)
{
	return s->is_open && s->n_free > 0 && s->issued < due &&
		load_issue(s->load);
}

static void pump(struct socket *s, uint64_t now)
{
	struct load *l = s->load;
	struct datagrams *d = l->state;
	uint64_t due = pace_due(&l->pace, s->id, now);
	unsigned n = 0;

	while (may_issue(s, due)) {
		uint32_t at = s->free[--s->n_free];
		struct place *p = &s->places[at];

		p->waits = true;
		p->stamp_us = l->opt->rate
			? pace_time(&l->pace, s->id, s->issued)
			: now;
		p->number = ++s->issued;
		d->n_pending++;
		put_out(s, n++, p->number, at);
		if (n == BATCH) {
			send_out(s, n);
			n = 0;
		}
	}
	if (s->is_open)
		send_out(s, n);
}

static void wrong(
	struct socket *s, uint64_t number, const char *what, size_t at)
{
	fault_add(&s->load->faults, FAULT_BYTES, 1,
		"socket %u: datagram %" PRIu64 ": %s %zu", s->id, number, what,
		at);
}

/* One datagram came. */
static void take(struct socket *s, const char *data, size_t len, uint64_t now)
{
	struct load *l = s->load;
	uint64_t head, number, size = l->opt->size;
	const size_t head_len = sizeof(head);
	uint32_t at;
	size_t right;

	if (len < head_len) {
		wrong(s, 0, "unknown, it has so many bytes:", len);
		return;
	}
	memcpy(&head, data, head_len);
	number = head >> PLACE_BITS;
	at = (uint32_t)(head & ((1 << PLACE_BITS) - 1));
	right = payload_check(s->id, number * size + head_len, data + head_len,
		len - head_len);
	if (number > s->issued || at >= l->opt->depth) {
		wrong(s, number, "was never sent, in place", at);
	} else if (len != size) {
		wrong(s, number, "has another length:", len);
	} else if (right < len - head_len) {
		wrong(s, number, "wrong byte at offset", head_len + right);
	} else if (number == 0) {
		bool is_first = !s->is_ready;
		s->is_ready = true;
		if (is_first)
			load_ready(l);
	} else if (!s->places[at].waits || s->places[at].number != number) {
		fault_add(&l->faults, FAULT_AGAIN, 1,
			"socket %u: datagram %" PRIu64
			" came twice, or after it was given up",
			s->id, number);
	} else {
		load_count(l, now - s->places[at].stamp_us, size);
		give_back(s, at);
	}
}

static void on_readable(evutil_socket_t fd, short what, void *arg)
{
	struct socket *s = arg;
	struct datagrams *d = s->load->state;
	int n = recvmmsg((int)fd, d->in, BATCH, MSG_DONTWAIT, NULL);
	uint64_t now = clock_mono_us();

	if (n < 0 && errno != EAGAIN && errno != EINTR)
		failed(s, errno);
	for (int i = 0; i < n; i++)
		take(s, d->in_room[i].iov_base, d->in[i].msg_len, now);
	if (s->is_ready)
		pump(s, now);
}

static int bind_source(const struct socket *s)
{
	uint32_t n = (uint32_t)(s->load->n_sockets++ % s->load->opt->sources);
	struct sockaddr_in in = {
		.sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK + 1 + n),
	};

	return bind(s->fd, (struct sockaddr *)&in, sizeof(in)) ? -errno : 0;
}

static int start(struct socket *s)
{
	struct load *l = s->load;
	const struct addr *to = &l->targets[l->target];
	int err = 0;

	if (l->opt->sources > 1 && to->sa.sa_family == AF_INET)
		err = bind_source(s);
	if (!err && connect(s->fd, &to->sa, to->len))
		err = -errno;
	event_assign(&s->on_read, l->base, s->fd, EV_READ | EV_PERSIST,
		on_readable, s);
	if (!err && event_add(&s->on_read, NULL))
		err = -ENOMEM;
	return err;
}

/* The timer starts with the first socket. */
static int start_look(struct load *l)
{
	struct datagrams *d = l->state;
	const struct timeval every = {0, LOOK_US};

	if (event_initialized(&d->look))
		return 0;
	event_assign(&d->look, l->base, -1, EV_PERSIST, on_look, l);
	return event_add(&d->look, &every) ? -ENOMEM : 0;
}

static int datagrams_open(struct load *l, uint32_t conn)
{
	struct datagrams *d = l->state;
	struct socket *s = &d->sockets[conn];
	int family = l->targets[l->target].sa.sa_family;
	int err = start_look(l);

	if (err)
		return err;
	s->load = l;
	s->id = conn;
	s->target = l->target;
	s->fd = socket(family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (s->fd < 0)
		return -errno;
	err = start(s);
	if (err) {
		close(s->fd);
		return err;
	}
	s->is_open = true;
	say_hello(s);
	return 0;
}

static void look_at(struct socket *s, uint64_t now)
{
	uint64_t long_us = s->load->opt->loss_ms * 1000;

	if (!s->is_ready) {
		if (now - s->hello_us >= long_us)
			say_hello(s);
		return;
	}
	for (uint32_t i = 0; i < s->load->opt->depth; i++)
		if (s->places[i].waits &&
			now >= s->places[i].stamp_us + long_us)
			lost(s, i);
	pump(s, now);
}

static void on_look(evutil_socket_t fd, short what, void *arg)
{
	struct load *l = arg;
	struct datagrams *d = l->state;
	uint64_t now = clock_mono_us();

	for (uint32_t i = 0; i < l->n_conns && l->phase != LOAD_DONE; i++)
		if (d->sockets[i].is_open)
			look_at(&d->sockets[i], now);
}

static void datagrams_pump(struct load *l, uint32_t lane, uint64_t now_us)
{
	struct datagrams *d = l->state;

	if (d->sockets[lane].is_open)
		pump(&d->sockets[lane], now_us);
}

static bool datagrams_is_drained(const struct load *l)
{
	const struct datagrams *d = l->state;

	return d->n_pending == 0;
}

static void datagrams_name_missing(struct load *l)
{
	const struct datagrams *d = l->state;

	for (uint32_t i = 0; i < l->n_conns; i++)
		for (uint32_t k = 0; k < l->opt->depth; k++)
			if (d->sockets[i].places[k].waits)
				lost(&d->sockets[i], k);
}

static void datagrams_fini(struct load *l)
{
	struct datagrams *d = l->state;

	if (event_initialized(&d->look))
		event_del(&d->look);
	for (uint32_t i = 0; i < l->n_conns; i++)
		drop(&d->sockets[i]);
	free(d->sockets);
	free(d->places);
	free(d->free);
	free(d->in_data);
	free(d);
}

const struct load_mode mode_echo_udp = {
	.name = "echo",
	.summary = "send datagrams, expect each of them back",
	.unit = "datagrams",
	.prepare = datagrams_prepare,
	.open = datagrams_open,
	.pump = datagrams_pump,
	.is_drained = datagrams_is_drained,
	.name_missing = datagrams_name_missing,
	.fini = datagrams_fini,
};
