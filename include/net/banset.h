/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SOCKD_NET_BANSET_H
#define SOCKD_NET_BANSET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include "base/network.h"

struct crew;
struct mailbox;
struct strbuf;
struct strlist;

/* The networks from which nobody may come, as the workers look at them:
 * made once, counted, shared, never changed. A new one takes its place. */
struct banset;

struct banset_row {
	struct network net;
	int64_t until_ms;   /* wall; 0: until there is another set */
	const char *reason; /* for the words; "": none */
};

/* Rows are copied. exempt: networks none of whose addresses is in the set,
 * whatever the rows say. NULL: out of memory. */
struct banset *banset_new(const struct banset_row *rows, size_t n_rows,
	const struct strlist *exempt);
struct banset *banset_ref(struct banset *set); /* any thread; returns set */
void banset_unref(struct banset *set);         /* any thread; NULL is fine */
bool banset_is_empty(const struct banset *set);
/* Why that address may not come, borrowed; NULL: it may, as may all if set is
 * NULL and whoever comes by a unix socket. */
const struct banset_row *banset_find(
	const struct banset *set, const struct sockaddr *sa, int64_t now_ms);
/* What fills the words of CLOSE_BANNED: " until 15:04: spam". */
void ban_add_words(struct strbuf *out, int64_t until_ms, const char *reason,
	int64_t now_ms);

/* ban_sweep.c: the workers go by a set. */

/* Before crew_start(). Takes set; NULL: none. */
void crew_init_bans(struct crew *crew, struct banset *set);
struct ban_sweep {
	struct banset *set; /* a reference, taken also on failure */
	/* As in net/census.h, in the thread of the mailbox: so many
	 * connections were closed. */
	void (*done)(void *arg, uint64_t n_closed);
	void *arg;
};
/* From now on all workers go by this set, and close the connections of whom it
 * bans, those included that are being handed over. Called by the thread of
 * `to`. 0 or -ENOMEM; then, and if the daemon ends before, done() is not
 * called. */
int crew_set_bans(
	struct crew *crew, struct mailbox *to, const struct ban_sweep *sweep);

#endif
