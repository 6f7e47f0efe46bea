/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SOCKD_NET_CREDENTIALS_H
#define SOCKD_NET_CREDENTIALS_H

#include <sys/socket.h>

#include "net/helper.h"

struct gid_list;

/* Who connected over a unix socket, by the kernel's word. */

/* At that moment; pid, uid and gid. 0 or -errno. */
int credentials_of(int fd, struct ucred *ret);
/* The other groups, which *ret (empty) then owns. 0 or -errno, and *ret is
 * empty. */
int credentials_groups(int fd, struct gid_list *ret);

/* The name of a user. The first member of a struct of whoever asks, from
 * malloc(). */
struct name_lookup {
	struct helper_job job;
	uid_t uid;
	char *name; /* owned; NULL: there is none, or it is not known yet */
	/* On the thread of the mailbox, whose owner it gets; may take name. */
	void (*told)(struct name_lookup *l, void *owner);
};
/* Takes l, of which uid and told are set: it is freed after told(), or if the
 * mailbox is gone before. Off the loop, since name servers take any time. 0; or
 * -errno, and told() is not called. */
int name_lookup_start(
	struct name_lookup *l, struct helper *helper, struct mailbox *mailbox);

#endif
