/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SOCKD_NET_DGRAM_H
#define SOCKD_NET_DGRAM_H

#include <stddef.h>
#include <sys/socket.h>
#include <sys/uio.h>

struct service;

/* One datagram as a protocol sees it; all is borrowed for the call. */
struct datagram {
	const struct service *service;
	const void *data;
	size_t len; /* 0 is legal */
	const struct sockaddr *from;
	const struct sockaddr *to; /* the address it was sent to */
};

/* What goes back: the parts one behind the other, into the datagram's data or
 * into `text`. No part is an empty datagram. */
#define DATAGRAM_TEXT_MAX 512
struct datagram_answer {
	struct iovec parts[2];
	unsigned n_parts;
	char text[DATAGRAM_TEXT_MAX]; /* for what the protocol makes */
};

#endif
