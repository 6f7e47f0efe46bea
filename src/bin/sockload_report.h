/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SOCKD_BIN_SOCKLOAD_REPORT_H
#define SOCKD_BIN_SOCKLOAD_REPORT_H

#include <stdint.h>

struct load;

/* What a run found, for people or (--json) as one JSON object, on stdout. */
void report_print(const struct load *l);
/* One line about how far the run is, on a terminal; replaces the last. */
void report_progress(const struct load *l, uint64_t now_us);
void report_progress_end(const struct load *l);

#endif
