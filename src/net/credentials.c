/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Unix users at the other end of a socket. A name is looked up on the helper's
 * thread and comes back as mail. */
#include "net/credentials.h"

#include <errno.h>
#include <stdlib.h>

#include "base/group.h"
#include "base/user_name.h"

int credentials_of(int fd, struct ucred *ret)
{
	socklen_t len = sizeof(*ret);

	return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, ret, &len) ? -errno : 0;
}

/* Asked without memory for them the kernel says how much they take. */
int credentials_groups(int fd, struct gid_list *ret)
{
	socklen_t len = 0;
	int err;

	if (!getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, NULL, &len))
		return 0;
	if (errno != ERANGE)
		return -errno;
	ret->gids = malloc(len);
	if (!ret->gids)
		return -ENOMEM;
	if (getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, ret->gids, &len)) {
		err = -errno;
		gid_list_fini(ret);
		return err;
	}
	ret->n = len / sizeof(*ret->gids);
	return 0;
}

static void lookup_free(struct mail *m)
{
	struct name_lookup *l = (struct name_lookup *)m;

	free(l->name);
	free(l);
}

static void on_helper(struct helper_job *job)
{
	struct name_lookup *l = (struct name_lookup *)job;

	l->name = user_name_of(l->uid);
}

static void on_return(struct mail *m, void *owner)
{
	struct name_lookup *l = (struct name_lookup *)m;

	l->told(l, owner);
	lookup_free(m);
}

int name_lookup_start(
	struct name_lookup *l, struct helper *helper, struct mailbox *mailbox)
{
	int err;

	l->name = NULL;
	l->job.mail.run = on_return;
	l->job.mail.free = lookup_free;
	l->job.mailbox = mailbox;
	l->job.work = on_helper;
	err = helper_post(helper, &l->job);
	if (err)
		lookup_free(&l->job.mail);
	return err;
}
