/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The words by which an administrator picks connections. Pure. */
#include "net/census.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/errmsg.h"
#include "base/str.h"

const char *const census_state_names[] = {
	[CENSUS_OPEN] = "open",
	[CENSUS_PAUSED] = "paused",
	[CENSUS_FLOODED] = "flooded",
	[CENSUS_CLOSING] = "closing",
	NULL,
};

static const char *const key_names[] = {
	[CENSUS_BY_ID] = "id",
	[CENSUS_BY_AGE] = "age",
	[CENSUS_BY_IDLE] = "idle",
	[CENSUS_BY_IN] = "in",
	[CENSUS_BY_OUT] = "out",
	[CENSUS_BY_QUEUED] = "queued",
	[CENSUS_BY_MESSAGES] = "messages",
	NULL,
};

/* Which of the names it is, or -EINVAL and which there are. */
static int find_name(const char *const *names, const char *what,
	const char *value, struct errmsg *msg)
{
	struct strbuf all = {0};
	int i, err;

	for (i = 0; names[i]; i++)
		if (strcasecmp(names[i], value) == 0)
			return i;
	for (i = 0; names[i]; i++)
		strbuf_addf(&all, "%s%s", i ? ", " : "", names[i]);
	err = errmsg_set(msg, EINVAL, "%s: \"%.40s\" is none of %s", what,
		value, all.failed ? "those there are" : all.data);
	strbuf_fini(&all);
	return err;
}

static int set_name(char *to, size_t size, const char *what, const char *value,
	struct errmsg *msg)
{
	size_t len = strlen(value);

	if (len == 0 || len >= size)
		return errmsg_set(msg, EINVAL,
			"%s: 1 to %zu characters belong there", what, size - 1);
	memcpy(to, value, len + 1);
	return 0;
}

static int set_service(
	struct census_query *query, const char *value, struct errmsg *msg)
{
	return set_name(
		query->service, sizeof(query->service), "service", value, msg);
}

static int set_nick(
	struct census_query *query, const char *value, struct errmsg *msg)
{
	return set_name(query->nick, sizeof(query->nick), "nick", value, msg);
}

static int set_address(
	struct census_query *query, const char *value, struct errmsg *msg)
{
	int err = network_parse(value, &query->network, msg);

	if (!err)
		query->has_network = true;
	return err;
}

static int set_state(
	struct census_query *query, const char *value, struct errmsg *msg)
{
	int i = find_name(census_state_names, "state", value, msg);

	if (i < 0)
		return i;
	query->has_state = true;
	query->state = (enum census_state)i;
	return 0;
}

static int set_key(
	struct census_query *query, const char *value, struct errmsg *msg)
{
	int i = find_name(key_names, "sort", value, msg);

	if (i < 0)
		return i;
	query->key = (enum census_key)i;
	return 0;
}

static int set_limit(
	struct census_query *query, const char *value, struct errmsg *msg)
{
	bool is_number = value[strspn(value, "0123456789")] == '\0' &&
		strlen(value) <= 9;
	size_t n = is_number ? strtoul(value, NULL, 10) : 0;

	if (n == 0 || n > CENSUS_MAX)
		return errmsg_set(msg, EINVAL,
			"limit: \"%.40s\" is no number from 1 to %d", value,
			CENSUS_MAX);
	query->limit = n;
	return 0;
}

static const struct {
	const char *name;
	int (*set)(struct census_query *query, const char *value,
		struct errmsg *msg);
} rows[] = {
	{"service", set_service},
	{"address", set_address},
	{"nick", set_nick},
	{"state", set_state},
	{"sort", set_key},
	{"limit", set_limit},
};
#define N_ROWS (sizeof(rows) / sizeof(rows[0]))

static int refuse_name(const char *name, struct errmsg *msg)
{
	const char *names[N_ROWS], *nearest;

	for (size_t i = 0; i < N_ROWS; i++)
		names[i] = rows[i].name;
	nearest = str_nearest(name, names, N_ROWS);
	return errmsg_set(msg, EINVAL,
		"\"%.40s=\" is none of service=, address=, nick=, state=, "
		"sort=, limit=%s%s%s",
		name, nearest ? "; did you mean " : "", nearest ? nearest : "",
		nearest ? "=?" : "");
}

static int add_named(struct census_query *query, const char *word,
	const char *equals, struct errmsg *msg)
{
	char name[16];
	size_t len = (size_t)(equals - word);

	if (len >= sizeof(name))
		len = sizeof(name) - 1;
	memcpy(name, word, len);
	name[len] = '\0';
	for (size_t i = 0; i < N_ROWS; i++)
		if (strcasecmp(rows[i].name, name) == 0)
			return rows[i].set(query, equals + 1, msg);
	return refuse_name(name, msg);
}

int census_query_add(
	struct census_query *query, const char *word, struct errmsg *msg)
{
	const char *equals = strchr(word, '=');
	struct errmsg unused;

	if (equals)
		return add_named(query, word, equals, msg);
	if (set_address(query, word, &unused) == 0)
		return 0;
	return set_name(query->text, sizeof(query->text), "text to look for",
		word, msg);
}
