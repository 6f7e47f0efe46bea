/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SOCKD_BIN_SOCKCTL_PASSWD_H
#define SOCKD_BIN_SOCKCTL_PASSWD_H

struct ctl_request;
struct errmsg;

/* `passwd NAME [FILE]`. An exit code, said already. */
int sockctl_passwd(const struct ctl_request *request);

/* sockctl_prompt.c: reads a new password, twice and without echo from a
 * terminal, else one line of standard input; *ret is then the caller's, for
 * password_free(). 0 or -errno and msg. A signal that ends us meanwhile leaves
 * the terminal as it was. */
int sockctl_prompt(const char *name, char **ret, struct errmsg *msg);

/* sockctl_account.c: writes the line of an account into the file, in place of
 * the one that it has, or at the end; all at once, so that whoever reads the
 * file meanwhile sees the old or the new one. Mode and owner stay. 0 or -errno
 * and msg; -EINVAL: the name looks like that of another account. Other faults
 * of the file stay, and are told on standard error. */
int sockctl_write_account(const char *path, const char *name, const char *hash,
	struct errmsg *msg);

#endif
