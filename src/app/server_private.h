/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SOCKD_APP_SERVER_PRIVATE_H
#define SOCKD_APP_SERVER_PRIVATE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "net/mailbox.h"
#include "net/worker.h"
#include "proto/proto.h"

struct accept_change;
struct acceptor;
struct ban_keeper;
struct chat_port;
struct config_source;
struct control;
struct control_news;
struct event;
struct event_base;
struct keeper;
struct mailbox;
struct monitor;
struct plan;
struct receive_change;
struct receiver;
struct reload;
struct state_dir;

#define STATUS_LEN 512

/* See trim.c. */
struct trim {
	struct event *timer; /* owned */
	struct mail mail;    /* on its way, or the timer set, while: */
	atomic_bool is_asked;
	atomic_uint peak; /* the most connections there were */
};

/* What server.c, reload.c and status.c share. Main thread, but for the
 * atomics. */
struct server {
	const struct config_source *src; /* borrowed */
	struct event_base *base;         /* owned: signals, timers, pokes */
	struct mailbox *mailbox;         /* owned: pokes by workers */
	int signal_fd;                   /* owned */
	struct event *signals;           /* owned; reads it */
	struct event *deadline;          /* owned; of a stop */
	struct event *status_timer;      /* owned */
	struct event *watchdog;          /* owned; NULL: nobody asked for it */
	struct trim trim;
	struct crew crew;
	struct acceptor *acceptor;      /* owned */
	struct receiver *receiver;      /* owned */
	struct monitor *monitor;        /* owned */
	struct proto_context ctx;       /* ctx.chat owned */
	struct plan *plan;              /* owned; what is in force */
	struct reload *reload;          /* owned */
	struct state_dir *state_dir;    /* owned; NULL: nothing is kept */
	struct keeper *keeper;          /* owned */
	struct ban_keeper *bans;        /* owned */
	struct control *control;        /* owned; NULL: there is none */
	struct control_news *news;      /* owned; NULL: none watched yet */
	uint64_t n_plans;               /* so many were put to work */
	uint64_t started_ms, status_ms; /* last STATUS */
	uint32_t max_connections;       /* in force */
	char *remark; /* owned; what the last reload came to; NULL: none yet */
	int64_t configured_ms; /* wall time: what is in force took over */
	bool is_stale;         /* the last reload was rejected */
	atomic_bool stopping;
	atomic_bool is_dirty; /* STATUS is out of date */
};

/* server.c: all that may fail of serving by plan, for at most max_connections;
 * plan NULL: of no longer taking anything in. 0 or -ENOMEM. */
struct server_change {
	struct accept_change *accept;   /* owned */
	struct receive_change *receive; /* owned */
};
int server_prepare(struct server *s, const struct plan *plan,
	uint32_t max_connections, struct server_change *ret);
void server_commit(struct server_change *change);
void server_change_fini(struct server_change *change); /* not committed */
/* Tells everybody, and ends the loop when they have left. Once. */
void server_stop(struct server *s);
/* As many connections as cfg allows and descriptors are left for. */
uint32_t server_max_connections(const struct server *s, int64_t wanted);
/* status.c: */
int status_start(struct server *s); /* 0 or -errno */
void status_stop(struct server *s);
void status_log(struct server *s); /* a block, on USR1 */
const char *status_text(struct server *s, char *buf, size_t size);
void status_on_changed(void *arg); /* crew.changed; workers' threads */
/* trim.c: */
int trim_start(struct server *s); /* 0 or -errno */
void trim_stop(struct server *s);
/* Workers' threads: the number of connections has changed. */
void trim_on_changed(struct server *s);

#endif
