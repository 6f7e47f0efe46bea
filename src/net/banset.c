/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Banned networks, sorted by their first address, larger ones before what lies
 * in them. Two networks either have no address in common or one lies in the
 * other, so all that hold an address are the last row that begins at or before
 * it, and what that lies in: each row knows the next larger one around it. A
 * look costs a binary search and a few steps, and most often, when nobody is
 * banned, one comparison. Pure but for the count of references. */
#include "net/banset.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/str.h"
#include "net/addr.h"

#define NONE SIZE_MAX

struct entry {
	struct banset_row row; /* reason is owned by the set's texts */
	size_t around;         /* the next larger one that holds it; or NONE */
};

struct banset {
	atomic_uint refs;
	struct netlist exempt;
	char *texts; /* owned: all reasons */
	size_t n_entries;
	struct entry entries[];
};

static int compare(const void *a, const void *b)
{
	const struct network *left = &((const struct entry *)a)->row.net;
	const struct network *right = &((const struct entry *)b)->row.net;
	int order = memcmp(left->bytes, right->bytes, sizeof(left->bytes));

	return order ? order : (int)left->prefix - (int)right->prefix;
}

/* Looks from each row back to where the one before it lies. */
static void find_around(struct banset *set)
{
	for (size_t i = 0; i < set->n_entries; i++) {
		const struct network *net = &set->entries[i].row.net;
		size_t at = i > 0 ? i - 1 : NONE;

		while (at != NONE &&
			!network_has(&set->entries[at].row.net, net->bytes))
			at = set->entries[at].around;
		set->entries[i].around = at;
	}
}

static bool copy_rows(
	struct banset *set, const struct banset_row *rows, size_t n)
{
	size_t len = 1;
	char *text;

	for (size_t i = 0; i < n; i++)
		len += strlen(rows[i].reason) + 1;
	set->texts = text = malloc(len);
	if (!text)
		return false;
	for (size_t i = 0; i < n; i++) {
		set->entries[i].row = rows[i];
		set->entries[i].row.reason = text;
		text = stpcpy(text, rows[i].reason) + 1;
	}
	return true;
}

struct banset *banset_new(const struct banset_row *rows, size_t n_rows,
	const struct strlist *exempt)
{
	struct banset *set = calloc(
		1, sizeof(*set) + n_rows * sizeof(set->entries[0]));

	if (!set)
		return NULL;
	atomic_init(&set->refs, 1);
	set->n_entries = n_rows;
	if (netlist_init(&set->exempt, exempt) ||
		!copy_rows(set, rows, n_rows)) {
		banset_unref(set);
		return NULL;
	}
	if (n_rows > 0)
		qsort(set->entries, n_rows, sizeof(set->entries[0]), compare);
	find_around(set);
	return set;
}

struct banset *banset_ref(struct banset *set)
{
	atomic_fetch_add_explicit(&set->refs, 1, memory_order_relaxed);
	return set;
}

void banset_unref(struct banset *set)
{
	if (!set ||
		atomic_fetch_sub_explicit(&set->refs, 1, memory_order_acq_rel) >
			1)
		return;
	netlist_fini(&set->exempt);
	free(set->texts);
	free(set);
}

bool banset_is_empty(const struct banset *set)
{
	return set->n_entries == 0;
}

/* The last entry that begins at or before the address; NONE: all are beyond. */
static size_t last_before(const struct banset *set, const uint8_t bytes[16])
{
	size_t low = 0, high = set->n_entries, middle;

	while (low < high) {
		middle = low + (high - low) / 2;
		if (memcmp(set->entries[middle].row.net.bytes, bytes, 16) <= 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low > 0 ? low - 1 : NONE;
}

static bool is_in_force(const struct banset_row *row, int64_t now_ms)
{
	return row->until_ms == 0 || now_ms < row->until_ms;
}

const struct banset_row *banset_find(
	const struct banset *set, const struct sockaddr *sa, int64_t now_ms)
{
	const struct banset_row *row;
	uint8_t bytes[16];
	size_t at;

	if (!set || set->n_entries == 0 || !addr_bytes(sa, bytes))
		return NULL;
	for (at = last_before(set, bytes); at != NONE;
		at = set->entries[at].around) {
		row = &set->entries[at].row;
		if (network_has(&row->net, bytes) && is_in_force(row, now_ms))
			return netlist_has(&set->exempt, sa) ? NULL : row;
	}
	return NULL;
}

void ban_add_words(struct strbuf *out, int64_t until_ms, const char *reason,
	int64_t now_ms)
{
	char until[CLOCK_BRIEF_LEN];

	strbuf_adds(out, "");
	if (until_ms)
		strbuf_addf(out, " until %s",
			clock_format_brief(until, until_ms, now_ms));
	if (reason[0])
		strbuf_addf(out, ": %s", reason);
}
