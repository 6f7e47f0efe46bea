/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SOCKD_PROTO_CHAT_KEEP_H
#define SOCKD_PROTO_CHAT_KEEP_H

#include <stdbool.h>
#include <stdint.h>

#include "chat/state.h"

struct chat_port;

/* What of the chat outlives the daemon, see chat/state.h, as bytes. */

/* As hub_n_changes(); any thread. */
uint64_t chat_keep_changes(struct chat_port *port);
/* Appends the state to out. Any thread but the workers: taken in portions with
 * a rest between them, as chat_admin.h has it. is_last: nobody is there any
 * more. 0 or -ENOMEM. */
int chat_keep_save(struct chat_port *port, bool is_last, struct strbuf *out);
/* Reads it, before crew_start(). 0, or -errno and msg: nothing is changed. */
int chat_keep_restore(struct chat_port *port, const struct slice *data,
	struct chat_state_counts *ret, struct errmsg *msg);

#endif
