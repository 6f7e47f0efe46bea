/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Listening sockets, and those for datagrams. Opened by any one thread, tuned
 * by the main thread, watched by the acceptor and the receiver. What every
 * connection should have (no delay, keepalive, buffer sizes) is set here once:
 * accepted sockets inherit it, which saves a handful of system calls per
 * connection. A listener that is tuned anew is as if opened so: what a setting
 * changed that is no longer wanted goes back to what the kernel had chosen.
 *
 * A unix socket's file appears with its final mode: the socket has no
 * permissions when it is bound, which the file takes over (unix(7)), then it is
 * opened up. A umask would be everybody's. A file left by a crash is told from
 * a live one by connecting to it. */
#include "net/listener.h"

#include <assert.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/errmsg.h"

#define KEEPALIVE_PROBES        4
#define KEEPALIVE_INTERVAL_SECS 15
#define USER_TIMEOUT_MS         30000
/* Of a socket for datagrams: what comes while the worker is busy waits there,
 * or is lost. The kernel may allow less. */
#define DATAGRAM_BUFFER (1024 * 1024)

struct listener {
	atomic_uint refs;
	char *service, *written; /* owned */
	struct addr asked;       /* as given: names it, port 0 stays 0 */
	struct addr addr;        /* as bound */
	int fd;
	bool datagram;
	bool bound; /* a unix socket's file is ours: */
	dev_t dev;
	ino_t ino;
	gid_t gid;              /* as it came */
	bool has_group;         /* another one is in force */
	int send_buffer;        /* the kernel's choice */
	bool has_buffer;        /* another one is in force */
	atomic_int unix_buffer; /* of those accepted; 0: the kernel's choice */
};

int listener_fd(const struct listener *l)
{
	return l->fd;
}

bool listener_is_datagram(const struct listener *l)
{
	return l->datagram;
}

const struct addr *listener_addr(const struct listener *l)
{
	return &l->addr;
}

const char *listener_text(const struct listener *l, char *buf)
{
	return addr_format(buf, &l->addr.sa, l->addr.len);
}

/* Only the kernel's choice of a port is told apart by who asked for it. */
static bool has_any_port(const struct addr *a)
{
	return a->sa.sa_family != AF_UNIX && addr_port(a) == 0;
}

bool listener_is(const struct listener *l, const struct listener_name *name)
{
	if (l->datagram != name->datagram || l->asked.len != name->addr.len ||
		memcmp(&l->asked.sa, &name->addr.sa, name->addr.len) != 0)
		return false;
	return !has_any_port(&l->asked) ||
		(!strcmp(l->service, name->service) &&
			!strcmp(l->written, name->written));
}

static int set_int(int fd, int level, int name, int value)
{
	return setsockopt(fd, level, name, &value, sizeof(value)) ? -errno : 0;
}

static bool is_any6(const struct addr *a)
{
	return a->sa.sa_family == AF_INET6 && addr_is_any(a);
}

/* None of these can keep us from serving; a kernel that lacks one goes on
 * without it. Urgent bytes stay where they were sent: telnet's are a part of a
 * command, and echo loses none. */
static void tune_inet(int fd, const struct listener_settings *s)
{
	(void)set_int(fd, IPPROTO_TCP, TCP_NODELAY, 1);
	(void)set_int(fd, SOL_SOCKET, SO_OOBINLINE, 1);
	(void)set_int(fd, SOL_SOCKET, SO_KEEPALIVE, s->keepalive_ms > 0);
	(void)set_int(fd, IPPROTO_TCP, TCP_USER_TIMEOUT,
		s->keepalive_ms ? USER_TIMEOUT_MS : 0);
	if (!s->keepalive_ms)
		return;
	(void)set_int(fd, IPPROTO_TCP, TCP_KEEPIDLE,
		(int)((s->keepalive_ms + 999) / 1000));
	(void)set_int(fd, IPPROTO_TCP, TCP_KEEPCNT, KEEPALIVE_PROBES);
	(void)set_int(fd, IPPROTO_TCP, TCP_KEEPINTVL, KEEPALIVE_INTERVAL_SECS);
}

static int tune_file(struct listener *l, const struct listener_settings *s)
{
	const char *path = l->addr.un.sun_path;
	bool wants_group = s->gid != (gid_t)-1;
	int err = 0;

	if (wants_group || l->has_group) {
		if (chown(path, (uid_t)-1, wants_group ? s->gid : l->gid))
			err = -errno;
		else
			l->has_group = wants_group;
	}
	if (chmod(path, s->mode) && !err)
		err = -errno;
	return err;
}

/* The kernel takes half of what it says: it counts its own needs in. Giving
 * the choice back needs Linux 5.14; before, the size stays what it was at
 * first. */
static void tune_send_buffer(struct listener *l, uint64_t size)
{
	socklen_t len = sizeof(l->send_buffer);

	if (!size && !l->has_buffer)
		return;
	if (!l->has_buffer &&
		getsockopt(l->fd, SOL_SOCKET, SO_SNDBUF, &l->send_buffer, &len))
		return;
	(void)set_int(l->fd, SOL_SOCKET, SO_SNDBUF,
		size ? (int)size : l->send_buffer / 2);
	if (!size)
		(void)set_int(l->fd, SOL_SOCKET, SO_BUF_LOCK, 0);
	l->has_buffer = size > 0;
	if (l->addr.sa.sa_family == AF_UNIX)
		atomic_store(&l->unix_buffer, (int)size);
}

/* Those of TCP have the listener's own. */
void listener_adopt(struct listener *l, int fd)
{
	int size = atomic_load_explicit(&l->unix_buffer, memory_order_relaxed);

	if (size)
		(void)set_int(fd, SOL_SOCKET, SO_SNDBUF, size);
}

int listener_tune(struct listener *l, const struct listener_settings *s)
{
	tune_send_buffer(l, s->send_buffer);
	if (l->datagram)
		return 0;
	(void)listen(l->fd, s->backlog);
	if (l->addr.sa.sa_family == AF_UNIX)
		return tune_file(l, s);
	tune_inet(l->fd, s);
	return 0;
}

/* True if a socket file is there that nobody listens on. */
static bool is_stale(const struct sockaddr_un *un)
{
	struct stat st;
	int fd, err;

	if (lstat(un->sun_path, &st) || !S_ISSOCK(st.st_mode))
		return false;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return false;
	err = connect(fd, (const struct sockaddr *)un, sizeof(*un)) ? errno : 0;
	close(fd);
	return err == ECONNREFUSED;
}

static int bind_unix(struct listener *l)
{
	const struct sockaddr_un *un = &l->addr.un;
	struct stat st;

	if (is_stale(un))
		(void)unlink(un->sun_path);
	else if (lstat(un->sun_path, &st) == 0 && !S_ISSOCK(st.st_mode))
		return -EEXIST;
	if (fchmod(l->fd, 0) || bind(l->fd, &l->addr.sa, l->addr.len))
		return -errno;
	if (lstat(un->sun_path, &st) == 0) {
		l->bound = true;
		l->dev = st.st_dev;
		l->ino = st.st_ino;
		l->gid = st.st_gid;
	}
	return 0;
}

static int open_socket(struct listener *l)
{
	int type = l->datagram ? SOCK_DGRAM : SOCK_STREAM;

	l->fd = socket(
		l->addr.sa.sa_family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	return l->fd < 0 ? -errno : 0;
}

/* To a socket for datagrams this would mean that others may bind it too. */
static int set_reuse(const struct listener *l)
{
	return l->datagram ? 0 : set_int(l->fd, SOL_SOCKET, SO_REUSEADDR, 1);
}

/* A connect() is what tells a network's broadcast address from others. */
bool listener_is_for_many(const struct addr *a)
{
	int fd, err;

	if (a->sa.sa_family == AF_UNIX)
		return false;
	if (a->sa.sa_family == AF_INET6)
		return IN6_IS_ADDR_MULTICAST(&a->in6.sin6_addr);
	if (IN_MULTICAST(ntohl(a->in.sin_addr.s_addr)))
		return true;
	fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return false;
	err = connect(fd, &a->sa, a->len) ? errno : 0;
	close(fd);
	return err == EACCES;
}

/* Whom to answer as is known only of each datagram if the socket has every
 * address; one of IPv6 gets those of IPv4 too. */
static int prepare_datagrams(const struct listener *l)
{
	int err = 0;

	(void)set_int(l->fd, SOL_SOCKET, SO_RCVBUF, DATAGRAM_BUFFER);
	if (is_any6(&l->addr))
		err = set_int(l->fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, 1);
	if (!err && addr_is_any(&l->addr))
		err = set_int(l->fd, IPPROTO_IP, IP_PKTINFO, 1);
	return err;
}

/* "*" where the machine has no IPv6. */
static int bind_any4(struct listener *l)
{
	struct sockaddr_in in = {
		.sin_family = AF_INET,
		.sin_port = l->addr.in6.sin6_port,
	};
	int err;

	if (l->fd >= 0)
		close(l->fd);
	l->addr.in = in;
	l->addr.len = sizeof(in);
	err = open_socket(l);
	if (!err)
		err = set_reuse(l);
	if (!err && bind(l->fd, &l->addr.sa, l->addr.len))
		err = -errno;
	return err;
}

static int bind_inet(struct listener *l)
{
	bool any6 = is_any6(&l->addr);
	int err = open_socket(l);

	if (!err)
		err = set_reuse(l);
	if (!err && l->addr.sa.sa_family == AF_INET6)
		err = set_int(l->fd, IPPROTO_IPV6, IPV6_V6ONLY, !any6);
	if (!err && bind(l->fd, &l->addr.sa, l->addr.len))
		err = -errno;
	if (any6 && (err == -EAFNOSUPPORT || err == -EADDRNOTAVAIL))
		err = bind_any4(l);
	if (!err) {
		l->addr.len = sizeof(l->addr.un);
		if (getsockname(l->fd, &l->addr.sa, &l->addr.len))
			err = -errno;
	}
	return err;
}

static const char *advice(const struct listener *l, int err)
{
	switch (-err) {
	case EADDRINUSE:
		return "; another program listens there";
	case EACCES:
		return "; ports below 1024 and others' directories need "
		       "privileges";
	case EADDRNOTAVAIL:
		return "; this machine does not have that address";
	case EEXIST:
		return "; what is there is no socket: remove it, or write "
		       "another path";
	case EPERM:
		return l->asked.sa.sa_family == AF_UNIX
			? "; a socket can be given only to a group that sockd "
			  "itself is in"
			: "";
	case EDESTADDRREQ:
		return "; it is the address of many, and datagrams that were "
		       "sent to many are not answered";
	default:
		return "";
	}
}

static int bind_datagram(struct listener *l, const struct listener_settings *s)
{
	int err = listener_is_for_many(&l->addr) ? -EDESTADDRREQ : bind_inet(l);

	if (!err)
		err = prepare_datagrams(l);
	if (!err)
		listener_tune(l, s);
	return err;
}

static int bind_and_listen(
	struct listener *l, const struct listener_settings *s)
{
	int err;

	if (l->addr.sa.sa_family == AF_UNIX) {
		err = open_socket(l);
		if (!err)
			err = bind_unix(l);
		if (!err)
			err = tune_file(l, s);
	} else {
		err = bind_inet(l);
	}
	if (!err && listen(l->fd, s->backlog))
		err = -errno;
	if (!err)
		listener_tune(l, s);
	return err;
}

int listener_open(struct listener **ret, const struct listener_name *name,
	const struct listener_settings *settings, struct errmsg *msg)
{
	struct listener *l = calloc(1, sizeof(*l));
	char text[ADDR_LEN];
	int err;

	if (!l)
		return errmsg_set(msg, ENOMEM, "out of memory");
	atomic_init(&l->refs, 1);
	l->fd = -1;
	l->asked = l->addr = name->addr;
	l->service = strdup(name->service);
	l->written = strdup(name->written);
	l->datagram = name->datagram;
	if (!l->service || !l->written)
		err = -ENOMEM;
	else if (l->datagram)
		err = bind_datagram(l, settings);
	else
		err = bind_and_listen(l, settings);
	if (err) {
		errmsg_set(msg, -err, "cannot listen on %s: %s%s",
			addr_format(text, &name->addr.sa, name->addr.len),
			strerror(-err), advice(l, err));
		listener_unref(l);
		return err;
	}
	*ret = l;
	return 0;
}

struct listener *listener_ref(struct listener *l)
{
	atomic_fetch_add(&l->refs, 1);
	return l;
}

bool listener_is_intact(const struct listener *l)
{
	struct stat st;

	return !l->bound ||
		(lstat(l->addr.un.sun_path, &st) == 0 && st.st_dev == l->dev &&
			st.st_ino == l->ino);
}

void listener_unref(struct listener *l)
{
	if (!l || atomic_fetch_sub(&l->refs, 1) != 1)
		return;
	if (l->bound && listener_is_intact(l))
		(void)unlink(l->addr.un.sun_path);
	if (l->fd >= 0)
		close(l->fd);
	free(l->service);
	free(l->written);
	free(l);
}
