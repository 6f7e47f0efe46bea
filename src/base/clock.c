/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The two clocks of sockd. Deadlines use the monotonic one, so that a step of
 * the wall clock neither cuts nor keeps anybody; stamps use the wall clock. The
 * coarse variant is read from shared memory without entering the kernel. Any
 * thread. */
#include "base/clock.h"

#include <stdio.h>
#include <time.h>

uint64_t clock_mono_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC_COARSE, &ts);
	return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

uint64_t clock_mono_us(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000 + (uint64_t)ts.tv_nsec / 1000;
}

int64_t clock_wall_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

char *clock_format_iso(char *buf, int64_t wall_ms)
{
	time_t secs = (time_t)(wall_ms / 1000);
	struct tm tm;
	size_t len;

	gmtime_r(&secs, &tm);
	len = strftime(buf, CLOCK_ISO_LEN, "%Y-%m-%dT%H:%M:%S", &tm);
	snprintf(buf + len, CLOCK_ISO_LEN - len, ".%03dZ",
		(int)(wall_ms % 1000));
	return buf;
}
