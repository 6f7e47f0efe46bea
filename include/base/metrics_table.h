/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SOCKD_BASE_METRICS_TABLE_H
#define SOCKD_BASE_METRICS_TABLE_H

/* THE table of what can be read of a running daemon, see base/metrics.h.
 *
 * X(id, type, per_unit, n_cells, labels, name, help): a cell counts units, or
 * parts of it of which per_unit make one; labels are names with commas between
 * them. A row stands in the list of who counts it. */

#define METRICS_REASONS    24 /* at least enum close_reason has */
#define METRICS_BOUNDS     12 /* of a histogram */
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
	X(recipients, HISTOGRAM, 1, METRICS_HIST_CELLS, "", "sockd_fanout_recipients", \
		"Members of the room that a message was for, its author left out")

/* Known elsewhere, or worked out from the above when they are read. */
#define METRICS_READ(X) \
	X(build, GAUGE, 1, 0, "version,libevent", "sockd_build_info", \
		"Always 1; what runs") \
	X(ready, GAUGE, 1, 0, "", "sockd_ready", \
		"1 if new clients are served, as /readyz says") \
	X(workers, GAUGE, 1, 0, "", "sockd_workers", \
		"Threads that serve connections") \
	X(connections, GAUGE, 1, 0, "service,transport", "sockd_connections", \
		"Connections there are: accepted and not closed") \
	X(connections_limit, GAUGE, 1, 0, "", "sockd_connections_limit", \
		"How many there may be, of all services together") \
	X(arrived, COUNTER, 1, 0, "", "sockd_connections_arrived_total", \
		"Connections taken from the kernel, to be let in or not") \
	X(output_bytes, GAUGE, 1, 0, "", "sockd_output_bytes", \
		"Bytes that wait to be sent, of all connections") \
	X(output_limit, GAUGE, 1, 0, "", "sockd_output_limit_bytes", \
		"How many may wait before connections are closed") \
	X(rooms, GAUGE, 1, 0, "", "sockd_rooms", \
		"Rooms of the chat, empty ones included") \
	X(members, GAUGE, 1, 0, "", "sockd_members", \
		"People and programs in the chat") \
	X(bans, GAUGE, 1, 0, "", "sockd_bans", \
		"Bans in force, of networks and names") \
	X(dgram_received, COUNTER, 1, 0, "", "sockd_datagrams_received_total", \
		"Datagrams that came") \
	X(dgram_answered, COUNTER, 1, 0, "", "sockd_datagrams_answered_total", \
		"Datagrams that were answered") \
	X(dgram_unanswered, COUNTER, 1, 0, "reason", "sockd_datagrams_unanswered_total", \
		"Datagrams whose answer was refused, and why") \
	X(log_lost, COUNTER, 1, 0, "", "sockd_log_records_lost_total", \
		"Lines of the log that were lost since nobody read it") \
	X(reload_ok, GAUGE, 1, 0, "", "sockd_config_last_reload_successful", \
		"1 if the last reading of the configuration took effect") \
	X(reload_time, GAUGE, 1000, 0, "", "sockd_config_last_reload_success_timestamp_seconds", \
		"When the configuration in force was read, since 1970") \
	X(state_time, GAUGE, 1000, 0, "", "sockd_state_written_timestamp_seconds", \
		"When the state of the chat was written, since 1970; 0: never") \
	X(state_bytes, GAUGE, 1, 0, "", "sockd_state_bytes", \
		"Size of the file of the state") \
	X(state_failures, COUNTER, 1, 0, "", "sockd_state_failures_total", \
		"Times that the state could not be written") \
	X(cpu, COUNTER, 1000000, 0, "", "process_cpu_seconds_total", \
		"Processor time of the process") \
	X(resident, GAUGE, 1, 0, "", "process_resident_memory_bytes", \
		"Memory in use") \
	X(virtual_memory, GAUGE, 1, 0, "", "process_virtual_memory_bytes", \
		"Address space in use") \
	X(open_fds, GAUGE, 1, 0, "", "process_open_fds", \
		"Descriptors in use") \
	X(max_fds, GAUGE, 1, 0, "", "process_max_fds", \
		"Descriptors that the process may have") \
	X(start_time, GAUGE, 1000, 0, "", "process_start_time_seconds", \
		"When the process began, since 1970")
/* clang-format on */

#define METRICS_TABLE(X)   \
	METRICS_READ(X)    \
	METRICS_SERVICE(X) \
	METRICS_WORKER(X)  \
	METRICS_CHAT(X)

#endif
