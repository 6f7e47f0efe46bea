/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Memory that runs out once, to be loaded before libc. The file $NO_MEMORY
 * holds a number, shared with the test: the main thread fails to get memory the
 * time at which it comes to 0. */
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

/* What dlsym() would find, which takes memory itself. */
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t n, size_t size);
void *__libc_realloc(void *p, size_t size);

static _Atomic uint32_t *left;

__attribute__((constructor)) static void find_number(void)
{
	const char *file = getenv("NO_MEMORY");
	int fd = file ? open(file, O_RDWR | O_CLOEXEC) : -1;
	void *p;

	if (fd < 0)
		return;
	p = mmap(
		NULL, sizeof(*left), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (p != MAP_FAILED)
		left = p;
	close(fd);
}

static bool fails(void)
{
	uint32_t n = left ? *left : 0;

	if (n == 0 || gettid() != getpid())
		return false;
	/* The test may have taken it back. */
	if (!atomic_compare_exchange_strong(left, &n, n - 1) || n > 1)
		return false;
	errno = ENOMEM;
	return true;
}

void *malloc(size_t size)
{
	return fails() ? NULL : __libc_malloc(size);
}

void *calloc(size_t n, size_t size)
{
	return fails() ? NULL : __libc_calloc(n, size);
}

void *realloc(void *p, size_t size)
{
	return fails() ? NULL : __libc_realloc(p, size);
}
