/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SOCKD_APP_CONFIG_ERRORS_H
#define SOCKD_APP_CONFIG_ERRORS_H

struct config;
struct config_errors;

/* Adding to what was found in a configuration, for those who look into it and
 * who put it to work: struct config_errors is app/config.h's. */

/* A finding about a place; file NULL: a -o. Text is complete. */
void config_errors_add(struct config_errors *errors, const char *file,
	unsigned line, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));
/* The same as a warning. */
void config_errors_warn(struct config_errors *errors, const char *file,
	unsigned line, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));
/* The same about where the value at `path` of cfg was written. */
void config_errors_add_of(struct config_errors *errors,
	const struct config *cfg, const char *path, const char *text);
/* Memory ran out: counts as an error even if nothing can be stored. */
void config_errors_oom(struct config_errors *errors);

#endif
