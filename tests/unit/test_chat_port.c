/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The chat over sockets, on workers that are real threads. */
#include "proto/chat_port.h"

#include <semaphore.h>
#include <stdio.h>

#include "chat_net_world.h"
#include "net/mailbox.h"

#define N_WORKERS 3
#define N_PEOPLE  6
#define N_LINES   2000

/* Somebody with a netcat: what is written to it and came from it. */
struct person {
	int fd;
	int end; /* 0: still connected, 1: the end, else -errno */
	struct strbuf text;
	struct strbuf to_send;
	size_t n_sent;
};

static struct person people[N_PEOPLE];
static size_t n_people;

static void set_up(void)
{
	chat_net_open(N_WORKERS);
	ck_assert_int_eq(crew_start(&net.crew), 0);
}

static void tear_down(void)
{
	chat_net_close();
	for (size_t i = 0; i < n_people; i++) {
		close(people[i].fd);
		strbuf_fini(&people[i].text);
		strbuf_fini(&people[i].to_send);
	}
}

/* Opens a connection on its worker's own thread. */
struct visit {
	struct mail mail;
	int fd;
};

static void run_visit(struct mail *m, void *owner)
{
	static _Atomic uint64_t last_id;
	struct visit *visit = (struct visit *)m;
	struct sockaddr peer = {.sa_family = AF_UNIX};
	struct conn_origin from = {
		.fd = visit->fd,
		.id = atomic_fetch_add(&last_id, 1) + 1,
		.peer = &peer,
		.peer_len = sizeof(peer),
	};

	conn_enter(owner, net.svc->count);
	conn_open(owner, net.svc, &from);
	free(m);
}

/* What goes on between the others and us: bytes, as far as they go. */
static void exchange(struct person *p)
{
	ssize_t n;

	if (p->n_sent < p->to_send.len) {
		n = send(p->fd, p->to_send.data + p->n_sent,
			p->to_send.len - p->n_sent,
			MSG_DONTWAIT | MSG_NOSIGNAL);
		p->n_sent += n > 0 ? (size_t)n : 0;
	}
	if (!p->end)
		p->end = net_read(p->fd, &p->text);
}

static void exchange_all(void)
{
	for (size_t i = 0; i < n_people; i++)
		exchange(&people[i]);
}

#define CHAT_WAIT(cond)                                                    \
	do {                                                               \
		uint64_t chat_end = clock_mono_ms() + 3 * NET_PATIENCE_MS; \
		while (!(cond)) {                                          \
			ck_assert_msg(clock_mono_ms() < chat_end,          \
				"in vain: %s", #cond);                     \
			exchange_all();                                    \
			poll(NULL, 0, 1);                                  \
		}                                                          \
	} while (0)

static bool has(size_t i, const char *text)
{
	return people[i].text.data && strstr(people[i].text.data, text);
}

static void say(size_t i, const char *line)
{
	strbuf_adds(&people[i].to_send, line);
	exchange(&people[i]);
}

/* A guest on that worker, welcomed; at once, since an empty line tells that it
 * is a person. */
static size_t come(unsigned worker)
{
	struct visit *visit = calloc(1, sizeof(*visit));
	size_t i = n_people++;
	int fds[2];

	net_unix_pair(fds);
	people[i] = (struct person){.fd = fds[1]};
	visit->mail.run = run_visit;
	visit->mail.free = free_mail;
	visit->fd = fds[0];
	say(i, "\n");
	worker_post(net.crew.workers[worker], &visit->mail);
	CHAT_WAIT(has(i, "welcome to") && has(i, "lists the commands"));
	return i;
}

/* People p0, p1, ..., spread over the workers, whom everybody knows. */
static void all_come(size_t n)
{
	char line[32];

	for (size_t i = 0; i < n; i++) {
		come((unsigned)i % N_WORKERS);
		snprintf(line, sizeof(line), "/nick p%zu\n", i);
		say(i, line);
		CHAT_WAIT(has(i, "you are now p"));
	}
	for (size_t i = 0; i < n; i++) {
		snprintf(line, sizeof(line), "hello from p%zu\n", i);
		say(i, line);
		for (size_t k = 0; k < n; k++)
			CHAT_WAIT(k == i || has(k, line));
	}
	for (size_t i = 0; i < n; i++)
		strbuf_clear(&people[i].text);
}

/* The next "<pA> B" of a text at or after *at; false: none. */
static bool next_said(
	const struct strbuf *text, size_t *at, unsigned *author, unsigned *n)
{
	const char *found;

	while (text->data && *at < text->len) {
		const char *line = text->data + *at;

		found = memchr(line, '\n', text->len - *at);
		*at = found ? (size_t)(found - text->data) + 1 : text->len;
		if (found && sscanf(line, "<p%u> %u\n", author, n) == 2)
			return true;
	}
	return false;
}

static size_t count_said(size_t i)
{
	size_t at = 0, total = 0;
	unsigned author, n;

	while (next_said(&people[i].text, &at, &author, &n))
		total++;
	return total;
}

/* What neither of two wrote, both must have read in the same order. */
static void check_same_order(size_t a, size_t b)
{
	size_t at_a = 0, at_b = 0;
	unsigned who_a, n_a, who_b, n_b;
	bool more_a, more_b;

	do {
		do
			more_a = next_said(
				&people[a].text, &at_a, &who_a, &n_a);
		while (more_a && who_a == b);
		do
			more_b = next_said(
				&people[b].text, &at_b, &who_b, &n_b);
		while (more_b && who_b == a);
		ck_assert_int_eq(more_a, more_b);
		if (!more_a)
			break;
		ck_assert_msg(who_a == who_b && n_a == n_b,
			"p%zu read <p%u> %u where p%zu read <p%u> %u", a, who_a,
			n_a, b, who_b, n_b);
	} while (true);
}

static void check_rising(size_t i)
{
	unsigned next[N_PEOPLE] = {0}, author, n;
	size_t at = 0;

	while (next_said(&people[i].text, &at, &author, &n)) {
		ck_assert_uint_ne(author, i);
		ck_assert_uint_eq(n, next[author]++);
	}
}

START_TEST(all_read_all_in_one_order)
{
	char line[32];

	all_come(N_PEOPLE);
	for (unsigned k = 0; k < N_LINES; k++)
		for (size_t i = 0; i < N_PEOPLE; i++) {
			snprintf(line, sizeof(line), "%u\n", k);
			strbuf_adds(&people[i].to_send, line);
		}
	for (size_t i = 0; i < N_PEOPLE; i++)
		CHAT_WAIT(count_said(i) == (N_PEOPLE - 1) * N_LINES);
	for (size_t a = 0; a < N_PEOPLE; a++) {
		check_rising(a);
		for (size_t b = 0; b < a; b++)
			check_same_order(a, b);
	}
}
END_TEST

/* Who goes elsewhere reads nothing of the old room after the answer says so,
 * and all of the new one. */
START_TEST(answers_keep_the_order_of_events)
{
	char line[64], *at;

	all_come(3);
	for (unsigned k = 0; k < 100; k++) {
		for (int n = 0; n < 5; n++) {
			snprintf(line, sizeof(line), "lobby %u.%d\n", k, n);
			say(1, line);
			say(2, line);
		}
		snprintf(line, sizeof(line), "/join r%u\n", k);
		say(0, line);
		snprintf(line, sizeof(line), "you are in #r%u ", k);
		CHAT_WAIT(has(0, line));
		say(0, "/join lobby\n");
		CHAT_WAIT((at = strstr(people[0].text.data, line)) &&
			strstr(at, "you are in #lobby"));
		*strstr(at, "you are in #lobby") = '\0';
		ck_assert_msg(!strstr(at, "lobby"), "%s", at);
		strbuf_clear(&people[0].text);
	}
}
END_TEST

START_TEST(private_words_cross_workers)
{
	all_come(3);
	say(0, "/msg p2 psst\n");
	CHAT_WAIT(has(2, "[p0 -> you] psst") && has(0, "[you -> p2] psst"));
	say(2, "/reply what?\n");
	CHAT_WAIT(has(0, "[p2 -> you] what?"));
	ck_assert(!has(1, "psst") && !has(1, "what?"));
}
END_TEST

START_TEST(renaming_is_told_once_to_each)
{
	char *at;

	all_come(N_PEOPLE);
	say(0, "/nick robert\n");
	CHAT_WAIT(has(0, "you are now robert"));
	for (size_t i = 1; i < N_PEOPLE; i++) {
		CHAT_WAIT(has(i, "p0 is now robert"));
		at = strstr(people[i].text.data, "p0 is now robert");
		ck_assert_ptr_null(strstr(at + 1, "p0 is now robert"));
	}
	ck_assert(!has(0, "p0 is now"));
}
END_TEST

START_TEST(quitting_says_goodbye)
{
	all_come(3);
	say(0, "/quit see you\nthis is lost\n");
	CHAT_WAIT(has(0, "disconnected: bye") && people[0].end == 1);
	CHAT_WAIT(has(1, "p0 left #lobby: see you"));
	CHAT_WAIT(has(2, "p0 left #lobby: see you"));
	ck_assert(!has(1, "this is lost"));
}
END_TEST

/* `printf '...' | nc -N`: all of it is done, the answers come, then the end. */
START_TEST(a_half_close_ends_after_the_answers)
{
	all_come(2);
	say(0, "one\ntwo\n/who\n/ping\nthree");
	CHAT_WAIT(people[0].n_sent == people[0].to_send.len);
	shutdown(people[0].fd, SHUT_WR);
	CHAT_WAIT(people[0].end == 1);
	ck_assert(has(0, "2 in #lobby: p0, p1"));
	CHAT_WAIT(has(1, "<p0> one\n<p0> two\n<p0> three\n*** p0 left"));
}
END_TEST

/* However much came at once before the end. */
START_TEST(a_half_close_ends_after_the_last_of_many_lines)
{
	char line[32];

	all_come(2);
	for (unsigned k = 0; k < 3000; k++) {
		snprintf(line, sizeof(line), "%u\n", k);
		strbuf_adds(&people[0].to_send, line);
	}
	CHAT_WAIT(people[0].n_sent == people[0].to_send.len);
	shutdown(people[0].fd, SHUT_WR);
	CHAT_WAIT(people[0].end == 1);
	CHAT_WAIT(has(1, "p0 left #lobby"));
	ck_assert_uint_eq(count_said(1), 3000);
	check_rising(1);
}
END_TEST

START_TEST(reset_peers_leave)
{
	size_t members, rooms;

	all_come(3);
	close(people[0].fd);
	people[0].fd = dup(people[1].fd); /* to be closed in the end */
	people[0].end = 1;
	CHAT_WAIT(has(1, "p0 left #lobby") && has(2, "p0 left #lobby"));
	chat_port_count(port, &members, &rooms);
	ck_assert_uint_eq(members, 2);
	ck_assert_uint_eq(rooms, 1);
}
END_TEST

/* A worker that stands still for as long as the test wants. */
struct nap {
	struct mail mail;
	sem_t begun, over;
};

static void run_nap(struct mail *m, void *owner)
{
	struct nap *nap = (struct nap *)m;

	sem_post(&nap->begun);
	while (sem_wait(&nap->over))
		;
	sem_destroy(&nap->over);
	free(nap);
}

static struct nap *let_sleep(unsigned worker)
{
	struct nap *nap = calloc(1, sizeof(*nap));

	sem_init(&nap->begun, 0, 0);
	sem_init(&nap->over, 0, 0);
	nap->mail.run = run_nap;
	nap->mail.free = free_mail;
	worker_post(net.crew.workers[worker], &nap->mail);
	while (sem_wait(&nap->begun))
		;
	return nap;
}

/* What waits for a worker is bounded: who posts to it is not read any more,
 * and goes on when it has caught up. */
START_TEST(posting_to_a_slow_worker_is_held_back)
{
	static char line[4001];
	struct nap *nap;
	size_t held;

	all_come(3);
	nap = let_sleep(2);
	memset(line, 'x', 3999);
	line[3999] = '\n';
	for (int i = 0; i < 2000; i++)
		strbuf_adds(&people[0].to_send, line);
	CHAT_WAIT(people[0].n_sent > 256 * 1024);
	/* It is held back when for long nothing more goes. */
	do {
		held = people[0].n_sent;
		for (int i = 0; i < 300; i++) {
			exchange_all();
			poll(NULL, 0, 1);
		}
	} while (people[0].n_sent > held);
	ck_assert_uint_lt(held, 1 << 20);
	ck_assert_uint_lt(net.crew.output_bytes, 2 << 20);
	/* Others may talk where he does not hear it. */
	say(1, "/join elsewhere\n");
	CHAT_WAIT(has(1, "you are in #elsewhere"));
	sem_post(&nap->over);
	CHAT_WAIT(people[0].n_sent == people[0].to_send.len);
	CHAT_WAIT(net.crew.output_bytes == 0);
	say(0, "still here\n");
	CHAT_WAIT(has(2, "<p0> still here"));
}
END_TEST

START_TEST(who_does_not_read_misses_some_and_is_told)
{
	static char line[4001];
	struct person *lazy = &people[2];

	all_come(3);
	lazy->end = 77; /* so that nobody reads for him */
	memset(line, 'x', 3999);
	line[3999] = '\n';
	for (size_t i = 1; i <= 400; i++) {
		say(0, line);
		CHAT_WAIT(people[1].text.len >= i * 4000);
	}
	lazy->end = 0;
	CHAT_WAIT(has(2, " lines skipped, /history "));
	ck_assert_uint_lt(lazy->text.len, 400 * 4000);
	say(0, "hello again\n");
	CHAT_WAIT(has(2, "<p0> hello again"));
}
END_TEST

START_TEST(a_stop_tells_all_while_they_talk)
{
	char line[32];

	all_come(N_PEOPLE);
	for (unsigned k = 0; k < 200; k++)
		for (size_t i = 0; i < N_PEOPLE; i++) {
			snprintf(line, sizeof(line), "%u\n", k);
			say(i, line);
		}
	chat_port_stop(port);
	crew_close_all(&net.crew, CLOSE_STOPPING);
	for (size_t i = 0; i < N_PEOPLE; i++) {
		CHAT_WAIT(people[i].end == 1);
		ck_assert(has(i, "disconnected: the server is stopping"));
		ck_assert(!has(i, " left #"));
		shutdown(people[i].fd, SHUT_WR);
	}
	CHAT_WAIT(net.crew.n_conns == 0);
}
END_TEST

START_TEST(settings_change_while_they_talk)
{
	static char motd[] = "new";
	struct chat_settings other = settings;
	char line[32];

	other.motd = motd;
	other.history = 3;
	all_come(4);
	for (unsigned k = 0; k < 300; k++) {
		ck_assert_int_eq(
			chat_port_configure(port, k % 2 ? &settings : &other),
			0);
		for (size_t i = 0; i < 4; i++) {
			snprintf(line, sizeof(line), "%u\n", k);
			say(i, line);
		}
	}
	for (size_t i = 0; i < 4; i++)
		CHAT_WAIT(count_said(i) == 3 * 300);
	ck_assert_int_eq(chat_port_configure(port, &settings), 0);
}
END_TEST

static void go(struct person *p, size_t way)
{
	size_t i = (size_t)(p - people);

	if (way == 0)
		say(i, "/quit\n");
	else if (way == 1)
		shutdown(p->fd, SHUT_WR);
	if (way < 2)
		CHAT_WAIT(p->end);
	close(p->fd);
	strbuf_fini(&p->text);
	strbuf_fini(&p->to_send);
	*p = (struct person){.fd = -1, .end = 1};
}

/* The crowd comes and goes in every way at once; nobody is left behind. */
START_TEST(churn_leaves_nobody)
{
	size_t members = 1, rooms;

	for (int round = 0; round < 40; round++) {
		for (unsigned i = 0; i < N_PEOPLE; i++) {
			come(i % N_WORKERS);
			say(i, "/join a\n/nick x\nhello\n/join b\nhello\n");
		}
		for (size_t i = 0; i < N_PEOPLE; i++)
			go(&people[i], i % 3);
		n_people = 0;
	}
	CHAT_WAIT(net.crew.n_conns == 0);
	chat_port_count(port, &members, &rooms);
	ck_assert_uint_eq(members, 0);
	CHAT_WAIT(net.crew.output_bytes == 0);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("chat_port");
	TCase *tc = tcase_create("chat_port");
	SRunner *sr = srunner_create(s);
	int failed;

	tcase_add_checked_fixture(tc, set_up, tear_down);
	tcase_add_test(tc, all_read_all_in_one_order);
	tcase_add_test(tc, answers_keep_the_order_of_events);
	tcase_add_test(tc, private_words_cross_workers);
	tcase_add_test(tc, renaming_is_told_once_to_each);
	tcase_add_test(tc, quitting_says_goodbye);
	tcase_add_test(tc, a_half_close_ends_after_the_answers);
	tcase_add_test(tc, a_half_close_ends_after_the_last_of_many_lines);
	tcase_add_test(tc, reset_peers_leave);
	tcase_add_test(tc, posting_to_a_slow_worker_is_held_back);
	tcase_add_test(tc, who_does_not_read_misses_some_and_is_told);
	tcase_add_test(tc, a_stop_tells_all_while_they_talk);
	tcase_add_test(tc, settings_change_while_they_talk);
	tcase_add_test(tc, churn_leaves_nobody);
	suite_add_tcase(s, tc);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
