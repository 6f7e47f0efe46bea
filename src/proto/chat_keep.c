/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The way of the chat's state to bytes and back. Only taking it needs the lock,
 * a portion at a time; the bytes are made without it. */
#include "proto/chat_keep.h"

#include <errno.h>

#include "base/errmsg.h"
#include "chat_port_private.h"

uint64_t chat_keep_changes(struct chat_port *port)
{
	uint64_t n;

	pthread_mutex_lock(&port->lock);
	n = hub_n_changes(port->hub);
	pthread_mutex_unlock(&port->lock);
	return n;
}

int chat_keep_save(struct chat_port *port, bool is_last, struct strbuf *out)
{
	struct chat_state *state = chat_state_new(is_last);
	bool is_more = true;
	int err;

	if (!state)
		return -ENOMEM;
	while (is_more) {
		const struct chat_now now = chat_port_now();

		pthread_mutex_lock(&port->lock);
		is_more = hub_save(port->hub, state, &now);
		pthread_mutex_unlock(&port->lock);
		if (is_more)
			chat_port_rest();
	}
	err = chat_state_encode(state, out);
	chat_state_free(state);
	return err;
}

int chat_keep_restore(struct chat_port *port, const struct slice *data,
	struct chat_state_counts *ret, struct errmsg *msg)
{
	const struct chat_now now = chat_port_now();
	struct hub *fresh, *old;
	int err = chat_port_new_hub(port, &fresh);

	if (err)
		return errmsg_set(msg, -err, "out of memory");
	err = hub_restore(fresh, data, &now, ret, msg);
	if (err) {
		hub_free(fresh);
		return err;
	}
	pthread_mutex_lock(&port->lock);
	old = port->hub;
	port->hub = fresh;
	pthread_mutex_unlock(&port->lock);
	hub_free(old);
	return 0;
}
