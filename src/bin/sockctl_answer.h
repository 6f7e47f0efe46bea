/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SOCKD_BIN_SOCKCTL_ANSWER_H
#define SOCKD_BIN_SOCKCTL_ANSWER_H

struct ctl_request;

/* Reads what is answered to the request and prints it as it comes. Returns the
 * exit code; what went wrong has been said. */
int sockctl_answer(int fd, const struct ctl_request *request);

#endif
