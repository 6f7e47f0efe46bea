/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The kernel's word on who connected over a unix socket: its user and groups
 * are known at once, the user's name takes a look-up that may take any time
 * (name servers) and comes when it comes. Worker threads. */
#include "chat_user.h"

#include <pthread.h>
#include <stdio.h>

#include "base/str.h"
#include "base/utf8.h"
#include "chat/hub.h"
#include "chat/login.h"
#include "net/conn.h"
#include "net/user.h"
#include "proto/chat_session.h"
#include "chat_port_private.h"

#define UID_LEN       20 /* "uid-4294967295" */
#define CHAT_USER_MAX 32 /* characters of a name that are shown */

void chat_user_read(struct chat_user *user, const struct conn *c)
{
	*user = (struct chat_user){.is_known = false};
	user->is_known = user_of(c, &user->uid) == 0;
	if (user->is_known)
		(void)user_groups_of(c, &user->groups);
}

void chat_user_tell(
	const struct chat_user *user, struct hub *hub, struct member *member)
{
	char name[UID_LEN];
	const struct chat_identity identity = {
		.user = name,
		.groups = &user->groups,
	};

	if (!user->is_known)
		return;
	snprintf(name, sizeof(name), "uid-%u", user->uid);
	(void)hub_set_identity(hub, member, &identity);
}

/* It may be any bytes that a name server has. */
static void on_name(struct conn *c, const char *name)
{
	struct chat_session *session = conn_state(c);
	struct strbuf safe = {0};

	if (!name || !session->member)
		return;
	utf8_make_safe_cut(&safe, name, CHAT_USER_MAX);
	if (!safe.failed) {
		pthread_mutex_lock(&session->port->lock);
		(void)hub_set_user(
			session->port->hub, session->member, safe.data);
		pthread_mutex_unlock(&session->port->lock);
	}
	strbuf_fini(&safe);
}

void chat_user_fini(struct chat_user *user, struct conn *c)
{
	if (c && user->is_known)
		(void)user_find_name(c, user->uid, on_name);
	gid_list_fini(&user->groups);
}
