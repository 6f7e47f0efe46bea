/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Messages: facts that are made once, under the hub's lock, and then read by
 * any worker. One block of memory holds the struct, the pointers to its items
 * and its strings, so that a line said costs one allocation however many
 * people hear it.
 *
 * The count is the only field that changes after chat_msg_new(). A worker that
 * drops the last reference frees the block, whichever thread made it.
 */
#include "chat/msg.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

static size_t string_len(const char *s)
{
	return s ? strlen(s) : 0;
}

/* Copies len bytes and a NUL to *tail, which moves on. */
static const char *put_string(char **tail, const char *s, size_t len)
{
	char *start = *tail;

	if (len > 0)
		memcpy(start, s, len);
	start[len] = '\0';
	*tail += len + 1;
	return start;
}

static void unref_items(struct chat_msg **items, size_t n)
{
	for (size_t i = 0; i < n; i++)
		chat_msg_unref(items[i]);
}

struct chat_msg *chat_msg_new(const struct chat_msg_spec *spec)
{
	size_t nick_len = string_len(spec->nick);
	size_t nick2_len = string_len(spec->nick2);
	size_t room_len = string_len(spec->room);
	size_t text_len = string_len(spec->text);
	size_t ref_len = string_len(spec->ref);
	size_t items_size = spec->n_items * sizeof *spec->items;
	size_t bytes = sizeof(struct chat_msg) + items_size + nick_len +
		nick2_len + room_len + text_len + ref_len + 5;
	struct chat_msg *msg = malloc(bytes);
	char *tail;

	if (!msg) {
		unref_items(spec->items, spec->n_items);
		return NULL;
	}
	*msg = (struct chat_msg){
		.type = spec->type,
		.flags = spec->flags,
		.id = spec->id,
		.seq = spec->seq,
		.author = spec->author,
		.wall_ms = spec->wall_ms,
		.n = spec->n,
		.limit = spec->limit,
		.text_len = text_len,
		.items = (struct chat_msg **)(msg + 1),
		.n_items = spec->n_items,
		.bytes = bytes,
	};
	atomic_init(&msg->refs, 1);
	if (items_size > 0)
		memcpy(msg->items, spec->items, items_size);
	tail = (char *)(msg->items + spec->n_items);
	msg->nick = put_string(&tail, spec->nick, nick_len);
	msg->nick2 = put_string(&tail, spec->nick2, nick2_len);
	msg->room = put_string(&tail, spec->room, room_len);
	msg->text = put_string(&tail, spec->text, text_len);
	msg->ref = put_string(&tail, spec->ref, ref_len);
	return msg;
}

struct chat_msg *chat_msg_ref(struct chat_msg *msg)
{
	atomic_fetch_add_explicit(&msg->refs, 1, memory_order_relaxed);
	return msg;
}

void chat_msg_unref(struct chat_msg *msg)
{
	unsigned before;

	if (!msg)
		return;
	before = atomic_fetch_sub_explicit(&msg->refs, 1, memory_order_acq_rel);
	assert(before > 0);
	if (before > 1)
		return;
	unref_items(msg->items, msg->n_items);
	free(msg);
}
