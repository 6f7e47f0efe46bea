/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Sizes, durations and rates as people write them.
 *
 * One strict shape for all: digits and at once a unit. Spaces, signs,
 * fractions and a unit in the wrong case are refused with the spelling that is
 * right, because a configuration that is read in two ways is worse than one
 * that is refused. Each kind is a table of units; parsing multiplies with an
 * overflow check, formatting takes the largest unit that divides the value.
 *
 * Pure; any thread.
 */
#include "base/units.h"

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/errmsg.h"
#include "base/str.h"

struct unit {
	const char *name;
	uint64_t factor;
	bool format; /* formatting uses it; others are for reading only */
};

#define KIB UINT64_C(1024)

/* Largest first: formatting takes the first that divides. */
static const struct unit size_units[] = {
	{"GiB", KIB *KIB *KIB, true},
	{"GB", 1000000000, false},
	{"MiB", KIB *KIB, true},
	{"MB", 1000000, false},
	{"KiB", KIB, true},
	{"kB", 1000, false},
	{"B", 1, true},
	{NULL, 0, false},
};

static const struct unit duration_units[] = {
	{"d", 86400000, true},
	{"h", 3600000, true},
	{"m", 60000, true},
	{"s", 1000, true},
	{"ms", 1, true},
	{NULL, 0, false},
};

static const struct unit rate_units[] = {
	{"/h", 3600000, true},
	{"/m", 60000, true},
	{"/s", 1000, true},
	{NULL, 0, false},
};

/* Reads digits. Returns what follows them; NULL if there are none.
 * *overflow is set if the number does not fit. */
static const char *number_read(const char *text, uint64_t *ret, bool *overflow)
{
	uint64_t n = 0;
	const char *p = text;

	*overflow = false;
	for (; *p >= '0' && *p <= '9'; p++) {
		if (__builtin_mul_overflow(n, UINT64_C(10), &n) ||
			__builtin_add_overflow(n, (uint64_t)(*p - '0'), &n))
			*overflow = true;
	}
	*ret = n;
	return p == text ? NULL : p;
}

static const struct unit *unit_find(const struct unit *units, const char *name)
{
	for (; units->name; units++)
		if (strcmp(units->name, name) == 0)
			return units;
	return NULL;
}

/* What a person most likely meant by a unit that is not one. */
static const char *unit_guess(const char *name)
{
	static const char *const guesses[][2] = {
		{"k", "KiB"},
		{"K", "KiB"},
		{"kb", "KiB"},
		{"KB", "KiB"},
		{"kib", "KiB"},
		{"m", "MiB"},
		{"M", "MiB"},
		{"mb", "MiB"},
		{"mib", "MiB"},
		{"g", "GiB"},
		{"G", "GiB"},
		{"gb", "GiB"},
		{"gib", "GiB"},
		{"b", "B"},
		{"bytes", "B"},
	};

	while (*name == ' ')
		name++;
	if (unit_find(size_units, name))
		return name;
	for (size_t i = 0; i < sizeof(guesses) / sizeof(guesses[0]); i++)
		if (strcmp(guesses[i][0], name) == 0)
			return guesses[i][1];
	return NULL;
}

int size_parse(const char *text, uint64_t *ret_bytes, struct errmsg *msg)
{
	const char *rest, *guess;
	const struct unit *unit;
	char good[UNITS_LEN];
	uint64_t n;
	bool overflow;

	rest = number_read(text, &n, &overflow);
	if (rest && *rest == '\0' && n == 0 && !overflow) {
		*ret_bytes = 0;
		return 0;
	}
	if (rest && *rest == '\0' && !overflow)
		return errmsg_set(msg, EINVAL,
			"\"%s\" has no unit; write B, KiB, MiB or GiB behind "
			"it, as in \"%s\"",
			text, size_format(good, n));
	unit = rest ? unit_find(size_units, rest) : NULL;
	guess = rest && !unit ? unit_guess(rest) : NULL;
	if (guess)
		return errmsg_set(msg, EINVAL,
			"\"%s\" is not a size; write \"%.*s%s\"", text,
			(int)strspn(text, "0123456789"), text, guess);
	if (!unit)
		return errmsg_set(msg, EINVAL,
			"\"%s\" is not a size; write a whole number and at "
			"once B, KiB, MiB or GiB, as in \"64KiB\"",
			text);
	if (overflow || __builtin_mul_overflow(n, unit->factor, &n))
		return errmsg_set(msg, ERANGE, "\"%s\" is too large", text);
	*ret_bytes = n;
	return 0;
}

int duration_parse(const char *text, uint64_t *ret_ms, struct errmsg *msg)
{
	const struct unit *unit;
	const char *rest;
	uint64_t n;
	bool overflow;

	rest = number_read(text, &n, &overflow);
	if (rest && *rest == '\0' && n == 0 && !overflow) {
		*ret_ms = 0;
		return 0;
	}
	if (rest && *rest == '\0')
		return errmsg_set(msg, EINVAL,
			"\"%s\" has no unit; write ms, s, m, h or d behind "
			"it, as in \"%ss\"",
			text, text);
	unit = rest ? unit_find(duration_units, rest) : NULL;
	if (!unit)
		return errmsg_set(msg, EINVAL,
			"\"%s\" is not a duration; write a whole number and "
			"at once ms, s, m, h or d, as in \"30s\"",
			text);
	if (overflow || __builtin_mul_overflow(n, unit->factor, &n))
		return errmsg_set(msg, ERANGE, "\"%s\" is too long", text);
	*ret_ms = n;
	return 0;
}

int rate_parse(const char *text, struct rate_spec *ret, struct errmsg *msg)
{
	const struct unit *unit;
	const char *rest;
	uint64_t n;
	bool overflow;

	rest = number_read(text, &n, &overflow);
	if (rest && *rest == '\0' && n == 0 && !overflow) {
		*ret = (struct rate_spec){0, 1000};
		return 0;
	}
	unit = rest ? unit_find(rate_units, rest) : NULL;
	if (!unit)
		return errmsg_set(msg, EINVAL,
			"\"%s\" is not a rate; write a whole number and at "
			"once /s, /m or /h, as in \"2/s\", or \"0\" for no "
			"limit",
			text);
	if (overflow || n > UINT32_MAX)
		return errmsg_set(msg, ERANGE, "\"%s\" is too high", text);
	*ret = (struct rate_spec){(uint32_t)n, (uint32_t)unit->factor};
	return 0;
}

static char *unit_format(char *buf, const struct unit *units, uint64_t value)
{
	if (value == 0)
		return strcpy(buf, "0");
	while (!units->format || value % units->factor != 0)
		units++;
	snprintf(buf, UNITS_LEN, "%" PRIu64 "%s", value / units->factor,
		units->name);
	return buf;
}

char *size_format(char *buf, uint64_t bytes)
{
	return unit_format(buf, size_units, bytes);
}

char *duration_format(char *buf, uint64_t ms)
{
	return unit_format(buf, duration_units, ms);
}

char *rate_format(char *buf, const struct rate_spec *rate)
{
	const struct unit *unit = rate_units;

	if (rate->count == 0)
		return strcpy(buf, "0");
	while (unit[1].name && unit->factor != rate->per_ms)
		unit++;
	snprintf(buf, UNITS_LEN, "%" PRIu32 "%s", rate->count, unit->name);
	return buf;
}

const char *rate_time_words(const struct rate_spec *rate)
{
	if (rate->per_ms == 1000)
		return "a second";
	return rate->per_ms == 60000 ? "a minute" : "an hour";
}

char *duration_words(char *buf, uint64_t ms)
{
	static const uint64_t units[] = {86400000, 3600000, 60000, 1000};
	size_t i = 0;

	while (i < 3 && ms <= 2 * units[i])
		i++;
	return duration_format(buf, (ms + units[i] - 1) / units[i] * units[i]);
}

char *size_words(char *buf, uint64_t bytes)
{
	const struct unit *unit = size_units;
	char count[STR_COUNT_LEN];

	while (unit->factor > 1 &&
		(!unit->format || bytes == 0 || bytes % unit->factor != 0))
		unit++;
	if (unit->factor > 1)
		snprintf(buf, UNITS_LEN, "%" PRIu64 " %s", bytes / unit->factor,
			unit->name);
	else
		snprintf(buf, UNITS_LEN, "%s byte%s", str_count(count, bytes),
			bytes == 1 ? "" : "s");
	return buf;
}
