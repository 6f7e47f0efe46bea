/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Whether a socket can be where the configuration wants it, as far as that
 * shows without making one: an address that is of many, a directory that is not
 * there, a file that is no socket.
 *
 * A directory may be somebody else's to make, later than we are started; so the
 * lack of one passes. Any thread; blocks on the disk.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/errmsg.h"
#include "net/addr.h"
#include "net/listener.h"

#include "config_private.h"

/* What we may not look at is for the start to find. */
static int check_dir(const char *dir, struct errmsg *msg)
{
	struct stat st;

	if (stat(dir, &st) == 0)
		return S_ISDIR(st.st_mode)
			? 0
			: errmsg_set(msg, ENOTDIR,
				  "%s is not a directory; write another", dir);
	if (errno == ENOENT)
		return errmsg_set(msg, EAGAIN,
			"there is no directory %s; make it, or write another",
			dir);
	return 0;
}

/* The directory of path; buf holds as much as path. */
static const char *dir_of(const char *path, char *buf)
{
	size_t len = (size_t)(strrchr(path, '/') - path);

	memcpy(buf, path, len);
	buf[len] = '\0';
	return len ? buf : "/";
}

static int check_path(
	const char *path, const char *runtime_dir, struct errmsg *msg)
{
	char buf[sizeof(((struct sockaddr_un *)0)->sun_path)];
	const char *dir = dir_of(path, buf);
	struct stat st;

	if (lstat(path, &st) == 0 && !S_ISSOCK(st.st_mode))
		return errmsg_set(msg, EEXIST,
			"%s is there and is no socket; remove it, or write "
			"another path",
			path);
	/* That one is made, and looked at on its own. */
	return strcmp(dir, runtime_dir) == 0 ? 0 : check_dir(dir, msg);
}

int config_check_place(
	const struct addr *addr, const char *runtime_dir, struct errmsg *msg)
{
	char text[ADDR_LEN];

	if (addr->sa.sa_family == AF_UNIX)
		return check_path(addr->un.sun_path, runtime_dir, msg);
	if (!listener_is_for_many(addr))
		return 0;
	return errmsg_set(msg, EINVAL,
		"%s is the address of many, not of one machine; write one of "
		"this machine, or \"*\" for all it has",
		addr_format(text, &addr->sa, addr->len));
}

int config_check_runtime_dir(const char *dir, struct errmsg *msg)
{
	struct stat st;
	char *buf;
	int err;

	if (stat(dir, &st) == 0 || errno != ENOENT)
		return check_dir(dir, msg);
	buf = malloc(strlen(dir) + 1);
	if (!buf)
		return errmsg_set(msg, ENOMEM, "out of memory");
	/* It is made if only it is missing. */
	err = check_dir(dir_of(dir, buf), msg);
	free(buf);
	return err;
}
