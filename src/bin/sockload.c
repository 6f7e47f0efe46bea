/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * sockload: the load generator behind every figure of the project. It shares a
 * small machine with the server it measures, so it is made cheap: one process,
 * one thread, raw events, no copying on the usual path. It trusts nothing that
 * comes back: every byte is checked, every delivery is accounted for.
 *
 * The exit code is 0, 76 when the server made faults, 69 when it could not be
 * reached, 71 when this system could not do it, 64 for a wrong command line.
 */
#include <signal.h>

#include "sockload.h"
#include "sockload_args.h"

int main(int argc, char **argv)
{
	static struct load load; /* the histogram is large */
	struct load_options opt;
	int code;

	if (!args_parse(argc, argv, &opt, &code))
		return code;
	signal(SIGPIPE, SIG_IGN);
	return load_run(&load, &opt);
}
