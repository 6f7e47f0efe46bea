/* SPDX-License-Identifier: GPL-3.0-or-later */
/* `sockctl passwd`: the one verb that asks no daemon. It makes a line for the
 * file of accounts, prints it or puts it there. */
#include "sockctl_passwd.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "base/errmsg.h"
#include "base/password.h"
#include "chat/name.h"
#include "ctl/ctl_codec.h"

static int exit_code(int err)
{
	if (err == -EACCES || err == -EPERM)
		return EX_NOPERM;
	return err ? EXIT_FAILURE : EX_OK;
}

static int check_name(const char *name, struct errmsg *msg)
{
	if (nick_is_valid(name) && !nick_is_guest(name))
		return 0;
	return errmsg_set(msg, EINVAL,
		"\"%.40s\" cannot be the name of an account: use 1 to %d of "
		"a-z 0-9 -_[]{}|^, no digit or dash first, not guest-",
		name, NICK_MAX);
}

static int make_hash(const char *name, char **ret, struct errmsg *msg)
{
	char *phrase = NULL;
	int err = sockctl_prompt(name, &phrase, msg);

	if (!err)
		err = password_check_phrase(phrase, msg);
	if (!err) {
		err = password_make(phrase, ret);
		if (err)
			(void)errmsg_set(msg, -err,
				"the password cannot be hashed: %s",
				strerror(-err));
	}
	password_free(phrase);
	return err;
}

int sockctl_passwd(const struct ctl_request *request)
{
	const char *name = request->args[0];
	const char *file = request->n_args > 1 ? request->args[1] : NULL;
	char *hash = NULL;
	struct errmsg msg;
	int err = check_name(name, &msg);

	if (request->is_json) {
		fputs("sockctl: passwd has no answer in JSON\n", stderr);
		return EX_USAGE;
	}
	if (!err)
		err = make_hash(name, &hash, &msg);
	if (!err && file)
		err = sockctl_write_account(file, name, hash, &msg);
	else if (!err && (printf("%s:%s\n", name, hash) < 0 || fflush(stdout)))
		err = errmsg_set(&msg, EIO, "it cannot be written");
	if (err)
		fprintf(stderr, "sockctl: %s\n", msg.text);
	password_free(hash);
	return exit_code(err);
}
