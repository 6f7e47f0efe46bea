/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The list of bans. Each is found by its key: of a network the one text that
 * it has, of a name what makes look-alikes one (name.h). The two never meet,
 * since a network has a "." or ":" and a nick has neither. Bans that end are
 * swept out when the first of them is over; whoever asks before that compares
 * the time itself.
 *
 * A listed ban holds one reference; bans never change, so that who has another
 * may read it without a lock. Used under the hub's lock, but for what works on
 * copies.
 */
#include "chat/bans.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"
#include "chat/name.h"

_Static_assert(NICK_MAX < NETWORK_LEN, "a nick has no room in ban.what");

static struct ban *ban_ref(struct ban *ban)
{
	atomic_fetch_add_explicit(&ban->refs, 1, memory_order_relaxed);
	return ban;
}

static void ban_unref(struct ban *ban)
{
	if (ban &&
		atomic_fetch_sub_explicit(
			&ban->refs, 1, memory_order_acq_rel) == 1)
		free(ban);
}

bool ban_is_over(const struct ban *ban, int64_t now_ms)
{
	return ban->until_ms != 0 && ban->until_ms <= now_ms;
}

int bans_init(struct bans *bans, const uint8_t seed[SIPHASH_SEED_LEN])
{
	*bans = (struct bans){.next_ms = INT64_MAX};
	TAILQ_INIT(&bans->list);
	return strmap_init(&bans->by_key, seed);
}

void bans_fini(struct bans *bans)
{
	struct ban *ban;

	if (!bans->by_key.buckets)
		return;
	while ((ban = TAILQ_FIRST(&bans->list)) != NULL)
		bans_remove(bans, ban);
	strmap_fini(&bans->by_key);
}

/* Fills in what is banned. False if it is neither a network nor a nick. */
static bool set_target(struct ban *ban, const char *what)
{
	if (network_parse(what, &ban->net, NULL) == 0) {
		ban->kind = BAN_NETWORK;
		network_format(ban->what, &ban->net);
		strcpy(ban->key, ban->what);
		return true;
	}
	if (!nick_is_valid(what))
		return false;
	ban->kind = BAN_NAME;
	strcpy(ban->what, what);
	nick_make_key(ban->key, what);
	return true;
}

/* Safe text in one line, without the TAB that separates fields, and as much of
 * it as fits, in whole characters. */
static void put_line(struct strbuf *out, const char *text, size_t max)
{
	size_t start = out->len;

	strbuf_adds(out, "");
	if (text)
		utf8_make_safe(out, text, strlen(text));
	if (out->failed)
		return;
	for (size_t i = start; i < out->len; i++)
		if (out->data[i] == '\t')
			out->data[i] = ' ';
	out->len = start + utf8_fit(out->data + start, out->len - start, max);
	out->data[out->len] = '\0';
}

static int ban_new(struct ban **ret, const struct ban_spec *spec)
{
	struct strbuf by = {0}, reason = {0};
	struct ban *ban = NULL;
	int err = -ENOMEM;

	put_line(&by, spec->by, BAN_BY_MAX);
	put_line(&reason, spec->reason, BAN_REASON_MAX);
	if (!by.failed && !reason.failed)
		ban = calloc(1, sizeof *ban + reason.len + 1);
	if (ban) {
		atomic_init(&ban->refs, 1);
		ban->made_ms = spec->made_ms;
		ban->until_ms = spec->until_ms;
		strcpy(ban->by, by.data);
		strcpy(ban->reason, reason.data);
		err = set_target(ban, spec->what) ? 0 : -EINVAL;
	}
	strbuf_fini(&by);
	strbuf_fini(&reason);
	if (err) {
		free(ban);
		return err;
	}
	*ret = ban;
	return 0;
}

static struct ban *find_key(const struct bans *bans, const char *key)
{
	struct strmap_node *node = strmap_find(&bans->by_key, key);

	return node ? container_of(node, struct ban, node) : NULL;
}

int bans_add(struct bans *bans, const struct ban_spec *spec, size_t max,
	struct ban **ret)
{
	struct ban *ban, *old;
	int err = ban_new(&ban, spec);

	if (err)
		return err;
	old = find_key(bans, ban->key);
	if (!old && bans->by_key.n >= max) {
		ban_unref(ban);
		return BANS_E_FULL;
	}
	if (old)
		bans_remove(bans, old);
	strmap_add(&bans->by_key, &ban->node, ban->key);
	TAILQ_INSERT_TAIL(&bans->list, ban, link);
	if (ban->until_ms != 0 && ban->until_ms < bans->next_ms)
		bans->next_ms = ban->until_ms;
	bans->serial++;
	*ret = ban;
	return 0;
}

struct ban *bans_find(const struct bans *bans, const char *what)
{
	struct ban like = {0};

	return set_target(&like, what) ? find_key(bans, like.key) : NULL;
}

struct ban *bans_find_around(const struct bans *bans, const char *what)
{
	struct network net;
	struct ban *ban;

	if (network_parse(what, &net, NULL) < 0)
		return NULL;
	TAILQ_FOREACH (ban, &bans->list, link)
		if (ban->kind == BAN_NETWORK && ban->net.prefix < net.prefix &&
			network_has(&ban->net, net.bytes))
			return ban;
	return NULL;
}

struct ban *bans_find_nick(
	const struct bans *bans, const char *nick, int64_t now_ms)
{
	char key[NICK_MAX + 1];
	struct ban *ban;

	if (bans->by_key.n == 0)
		return NULL;
	nick_make_key(key, nick);
	ban = find_key(bans, key);
	return ban && !ban_is_over(ban, now_ms) ? ban : NULL;
}

struct ban *bans_find_account(
	const struct bans *bans, const char *account, int64_t now_ms)
{
	struct ban *ban = nick_is_valid(account)
		? bans_find_nick(bans, account, now_ms)
		: NULL;

	return ban && name_equal(ban->what, account) ? ban : NULL;
}

void bans_remove(struct bans *bans, struct ban *ban)
{
	strmap_remove(&bans->by_key, &ban->node);
	TAILQ_REMOVE(&bans->list, ban, link);
	bans->serial++;
	ban_unref(ban);
}

void bans_forget(struct bans *bans, int64_t now_ms)
{
	struct ban *ban, *next;

	if (now_ms < bans->next_ms)
		return;
	bans->next_ms = INT64_MAX;
	for (ban = TAILQ_FIRST(&bans->list); ban; ban = next) {
		next = TAILQ_NEXT(ban, link);
		if (ban_is_over(ban, now_ms))
			bans_remove(bans, ban);
		else if (ban->until_ms != 0 && ban->until_ms < bans->next_ms)
			bans->next_ms = ban->until_ms;
	}
}

size_t bans_count(const struct bans *bans, int64_t now_ms)
{
	const struct ban *ban;
	size_t n = 0;

	if (now_ms < bans->next_ms)
		return bans->by_key.n;
	TAILQ_FOREACH (ban, &bans->list, link)
		n += !ban_is_over(ban, now_ms);
	return n;
}

int bans_copy(const struct bans *bans, struct ban_list *ret)
{
	struct ban *ban;

	ret->n_items = 0;
	ret->items = calloc(bans->by_key.n + 1, sizeof(struct ban *));
	if (!ret->items)
		return -ENOMEM;
	TAILQ_FOREACH (ban, &bans->list, link)
		ret->items[ret->n_items++] = ban_ref(ban);
	return 0;
}

void ban_list_fini(struct ban_list *list)
{
	for (size_t i = 0; i < list->n_items; i++)
		ban_unref(list->items[i]);
	free(list->items);
	*list = (struct ban_list){0};
}
