/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Arrays that grow. */
#include "base/rows.h"

#include <stdlib.h>

#define FIRST_SIZE 16

bool rows_make_room(void **rows, size_t *size, size_t n, size_t row_size)
{
	size_t wider = *size ? 2 * *size : FIRST_SIZE;
	void *moved;

	if (n < *size)
		return true;
	moved = reallocarray(*rows, wider, row_size);
	if (!moved)
		return false;
	*rows = moved;
	*size = wider;
	return true;
}
