/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SOCKD_BASE_UNITS_H
#define SOCKD_BASE_UNITS_H

#include <stdint.h>

struct errmsg;

/* Sizes, durations and rates as people write them in the configuration. The
 * parsers are strict: a whole number, at once its unit, nothing else; no sign,
 * no fraction, no overflow. Each returns 0, or -EINVAL or -ERANGE with the
 * reason in msg; the result is untouched on failure. */

/* "100B" "64KiB" "1MiB" "2GiB" (also "kB", "MB", "GB" by thousands); "0" alone
 * is zero. */
int size_parse(const char *text, uint64_t *ret_bytes, struct errmsg *msg);
/* "250ms" "30s" "5m" "1h" "2d"; "0" alone is zero. */
int duration_parse(const char *text, uint64_t *ret_ms, struct errmsg *msg);

/* So many in a time: "2/s", "100/m", "10/h"; "0" is no limit (count 0). */
struct rate_spec {
	uint32_t count;  /* 0: no limit */
	uint32_t per_ms; /* 1000, 60000 or 3600000 */
};
int rate_parse(const char *text, struct rate_spec *ret, struct errmsg *msg);

/* The shortest spelling the parsers accept again: 65536 is "64KiB", 300000 is
 * "5m". buf holds at least UNITS_LEN bytes; returns buf. */
#define UNITS_LEN 40
char *size_format(char *buf, uint64_t bytes);
char *duration_format(char *buf, uint64_t ms);
char *rate_format(char *buf, const struct rate_spec *rate);

/* For sentences: in the largest unit of which it is more than two, rounded up:
 * 599123 ms is "10m". */
char *duration_words(char *buf, uint64_t ms);
/* For sentences: 65536 is "64 KiB", 524288 "512 KiB", 5000 "5,000 bytes". */
char *size_words(char *buf, uint64_t bytes);
/* The time in which a rate lets so many pass: "a second", "a minute", "an
 * hour". */
const char *rate_time_words(const struct rate_spec *rate);

#endif
