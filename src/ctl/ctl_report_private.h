/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SOCKD_CTL_CTL_REPORT_PRIVATE_H
#define SOCKD_CTL_CTL_REPORT_PRIVATE_H

#include "ctl/ctl_report.h"

/* What a report is to those who fill and write it. */

struct value {
	const char *key; /* borrowed; NULL in tables */
	enum report_type type;
	bool is_none;
	uint64_t n;
	char *text; /* owned; of a list: items, each behind a line end */
};

struct part {
	const char *key;                     /* of a table; NULL: values */
	const struct report_column *columns; /* borrowed */
	size_t n_columns;
	size_t first, n;     /* values */
	uint64_t n_left_out; /* rows */
};

struct report {
	struct value *values; /* owned */
	size_t n_values, size;
	struct part *parts; /* owned */
	size_t n_parts;
	size_t n_bytes; /* of texts */
	bool is_table;  /* the last part is, and is open */
	size_t n_skip;  /* cells to go of a row that is left out */
	bool failed;
};

#endif
