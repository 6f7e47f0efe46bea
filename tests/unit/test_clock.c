/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Stamps of fixed times, in several time zones. */
#include <check.h>
#include <stdlib.h>
#include <time.h>

#include "base/clock.h"

#define WINTER INT64_C(1795266123000) /* 2026-11-21T13:02:03Z */
#define SUMMER INT64_C(1782046923000) /* 2026-06-21T13:02:03Z */

START_TEST(utc_has_milliseconds)
{
	char buf[CLOCK_ISO_LEN];

	ck_assert_str_eq(
		clock_format_iso(buf, WINTER + 7), "2026-11-21T13:02:03.007Z");
}
END_TEST

/* Zones as POSIX writes them, so that no table of zones is needed. */
static const struct {
	const char *zone;
	int64_t wall_ms;
	const char *text;
} local_rows[] = {
	{"UTC0", WINTER, "2026-11-21T13:02:03+00:00"},
	{"CET-1CEST,M3.5.0,M10.5.0/3", WINTER, "2026-11-21T14:02:03+01:00"},
	{"CET-1CEST,M3.5.0,M10.5.0/3", SUMMER, "2026-06-21T15:02:03+02:00"},
	{"NST3:30NDT,M3.2.0,M11.1.0", WINTER, "2026-11-21T09:32:03-03:30"},
	{"<-1040>10:40", WINTER, "2026-11-21T02:22:03-10:40"},
	{"<+1345>-13:45", WINTER + 999, "2026-11-22T02:47:03+13:45"},
	{"UTC0", 0, "1970-01-01T00:00:00+00:00"},
	{"UTC0", INT64_C(253402300799000), "9999-12-31T23:59:59+00:00"},
};

START_TEST(local_time_names_its_offset)
{
	char buf[CLOCK_LOCAL_LEN];

	setenv("TZ", local_rows[_i].zone, 1);
	tzset();
	ck_assert_str_eq(clock_format_local(buf, local_rows[_i].wall_ms),
		local_rows[_i].text);
}
END_TEST

static const struct {
	int64_t wall_ms;
	uint32_t secs;
} since_rows[] = {
	{0, 2208988800u},                     /* as RFC 868 says */
	{INT64_C(315532800000), 2524521600u}, /* 1980: there as well */
	{WINTER, 4004254923u},
	{WINTER + 999, 4004254923u},
	{INT64_C(2085978495999), 4294967295u}, /* 2036-02-07T06:28:15Z */
	{INT64_C(2085978496000), 0},
	{INT64_C(2085978496000) + 3600000, 3600},
};

START_TEST(seconds_since_1900_begin_again)
{
	ck_assert_uint_eq(
		clock_since_1900(since_rows[_i].wall_ms), since_rows[_i].secs);
}
END_TEST

START_TEST(monotonic_clocks_agree)
{
	uint64_t us = clock_mono_us(), ms = clock_mono_ms();

	/* The coarse one lags behind by a tick at most, of 10 ms if slow. */
	ck_assert_uint_ge(ms + 20, us / 1000);
	ck_assert_uint_ge(clock_mono_us() / 1000, ms);
}
END_TEST

START_TEST(brief_is_the_time_of_today)
{
	char buf[CLOCK_BRIEF_LEN];
	int64_t noon = INT64_C(1700049600000); /* 2023-11-15 12:00 */

	setenv("TZ", "UTC", 1);
	tzset();
	ck_assert_str_eq(clock_format_brief(buf, noon, noon), "12:00");
	ck_assert_str_eq(
		clock_format_brief(buf, noon + 43199000, noon), "23:59");
	ck_assert_str_eq(clock_format_brief(buf, noon + 43200000, noon),
		"2023-11-16 00:00");
	ck_assert_str_eq(clock_format_brief(buf, noon - 365 * 86400000LL, noon),
		"2022-11-15 12:00");
}
END_TEST

int main(void)
{
	Suite *s = suite_create("clock");
	TCase *tc = tcase_create("clock");
	SRunner *sr = srunner_create(s);
	int failed;

	tcase_add_test(tc, utc_has_milliseconds);
	tcase_add_loop_test(tc, local_time_names_its_offset, 0,
		sizeof(local_rows) / sizeof(*local_rows));
	tcase_add_loop_test(tc, seconds_since_1900_begin_again, 0,
		sizeof(since_rows) / sizeof(*since_rows));
	tcase_add_test(tc, monotonic_clocks_agree);
	tcase_add_test(tc, brief_is_the_time_of_today);
	suite_add_tcase(s, tc);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
