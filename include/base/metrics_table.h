/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SOCKD_BASE_METRICS_TABLE_H
#define SOCKD_BASE_METRICS_TABLE_H

/* THE table of what can be read of a running daemon, see base/metrics.h.
 *
 * X(id, type, per_unit, n_cells, labels, name, help): a cell counts units, or
 * parts of it of which per_unit make one; labels are names with commas between
 * them. A row stands in the list of who counts it. */

#include "base/metrics_levels.h"

#define METRICS_REASONS    24 /* at least enum close_reason has */
#define METRICS_LIMITS     9  /* exactly enum chat_limit has */
#define METRICS_PROOFS     6  /* exactly enum chat_proof has */
#define METRICS_BOUNDS     13 /* of a histogram */
#define METRICS_HIST_CELLS (METRICS_BOUNDS + 2) /* a last bucket, the sum */

/* clang-format off */
/* Per service; in each the worker of the connection, or of the acceptor. */
#define METRICS_SERVICE(X) \
	X(accepted, COUNTER, 1, METRICS_TRANSPORTS, "service,transport", \
		"sockd_connections_accepted_total", \
		"Connections that were let in") \
	X(closed, COUNTER, 1, METRICS_REASONS * METRICS_TRANSPORTS, "service,reason", \
		"sockd_connections_closed_total", \
		"Connections that ended, and why") \
	X(rejected, COUNTER, 1, METRICS_REASONS, "service,reason", \
		"sockd_connections_rejected_total", \
		"Connections that were not let in, and why") \
	X(lines_delayed, COUNTER, 1, 1, "service", "sockd_lines_delayed_total", \
		"Lines of the chat that waited since they came too fast") \
	X(lines_dropped, COUNTER, 1, 1, "service", "sockd_lines_dropped_total", \
		"Lines of the chat that were not said since they came too fast") \
	X(received_bytes, COUNTER, 1, 1, "service", "sockd_received_bytes_total", \
		"Bytes read from connections") \
	X(sent_bytes, COUNTER, 1, 1, "service", "sockd_sent_bytes_total", \
		"Bytes of connections that the kernel took")

/* Per worker. */
#define METRICS_WORKER(X) \
	X(delivered, COUNTER, 1, 1, "", "sockd_messages_delivered_total", \
		"Messages and notices given to connections of the chat") \
	X(left_out, COUNTER, 1, 1, "", "sockd_messages_left_out_total", \
		"The same, left out since the reader was too slow") \
	X(fanout_time, HISTOGRAM, 1000000, METRICS_HIST_CELLS, "", "sockd_fanout_seconds", \
		"Time one worker took to give what waited for a room to its members") \
	X(loop_lag, HISTOGRAM, 1000000, METRICS_HIST_CELLS, "", "sockd_loop_lag_seconds", \
		"Time until an event is handled: a sample each 100 ms while there is work")

/* In the chat's hub, under its lock. */
#define METRICS_CHAT(X) \
	X(said, COUNTER, 1, 1, "", "sockd_messages_received_total", \
		"Messages said in rooms, to somebody, or by post") \
	X(limits, COUNTER, 1, METRICS_LIMITS, "limit", "sockd_chat_limits_reached_total", \
		"What a limit of the chat refused or had forgotten, and which") \
	X(proofs, COUNTER, 1, METRICS_PROOFS, "how,result", "sockd_chat_logins_total", \
		"Passwords and codes by which people said who they are, and what came of it") \
	X(recipients, HISTOGRAM, 1, METRICS_HIST_CELLS, "", "sockd_fanout_recipients", \
		"Members of the room that a message was for, its author left out")

#define METRICS_TABLE(X)   \
	METRICS_READ(X)    \
	METRICS_SERVICE(X) \
	METRICS_WORKER(X)  \
	METRICS_CHAT(X)

#endif
