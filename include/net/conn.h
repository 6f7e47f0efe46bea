/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SOCKD_NET_CONN_H
#define SOCKD_NET_CONN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "net/close.h"

struct conn;
struct evbuffer;
struct service;
struct slice;
struct strbuf;
struct worker;

/* A connection: one socket, one bufferevent, one protocol, one worker for
 * life. Everything here is called on that worker's thread only. Nothing here
 * frees a conn inside a callback: conn_close() marks, the loop frees. */

/* What a protocol does. Every hook but input (or data) may be NULL. A hook may
 * call conn_close() on its own conn; then no hook but closed() follows. */
struct conn_ops {
	/* Serving starts; greet here. 0, or -errno: the conn closes. */
	int (*open)(struct conn *c);
	/* Bytes came: eat from `in` (borrowed) what is complete. What is left
	 * stays and is offered again with more bytes, or after a pause. */
	void (*input)(struct conn *c, struct evbuffer *in);
	/* The same for raw protocols; data is borrowed, all of it is eaten. One
	 * that keeps some of it has input() besides, which is called, with
	 * NULL, after conn_input_again() and when reading resumes. */
	void (*data)(struct conn *c, const void *data, size_t len);
	/* For raw protocols that always have more to say: bytes from `offset`
	 * on of a stream without end, at least one, borrowed for the call. As
	 * many of them are sent as the kernel takes now; nothing is queued.
	 * Asked for whenever there is room, once in a turn of the loop, while c
	 * is open. Such a protocol sends nothing else. */
	struct slice (*source)(struct conn *c, uint64_t offset);
	/* The peer will send nothing more; `in` holds what is left, NULL for a
	 * raw protocol. Default: conn_close(CLOSE_EOF), which sends what is
	 * queued first. */
	void (*eof)(struct conn *c, struct evbuffer *in);
	/* Output fell to the low mark after it was over the soft one. */
	void (*writable)(struct conn *c);
	/* conn_close() was called: send what was held back. */
	void (*flush)(struct conn *c);
	/* The time of conn_set_timer() came. */
	void (*timer)(struct conn *c);
	/* The connection is about to end for a reason of ours: append the last
	 * line. `arg` fills the %s of the reason's words, if they have one. */
	void (*goodbye)(struct conn *c, enum close_reason why, const char *arg,
		struct strbuf *out);
	/* Exactly once, the last call, if open() was called. conn_send() is
	 * without effect here. */
	void (*closed)(struct conn *c, enum close_reason why);
};

/* The protocol's state: conn_type.state_size zeroed bytes, freed with c. */
void *conn_state(struct conn *c);
struct worker *conn_worker(struct conn *c);
const struct service *conn_service(const struct conn *c);
uint64_t conn_id(const struct conn *c); /* unique for ever, never 0 */
/* Who connected, and to what: behind a proxy that states it, what it states.
 * buf: ADDR_LEN. */
const char *conn_peer_text(const struct conn *c, char *buf);
const char *conn_local_text(const struct conn *c, char *buf);
/* A name the log shows beside the peer (a nick); borrowed, NULL: none. */
void conn_set_nick(struct conn *c, const char *nick);
const char *conn_nick(const struct conn *c);
bool conn_is_open(const struct conn *c); /* until conn_close() */

/* Sends bytes (copied). With nothing queued they go to the socket at once and
 * only what the kernel did not take is queued; else they queue behind it.
 * Never fails to the caller: errors close the conn. */
void conn_send(struct conn *c, const void *data, size_t len);
/* The same for bytes that lie in several places, CONN_PARTS_MAX at most. */
#define CONN_PARTS_MAX 8
void conn_sendv(struct conn *c, const struct slice *parts, size_t n_parts);
/* The same for a message that may be left out: false, and nothing is sent,
 * while c is flooded; of several, also if they pass the hard mark together. */
bool conn_send_message(struct conn *c, const void *data, size_t len);
bool conn_send_messages(struct conn *c, const void *data, size_t len);
/* Fetches into the cache what conn_send() looks at, for one whose turn comes
 * soon: among many connections nothing of it is there. NULL is fine. */
static inline void conn_prefetch(const struct conn *c)
{
	__builtin_prefetch((const char *)c, 1);
	__builtin_prefetch((const char *)c + 64, 1);
}
/* Bytes queued in this process, not yet taken by the kernel. */
size_t conn_queued(const struct conn *c);
/* True from when conn_queued() is over output_hard until it is low again: a
 * protocol of messages leaves out and counts instead of sending; its
 * writable() tells when to say so. */
bool conn_is_flooded(const struct conn *c);

/* One timer of the protocol, monotonic milliseconds as clock_mono_ms(); 0
 * takes it back. Fires once. */
void conn_set_timer(struct conn *c, uint64_t when_ms);

/* Stops and resumes reading for the protocol's own reason (mail that waits).
 * Pauses of conn's own (output over the soft mark) are separate. When reading
 * resumes, input() is called again if bytes lie there. */
void conn_pause(struct conn *c);
void conn_resume(struct conn *c);
bool conn_is_paused(const struct conn *c);  /* conn_pause() is in force */
bool conn_is_reading(const struct conn *c); /* none of them is in force */

/* Ask for input() in the next turn of the loop: a fair share of work was done
 * and more lies in the buffer. Until then nothing more is read, the peer's end
 * included. */
void conn_input_again(struct conn *c);

/* The only way a connection ends. The first call counts, later ones do
 * nothing. `arg` (copied as needed) fills the %s of the words of `why`; NULL:
 * the setting the words speak of. See conn.c for what follows. */
void conn_close(struct conn *c, enum close_reason why, const char *arg);

#endif
