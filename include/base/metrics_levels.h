/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SOCKD_BASE_METRICS_LEVELS_H
#define SOCKD_BASE_METRICS_LEVELS_H

/* The rows of the table in base/metrics_table.h that nobody counts. */

/* clang-format off */
/* Known elsewhere, or worked out from the others when they are read. */
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
	X(rooms_limit, GAUGE, 1, 0, "", "sockd_rooms_limit", \
		"How many there may be") \
	X(members, GAUGE, 1, 0, "", "sockd_members", \
		"People and programs in the chat") \
	X(bans, GAUGE, 1, 0, "", "sockd_bans", \
		"Bans in force, of networks and names") \
	X(resumable, GAUGE, 1, 0, "", "sockd_resumable_members", \
		"Those who left and may come back by a code") \
	X(history_bytes, GAUGE, 1, 0, "", "sockd_history_bytes", \
		"Memory of what rooms remember") \
	X(history_limit, GAUGE, 1, 0, "", "sockd_history_limit_bytes", \
		"How much of it there may be before the largest history shrinks") \
	X(addresses, GAUGE, 1, 0, "", "sockd_addresses", \
		"Addresses whose connections are or were counted") \
	X(proxy_waiting, GAUGE, 1, 0, "", "sockd_proxy_waiting", \
		"Connections of proxies whose PROXY header is to come") \
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
/* clang-format on */

#endif
