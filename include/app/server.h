/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SOCKD_APP_SERVER_H
#define SOCKD_APP_SERVER_H

struct config;
struct config_source;

/* Runs the daemon by cfg (taken) until a signal stops it; src (borrowed) is
 * read again by a reload. Returns an exit code of sysexits.h; what went wrong
 * has been logged. */
int server_run(const struct config_source *src, struct config *cfg);

#endif
