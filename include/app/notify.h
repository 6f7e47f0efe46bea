/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SOCKD_APP_NOTIFY_H
#define SOCKD_APP_NOTIFY_H

#include <stdbool.h>
#include <stdint.h>

struct log_record;

/* What sockd tells the service manager, sd_notify(3). Without a manager, or
 * built without libsystemd, all of it does nothing. Main thread. */

bool notify_is_on(void); /* somebody listens */
void notify_ready(const char *status);
void notify_status(const char *status);
void notify_reloading(void);
void notify_stopping(const char *status);
void notify_watchdog(void);
/* How often the manager wants to hear notify_watchdog(); 0: it does not. */
uint64_t notify_watchdog_ms(void);

/* True if stderr is the journal's and structured records can be sent to it. */
bool journal_is_on(void);
/* A log_sink_fn. */
void journal_sink(const struct log_record *record);

#endif
