/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SOCKD_BIN_SOCKLOAD_PACE_H
#define SOCKD_BIN_SOCKLOAD_PACE_H

#include <stdint.h>

/* When each message of a run at a fixed rate is due. Message i is due i / rate
 * seconds after the start and belongs to lane i % n_lanes (a connection or a
 * sender). Latency counts from the time a message was due, however late it
 * could be sent: a server that stalls cannot hide it by stalling us too. */
struct pace {
	uint64_t start_us;
	uint64_t rate;    /* messages a second, all lanes together; 0: all are
	                     due at once */
	uint32_t n_lanes; /* at least 1 */
};

/* How many messages of a lane are due at now_us. */
uint64_t pace_due(const struct pace *p, uint32_t lane, uint64_t now_us);
/* How many of all lanes together. */
uint64_t pace_due_all(const struct pace *p, uint64_t now_us);
/* When the nth message (from 0) of a lane is due. */
uint64_t pace_time(const struct pace *p, uint32_t lane, uint64_t nth);
/* When message i (from 0) of all is due. */
uint64_t pace_time_all(const struct pace *p, uint64_t i);

#endif
