/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SOCKD_BASE_ROWS_H
#define SOCKD_BASE_ROWS_H

#include <stdbool.h>
#include <stddef.h>

/* Has an array of *size rows hold more than n of them, so that one can be
 * added: it moves to where there is room for twice as many. *rows: owned, NULL
 * while *size is 0. False: no memory, and nothing has changed. */
bool rows_make_room(void **rows, size_t *size, size_t n, size_t row_size);

#endif
