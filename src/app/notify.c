/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The service manager and its journal, through libsystemd. */
#include "app/notify.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sockd_build.h"

#include "base/clock.h"
#include "base/log.h"

#if HAVE_LIBSYSTEMD
#include <sys/uio.h>

#include <systemd/sd-daemon.h>
#include <systemd/sd-journal.h>

bool notify_is_on(void)
{
	return getenv("NOTIFY_SOCKET") != NULL;
}

void notify_ready(const char *status)
{
	(void)sd_notifyf(0, "READY=1\nSTATUS=%s", status);
}

void notify_status(const char *status)
{
	(void)sd_notifyf(0, "STATUS=%s", status);
}

/* The time lets managers from 253 on pair this with the READY that follows. */
void notify_reloading(void)
{
	(void)sd_notifyf(0, "RELOADING=1\nMONOTONIC_USEC=%llu",
		(unsigned long long)clock_mono_us());
}

void notify_stopping(const char *status)
{
	(void)sd_notifyf(0, "STOPPING=1\nSTATUS=%s", status);
}

void notify_watchdog(void)
{
	(void)sd_notify(0, "WATCHDOG=1");
}

uint64_t notify_watchdog_ms(void)
{
	uint64_t usec = 0;

	return sd_watchdog_enabled(0, &usec) > 0 ? usec / 1000 : 0;
}

bool journal_is_on(void)
{
	const char *stream = getenv("JOURNAL_STREAM");
	unsigned long long dev, ino;
	struct stat st;

	return stream && sscanf(stream, "%llu:%llu", &dev, &ino) == 2 &&
		fstat(STDERR_FILENO, &st) == 0 && st.st_dev == dev &&
		st.st_ino == ino;
}

#define FIELD_LEN 256

static void add_field(struct iovec *fields, int *n, char *buf, const char *name,
	const char *value)
{
	int len = snprintf(buf, FIELD_LEN, "%s=%s", name, value);

	fields[(*n)++] = (struct iovec){
		buf, len < FIELD_LEN ? (size_t)len : FIELD_LEN - 1};
}

void journal_sink(const struct log_record *record)
{
	struct iovec fields[6];
	char buf[5][FIELD_LEN], number[24], *message = NULL;
	int n = 0, len = asprintf(&message, "MESSAGE=%s", record->text);

	if (len < 0)
		return;
	fields[n++] = (struct iovec){message, (size_t)len};
	snprintf(number, sizeof(number), "%d", (int)record->level);
	add_field(fields, &n, buf[0], "PRIORITY", number);
	add_field(fields, &n, buf[1], "SYSLOG_IDENTIFIER", "sockd");
	if (record->about.service)
		add_field(fields, &n, buf[2], "SOCKD_SERVICE",
			record->about.service);
	if (record->about.peer)
		add_field(fields, &n, buf[3], "SOCKD_PEER", record->about.peer);
	if (record->about.conn) {
		snprintf(number, sizeof(number), "%llu",
			(unsigned long long)record->about.conn);
		add_field(fields, &n, buf[4], "SOCKD_CONN", number);
	}
	(void)sd_journal_sendv(fields, n);
	free(message);
}

#else /* without libsystemd */

bool notify_is_on(void)
{
	return false;
}

void notify_ready(const char *status)
{
}

void notify_status(const char *status)
{
}

void notify_reloading(void)
{
}

void notify_stopping(const char *status)
{
}

void notify_watchdog(void)
{
}

uint64_t notify_watchdog_ms(void)
{
	return 0;
}

bool journal_is_on(void)
{
	return false;
}

void journal_sink(const struct log_record *record)
{
	log_sink_stderr(record);
}
#endif
