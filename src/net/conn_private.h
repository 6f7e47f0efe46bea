/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SOCKD_NET_CONN_PRIVATE_H
#define SOCKD_NET_CONN_PRIVATE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include <event2/event_struct.h>

#include "net/close.h"
#include "net/conn_end.h"
#include "net/peer.h"
#include "net/service.h"
#include "net/timers.h"

struct addr;
struct bufferevent;
struct worker;

enum conn_state {
	CONN_OPEN,   /* the protocol serves */
	CONN_DRAIN,  /* closing: output is still queued, input is discarded */
	CONN_LINGER, /* our FIN is out, waiting for the peer's */
	CONN_DEAD,   /* on worker.dead */
};

#define LATE_EOF UINT8_MAX

/* Kept small: an idle connection costs this, its bufferevent and the state of
 * its protocol. What a write touches comes first, see conn_prefetch(). */
struct conn {
	uint64_t id;
	int fd;                    /* owned; the bufferevent's as well */
	uint8_t why;               /* enum close_reason, once not open */
	uint8_t late_end;          /* errno; LATE_EOF; 0: none, see conn.c */
	bool eof : 1;              /* the peer's FIN was read */
	bool opened : 1;           /* ops->open() was called */
	bool reading : 1;          /* the loop watches for input */
	bool paused : 1;           /* by the protocol */
	bool choked : 1;           /* our output was over the soft mark */
	bool held : 1;             /* ... and its input waits for that */
	bool flooded : 1;          /* our output was over the hard mark */
	bool behind : 1;           /* the protocol asked for input() again */
	bool in_address_table : 1; /* the peer is in the acceptor's table */
	bool is_refusal : 1;       /* let in only to be told why not */
	bool used : 1;             /* conn_set_used() */
	uint8_t state : 2;         /* enum conn_state */
	uint32_t queued;           /* bytes in the bufferevent's output */
	uint32_t unread;           /* bytes counted that lie in its input */
	uint64_t last_ms;          /* last byte either way */
	uint64_t in_bytes, out_bytes;
	struct worker *worker;   /* borrowed */
	struct service *service; /* a reference */
	struct bufferevent *bev; /* owned; NULL: raw, and never queued */
	TAILQ_ENTRY(conn) link;  /* in worker.conns or worker.dead */
	struct timer timer;      /* in worker.timers */
	uint64_t timer_ms;       /* the protocol's; 0: none */
	uint64_t close_ms;       /* when drain or linger ends; or patience */
	uint64_t opened_ms;      /* lingering: since when */
	const char *nick;        /* borrowed from the protocol */
	struct addr *local;      /* owned; stated by a proxy, else NULL */
	union peer peer;
	uint32_t n_messages; /* that came; where there are none, reads */
	/* The protocol's state; then the events of raw protocols. */
	_Alignas(16) char tail[];
};

/* Where in the tail the events begin. */
static inline size_t conn_events_at(const struct conn_type *type)
{
	return (type->state_size + 15) & ~(size_t)15;
}

/* The event a raw conn reads by. */
static inline struct event *conn_raw_event(struct conn *c)
{
	return (struct event *)(void *)(c->tail +
		conn_events_at(c->service->type));
}

/* The one it writes by if its protocol is a source. */
static inline struct event *conn_source_event(struct conn *c)
{
	return conn_raw_event(c) + 1;
}

/* conn_io.c: */
bool conn_may_offer(const struct conn *c); /* unless it is behind */
void conn_offer_input(struct conn *c);     /* what lies in the bufferevent */
int conn_io_init(struct conn *c);          /* 0 or -errno */
void conn_io_fini(struct conn *c);
void conn_watch_input(struct conn *c);  /* start or stop, as flags say */
void conn_source_start(struct conn *c); /* nothing unless there is a source */
void conn_source_stop(struct conn *c);
size_t conn_tail_len(const struct conn_type *type); /* of conn.tail */
void conn_write(struct conn *c, const void *data, size_t len);
/* conn.c: */
void conn_output_done(struct conn *c);   /* closing and all is sent */
void conn_peer_ended(struct conn *c);    /* the peer's FIN was read */
void conn_lost(struct conn *c, int err); /* the socket failed */
/* The same, found in its turn among others: perhaps not at once. */
void conn_peer_lost(struct conn *c, int err);
void conn_update_deadline(struct conn *c);
/* ban_sweep.c: closes it if its worker's bans say so; true: it did. */
bool conn_check_ban(struct conn *c, int64_t now_ms);
/* conn_end.c: */
void conn_note_begin(const struct conn *c);
void conn_note_end(const struct conn *c); /* before its nick is gone */
void conn_copy_names(const struct conn *c, char service[CONN_SERVICE_LEN],
	char nick[CONN_NICK_LEN]);

#endif
