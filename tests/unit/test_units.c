/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/units.h"

#include <check.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/errmsg.h"

#define N(array) ((int)(sizeof(array) / sizeof((array)[0])))

struct row {
	const char *text;
	uint64_t value;
	const char *again; /* the shortest spelling */
};

static const struct row sizes[] = {
	{"0", 0, "0"},
	{"4096B", 4096, "4KiB"},
	{"5000B", 5000, "5000B"},
	{"64KiB", 65536, "64KiB"},
	{"1024KiB", 1048576, "1MiB"},
	{"2GiB", UINT64_C(2) << 30, "2GiB"},
	{"1kB", 1000, "1000B"},
	{"3MB", 3000000, "3000000B"},
	{"1GB", 1000000000, "1000000000B"},
	{"18446744073709551615B", UINT64_MAX, "18446744073709551615B"},
};
static const struct row durations[] = {
	{"0", 0, "0"},
	{"0s", 0, "0"},
	{"250ms", 250, "250ms"},
	{"30s", 30000, "30s"},
	{"60s", 60000, "1m"},
	{"90s", 90000, "90s"},
	{"5m", 300000, "5m"},
	{"1h", 3600000, "1h"},
	{"2d", 172800000, "2d"},
	{"000s", 0, "0"},
};

/* Text, and what the message must say. */
static const struct {
	const char *text, *says;
} bad_sizes[] =
	{
		{"", "as in \"64KiB\""},
		{"4096",
			"has no unit; write B, KiB, MiB or GiB behind it, as "
			"in \"4KiB\""},
		{"100", "as in \"100B\""},
		{"64K", "write \"64KiB\""},
		{"64k", "write \"64KiB\""},
		{"64KB", "write \"64KiB\""},
		{"1M", "write \"1MiB\""},
		{"64 KiB", "write \"64KiB\""},
		{"1g", "write \"1GiB\""},
		{"10 ", "not a size"},
		{" 10", "not a size"},
		{"-1", "not a size"},
		{"+1", "not a size"},
		{"1.5KiB", "not a size"},
		{"0x10", "not a size"},
		{"KiB", "not a size"},
		{"18446744073709551616B", "too large"},
		{"18014398509481984KiB", "too large"},
},
  bad_durations[] =
	  {
		  {"", "as in \"30s\""},
		  {"30", "\"30s\""},
		  {"5 m", "not a duration"},
		  {"5M", "not a duration"},
		  {"1w", "not a duration"},
		  {"-5s", "not a duration"},
		  {"1h30m", "not a duration"},
		  {"1.5s", "not a duration"},
		  {"99999999999999999999s", "too long"},
		  {"300000000000d", "too long"},
		  {"99999999999999999999", "no unit"},
},
  bad_rates[] = {
	  {"", "as in \"2/s\""},
	  {"2", "as in \"2/s\""},
	  {"2/sec", "as in \"2/s\""},
	  {"2 / s", "as in \"2/s\""},
	  {"/s", "as in \"2/s\""},
	  {"-2/s", "as in \"2/s\""},
	  {"2/d", "as in \"2/s\""},
	  {"4294967296/s", "too high"},
};

START_TEST(size_reads_and_writes)
{
	const struct row *row = &sizes[_i];
	char buf[UNITS_LEN];
	struct errmsg msg;
	uint64_t n = 1;

	ck_assert_int_eq(size_parse(row->text, &n, &msg), 0);
	ck_assert_uint_eq(n, row->value);
	ck_assert_str_eq(size_format(buf, n), row->again);
}
END_TEST

START_TEST(duration_reads_and_writes)
{
	const struct row *row = &durations[_i];
	char buf[UNITS_LEN];
	struct errmsg msg;
	uint64_t n = 1;

	ck_assert_int_eq(duration_parse(row->text, &n, &msg), 0);
	ck_assert_uint_eq(n, row->value);
	ck_assert_str_eq(duration_format(buf, n), row->again);
}
END_TEST

START_TEST(rate_reads_and_writes)
{
	static const struct {
		const char *text;
		struct rate_spec rate;
	} rows[] = {
		{"2/s", {2, 1000}},
		{"100/m", {100, 60000}},
		{"10/h", {10, 3600000}},
		{"4294967295/s", {UINT32_MAX, 1000}},
	};
	char buf[UNITS_LEN];

	for (int i = 0; i < N(rows); i++) {
		struct rate_spec rate = {7, 7};

		ck_assert_int_eq(rate_parse(rows[i].text, &rate, NULL), 0);
		ck_assert_uint_eq(rate.count, rows[i].rate.count);
		ck_assert_uint_eq(rate.per_ms, rows[i].rate.per_ms);
		ck_assert_str_eq(rate_format(buf, &rate), rows[i].text);
	}
	for (int i = 0; i < 2; i++) {
		struct rate_spec rate = {7, 7};

		ck_assert_int_eq(rate_parse(i ? "0" : "0/h", &rate, NULL), 0);
		ck_assert_uint_eq(rate.count, 0);
		ck_assert_str_eq(rate_format(buf, &rate), "0");
		ck_assert_str_eq(rate_time_words(&(struct rate_spec){2, 1000}),
			"a second");
		ck_assert_str_eq(rate_time_words(&(struct rate_spec){2, 60000}),
			"a minute");
		ck_assert_str_eq(
			rate_time_words(&(struct rate_spec){2, 3600000}),
			"an hour");
	}
}
END_TEST

START_TEST(bad_size_is_refused)
{
	struct errmsg msg = {""};
	uint64_t n = 77;

	ck_assert_int_lt(size_parse(bad_sizes[_i].text, &n, &msg), 0);
	ck_assert_uint_eq(n, 77);
	ck_assert_msg(strstr(msg.text, bad_sizes[_i].says), "%s", msg.text);
}
END_TEST

START_TEST(bad_duration_is_refused)
{
	struct errmsg msg = {""};
	uint64_t n = 77;

	ck_assert_int_lt(duration_parse(bad_durations[_i].text, &n, &msg), 0);
	ck_assert_uint_eq(n, 77);
	ck_assert_msg(strstr(msg.text, bad_durations[_i].says), "%s", msg.text);
}
END_TEST

START_TEST(bad_rate_is_refused)
{
	struct rate_spec rate = {7, 7};
	struct errmsg msg = {""};

	ck_assert_int_lt(rate_parse(bad_rates[_i].text, &rate, &msg), 0);
	ck_assert_uint_eq(rate.count, 7);
	ck_assert_msg(strstr(msg.text, bad_rates[_i].says), "%s", msg.text);
}
END_TEST

START_TEST(words_are_for_people)
{
	static const struct {
		uint64_t n;
		const char *text;
	} rows[] = {
		{0, "0 bytes"},
		{1, "1 byte"},
		{5000, "5,000 bytes"},
		{65536, "64 KiB"},
		{524288, "512 KiB"},
		{1000000, "1,000,000 bytes"},
		{1048576, "1 MiB"},
		{UINT64_MAX, "18,446,744,073,709,551,615 bytes"},
	};
	char buf[UNITS_LEN];

	for (int i = 0; i < N(rows); i++)
		ck_assert_str_eq(size_words(buf, rows[i].n), rows[i].text);
}
END_TEST

/* Rounded up, as how long something still takes. */
START_TEST(durations_are_rounded)
{
	static const struct {
		uint64_t ms;
		const char *text;
	} rows[] = {
		{1, "1s"},
		{1000, "1s"},
		{90000, "90s"},
		{119001, "2m"},
		{120001, "3m"},
		{599123, "10m"},
		{5400000, "90m"},
		{7200001, "3h"},
		{86400000, "1d"},
		{172800001, "3d"},
	};
	char buf[UNITS_LEN];

	for (int i = 0; i < N(rows); i++)
		ck_assert_str_eq(duration_words(buf, rows[i].ms), rows[i].text);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("units");
	TCase *tc = tcase_create("units");
	SRunner *sr = srunner_create(s);
	int failed;

	tcase_add_loop_test(tc, size_reads_and_writes, 0, N(sizes));
	tcase_add_loop_test(tc, duration_reads_and_writes, 0, N(durations));
	tcase_add_test(tc, rate_reads_and_writes);
	tcase_add_loop_test(tc, bad_size_is_refused, 0, N(bad_sizes));
	tcase_add_loop_test(tc, bad_duration_is_refused, 0, N(bad_durations));
	tcase_add_loop_test(tc, bad_rate_is_refused, 0, N(bad_rates));
	tcase_add_test(tc, words_are_for_people);
	tcase_add_test(tc, durations_are_rounded);
	suite_add_tcase(s, tc);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
