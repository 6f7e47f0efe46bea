/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SOCKD_APP_VERDICT_H
#define SOCKD_APP_VERDICT_H

#include <stdbool.h>
#include <stddef.h>

#include "app/config.h"
#include "base/option.h"
#include "base/str.h"

/* What a reload changes, or would change: two configurations compared, or why
 * the new one is rejected. Plain data to read, to be shown as lines of text or
 * otherwise. Pure but for memory. */

/* A setting with another value; of a room or of keys that only one of two
 * protocols knows, one that came or went. */
struct verdict_change {
	char *path;      /* "services.echo.prefix" */
	char *old, *now; /* as a file has it, long ones cut; NULL: none */
	char *origin;    /* of now: "FILE:LINE", "-o", "default"; or NULL */
	enum option_reload effect;
};

struct verdict {
	bool is_rejected;            /* all stays as it was; errors say why */
	struct config_errors errors; /* warnings too */
	struct verdict_change *changes; /* owned */
	size_t n_changes;
	size_t n_effects[N_OPTION_RELOADS]; /* changes by their effect */
	struct strlist services_added, services_removed;
	/* "SERVICE ADDRESS" as written, and " udp" behind it if so; one that
	 * went from a service to another is kept. */
	struct strlist listeners_added, listeners_removed, listeners_kept;
};

/* Fills v (zeroed, but for errors) with what differs between `old`, which is in
 * force, and `now`; what takes a restart is compared with `start`, under which
 * the daemon started. 0 or -ENOMEM. */
int verdict_compare(struct verdict *v, const struct config *start,
	const struct config *old, const struct config *now);
void verdict_fini(struct verdict *v);

/* Line i for people, without a newline: each error of one that is rejected;
 * else first each change, "chat.name: \"sockd\" -> \"x\" applied (FILE:12)",
 * then what came and went. False: there is none. */
bool verdict_line(const struct verdict *v, size_t i, struct strbuf *out);
/* In a few words: "3 applied, 1 needs a restart (workers)", "nothing changed",
 * or the first error. */
void verdict_summary(const struct verdict *v, struct strbuf *out);

#endif
