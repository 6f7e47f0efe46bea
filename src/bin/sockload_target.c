/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a run needs before it can connect: addresses and descriptors. */
#include "sockload_target.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <sys/resource.h>

#include "base/errmsg.h"
#include "net/addr.h"

/* Standard streams, the event loop, files of /proc, a name look-up. */
#define SPARE_DESCRIPTORS 16

int target_resolve(
	const char *text, struct addr **ret, size_t *ret_n, struct errmsg *msg)
{
	struct listen_spec spec;
	struct addrlist addrs;
	int r = listen_parse(text, &spec, msg);

	if (r < 0)
		return -EINVAL;
	if (spec.kind == LISTEN_SYSTEMD || spec.wildcard ||
		(spec.kind == LISTEN_UNIX && !strchr(spec.path, '/')))
		return errmsg_set(msg, EINVAL,
			"\"%s\" is no address to connect to; write HOST:PORT "
			"or /PATH",
			text);
	r = listen_resolve(&spec, ".", false, &addrs, msg);
	if (r < 0)
		return spec.kind == LISTEN_INET ? -ENOENT : -EINVAL;
	*ret = addrs.items;
	*ret_n = addrs.n_items;
	return 0;
}

int target_raise_descriptors(uint64_t n, struct errmsg *msg)
{
	struct rlimit lim;
	rlim_t want = (rlim_t)n + SPARE_DESCRIPTORS;

	if (getrlimit(RLIMIT_NOFILE, &lim) < 0)
		return errmsg_set(
			msg, errno, "descriptor limit: %s", strerror(errno));
	if (lim.rlim_cur >= want)
		return 0;
	if (lim.rlim_max < want)
		return errmsg_set(msg, EMFILE,
			"%" PRIu64 " connections need %ju descriptors, the "
			"limit is %ju; raise it with `ulimit -Hn`",
			n, (uintmax_t)want, (uintmax_t)lim.rlim_max);
	lim.rlim_cur = want;
	if (setrlimit(RLIMIT_NOFILE, &lim) < 0)
		return errmsg_set(
			msg, errno, "descriptor limit: %s", strerror(errno));
	return 0;
}
