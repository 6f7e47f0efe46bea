/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SOCKD_NET_HELPER_H
#define SOCKD_NET_HELPER_H

#include "net/mailbox.h"

/* A thread for what may block and therefore must not run in a loop: looking
 * up names, for example. Jobs are done one after another; each comes back as
 * mail to whom it belongs. */
struct helper;

/* Embedded in what the job is about. The receiver's mail.run() ends it, or
 * mail.free() if it never gets there. */
struct helper_job {
	struct mail mail;
	struct mailbox *mailbox;              /* borrowed: where it returns */
	void (*work)(struct helper_job *job); /* on the helper's thread */
	struct helper_job *next;              /* in helper.first */
};

/* The thread is started by the first job. NULL: out of memory. */
struct helper *helper_new(void);
/* Does not wait for the job that is being done: nobody hears of it any more.
 * Before the mailboxes are freed. NULL is fine. */
void helper_free(struct helper *h);

#define HELPER_JOBS_MAX 256
/* Any thread. Takes job. 0, or -errno and job is still the caller's: -EAGAIN
 * (HELPER_JOBS_MAX wait), or there is no thread to be had. */
int helper_post(struct helper *h, struct helper_job *job);

#endif
