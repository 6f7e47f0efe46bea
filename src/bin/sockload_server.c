/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What the server costs, read from outside. Processor time comes from the
 * process's own clock, which counts every thread in nanoseconds; the ticks of
 * /proc/PID/stat are too coarse. Memory comes from smaps_rollup, which walks
 * the pages; statm is only a sum of counters that each processor keeps for
 * itself and is megabytes off on large machines, so it is the last resort.
 */
#include "sockload_server.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/errmsg.h"

#define SECOND_NS UINT64_C(1000000000)

int server_init(struct server *s, pid_t pid, struct errmsg *msg)
{
	*s = (struct server){.pid = pid};
	if (pid == 0)
		return 0;
	int err = clock_getcpuclockid(pid, &s->clock);
	if (err)
		return errmsg_set(msg, err, "no process %d to measure: %s",
			(int)pid, strerror(err));
	return 0;
}

uint64_t server_cpu_ns(const struct server *s)
{
	struct timespec ts;

	if (s->pid == 0 || clock_gettime(s->clock, &ts) < 0)
		return 0;
	return (uint64_t)ts.tv_sec * SECOND_NS + (uint64_t)ts.tv_nsec;
}

static uint64_t rss_of_smaps(pid_t pid)
{
	char path[64], line[256];
	uint64_t kib = 0;

	snprintf(path, sizeof(path), "/proc/%d/smaps_rollup", (int)pid);
	FILE *f = fopen(path, "re");
	if (!f)
		return 0;
	while (fgets(line, sizeof(line), f))
		if (sscanf(line, "Rss: %" SCNu64 " kB", &kib) == 1)
			break;
	fclose(f);
	return kib * 1024;
}

static uint64_t rss_of_statm(pid_t pid)
{
	char path[64];
	uint64_t pages = 0;

	snprintf(path, sizeof(path), "/proc/%d/statm", (int)pid);
	FILE *f = fopen(path, "re");
	if (!f)
		return 0;
	if (fscanf(f, "%*u %" SCNu64, &pages) != 1)
		pages = 0;
	fclose(f);
	return pages * (uint64_t)sysconf(_SC_PAGESIZE);
}

uint64_t server_rss(const struct server *s)
{
	if (s->pid == 0)
		return 0;
	uint64_t rss = rss_of_smaps(s->pid);
	return rss ? rss : rss_of_statm(s->pid);
}
