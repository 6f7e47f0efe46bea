/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Users of this machine at the other end. A lookup runs on the helper's thread
 * and comes back to the worker, where the conn may be gone by then. */
#include "net/user.h"

#include <errno.h>
#include <stdlib.h>

#include "base/group.h"
#include "net/addr.h"
#include "net/conn.h"
#include "net/conn_private.h"
#include "net/credentials.h"
#include "net/worker.h"

struct lookup {
	struct name_lookup name;
	uint64_t conn;
	void (*told)(struct conn *c, const char *name);
};

bool conn_is_unix(const struct conn *c)
{
	return c->peer.family == AF_UNIX;
}

int user_of(const struct conn *c, uid_t *ret)
{
	struct ucred cred;

	if (!conn_is_unix(c) || credentials_of(c->fd, &cred) ||
		cred.uid == (uid_t)-1)
		return -ENOTSUP;
	*ret = cred.uid;
	return 0;
}

int user_groups_of(const struct conn *c, struct gid_list *ret)
{
	struct ucred cred;
	int err;

	*ret = (struct gid_list){NULL};
	if (!conn_is_unix(c) || credentials_of(c->fd, &cred))
		return -ENOTSUP;
	err = credentials_groups(c->fd, ret);
	if (!err)
		err = gid_list_add(ret, cred.gid);
	if (err)
		gid_list_fini(ret);
	return err;
}

bool user_is_local(const struct conn *c)
{
	return addr_is_loopback(&c->peer.sa);
}

static void on_name(struct name_lookup *name, void *owner)
{
	struct lookup *l = (struct lookup *)name;
	struct conn *c = worker_find_conn(owner, l->conn);

	if (c && conn_is_open(c))
		l->told(c, name->name);
}

int user_find_name(struct conn *c, uid_t uid,
	void (*told)(struct conn *c, const char *name))
{
	struct worker *worker = conn_worker(c);
	struct lookup *l = calloc(1, sizeof(*l));

	if (!l)
		return -ENOMEM;
	l->name.uid = uid;
	l->name.told = on_name;
	l->conn = conn_id(c);
	l->told = told;
	return name_lookup_start(
		&l->name, worker_crew(worker)->helper, worker_mailbox(worker));
}
