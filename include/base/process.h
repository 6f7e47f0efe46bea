/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SOCKD_BASE_PROCESS_H
#define SOCKD_BASE_PROCESS_H

#include <stdint.h>

/* What the kernel says of this process. */
struct process_figures {
	uint64_t cpu_us;                   /* of all threads, since the start */
	uint64_t resident, virtual_memory; /* bytes */
	uint64_t open_fds, max_fds;
};

/* What cannot be told is 0. With many descriptors it may take milliseconds:
 * not for a worker's thread. */
void process_read(struct process_figures *ret);

/* Has the allocator give back whole pages that are free. May take milliseconds,
 * in which other threads may have to wait for memory. */
void process_trim(void);

#endif
