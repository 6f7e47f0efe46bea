/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Changing one line of a file of accounts. All others stay as they are,
 * comments and mistakes too. The new file is written beside the old one and
 * takes its name when it is whole; the directory is locked meanwhile against
 * others who do the same. */
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/errmsg.h"
#include "base/group.h"
#include "base/str.h"
#include "chat/accounts.h"
#include "chat/name.h"
#include "sockctl_passwd.h"

/* Of a file that was not there. */
#define NEW_MODE  0640
#define NEW_GROUP "sockd"

struct edit {
	char *path;  /* owned; no symbolic link */
	char *dir;   /* owned */
	char *fresh; /* owned; the new file */
	int dir_fd;
	bool is_new;
	struct stat st; /* of the old file */
	struct strbuf old, out;
};

static int fail(struct errmsg *msg, const char *path, int err)
{
	return errmsg_set(msg, err, "%s: %s", path, strerror(err));
}

/* Where a link leads is what is replaced, not the link. */
static int find_path(struct edit *e, const char *path, struct errmsg *msg)
{
	struct strbuf fresh = {0};
	char *copy;

	e->path = realpath(path, NULL);
	if (!e->path && errno != ENOENT)
		return fail(msg, path, errno);
	if (!e->path)
		e->path = strdup(path);
	copy = e->path ? strdup(e->path) : NULL;
	e->dir = copy ? strdup(dirname(copy)) : NULL;
	free(copy);
	strbuf_addf(&fresh, "%s.XXXXXX", e->path ? e->path : "");
	e->fresh = strbuf_take(&fresh);
	return e->dir && e->fresh ? 0 : fail(msg, path, ENOMEM);
}

static int lock(struct edit *e, struct errmsg *msg)
{
	e->dir_fd = open(e->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (e->dir_fd < 0 || flock(e->dir_fd, LOCK_EX))
		return fail(msg, e->dir, errno);
	return 0;
}

static int read_old(struct edit *e, struct errmsg *msg)
{
	int fd = open(e->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	ssize_t n = 1;
	int err = 0;

	e->is_new = fd < 0 && errno == ENOENT;
	if (e->is_new)
		return 0;
	if (fd < 0 || fstat(fd, &e->st))
		err = fail(msg, e->path, errno);
	else if (!S_ISREG(e->st.st_mode))
		err = errmsg_set(
			msg, EINVAL, "%s is not a regular file", e->path);
	while (!err && n > 0) {
		char part[4096];

		n = read(fd, part, sizeof(part));
		if (n > 0)
			strbuf_add(&e->old, part, (size_t)n);
		else if (n < 0)
			err = fail(msg, e->path, errno);
	}
	if (fd >= 0)
		close(fd);
	return err;
}

/* The name in the line of an account, written as people may. False: it is no
 * such line, or not as it should be. */
static bool read_name(const char *line, size_t len, char found[NICK_MAX + 1])
{
	const char *colon;

	while (len > 0 && (*line == ' ' || *line == '\t')) {
		line++;
		len--;
	}
	colon = memchr(line, ':', len);
	if (!colon || (size_t)(colon - line) > NICK_MAX)
		return false;
	snprintf(found, NICK_MAX + 1, "%.*s", (int)(colon - line), line);
	return nick_is_valid(found);
}

static bool is_alike(const char *a, const char *b)
{
	char key_a[NICK_MAX + 1], key_b[NICK_MAX + 1];

	nick_make_key(key_a, a);
	nick_make_key(key_b, b);
	return strcmp(key_a, key_b) == 0;
}

/* The account keeps its place, and its spelling is the one given now. -EINVAL
 * if it looks like another one: no daemon would take the file then. */
static int make_new(
	struct edit *e, const char *name, const char *hash, struct errmsg *msg)
{
	const char *at = e->old.data ? e->old.data : "";
	const char *end = at + e->old.len;
	char found[NICK_MAX + 1];
	bool is_done = false;
	unsigned n = 1;

	for (; at < end; n++) {
		const char *lf = memchr(at, '\n', (size_t)(end - at));
		size_t len = lf ? (size_t)(lf - at) : (size_t)(end - at);

		if (!read_name(at, len, found) || !is_alike(found, name)) {
			strbuf_add(&e->out, at, len);
			strbuf_addc(&e->out, '\n');
		} else if (!name_equal(found, name)) {
			return errmsg_set(msg, EINVAL,
				"%s:%u: %s looks like the account %s there; "
				"give that one the password, or choose a name "
				"that nobody takes for it",
				e->path, n, name, found);
		} else if (!is_done) {
			strbuf_addf(&e->out, "%s:%s\n", name, hash);
			is_done = true;
		}
		at += len + (lf != NULL);
	}
	if (!is_done)
		strbuf_addf(&e->out, "%s:%s\n", name, hash);
	return e->out.failed ? fail(msg, e->path, ENOMEM) : 0;
}

static void on_fault(void *arg, unsigned line, const char *text)
{
	const struct edit *e = arg;

	fprintf(stderr, "sockctl: %s:%u: warning: %s\n", e->path, line, text);
}

/* What else keeps the file from being read is not for us to mend. */
static void warn(struct edit *e)
{
	const struct slice all = {e->out.data, e->out.len};
	struct accounts *accounts = NULL;

	(void)accounts_parse(&accounts, &all, on_fault, e);
	accounts_free(accounts);
}

static int write_all(int fd, const struct strbuf *data)
{
	for (size_t done = 0; done < data->len;) {
		ssize_t n = write(fd, data->data + done, data->len - done);

		if (n < 0 && errno != EINTR)
			return -errno;
		done += n > 0 ? (size_t)n : 0;
	}
	return fsync(fd) ? -errno : 0;
}

/* A change of owner comes first: it may take rights away. What root makes is
 * for the daemon, which is a user of its own under systemd. */
static int set_owner(int fd, const struct edit *e)
{
	gid_t gid;

	if (e->is_new && geteuid() == 0 && group_find(NEW_GROUP, &gid) == 0 &&
		fchown(fd, (uid_t)-1, gid))
		return -errno;
	if (e->is_new)
		return fchmod(fd, NEW_MODE) ? -errno : 0;
	if (fchown(fd, e->st.st_uid, e->st.st_gid) ||
		fchmod(fd, e->st.st_mode & 07777))
		return -errno;
	return 0;
}

static int replace(struct edit *e, struct errmsg *msg)
{
	int fd, err;

	fd = mkostemp(e->fresh, O_CLOEXEC);
	if (fd < 0)
		return fail(msg, e->dir, errno);
	err = set_owner(fd, e);
	if (!err)
		err = write_all(fd, &e->out);
	if (close(fd) && !err)
		err = -errno;
	if (!err && rename(e->fresh, e->path))
		err = -errno;
	if (err)
		(void)unlink(e->fresh);
	else if (fsync(e->dir_fd))
		err = -errno;
	return err ? fail(msg, e->path, -err) : 0;
}

int sockctl_write_account(const char *path, const char *name, const char *hash,
	struct errmsg *msg)
{
	struct edit e = {.dir_fd = -1};
	int err = find_path(&e, path, msg);

	if (!err)
		err = lock(&e, msg);
	if (!err)
		err = read_old(&e, msg);
	if (!err)
		err = make_new(&e, name, hash, msg);
	if (!err)
		err = replace(&e, msg);
	if (!err)
		warn(&e);
	if (e.dir_fd >= 0)
		close(e.dir_fd);
	strbuf_fini(&e.old);
	strbuf_fini(&e.out);
	free(e.path);
	free(e.dir);
	free(e.fresh);
	return err;
}
