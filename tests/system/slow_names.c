/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A name server that takes its time, to be loaded before libc: as long as the
 * file $SLOW_NAMES exists, looking up slow.test waits. That somebody waits is
 * told by a file of that name with ".asked" behind it. */
#include <dlfcn.h>
#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void await_permission(void)
{
	const char *file = getenv("SLOW_NAMES");
	char asked[512];
	int fd;

	if (!file || access(file, F_OK))
		return;
	snprintf(asked, sizeof(asked), "%s.asked", file);
	fd = open(asked, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	if (fd >= 0)
		close(fd);
	while (access(file, F_OK) == 0)
		poll(NULL, 0, 5);
}

int getaddrinfo(const char *node, const char *service,
	const struct addrinfo *hints, struct addrinfo **ret)
{
	int (*real)(const char *, const char *, const struct addrinfo *,
		struct addrinfo **);

	*(void **)&real = dlsym(RTLD_NEXT, "getaddrinfo");
	if (node && strcmp(node, "slow.test") == 0) {
		await_permission();
		node = "127.0.0.1";
	}
	return real(node, service, hints, ret);
}
