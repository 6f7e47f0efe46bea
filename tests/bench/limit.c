/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The physical limit: what the kernel alone costs. A server is measured as a
 * ratio to this one, so it does nothing that the work does not force on it:
 * plain epoll, level-triggered, one read and one write, no buffers kept, no
 * checks, no names. Small enough to be trusted by reading.
 *
 *	limit -t THREADS WORK PORT	(0: the kernel chooses)
 *
 * echo     what one read brought is written back.
 * fanout   a connection is told "hello"; when it answers with a line it is told
 *          "in" and is a member of the one room. (Such a talk counts: from then
 *          on the kernel of who answered acknowledges later, in the time of the
 *          server's writes.) After that the whole lines that one read brought
 *          go to every other member in one write each; members of other threads
 *          are served by their own thread, which gets the lines through a queue
 *          and an eventfd.
 * connect  as echo, but each thread accepts for itself in its serving loop.
 * discard  what one read brought is forgotten.
 * chargen  whenever there is room, one write of the pattern of RFC 864.
 * udp      datagrams are sent back as they came, at most so many at a time as
 *          sockd takes. Whoever waits for one socket needs no epoll.
 *
 * But for connect, thread 0 accepts and puts connections into the epoll sets of
 * all threads in turn, so that they are spread evenly; the kernel does the
 * handing over. A full socket is waited for in place: clients here read.
 */
#include <err.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#define MAX_THREADS 64
#define MAX_FDS     65536
#define BUF_LEN     65536
#define PERIOD      (95 * 74) /* of the pattern */
#define PIECE       262144    /* of it, in one write */
#define BATCH       32

struct thread {
	pthread_t id;
	int epoll;
	int wake; /* eventfd: mail is there; fanout only */
	pthread_mutex_t mail_lock;
	char *mail; /* owned; lines from other threads */
	size_t mail_len, mail_size;
	int members[MAX_FDS]; /* descriptors */
	int n_members;
	char buf[BUF_LEN];
};

/* What is known of a connection, by its descriptor. */
static struct {
	bool is_in; /* fanout: the room */
	int slot;   /* in the members of its thread */
	char *rest; /* owned; a line whose end is still to come, or NULL */
	size_t rest_len;
	size_t place; /* chargen: in the pattern */
} conns[MAX_FDS];

static struct thread threads[MAX_THREADS];
static int n_threads = 1, next_thread, listener;
static bool fanout, accept_everywhere, discard, chargen;
static char pattern[PERIOD + PIECE];

static void watch(int epoll, int fd, uint32_t events)
{
	struct epoll_event ev = {.events = events, .data.fd = fd};

	if (epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &ev) < 0)
		err(71, "epoll_ctl");
}

static void write_all(int fd, const char *data, size_t len)
{
	while (len > 0) {
		ssize_t n = write(fd, data, len);
		if (n < 0 && errno == EAGAIN) {
			struct pollfd p = {.fd = fd, .events = POLLOUT};
			poll(&p, 1, -1);
		} else if (n < 0) {
			return; /* its EOF comes by read() */
		} else {
			data += n;
			len -= (size_t)n;
		}
	}
}

static void member_add(struct thread *t, int fd)
{
	conns[fd].is_in = true;
	conns[fd].slot = t->n_members;
	t->members[t->n_members++] = fd;
	write_all(fd, "in\n", 3);
}

static void member_remove(struct thread *t, int fd)
{
	if (conns[fd].is_in) {
		int last = t->members[--t->n_members];
		t->members[conns[fd].slot] = last;
		conns[last].slot = conns[fd].slot;
	}
	free(conns[fd].rest);
	conns[fd].rest = NULL;
	conns[fd].rest_len = 0;
	conns[fd].is_in = false;
}

static void take_connections(struct thread *self)
{
	for (int i = 0; i < 32; i++) {
		int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK), on = 1;
		if (fd < 0)
			return;
		if (fd >= MAX_FDS)
			errx(71, "too many connections");
		struct thread *t = self;
		if (!accept_everywhere) {
			t = &threads[next_thread++ % n_threads];
			setsockopt(
				fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
		}
		if (fanout)
			write_all(fd, "hello\n", 6);
		conns[fd].place = 0;
		watch(t->epoll, fd, EPOLLIN | (chargen ? EPOLLOUT : 0));
	}
}

static void tell_members(struct thread *t, int but, const char *p, size_t len)
{
	for (int i = 0; i < t->n_members; i++)
		if (t->members[i] != but)
			write_all(t->members[i], p, len);
}

static void post(struct thread *t, const char *data, size_t len)
{
	pthread_mutex_lock(&t->mail_lock);
	bool was_empty = t->mail_len == 0;
	if (t->mail_len + len > t->mail_size) {
		t->mail_size = 2 * (t->mail_len + len);
		t->mail = realloc(t->mail, t->mail_size);
		if (!t->mail)
			err(71, "realloc");
	}
	memcpy(t->mail + t->mail_len, data, len);
	t->mail_len += len;
	pthread_mutex_unlock(&t->mail_lock);
	if (was_empty)
		eventfd_write(t->wake, 1);
}

static void deliver_mail(struct thread *t)
{
	eventfd_t n;

	eventfd_read(t->wake, &n);
	pthread_mutex_lock(&t->mail_lock);
	char *mail = t->mail;
	size_t len = t->mail_len;
	t->mail = NULL;
	t->mail_len = t->mail_size = 0;
	pthread_mutex_unlock(&t->mail_lock);
	tell_members(t, -1, mail, len);
	free(mail);
}

/* Sends whole lines on and keeps what follows the last line end. */
static void say(struct thread *t, int fd, size_t len)
{
	char *end = memrchr(t->buf, '\n', len);
	size_t whole = end ? (size_t)(end + 1 - t->buf) : 0;

	if (whole > 0 && !conns[fd].is_in) {
		member_add(t, fd);
	} else if (whole > 0) {
		for (int i = 0; i < n_threads; i++)
			if (&threads[i] != t)
				post(&threads[i], t->buf, whole);
		tell_members(t, fd, t->buf, whole);
	}
	free(conns[fd].rest);
	conns[fd].rest = NULL;
	conns[fd].rest_len = len - whole;
	if (len > whole) {
		conns[fd].rest = malloc(len - whole);
		if (!conns[fd].rest)
			err(71, "malloc");
		memcpy(conns[fd].rest, t->buf + whole, len - whole);
	}
}

static void serve(struct thread *t, int fd)
{
	size_t had = conns[fd].rest_len;

	if (had > 0)
		memcpy(t->buf, conns[fd].rest, had);
	ssize_t n = read(fd, t->buf + had, BUF_LEN - had);
	if (n < 0 && errno == EAGAIN)
		return;
	if (n > 0 && fanout) {
		say(t, fd, had + (size_t)n);
	} else if (n > 0) {
		if (!discard && !chargen)
			write_all(fd, t->buf, (size_t)n);
	} else {
		if (fanout)
			member_remove(t, fd);
		close(fd);
	}
}

static void make_pattern(void)
{
	for (size_t i = 0; i < sizeof(pattern); i++) {
		size_t line = i / 74, column = i % 74;
		pattern[i] = column < 72 ? (char)(' ' + (line + column) % 95)
			: column == 72   ? '\r'
					 : '\n';
	}
}

/* An error is seen by the read that follows. */
static void generate(int fd)
{
	ssize_t n = write(fd, pattern + conns[fd].place, PIECE);

	if (n > 0)
		conns[fd].place = (conns[fd].place + (size_t)n) % PERIOD;
}

static void *loop(void *arg)
{
	struct thread *t = arg;
	struct epoll_event events[256];

	for (;;) {
		int n = epoll_wait(t->epoll, events, 256, -1);
		for (int i = 0; i < n; i++) {
			if (events[i].data.fd == listener)
				take_connections(t);
			else if (events[i].data.fd == t->wake)
				deliver_mail(t);
			else if (events[i].events == EPOLLOUT)
				generate(events[i].data.fd);
			else
				serve(t, events[i].data.fd);
		}
	}
	return NULL;
}

static void listen_on(unsigned short port)
{
	struct sockaddr_in in = {.sin_family = AF_INET,
		.sin_port = htons(port),
		.sin_addr.s_addr = htonl(INADDR_ANY)};
	socklen_t len = sizeof(in);
	int on = 1;

	listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (bind(listener, (struct sockaddr *)&in, sizeof(in)) < 0 ||
		listen(listener, 4096) < 0 ||
		getsockname(listener, (struct sockaddr *)&in, &len) < 0)
		err(71, "port %d", port);
	printf("listening 127.0.0.1:%d\n", ntohs(in.sin_port));
	fflush(stdout);
}

static struct datagram {
	struct sockaddr_in from;
	struct iovec iov;
	char buf[BUF_LEN];
} datagrams[BATCH];

static void echo_datagrams(int fd)
{
	struct mmsghdr msgs[BATCH];

	for (int i = 0; i < BATCH; i++) {
		struct datagram *d = &datagrams[i];
		d->iov = (struct iovec){d->buf, BUF_LEN};
		msgs[i].msg_hdr = (struct msghdr){.msg_name = &d->from,
			.msg_namelen = sizeof(d->from),
			.msg_iov = &d->iov,
			.msg_iovlen = 1};
	}
	for (;;) {
		int n = recvmmsg(fd, msgs, BATCH, MSG_WAITFORONE, NULL);
		for (int i = 0; i < n; i++)
			datagrams[i].iov.iov_len = msgs[i].msg_len;
		for (int sent = 0, r = 1; sent < n && r > 0; sent += r)
			r = sendmmsg(fd, msgs + sent, (unsigned)(n - sent), 0);
		for (int i = 0; i < n; i++)
			datagrams[i].iov.iov_len = BUF_LEN;
	}
}

static void serve_datagrams(unsigned short port)
{
	struct sockaddr_in in = {.sin_family = AF_INET,
		.sin_port = htons(port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(in);
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	if (bind(fd, (struct sockaddr *)&in, sizeof(in)) < 0 ||
		getsockname(fd, (struct sockaddr *)&in, &len) < 0)
		err(71, "port %d", port);
	printf("listening 127.0.0.1:%d\n", ntohs(in.sin_port));
	fflush(stdout);
	echo_datagrams(fd);
}

int main(int argc, char **argv)
{
	if (argc > 2 && strcmp(argv[1], "-t") == 0) {
		n_threads = atoi(argv[2]);
		argc -= 2;
		argv += 2;
	}
	if (argc != 3 || n_threads < 1 || n_threads > MAX_THREADS)
		errx(64,
			"usage: limit [-t THREADS] "
			"echo|fanout|connect|discard|chargen|udp PORT");
	if (strcmp(argv[1], "udp") == 0)
		serve_datagrams((unsigned short)atoi(argv[2]));
	struct rlimit lim;
	getrlimit(RLIMIT_NOFILE, &lim);
	lim.rlim_cur = lim.rlim_max;
	setrlimit(RLIMIT_NOFILE, &lim);
	fanout = strcmp(argv[1], "fanout") == 0;
	accept_everywhere = strcmp(argv[1], "connect") == 0;
	discard = strcmp(argv[1], "discard") == 0;
	chargen = strcmp(argv[1], "chargen") == 0;
	make_pattern();
	listen_on((unsigned short)atoi(argv[2]));
	for (int i = 0; i < n_threads; i++) {
		struct thread *t = &threads[i];
		t->epoll = epoll_create1(0);
		t->wake = eventfd(0, EFD_NONBLOCK);
		pthread_mutex_init(&t->mail_lock, NULL);
		watch(t->epoll, t->wake, EPOLLIN);
		if (i == 0 || accept_everywhere)
			watch(t->epoll, listener,
				EPOLLIN | (n_threads > 1 ? EPOLLEXCLUSIVE : 0));
	}
	for (int i = 1; i < n_threads; i++) {
		struct thread *t = &threads[i];
		if (pthread_create(&t->id, NULL, loop, t) != 0)
			errx(71, "cannot start a thread");
	}
	signal(SIGPIPE, SIG_IGN);
	loop(&threads[0]);
	return 0;
}
