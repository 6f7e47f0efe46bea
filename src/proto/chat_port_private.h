/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SOCKD_PROTO_CHAT_PORT_PRIVATE_H
#define SOCKD_PROTO_CHAT_PORT_PRIVATE_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "chat/hub.h"
#include "proto/chat_admin.h"

struct chat_desk;
struct chat_logins;
struct chat_outbox;
struct chat_session;
struct chat_settings;

/* What chat_port.c, chat_admin.c, chat_keep.c and chat_self.c share. */

struct chat_port {
	pthread_mutex_t lock;
	struct hub *hub;                      /* owned; under lock */
	const struct chat_settings *settings; /* borrowed; under lock */
	struct chat_observer observer;        /* the hub's, while: */
	struct chat_watch watch;              /* something is; under lock */
	atomic_bool stopping;
	uint64_t bans_serial;            /* when this was called last: */
	void (*bans_changed)(void *arg); /* or NULL; under lock */
	void *bans_arg;
	atomic_bool has_floods;     /* a room of the settings has */
	struct chat_logins *logins; /* owned */
	struct chat_desk *desks;    /* owned; by worker index */
	unsigned n_workers, n_desks;
};

/* What came of one command on the way out. */
struct delivery {
	uint64_t concerned; /* workers that got a letter */
	uint64_t asleep;    /* those of them that must be woken */
	bool failed;        /* a letter could not be written: no memory */
};

/* That of the session's worker. */
struct chat_desk *chat_port_desk(const struct chat_session *session);
struct chat_now chat_port_now(void);
/* Under the lock: posts what the outbox holds, and empties it. */
struct delivery chat_port_deliver(
	struct chat_port *port, struct chat_outbox *out);
/* After it: wakes those workers. */
void chat_port_wake(struct chat_port *port, uint64_t workers);
bool chat_port_is_full(const struct chat_port *port);
/* On the session's worker: has the hub do something for its member that is no
 * command. */
typedef void (*chat_port_fn)(struct hub *hub, struct member *member,
	const struct chat_now *now, struct chat_outbox *out);
void chat_port_do(struct chat_session *session, chat_port_fn what);
/* A hub by the port's settings. 0 or -errno. */
int chat_port_new_hub(const struct chat_port *port, struct hub **ret);
/* chat_admin.c: between two portions of work under the lock. */
void chat_port_rest(void);

#endif
