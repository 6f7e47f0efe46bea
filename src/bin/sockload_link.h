/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SOCKD_BIN_SOCKLOAD_LINK_H
#define SOCKD_BIN_SOCKLOAD_LINK_H

#include <event2/event_struct.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct link;
struct load;

/* Called from the loop. readable() may close the link. */
struct link_ops {
	void (*connected)(struct link *link);
	void (*readable)(struct link *link);
	void (*writable)(struct link *link);
};

/* One non-blocking connection to the server; embedded in the mode's own.
 * Zero-initialised, and after link_close(), it is closed. */
struct link {
	struct load *load; /* borrowed */
	const struct link_ops *ops;
	struct event on_read, on_write;
	uint32_t id;
	int fd;
	size_t target; /* which address of the name */
	bool is_open, is_connected, wants_write;
};

/* Starts to connect; ops->connected() follows, or the run hears of the
 * failure. 0, -EAGAIN (a unix socket's queue is full) or -errno. */
int link_open(struct link *link, struct load *l, uint32_t id,
	const struct link_ops *ops);
void link_close(struct link *link);
/* While on, writable() is called whenever the socket takes bytes. */
void link_want_write(struct link *link, bool on);
/* Bytes read; 0 for none now; or -1 when the connection has ended, with *err 0
 * for a regular end or the errno. */
ssize_t link_read(struct link *link, void *buf, size_t size, int *err);
/* Bytes the kernel took, 0 if none. An error is left for link_read(). */
size_t link_write(struct link *link, const void *data, size_t len);

#endif
