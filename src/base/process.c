/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Figures of the process, from /proc where there is no call for them. Any
 * thread. */
#include "base/process.h"

#include <dirent.h>
#include <inttypes.h>
#include <malloc.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define FD_DIRECTORY "/proc/self/fd"

static uint64_t cpu_us(void)
{
	struct timespec ts;

	if (clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts))
		return 0;
	return (uint64_t)ts.tv_sec * 1000000 + (uint64_t)ts.tv_nsec / 1000;
}

static void read_memory(struct process_figures *ret)
{
	uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);
	FILE *file = fopen("/proc/self/statm", "re");
	uint64_t all, resident;

	if (!file)
		return;
	if (fscanf(file, "%" SCNu64 " %" SCNu64, &all, &resident) == 2) {
		ret->virtual_memory = all * page;
		ret->resident = resident * page;
	}
	fclose(file);
}

/* The size of the directory is their number from Linux 6.2 on, and 0 before:
 * then they have to be counted, but for the one that this takes. */
static uint64_t count_fds(void)
{
	struct stat st;
	DIR *dir;
	uint64_t n = 0;

	if (stat(FD_DIRECTORY, &st) == 0 && st.st_size > 0)
		return (uint64_t)st.st_size;
	dir = opendir(FD_DIRECTORY);
	if (!dir)
		return 0;
	for (struct dirent *entry; (entry = readdir(dir));)
		n += entry->d_name[0] != '.';
	closedir(dir);
	return n > 0 ? n - 1 : 0;
}

static uint64_t max_fds(void)
{
	struct rlimit lim;

	if (getrlimit(RLIMIT_NOFILE, &lim) || lim.rlim_cur == RLIM_INFINITY)
		return 0;
	return lim.rlim_cur;
}

void process_read(struct process_figures *ret)
{
	*ret = (struct process_figures){
		.cpu_us = cpu_us(),
		.open_fds = count_fds(),
		.max_fds = max_fds(),
	};
	read_memory(ret);
}

void process_trim(void)
{
#ifdef __GLIBC__
	(void)malloc_trim(0);
#endif
}
