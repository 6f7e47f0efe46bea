/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SOCKD_PROTO_PROTO_H
#define SOCKD_PROTO_PROTO_H

#include <stdbool.h>
#include <stddef.h>

#include "net/service.h"

struct chat_port;
struct errmsg;
struct option;
struct proto_monitor;
struct strlist;

/* What protocols may need of the server beyond their connection. */
struct proto_context {
	struct chat_port *chat;              /* borrowed */
	const struct proto_monitor *monitor; /* borrowed */
};

/* A protocol: one file that ends in `const struct proto proto_NAME` and one
 * row in src/proto/meson.build, from which the registry is generated. */
struct proto {
	const char *name;
	const char *summary;
	struct conn_type type;
	unsigned framings;            /* bits of enum proto_framing_bit; with
	                               * others than stream see framed.h */
	unsigned transports;          /* bits of enum proto_transport_bit */
	const struct option *options; /* its own keys; NULL: none */
	size_t options_size;          /* of the struct they fill */
	uint64_t idle_ms;             /* default of `idle`; PROTO_IDLE_COMMON */
	uint64_t send_buffer;         /* default of `send_buffer`; 0: kernel */
	bool is_private; /* carries what people say to each other */
	bool is_monitor; /* tells how the daemon is, also while all drain */
	/* Looks across the keys of one service. 0, or -errno and msg. */
	int (*check)(const void *options, struct errmsg *msg);
	/* The same if it has a framing. */
	int (*check_framed)(const void *options, struct errmsg *msg);
	/* The same for a service over UDP. */
	int (*check_datagrams)(const void *options, struct errmsg *msg);
	/* Over UDP an answer may be longer than what asks for it; by
	 * DATAGRAM_TEXT_MAX at most. NULL: never, but to loopback. */
	bool (*answers_longer)(const void *options);
	/* Nobody could use the service without accounts (`login`). NULL: that
	 * is never so. */
	bool (*needs_accounts)(const void *options);
	/* Adds the nicks that are nobody else's in the chat while the service
	 * of this name exists. 0, or -errno and msg. NULL: none. */
	int (*reserve)(const char *service, const void *options,
		struct strlist *nicks, struct errmsg *msg);
	/* Makes svc ready to serve (context). 0, or -errno and msg. */
	int (*setup)(struct service *svc, const struct proto_context *ctx,
		struct errmsg *msg);
};
#define PROTO_IDLE_COMMON UINT64_MAX /* as timeouts.idle says */

/* The bits, in the order of enum framing and enum transport (app/config.h). */
enum proto_framing_bit {
	PROTO_FRAMING_STREAM = 1 << 0,
	PROTO_FRAMING_LINE = 1 << 1,
	PROTO_FRAMING_LENGTH = 1 << 2,
};
enum proto_transport_bit {
	PROTO_TRANSPORT_TCP = 1 << 0,
	PROTO_TRANSPORT_UDP = 1 << 1,
	PROTO_TRANSPORT_TLS = 1 << 2,
};

/* For answers_longer: whatever the options say. */
bool proto_answers_longer(const void *options);

/* The row named so, or NULL. */
const struct proto *proto_find(const char *name);
/* All rows, sorted by name, ended by NULL. */
extern const struct proto *const proto_table[];

#endif
