/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The directory of the state, and its lock: a file that is never removed, for
 * a new one of that name would be another lock. It holds the number of the
 * process that has it, for people.
 *
 * The main thread.
 */
#include "base/state_dir.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/str.h"

#define PID_LEN 24

struct state_dir {
	char *path; /* owned */
	int lock;   /* owned */
};

/* As `mkdir -p`: what is missing above it is made for others to look into. */
static int make_dirs(const char *path)
{
	char *above;

	if (mkdir(path, 0700) == 0 || errno == EEXIST)
		return 0;
	if (errno != ENOENT)
		return -errno;
	above = strdup(path);
	if (!above)
		return -ENOMEM;
	for (char *p = strchr(above + 1, '/'); p; p = strchr(p + 1, '/')) {
		*p = '\0';
		(void)mkdir(above, 0755); /* the last one says what is wrong */
		*p = '/';
	}
	free(above);
	return mkdir(path, 0700) == 0 || errno == EEXIST ? 0 : -errno;
}

static int check_dir(const char *path, struct errmsg *msg)
{
	struct stat st;

	if (stat(path, &st))
		return errmsg_set(msg, errno, "cannot look at %s: %s", path,
			strerror(errno));
	if (S_ISDIR(st.st_mode) && !(st.st_mode & S_IWOTH) &&
		(st.st_uid == geteuid() || st.st_uid == 0))
		return 0;
	return errmsg_set(msg, EPERM,
		"%s must be a directory of the user that sockd runs as, which "
		"others cannot write",
		path);
}

static int say_whose(int fd, const char *path, struct errmsg *msg)
{
	char pid[PID_LEN] = "";
	ssize_t n = pread(fd, pid, sizeof(pid) - 1, 0);

	pid[n > 0 ? strspn(pid, "0123456789") : 0] = '\0';
	return errmsg_set(msg, EBUSY, "%s is used by another sockd%s%s%s", path,
		pid[0] ? " (process " : "", pid, pid[0] ? ")" : "");
}

static void note_pid(int fd)
{
	char pid[PID_LEN];
	int len = snprintf(pid, sizeof(pid), "%ld\n", (long)getpid());

	if (ftruncate(fd, 0) == 0)
		(void)!pwrite(fd, pid, (size_t)len, 0);
}

static int take_lock(struct state_dir *dir, struct errmsg *msg)
{
	int flags = O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC;
	char *file = state_dir_file(dir, "lock");

	dir->lock = file ? open(file, flags, 0600) : -1;
	if (dir->lock < 0) {
		int err = file ? errno : ENOMEM;

		free(file);
		return errmsg_set(msg, err, "cannot open %s/lock: %s",
			dir->path, strerror(err));
	}
	free(file);
	if (flock(dir->lock, LOCK_EX | LOCK_NB) == 0) {
		note_pid(dir->lock);
		return 0;
	}
	if (errno == EWOULDBLOCK)
		return say_whose(dir->lock, dir->path, msg);
	return errmsg_set(msg, errno, "cannot lock %s/lock: %s", dir->path,
		strerror(errno));
}

int state_dir_open(struct state_dir **ret, const char *path, struct errmsg *msg)
{
	struct state_dir *dir = calloc(1, sizeof(*dir));
	int err;

	if (!dir || !(dir->path = strdup(path))) {
		free(dir);
		return errmsg_set(msg, ENOMEM, "out of memory");
	}
	dir->lock = -1;
	err = make_dirs(path);
	if (err)
		errmsg_set(
			msg, -err, "cannot make %s: %s", path, strerror(-err));
	else
		err = check_dir(path, msg);
	if (!err)
		err = take_lock(dir, msg);
	if (err)
		state_dir_close(dir);
	else
		*ret = dir;
	return err;
}

void state_dir_close(struct state_dir *dir)
{
	if (!dir)
		return;
	if (dir->lock >= 0)
		close(dir->lock);
	free(dir->path);
	free(dir);
}

char *state_dir_file(const struct state_dir *dir, const char *name)
{
	struct strbuf path = {0};

	strbuf_addf(&path, "%s/%s", dir->path, name);
	return strbuf_take(&path);
}
