/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Finding the control socket and connecting to it. One thread. */
#include "ctl/ctl_client.h"

#include <errno.h>
#include <grp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/dirs.h"
#include "base/errmsg.h"
#include "base/str.h"

#define SOCKET_NAME  "control.sock"
#define CONNECT_SECS 5 /* the daemon accepts at once, if it lives */

char *ctl_find_socket(void)
{
	static const char of_system[] = DIRS_SYSTEM_RUNTIME "/" SOCKET_NAME;
	struct strbuf path = {0};
	char *dir;

	if (!getenv("RUNTIME_DIRECTORY") && access(of_system, F_OK) == 0)
		return strdup(of_system);
	dir = dirs_runtime();
	if (!dir)
		return NULL;
	strbuf_addf(&path, "%s/" SOCKET_NAME, dir);
	free(dir);
	return strbuf_take(&path);
}

static int not_allowed(const char *path, struct errmsg *msg)
{
	struct stat st;
	const struct group *gr;

	if (stat(path, &st))
		return errmsg_set(
			msg, EACCES, "%s: %s", path, strerror(EACCES));
	gr = getgrgid(st.st_gid);
	if (gr && st.st_gid != 0 && (st.st_mode & S_IWGRP))
		return errmsg_set(msg, EACCES,
			"%s: permission denied; it is for members of the group "
			"%s: usermod -aG %s USER",
			path, gr->gr_name, gr->gr_name);
	return errmsg_set(msg, EACCES,
		"%s: permission denied; it is for root and sockd's own user "
		"(control.group may name a group)",
		path);
}

static int failed(int err, const char *path, struct errmsg *msg)
{
	if (err == ENOENT)
		return errmsg_set(
			msg, err, "sockd is not running (no socket %s)", path);
	if (err == ECONNREFUSED)
		return errmsg_set(msg, err,
			"sockd is not running (nobody listens on %s)", path);
	if (err == EACCES || err == EPERM)
		return not_allowed(path, msg);
	if (err == EAGAIN)
		return errmsg_set(msg, err, "%s: sockd does not answer", path);
	return errmsg_set(msg, err, "%s: %s", path, strerror(err));
}

/* In a directory that anybody could have made somebody else may listen. */
static int check_owner(const char *path, struct errmsg *msg)
{
	struct stat st;

	if (strncmp(path, "/tmp/", 5) != 0 || lstat(path, &st) ||
		st.st_uid == geteuid() || st.st_uid == 0 || geteuid() == 0)
		return 0;
	return errmsg_set(msg, EACCES, "%s belongs to somebody else", path);
}

int ctl_connect(const char *path, struct errmsg *msg)
{
	struct sockaddr_un un = {.sun_family = AF_UNIX};
	struct timeval tv = {.tv_sec = CONNECT_SECS};
	size_t len = strlen(path);
	int fd, err;

	if (len == 0 || len >= sizeof(un.sun_path))
		return errmsg_set(msg, EINVAL,
			"%s: the path of a socket has 1 to %zu bytes", path,
			sizeof(un.sun_path) - 1);
	err = check_owner(path, msg);
	if (err)
		return err;
	memcpy(un.sun_path, path, len);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return errmsg_set(msg, errno, "%s", strerror(errno));
	(void)setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &tv, sizeof(tv));
	if (connect(fd, (const struct sockaddr *)&un, sizeof(un)) == 0)
		return fd;
	err = failed(errno, path, msg);
	close(fd);
	return err;
}
