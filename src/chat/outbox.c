/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The outbox: what a command leads to, as a list of posts in the order in
 * which everybody must see them. A worker keeps one and uses it again, so that
 * in the steady state a command allocates nothing here.
 *
 * Used under the hub's lock while it is filled, by the worker that ran the
 * command.
 */
#include "chat/outbox.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "chat/msg.h"

#define FIRST_POSTS 16

void outbox_clear(struct chat_outbox *out)
{
	for (size_t i = 0; i < out->n_posts; i++)
		chat_msg_unref(out->posts[i].msg);
	out->n_posts = 0;
	out->n_rooms = 0;
}

void outbox_fini(struct chat_outbox *out)
{
	outbox_clear(out);
	free(out->posts);
	free(out->rooms);
	*out = (struct chat_outbox){0};
}

/* Makes *array hold `needed` elements at least, doubling. */
static int grow(void **array, size_t *size, size_t needed, size_t element)
{
	size_t wider = *size > 0 ? *size : FIRST_POSTS;
	void *moved;

	if (needed <= *size)
		return 0;
	while (wider < needed)
		wider *= 2;
	moved = realloc(*array, wider * element);
	if (!moved)
		return -ENOMEM;
	*array = moved;
	*size = wider;
	return 0;
}

int outbox_reserve(struct chat_outbox *out, size_t n_posts, size_t n_rooms)
{
	void *posts = out->posts, *rooms = out->rooms;
	int r;

	n_posts += out->n_posts;
	n_rooms += out->n_rooms;
	r = grow(&posts, &out->size, n_posts, sizeof *out->posts);
	out->posts = posts;
	if (r < 0)
		return r;
	r = grow(&rooms, &out->rooms_size, n_rooms, sizeof *out->rooms);
	out->rooms = rooms;
	return r;
}

static bool needs_msg(enum chat_post_kind kind)
{
	return kind == CHAT_POST_ROOM || kind == CHAT_POST_NEIGHBOURS ||
		kind == CHAT_POST_MEMBER || kind == CHAT_POST_CLOSE ||
		kind == CHAT_POST_LOG;
}

int outbox_add(struct chat_outbox *out, const struct chat_post *post)
{
	assert(needs_msg(post->kind) || !post->msg);
	if (needs_msg(post->kind) && !post->msg)
		return -ENOMEM;
	if (post->workers == 0) {
		chat_msg_unref(post->msg);
		return 0;
	}
	if (outbox_reserve(out, 1, 0) < 0) {
		chat_msg_unref(post->msg);
		return -ENOMEM;
	}
	out->posts[out->n_posts++] = *post;
	return 0;
}

int outbox_add_home(struct chat_outbox *out, const struct chat_post *post)
{
	struct chat_post homed = *post;

	homed.workers = UINT64_C(1) << post->home.worker;
	return outbox_add(out, &homed);
}

int outbox_add_neighbours(struct chat_outbox *out, const struct chat_post *post,
	const uint32_t *rooms, size_t n_rooms)
{
	struct chat_post full = *post;

	assert(post->kind == CHAT_POST_NEIGHBOURS);
	if (outbox_reserve(out, 1, n_rooms) < 0) {
		chat_msg_unref(post->msg);
		return -ENOMEM;
	}
	full.first_room = (uint32_t)out->n_rooms;
	full.n_rooms = (uint32_t)n_rooms;
	if (post->workers != 0 && n_rooms > 0) {
		memcpy(out->rooms + out->n_rooms, rooms,
			n_rooms * sizeof *rooms);
		out->n_rooms += n_rooms;
	}
	return outbox_add(out, &full);
}
