/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Users of this machine at the other end. A lookup runs on the helper's thread
 * and comes back to the worker, where the conn may be gone by then. */
#include "net/user.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "base/group.h"
#include "base/user_name.h"
#include "net/addr.h"
#include "net/conn.h"
#include "net/conn_private.h"
#include "net/helper.h"
#include "net/worker.h"

struct lookup {
	struct helper_job job;
	uint64_t conn;
	uid_t uid;
	char *name; /* owned; NULL: none, or not known yet */
	void (*told)(struct conn *c, const char *name);
};

bool conn_is_unix(const struct conn *c)
{
	return c->peer.family == AF_UNIX;
}

int user_of(const struct conn *c, uid_t *ret)
{
	struct ucred cred;
	socklen_t len = sizeof(cred);

	if (!conn_is_unix(c) ||
		getsockopt(c->fd, SOL_SOCKET, SO_PEERCRED, &cred, &len) ||
		cred.uid == (uid_t)-1)
		return -ENOTSUP;
	*ret = cred.uid;
	return 0;
}

/* Asked without memory for them the kernel says how much they take. */
static int read_groups(int fd, struct gid_list *ret)
{
	socklen_t len = 0;

	if (!getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, NULL, &len))
		return 0;
	if (errno != ERANGE)
		return -errno;
	ret->gids = malloc(len);
	if (!ret->gids)
		return -ENOMEM;
	if (getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, ret->gids, &len))
		return -errno;
	ret->n = len / sizeof(*ret->gids);
	return 0;
}

int user_groups_of(const struct conn *c, struct gid_list *ret)
{
	struct ucred cred;
	socklen_t len = sizeof(cred);
	int err;

	*ret = (struct gid_list){NULL};
	if (!conn_is_unix(c) ||
		getsockopt(c->fd, SOL_SOCKET, SO_PEERCRED, &cred, &len))
		return -ENOTSUP;
	err = read_groups(c->fd, ret);
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

static void lookup_free(struct mail *m)
{
	struct lookup *l = (struct lookup *)m;

	free(l->name);
	free(l);
}

static void on_helper(struct helper_job *job)
{
	struct lookup *l = (struct lookup *)job;

	l->name = user_name_of(l->uid);
}

static void on_worker(struct mail *m, void *owner)
{
	struct lookup *l = (struct lookup *)m;
	struct conn *c = worker_find_conn(owner, l->conn);

	if (c && conn_is_open(c))
		l->told(c, l->name);
	lookup_free(m);
}

int user_find_name(struct conn *c, uid_t uid,
	void (*told)(struct conn *c, const char *name))
{
	struct lookup *l = calloc(1, sizeof(*l));
	int err;

	if (!l)
		return -ENOMEM;
	l->job.mail.run = on_worker;
	l->job.mail.free = lookup_free;
	l->job.mailbox = worker_mailbox(conn_worker(c));
	l->job.work = on_helper;
	l->conn = conn_id(c);
	l->uid = uid;
	l->told = told;
	err = helper_post(worker_crew(conn_worker(c))->helper, &l->job);
	if (err)
		lookup_free(&l->job.mail);
	return err;
}
