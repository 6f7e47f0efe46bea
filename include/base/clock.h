/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SOCKD_BASE_CLOCK_H
#define SOCKD_BASE_CLOCK_H

#include <pthread.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/time.h>
#include <time.h>

/* Milliseconds that never go back and do not count from any date: for every
 * deadline and interval. Costs a few nanoseconds, resolution one kernel tick. */
uint64_t clock_mono_ms(void);
/* The same clock in microseconds, exact: for measuring. */
uint64_t clock_mono_us(void);
/* Milliseconds since 1970 UTC: for stamps that people and programs read, never
 * for deadlines. */
int64_t clock_wall_ms(void);
/* So long, for what takes a timeval. */
struct timeval clock_timeval(uint64_t ms);
/* For waiting on a condition by the clock that never goes back: until then. */
void clock_cond_init(pthread_cond_t *cond);
struct timespec clock_deadline(uint64_t ms);

/* "2026-11-21T14:02:03.123Z" of a wall time; buf holds CLOCK_ISO_LEN. */
#define CLOCK_ISO_LEN 25
char *clock_format_iso(char *buf, int64_t wall_ms);
/* "2026-11-21T14:02:03+01:00": the same in this machine's time zone, without
 * the milliseconds; buf holds CLOCK_LOCAL_LEN. */
#define CLOCK_LOCAL_LEN 32
char *clock_format_local(char *buf, int64_t wall_ms);
/* "15:04" in this machine's time zone if that is the day of now_ms, else
 * "2026-11-21 15:04"; buf holds CLOCK_BRIEF_LEN. */
#define CLOCK_BRIEF_LEN 24
char *clock_format_brief(char *buf, int64_t wall_ms, int64_t now_ms);
/* Seconds since 1900 UTC of a wall time, modulo 2^32, as the time protocol
 * counts them: they begin again in 2036. */
uint32_t clock_since_1900(int64_t wall_ms);

#endif
