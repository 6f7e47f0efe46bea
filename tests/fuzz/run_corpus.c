/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Feeds files to a fuzz target, each whole and each of its beginnings, so that
 * a corpus is an ordinary test where the fuzzer is not built.
 *
 * usage: run_corpus DIRECTORY...
 */
#include <dirent.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define FILE_MAX 65536

static void run_file(const char *path)
{
	uint8_t *data = malloc(FILE_MAX), *exact;
	FILE *file = fopen(path, "rb");
	size_t size;

	if (!data || !file) {
		fprintf(stderr, "%s: %s\n", path, strerror(errno));
		exit(EXIT_FAILURE);
	}
	size = fread(data, 1, FILE_MAX, file);
	fclose(file);
	for (size_t len = 0; len <= size; len += len < 2000 ? 1 : 97) {
		/* of its own size, so that a sanitizer sees its end */
		exact = malloc(len > 0 ? len : 1);
		if (!exact)
			abort();
		memcpy(exact, data, len);
		LLVMFuzzerTestOneInput(exact, len);
		free(exact);
	}
	LLVMFuzzerTestOneInput(data, size);
	free(data);
}

static unsigned run_directory(const char *path)
{
	DIR *dir = opendir(path);
	struct dirent *entry;
	char name[4096];
	unsigned n = 0;

	if (!dir) {
		fprintf(stderr, "%s: %s\n", path, strerror(errno));
		exit(EXIT_FAILURE);
	}
	while ((entry = readdir(dir)) != NULL) {
		if (entry->d_name[0] == '.')
			continue;
		snprintf(name, sizeof name, "%s/%s", path, entry->d_name);
		run_file(name);
		n++;
	}
	closedir(dir);
	return n;
}

int main(int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		unsigned n = run_directory(argv[i]);

		printf("%s: %u files\n", argv[i], n);
		if (n == 0)
			return EXIT_FAILURE;
	}
	return argc > 1 ? EXIT_SUCCESS : EXIT_FAILURE;
}
