/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A connection of the generator: a non-blocking socket with two raw events.
 * Reading is always on; writing is asked for only while the kernel has not
 * taken everything. A failed write is not acted upon: the next read brings the
 * same end, and with it what the server said before it closed.
 *
 * Many connections to one loopback address would run out of local ports, so
 * they can be spread over source addresses 127.0.0.2, 127.0.0.3, ...; the
 * kernel then picks the port when it knows both ends.
 */
#include "sockload_link.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "sockload.h"

static void on_read(evutil_socket_t fd, short what, void *arg)
{
	struct link *link = arg;

	link->ops->readable(link);
}

static void finish_connect(struct link *link)
{
	struct load *l = link->load;
	int err = 0;
	socklen_t len = sizeof(err);

	if (getsockopt(link->fd, SOL_SOCKET, SO_ERROR, &err, &len) < 0)
		err = errno;
	if (err) {
		link_close(link);
		load_refused(l, link->id, link->target, err);
		return;
	}
	link->is_connected = true;
	l->was_connected = true;
	link_want_write(link, false);
	if (event_add(&link->on_read, NULL) < 0) {
		load_fail(l, 71, "the event loop takes no more connections");
		return;
	}
	link->ops->connected(link);
}

static void on_write(evutil_socket_t fd, short what, void *arg)
{
	struct link *link = arg;

	if (link->is_connected)
		link->ops->writable(link);
	else
		finish_connect(link);
}

static int bind_source(int fd, uint64_t nth, uint64_t n_sources)
{
	struct sockaddr_in in = {.sin_family = AF_INET};
	int on = 1;

	in.sin_addr.s_addr = htonl(
		INADDR_LOOPBACK + 1 + (uint32_t)(nth % n_sources));
	setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof(on));
	if (bind(fd, (struct sockaddr *)&in, sizeof(in)) < 0)
		return -errno;
	return 0;
}

static int start_connect(int fd, struct load *l)
{
	const struct addr *to = &l->targets[l->target];
	int on = 1;

	if (to->sa.sa_family != AF_UNIX)
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	if (l->opt->sources > 1 && to->sa.sa_family == AF_INET) {
		int r = bind_source(fd, l->n_sockets++, l->opt->sources);
		if (r < 0)
			return r;
	}
	if (connect(fd, &to->sa, to->len) < 0 && errno != EINPROGRESS)
		return -errno;
	return 0;
}

int link_open(struct link *link, struct load *l, uint32_t id,
	const struct link_ops *ops)
{
	int family = l->targets[l->target].sa.sa_family;
	int fd = socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -errno;
	int r = start_connect(fd, l);
	if (r < 0) {
		close(fd);
		return r;
	}
	link->load = l;
	link->ops = ops;
	link->id = id;
	link->fd = fd;
	link->target = l->target;
	link->is_open = true;
	link->is_connected = false;
	link->wants_write = false;
	event_assign(&link->on_read, l->base, fd, EV_READ | EV_PERSIST, on_read,
		link);
	event_assign(&link->on_write, l->base, fd, EV_WRITE | EV_PERSIST,
		on_write, link);
	link_want_write(link, true);
	return 0;
}

void link_close(struct link *link)
{
	if (!link->is_open)
		return;
	event_del(&link->on_read);
	event_del(&link->on_write);
	close(link->fd);
	link->is_open = false;
}

void link_want_write(struct link *link, bool on)
{
	if (link->wants_write == on)
		return;
	link->wants_write = on;
	if (!on)
		event_del(&link->on_write);
	else if (event_add(&link->on_write, NULL) < 0)
		load_fail(link->load, 71,
			"the event loop takes no more connections");
}

ssize_t link_read(struct link *link, void *buf, size_t size, int *err)
{
	ssize_t n = read(link->fd, buf, size);

	if (n > 0)
		return n;
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return 0;
	*err = n < 0 ? errno : 0;
	return -1;
}

size_t link_write(struct link *link, const void *data, size_t len)
{
	ssize_t n = send(link->fd, data, len, MSG_NOSIGNAL);

	return n > 0 ? (size_t)n : 0;
}
