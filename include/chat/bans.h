/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SOCKD_CHAT_BANS_H
#define SOCKD_CHAT_BANS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

#include "base/network.h"
#include "base/str.h"
#include "base/strmap.h"

struct errmsg;

/* Who may not come: the one list of all bans, of networks and of names. It is
 * the hub's, and changes under its lock; a ban itself never changes once it is
 * made, so that others may keep it. */

#define BANS_MAX       100000 /* that limits.bans may allow */
#define BAN_BY_MAX     80     /* bytes */
#define BAN_REASON_MAX 300    /* bytes */

enum ban_kind {
	BAN_NETWORK, /* who connects from there */
	BAN_NAME,    /* the nick, what looks like it, and that account */
};

struct ban {
	struct strmap_node node; /* bans.by_key, for as long as it is listed */
	TAILQ_ENTRY(ban) link;   /* bans.list alike */
	atomic_uint refs;
	enum ban_kind kind;
	struct network net;     /* BAN_NETWORK */
	char what[NETWORK_LEN]; /* as it is shown: a network, a name */
	char key[NETWORK_LEN];  /* unique: no nick looks like a network */
	int64_t made_ms;        /* wall */
	int64_t until_ms;       /* wall; 0: until somebody ends it */
	char by[BAN_BY_MAX + 1];
	char reason[]; /* "": none; neither has TAB or a line end */
};
bool ban_is_over(const struct ban *ban, int64_t now_ms);

TAILQ_HEAD(ban_queue, ban);

struct bans {
	struct strmap by_key;
	struct ban_queue list; /* owned references; made first comes first */
	int64_t next_ms;       /* none is over before; wall */
	uint64_t serial;       /* another one after each change */
};

enum bans_outcome {
	BANS_E_FULL = 1,
};

int bans_init(struct bans *bans, const uint8_t seed[SIPHASH_SEED_LEN]);
void bans_fini(struct bans *bans); /* zero-initialised is fine */

/* What a new one says; texts are copied, cut, and made to fit one line. */
struct ban_spec {
	const char *what; /* a network as network_parse() takes it, or a nick */
	int64_t made_ms, until_ms;
	const char *by, *reason;
};
/* Takes the place of one for the same. *ret is borrowed. 0, -EINVAL (what is
 * neither), BANS_E_FULL (there are max), or -ENOMEM. */
int bans_add(struct bans *bans, const struct ban_spec *spec, size_t max,
	struct ban **ret);
/* The ban of exactly that; NULL: there is none. */
struct ban *bans_find(const struct bans *bans, const char *what);
/* One of a network that all of `what` lies in, or NULL. */
struct ban *bans_find_around(const struct bans *bans, const char *what);
/* The one because of which nobody may take the nick, NULL: none. */
struct ban *bans_find_nick(
	const struct bans *bans, const char *nick, int64_t now_ms);
/* The same for that account, whatever looks like it. */
struct ban *bans_find_account(
	const struct bans *bans, const char *account, int64_t now_ms);
void bans_remove(struct bans *bans, struct ban *ban);
/* Removes those that are over. Costs nothing until the next one is. */
void bans_forget(struct bans *bans, int64_t now_ms);
size_t bans_count(const struct bans *bans, int64_t now_ms);

/* A copy for who has not the lock: references. */
struct ban_list {
	struct ban **items; /* owned, each a reference */
	size_t n_items;
};
int bans_copy(const struct bans *bans, struct ban_list *ret); /* or -ENOMEM */
void ban_list_fini(struct ban_list *list);

/* bans_codec.c: as a file keeps them, a line each. out->failed: no memory. */
void bans_encode(const struct ban_list *list, struct strbuf *out);
/* Adds all that data says to an empty list; those that are over by now_ms are
 * left out. 0; -EBADMSG with what is wrong and in which line, or -ENOMEM: then
 * the list is empty. */
int bans_decode(struct bans *bans, const char *data, size_t len, int64_t now_ms,
	struct errmsg *msg);

#endif
