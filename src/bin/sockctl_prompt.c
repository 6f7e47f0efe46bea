/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Asking for a password. While the terminal does not echo, signals that would
 * end or stop us only interrupt the reading: the terminal is put back, then the
 * signal is sent again. */
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
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

/* One line, byte by byte, so that nothing behind it is taken. */
static int read_line(char **ret, struct errmsg *msg)
{
	char line[LINE_MAX_LEN];
	size_t len = 0;
	ssize_t n;
	int err = 0;

	while ((n = read(STDIN_FILENO, &line[len], 1)) == 1 &&
		line[len] != '\n' && !caught)
		if (++len == sizeof(line) - 1)
			break;
	if (n < 0 || caught)
		err = errmsg_set(msg, caught ? EINTR : errno,
			"no password was read: %s",
			strerror(caught ? EINTR : errno));
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

static int ask(
	const char *prompt, const char *name, char **ret, struct errmsg *msg)
{
	int err;

	say(prompt);
	say(name);
	say(": ");
	err = read_line(ret, msg);
	say("\n");
	return err;
}

static int ask_twice(const char *name, char **ret, struct errmsg *msg)
{
	char *again = NULL;
	int err = ask("New password for ", name, ret, msg);

	if (!err)
		err = ask("The same again for ", name, &again, msg);
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

static void catch_signals(struct sigaction *old)
{
	struct sigaction act = {.sa_handler = on_signal};

	sigemptyset(&act.sa_mask); /* and no SA_RESTART */
	for (size_t i = 0; i < N_SIGNALS; i++)
		sigaction(signals[i], &act, &old[i]);
}

static void restore_signals(const struct sigaction *old)
{
	for (size_t i = 0; i < N_SIGNALS; i++)
		sigaction(signals[i], &old[i], NULL);
	if (caught)
		raise(caught);
}

int sockctl_prompt(const char *name, char **ret, struct errmsg *msg)
{
	struct sigaction old[N_SIGNALS];
	struct termios shown, hidden;
	int err;

	if (!isatty(STDIN_FILENO) || tcgetattr(STDIN_FILENO, &shown))
		return read_line(ret, msg);
	hidden = shown;
	hidden.c_lflag &= ~(tcflag_t)ECHO;
	catch_signals(old);
	if (tcsetattr(STDIN_FILENO, TCSAFLUSH, &hidden))
		err = errmsg_set(msg, errno, "the terminal cannot be set: %s",
			strerror(errno));
	else
		err = ask_twice(name, ret, msg);
	(void)tcsetattr(STDIN_FILENO, TCSAFLUSH, &shown);
	restore_signals(old);
	return err;
}
