/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What members may want to be spared, in whatever dialect. Pure. */
#include "proto/dialect_view.h"

#include "chat/msg.h"

bool dialect_is_hidden(const struct chat_msg *msg, unsigned view)
{
	return view & DIALECT_QUIET &&
		(msg->type == CHAT_JOINED || msg->type == CHAT_LEFT ||
			msg->type == CHAT_RENAMED);
}
