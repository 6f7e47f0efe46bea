/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Users of this machine at the other end. A lookup runs on the helper's thread
 * and comes back to the worker, where the conn may be gone by then. */
#include "net/user.h"

#include <errno.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "net/conn.h"
#include "net/conn_private.h"
#include "net/helper.h"
#include "net/worker.h"

#define ENTRY_LEN     1024 /* of the user database; grows */
#define ENTRY_LEN_MAX (1024 * 1024)

struct lookup {
	struct helper_job job;
	uint64_t conn;
	uid_t uid;
	char *name; /* owned; NULL: none, or not known yet */
	void (*told)(struct conn *c, const char *name);
};

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

static void lookup_free(struct mail *m)
{
	struct lookup *l = (struct lookup *)m;

	free(l->name);
	free(l);
}

static void on_helper(struct helper_job *job)
{
	struct lookup *l = (struct lookup *)job;
	struct passwd entry, *found = NULL;
	int err = ERANGE;

	for (size_t len = ENTRY_LEN; err == ERANGE && len <= ENTRY_LEN_MAX;
		len *= 4) {
		char *buf = malloc(len);

		if (!buf)
			return;
		err = getpwuid_r(l->uid, &entry, buf, len, &found);
		if (!err && found)
			l->name = strdup(found->pw_name);
		free(buf);
	}
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
