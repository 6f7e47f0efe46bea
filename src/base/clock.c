/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The two clocks of sockd. Deadlines use the monotonic one, so that a step of
 * the wall clock neither cuts nor keeps anybody; stamps use the wall clock. The
 * coarse variant is read from shared memory without entering the kernel. Any
 * thread. */
#include "base/clock.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
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

struct timeval clock_timeval(uint64_t ms)
{
	return (struct timeval){
		.tv_sec = (time_t)(ms / 1000),
		.tv_usec = (suseconds_t)(ms % 1000 * 1000),
	};
}

void clock_cond_init(pthread_cond_t *cond)
{
	pthread_condattr_t attr;

	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(cond, &attr);
	pthread_condattr_destroy(&attr);
}

struct timespec clock_deadline(uint64_t ms)
{
	struct timespec at;

	clock_gettime(CLOCK_MONOTONIC, &at);
	at.tv_sec += (time_t)(ms / 1000);
	at.tv_nsec += (long)(ms % 1000) * 1000000;
	if (at.tv_nsec >= 1000000000) {
		at.tv_sec++;
		at.tv_nsec -= 1000000000;
	}
	return at;
}

/* From 1900 to 1970: 70 years, 17 of them leap years. */
#define SECS_TO_1970 ((70 * INT64_C(365) + 17) * 86400)

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

/* The offset goes to the minute, as ISO 8601 has it. */
char *clock_format_local(char *buf, int64_t wall_ms)
{
	time_t secs = (time_t)(wall_ms / 1000);
	long minutes;
	struct tm tm;
	size_t len;

	localtime_r(&secs, &tm);
	minutes = labs(tm.tm_gmtoff) / 60;
	len = strftime(buf, CLOCK_LOCAL_LEN, "%Y-%m-%dT%H:%M:%S", &tm);
	snprintf(buf + len, CLOCK_LOCAL_LEN - len, "%c%02ld:%02ld",
		tm.tm_gmtoff < 0 ? '-' : '+', minutes / 60, minutes % 60);
	return buf;
}

char *clock_format_brief(char *buf, int64_t wall_ms, int64_t now_ms)
{
	time_t secs = (time_t)(wall_ms / 1000);
	time_t now = (time_t)(now_ms / 1000);
	struct tm tm, today;
	bool is_today;

	localtime_r(&secs, &tm);
	localtime_r(&now, &today);
	is_today = tm.tm_year == today.tm_year && tm.tm_yday == today.tm_yday;
	strftime(buf, CLOCK_BRIEF_LEN, is_today ? "%H:%M" : "%Y-%m-%d %H:%M",
		&tm);
	return buf;
}

uint32_t clock_since_1900(int64_t wall_ms)
{
	return (uint32_t)(wall_ms / 1000 + SECS_TO_1970);
}
