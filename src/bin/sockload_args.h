/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SOCKD_BIN_SOCKLOAD_ARGS_H
#define SOCKD_BIN_SOCKLOAD_ARGS_H

#include <stdbool.h>

struct load_options;

/* Fills the options from the command line. True if there is work to do; else
 * *ret_code is the exit code and everything has been said. */
bool args_parse(int argc, char **argv, struct load_options *opt, int *ret_code);

#endif
