/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SOCKD_NET_DGRAM_H
#define SOCKD_NET_DGRAM_H

#include <assert.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/uio.h>

struct service;
struct worker;

/* One datagram as a protocol sees it; all is borrowed for the call. */
struct datagram {
	const struct service *service;
	const void *data;
	size_t len; /* 0 is legal */
	const struct sockaddr *from;
	const struct sockaddr *to; /* the address it was sent to */
	struct worker *worker;     /* whose thread this is */
};

/* What goes back: the parts one behind the other, into the datagram's data,
 * into `text`, or into what lives as long as the service's options. No part is
 * an empty datagram. */
#define DATAGRAM_TEXT_MAX 512
struct datagram_answer {
	struct iovec parts[2];
	unsigned n_parts;
	char text[DATAGRAM_TEXT_MAX]; /* for what the protocol makes */
};

/* One part more; none if it has no bytes. It is only read from. */
static inline void datagram_answer_add(
	struct datagram_answer *out, const void *data, size_t len)
{
	assert(out->n_parts < sizeof(out->parts) / sizeof(out->parts[0]));
	if (len > 0)
		out->parts[out->n_parts++] = (struct iovec){
			(void *)(uintptr_t)data, len};
}

#endif
