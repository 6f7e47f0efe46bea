/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Whether somebody else may read what was read: root checks a configuration
 * that the daemon will meet as a user of its own. He is asked, not computed:
 * for a moment we are that user and open each file, so that access lists and
 * whatever else the kernel knows count.
 *
 * Not where there are threads: the whole process is that user meanwhile.
 */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config_private.h"

struct identity {
	gid_t *groups; /* owned */
	int n_groups;
	gid_t gid;
};

/* Who is asked, and how sure it is that he will be. */
struct reader {
	const struct config_load *load;
	const char *name;
	bool is_guess;
};

/* Root may always come back. */
static void come_back(struct identity *was)
{
	if (seteuid(0) || setegid(was->gid) ||
		setgroups((size_t)was->n_groups, was->groups))
		abort();
	free(was->groups);
}

/* False: there is no such user, or it may not be. */
static bool become(const char *name, struct identity *was)
{
	const struct passwd *pw = getpwnam(name);
	int n = getgroups(0, NULL);

	*was = (struct identity){.gid = getegid()};
	if (!pw || n < 0)
		return false;
	was->groups = calloc((size_t)n + 1, sizeof(gid_t));
	if (!was->groups)
		return false;
	was->n_groups = getgroups(n, was->groups);
	if (was->n_groups >= 0 && initgroups(name, pw->pw_gid) == 0) {
		if (setegid(pw->pw_gid) == 0 && seteuid(pw->pw_uid) == 0)
			return true;
		come_back(was);
		return false;
	}
	free(was->groups);
	return false;
}

static void say(const struct reader *r, const char *path, const char *what)
{
	if (r->is_guess)
		config_errors_warn(r->load->errors, path, 0,
			"the user %s, as whom the service runs, %s", r->name,
			what);
	else
		config_errors_add(r->load->errors, path, 0,
			"the user %s, as whom the service runs, %s", r->name,
			what);
}

static void try_path(const struct reader *r, const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	struct strbuf what = {0};
	struct stat st;

	if (fd >= 0)
		close(fd);
	if (fd >= 0 || errno != EACCES)
		return;
	if (stat(path, &st) == 0)
		strbuf_addf(&what,
			"may not read this; chgrp %s and chmod g+r%s mend it",
			r->name, S_ISDIR(st.st_mode) ? "x" : "");
	else if (r->is_guess) /* a draft where only root may go */
		return;
	else
		strbuf_adds(&what,
			"cannot get there: a directory above is closed to it");
	if (what.failed)
		config_errors_oom(r->load->errors);
	else
		say(r, path, what.data);
	strbuf_fini(&what);
}

/* The drop-ins are among the names; whether they are found is another
 * question. */
static void try_drop_ins(const struct reader *r)
{
	struct strbuf dir = {0};

	strbuf_addf(&dir, "%s.d", r->load->tree->names.items[0]);
	if (dir.failed)
		config_errors_oom(r->load->errors);
	else
		try_path(r, dir.data);
	strbuf_fini(&dir);
}

void config_check_access(
	const struct config_load *load, const char *user, bool is_guess)
{
	const struct reader r = {load, user, is_guess};
	const struct strlist *names = &load->tree->names;
	const char *accounts = load->cfg->chat.accounts;
	struct identity was;

	if (geteuid() != 0 || names->n_items == 0 || !become(user, &was))
		return;
	for (size_t i = 0; i < names->n_items; i++)
		try_path(&r, names->items[i]);
	try_drop_ins(&r);
	if (accounts && accounts[0])
		try_path(&r, accounts);
	come_back(&was);
}
