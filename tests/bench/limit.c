/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The physical limit: what the kernel alone costs. A server is measured as a
 * ratio to this one, so it does nothing that the work does not force on it:
 * plain epoll, level-triggered, one read and one write, no buffers kept, no
 * checks, no names. Small enough to be trusted by reading.
 *
 *	limit -t THREADS echo|fanout|connect PORT	(0: the kernel chooses)
 *
 * echo     what one read brought is written back.
 * fanout   every connection is a member of one room and is told "in" when it
 *          is. The whole lines that one read brought go to every other member
 *          in one write each; members of other threads are served by their
 *          own thread, which gets the lines through a queue and an eventfd.
 * connect  as echo, but each thread accepts for itself in its serving loop.
 *
 * In echo and fanout thread 0 accepts and puts connections into the epoll sets
 * of all threads in turn, so that they are spread evenly; the kernel does the
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
#include <sys/socket.h>
#include <unistd.h>

#define MAX_THREADS 64
#define BUF_LEN     65536

struct member {
	int fd;
	int slot;      /* in the members of its thread */
	char *rest;    /* owned; a line whose end is still to come, or NULL */
	size_t rest_len;
};

struct thread {
	pthread_t id;
	int epoll;
	int wake;                /* eventfd: mail is there; fanout only */
	pthread_mutex_t mail_lock;
	char *mail;              /* owned; lines from other threads */
	size_t mail_len, mail_size;
	pthread_mutex_t lock;    /* of the members: thread 0 adds to them */
	struct member **members; /* owned, each owned */
	int n_members, members_size;
	char buf[BUF_LEN];
};

static struct thread threads[MAX_THREADS];
static int n_threads = 1, next_thread, listener;
static bool fanout, accept_everywhere;

static void watch(int epoll, int fd, void *ptr, uint32_t events)
{
	struct epoll_event ev = {.events = events, .data.ptr = ptr};

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

static void member_add(struct thread *t, struct member *m)
{
	pthread_mutex_lock(&t->lock);
	if (t->n_members == t->members_size) {
		t->members_size = t->members_size ? 2 * t->members_size : 64;
		t->members = realloc(t->members,
			(size_t)t->members_size * sizeof(*t->members));
		if (!t->members)
			err(71, "realloc");
	}
	m->slot = t->n_members;
	t->members[t->n_members++] = m;
	pthread_mutex_unlock(&t->lock);
	write_all(m->fd, "in\n", 3);
}

static void member_free(struct thread *t, struct member *m)
{
	if (fanout) {
		pthread_mutex_lock(&t->lock);
		t->members[m->slot] = t->members[--t->n_members];
		t->members[m->slot]->slot = m->slot;
		pthread_mutex_unlock(&t->lock);
	}
	close(m->fd);
	free(m->rest);
	free(m);
}

static void take_connections(struct thread *self)
{
	for (int i = 0; i < 32; i++) {
		int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK), on = 1;
		if (fd < 0)
			return;
		if (!accept_everywhere) /* one answer: nothing to delay */
			setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on,
				sizeof(on));
		struct member *m = calloc(1, sizeof(*m));
		if (!m)
			err(71, "calloc");
		m->fd = fd;
		struct thread *t = self;
		if (!accept_everywhere)
			t = &threads[next_thread++ % n_threads];
		if (fanout)
			member_add(t, m);
		watch(t->epoll, fd, m, EPOLLIN);
	}
}

static void tell_members(
	struct thread *t, const struct member *but, const char *data, size_t len)
{
	pthread_mutex_lock(&t->lock);
	for (int i = 0; i < t->n_members; i++)
		if (t->members[i] != but)
			write_all(t->members[i]->fd, data, len);
	pthread_mutex_unlock(&t->lock);
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
	tell_members(t, NULL, mail, len);
	free(mail);
}

/* Sends whole lines on and keeps what follows the last line end. */
static void say(struct thread *t, struct member *m, size_t len)
{
	char *end = memrchr(t->buf, '\n', len);
	size_t whole = end ? (size_t)(end + 1 - t->buf) : 0;

	if (whole > 0) {
		for (int i = 0; i < n_threads; i++)
			if (&threads[i] != t)
				post(&threads[i], t->buf, whole);
		tell_members(t, m, t->buf, whole);
	}
	free(m->rest);
	m->rest = NULL;
	m->rest_len = len - whole;
	if (m->rest_len > 0) {
		m->rest = malloc(m->rest_len);
		if (!m->rest)
			err(71, "malloc");
		memcpy(m->rest, t->buf + whole, m->rest_len);
	}
}

static void serve(struct thread *t, struct member *m)
{
	size_t had = m->rest_len;

	if (had > 0)
		memcpy(t->buf, m->rest, had);
	ssize_t n = read(m->fd, t->buf + had, BUF_LEN - had);
	if (n < 0 && errno == EAGAIN)
		return;
	if (n <= 0)
		member_free(t, m);
	else if (fanout)
		say(t, m, had + (size_t)n);
	else
		write_all(m->fd, t->buf, (size_t)n);
}

static void *loop(void *arg)
{
	struct thread *t = arg;
	struct epoll_event events[256];

	for (;;) {
		int n = epoll_wait(t->epoll, events, 256, -1);
		for (int i = 0; i < n; i++) {
			if (events[i].data.ptr == &listener)
				take_connections(t);
			else if (events[i].data.ptr == &t->wake)
				deliver_mail(t);
			else
				serve(t, events[i].data.ptr);
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

int main(int argc, char **argv)
{
	if (argc > 2 && strcmp(argv[1], "-t") == 0) {
		n_threads = atoi(argv[2]);
		argc -= 2;
		argv += 2;
	}
	if (argc != 3 || n_threads < 1 || n_threads > MAX_THREADS)
		errx(64, "usage: limit [-t THREADS] echo|fanout|connect PORT");
	fanout = strcmp(argv[1], "fanout") == 0;
	accept_everywhere = strcmp(argv[1], "connect") == 0;
	listen_on((unsigned short)atoi(argv[2]));
	for (int i = 0; i < n_threads; i++) {
		struct thread *t = &threads[i];
		t->epoll = epoll_create1(0);
		t->wake = eventfd(0, EFD_NONBLOCK);
		pthread_mutex_init(&t->lock, NULL);
		pthread_mutex_init(&t->mail_lock, NULL);
		watch(t->epoll, t->wake, &t->wake, EPOLLIN);
		if (i == 0 || accept_everywhere)
			watch(t->epoll, listener, &listener,
				EPOLLIN | (n_threads > 1 ? EPOLLEXCLUSIVE : 0));
	}
	for (int i = 1; i < n_threads; i++)
		if (pthread_create(&threads[i].id, NULL, loop, &threads[i]) != 0)
			errx(71, "cannot start a thread");
	signal(SIGPIPE, SIG_IGN);
	loop(&threads[0]);
	return 0;
}
