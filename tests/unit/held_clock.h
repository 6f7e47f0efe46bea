/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SOCKD_TESTS_UNIT_HELD_CLOCK_H
#define SOCKD_TESTS_UNIT_HELD_CLOCK_H

/* A clock that the test moves, so that no deadline depends on how fast this
 * machine happens to be. It goes on as usual until clock_hold(), and again
 * after clock_release(), which belongs into the tear-down. */

#include <stdbool.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static struct {
	bool is_held;
	struct timespec mono, wall; /* when it was held */
	uint64_t passed_ms;         /* since then */
} held_clock;

static inline int clock_of_kernel(clockid_t clock, struct timespec *ret)
{
	return (int)syscall(SYS_clock_gettime, clock, ret);
}

/* In the place of the C library's, for us and for libevent. */
int clock_gettime(clockid_t clock, struct timespec *ret)
{
	if (!held_clock.is_held)
		return clock_of_kernel(clock, ret);
	if (clock == CLOCK_MONOTONIC || clock == CLOCK_MONOTONIC_COARSE)
		*ret = held_clock.mono;
	else if (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)
		*ret = held_clock.wall;
	else
		return clock_of_kernel(clock, ret);
	ret->tv_sec += (time_t)(held_clock.passed_ms / 1000);
	ret->tv_nsec += (long)(held_clock.passed_ms % 1000) * 1000000;
	ret->tv_sec += ret->tv_nsec / 1000000000;
	ret->tv_nsec %= 1000000000;
	return 0;
}

/* From here on time stands still but for clock_pass_ms(). */
static inline void clock_hold(void)
{
	clock_of_kernel(CLOCK_MONOTONIC, &held_clock.mono);
	clock_of_kernel(CLOCK_REALTIME, &held_clock.wall);
	held_clock.passed_ms = 0;
	held_clock.is_held = true;
}

/* For the next test in the same process. */
static inline void clock_release(void)
{
	held_clock.is_held = false;
}

/* What is due then happens with the next turn of the loop. */
static inline void clock_pass_ms(uint64_t ms)
{
	held_clock.passed_ms += ms;
}

#endif
