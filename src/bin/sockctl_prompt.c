/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Asking for a password. While the terminal does not echo, signals that would
 * end or stop us only interrupt the reading: the terminal is put back, then the
 * signal is sent again. They come while we wait for input and at no other time,
 * so that none comes too early to interrupt. */
#include <assert.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "base/errmsg.h"
#include "base/password.h"
#include "sockctl_passwd.h"

#define LINE_MAX_LEN 1024

static volatile sig_atomic_t caught; /* the signal; 0: none */

static void on_signal(int sig)
{
	caught = sig;
}

static const int signals[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP};
#define N_SIGNALS (sizeof(signals) / sizeof(signals[0]))

/* How signals were before. */
struct before {
	struct sigaction actions[N_SIGNALS];
	sigset_t mask;
};

/* One byte, as read(2). before NULL: signals do what they do. */
static ssize_t read_byte(char *ret, const struct before *before)
{
	struct pollfd in = {.fd = STDIN_FILENO, .events = POLLIN};

	if (before && ppoll(&in, 1, NULL, &before->mask) < 0)
		return -1;
	return read(STDIN_FILENO, ret, 1);
}

/* One line, byte by byte, so that nothing behind it is taken. */
static int read_line(
	const struct before *before, char **ret, struct errmsg *msg)
{
	char line[LINE_MAX_LEN];
	size_t len = 0;
	ssize_t n;
	int err = 0;

	while ((n = read_byte(&line[len], before)) == 1 && line[len] != '\n')
		if (++len == sizeof(line) - 1)
			break;
	if (n < 0)
		err = errmsg_set(msg, errno, "no password was read: %s",
			strerror(errno));
	else if (n == 0 && len == 0)
		err = errmsg_set(msg, EINVAL, "there is no password to read");
	line[len] = '\0';
	*ret = err ? NULL : strdup(line);
	explicit_bzero(line, sizeof(line));
	if (!err && !*ret)
		err = errmsg_set(msg, ENOMEM, "out of memory");
	return err;
}

static void say(const char *text)
{
	(void)!write(STDERR_FILENO, text, strlen(text));
}

struct question {
	const char *name;
	const struct before *before;
};

static int ask(const struct question *q, const char *prompt, char **ret,
	struct errmsg *msg)
{
	int err;

	say(prompt);
	say(q->name);
	say(": ");
	err = read_line(q->before, ret, msg);
	say("\n");
	return err;
}

static int ask_twice(const struct question *q, char **ret, struct errmsg *msg)
{
	char *again = NULL;
	int err = ask(q, "New password for ", ret, msg);

	if (!err)
		err = ask(q, "The same again for ", &again, msg);
	assert(err || (*ret && again));
	if (!err && strcmp(*ret, again) != 0)
		err = errmsg_set(msg, EINVAL,
			"the two passwords are not the same; nothing is "
			"changed");
	password_free(again);
	if (err) {
		password_free(*ret);
		*ret = NULL;
	}
	return err;
}

static void catch_signals(struct before *before)
{
	struct sigaction act = {.sa_handler = on_signal};
	sigset_t caught_ones;

	sigemptyset(&act.sa_mask);
	sigemptyset(&caught_ones);
	for (size_t i = 0; i < N_SIGNALS; i++)
		sigaddset(&caught_ones, signals[i]);
	sigprocmask(SIG_BLOCK, &caught_ones, &before->mask);
	for (size_t i = 0; i < N_SIGNALS; i++)
		sigaction(signals[i], &act, &before->actions[i]);
}

static void restore_signals(const struct before *before)
{
	for (size_t i = 0; i < N_SIGNALS; i++)
		sigaction(signals[i], &before->actions[i], NULL);
	sigprocmask(SIG_SETMASK, &before->mask, NULL);
	if (caught)
		raise(caught);
}

int sockctl_prompt(const char *name, char **ret, struct errmsg *msg)
{
	struct before before;
	const struct question q = {name, &before};
	struct termios shown, hidden;
	int err;

	if (!isatty(STDIN_FILENO) || tcgetattr(STDIN_FILENO, &shown))
		return read_line(NULL, ret, msg);
	hidden = shown;
	hidden.c_lflag &= ~(tcflag_t)ECHO;
	catch_signals(&before);
	if (tcsetattr(STDIN_FILENO, TCSAFLUSH, &hidden))
		err = errmsg_set(msg, errno, "the terminal cannot be set: %s",
			strerror(errno));
	else
		err = ask_twice(&q, ret, msg);
	(void)tcsetattr(STDIN_FILENO, TCSAFLUSH, &shown);
	restore_signals(&before);
	return err;
}
