/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SOCKD_BIN_SOCKLOAD_H
#define SOCKD_BIN_SOCKLOAD_H

#include <event2/event.h>
#include <event2/event_struct.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "net/addr.h"
#include "sockload_fault.h"
#include "sockload_hist.h"
#include "sockload_pace.h"
#include "sockload_preset.h"
#include "sockload_server.h"

struct load;

/* What the command line asks for. */
struct load_options {
	const struct load_mode *mode;
	const char *address;
	uint64_t connections, senders, rooms, sources;
	uint64_t silent, slow; /* of the connections */
	uint64_t size, depth, window;
	uint64_t rate, count; /* 0: as fast as possible; until the time is up */
	uint64_t time_ms, warm_up_ms, until_cpu_ms, patience_ms; /* 0: none */
	uint64_t pid;
	uint64_t loss_ms; /* a datagram not back for so long is lost */
	bool json, quiet, busy, udp;
	bool has_preset;
	struct preset preset; /* a row, with the texts of the command line */
};

/* A kind of load. The run opens n_conns connections, tells when all are ready,
 * and then calls pump() for a lane whenever something of it is due. */
struct load_mode {
	const char *name, *summary;
	const char *unit; /* what is counted: "messages" */
	bool holds;       /* sends nothing: ends with the time or a signal */
	bool streams;     /* bytes without end, counted by load_stream() */
	/* Allocates state, sets n_conns and the lanes. 0 or -errno. */
	int (*prepare)(struct load *l);
	int (*open)(struct load *l, uint32_t conn); /* 0, -EAGAIN or -errno */
	void (*pump)(struct load *l, uint32_t lane, uint64_t now_us);
	bool (*is_drained)(const struct load *l); /* nothing is on its way */
	void (*name_missing)(
		struct load *l);          /* what is will not come: faults */
	void (*conclude)(struct load *l); /* before the report; may be NULL */
	void (*fini)(struct load *l);
};

extern const struct load_mode mode_echo, mode_fanout, mode_idle, mode_connect,
	mode_discard, mode_chargen;
extern const struct load_mode mode_echo_udp; /* echo with --udp */

enum load_phase {
	LOAD_CONNECTING,
	LOAD_WARMING, /* at work, not yet counted */
	LOAD_MEASURING,
	LOAD_DRAINING, /* measured; what is on its way is awaited */
	LOAD_DONE,
};

#define LOAD_SCRATCH ((size_t)65536)

/* One run. Everything happens in one thread, in its event loop. */
struct load {
	const struct load_options *opt; /* borrowed */
	struct event_base *base;        /* owned */
	struct event tick, pacer, on_int, on_term;
	struct addr *targets;     /* owned; the addresses of one name */
	size_t n_targets, target; /* the one in use */
	bool was_connected;       /* it answered once */
	enum load_phase phase;
	int exit_code;
	uint32_t n_conns, n_opened, n_ready, n_live;
	uint64_t n_sockets; /* spreads them over the sources */
	struct pace pace;
	uint64_t pace_seen;              /* messages that pump() was told of */
	uint64_t issued, finished;       /* for --count */
	uint64_t began_us, ended_us;     /* the measured time */
	uint64_t ops, bytes, ops_before; /* counted in it */
	uint64_t progress_us, moved_us, moved_ops, warm_us, rss_us;
	struct hist latency;
	struct server server;
	uint64_t cpu_ns, rss_before, rss_after;
	struct faults faults;
	struct {
		uint64_t came, skipped, announced; /* messages */
		uint64_t told; /* members that were told of some */
	} slow;
	char run_name[4];
	char *scratch; /* owned; LOAD_SCRATCH bytes, for one callback's use */
	void *state;   /* the mode's own */
};

/* Runs to the end and reports. Returns the exit code. */
int load_run(struct load *l, const struct load_options *opt);

/* For modes and their connections. */

/* One more connection is ready for work. */
void load_ready(struct load *l);
/* A connection ended in the server's hands; what: a sentence's end, borrowed.
 * While connecting this ends the run. */
void load_lost(struct load *l, uint32_t conn, int err, const char *what);
/* A connection ended after a fault that was said: one less is at work. */
void load_gone(struct load *l);
/* Connecting failed: tries the name's next address, or ends the run. */
void load_refused(struct load *l, uint32_t conn, size_t target, int err);
/* Ends the run at once with a reason, without a report. */
void load_fail(struct load *l, int exit_code, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
/* True if one more message may be sent (and then counts it as sent). */
bool load_issue(struct load *l);
/* One operation is complete. */
void load_count(struct load *l, uint64_t latency_us, uint64_t bytes);
/* So many bytes of a stream went over; each MiB of all together is an
 * operation. May end the measured time. */
void load_stream(struct load *l, uint64_t bytes);
/* One issued message is dealt with, for better or worse. */
void load_finish(struct load *l);

#endif
