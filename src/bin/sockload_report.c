/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The results of a run in words and in JSON. Both are made of the same few
 * derived figures, so they cannot disagree. Standard output carries the report
 * and nothing else; progress and faults go to standard error.
 */
#include "sockload_report.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/str.h"
#include "base/units.h"
#include "sockload.h"

struct figures {
	double seconds, per_second, bytes_per_second;
	double cpu_seconds, cpu_us, cpu_share; /* 0 if nothing is measured */
	double rss_each;                       /* bytes a connection */
};

static const struct {
	const char *name, *key;
	double percent;
} percentiles[] = {
	{"p50", "p50", 50},
	{"p90", "p90", 90},
	{"p99", "p99", 99},
	{"p99.9", "p999", 99.9},
};
#define N_PERCENTILES (sizeof(percentiles) / sizeof(*percentiles))

static struct figures figures_of(const struct load *l)
{
	struct figures f = {0};

	if (l->ended_us > l->began_us)
		f.seconds = (double)(l->ended_us - l->began_us) / 1e6;
	f.cpu_seconds = (double)l->cpu_ns / 1e9;
	if (f.seconds > 0) {
		f.per_second = (double)l->ops / f.seconds;
		f.bytes_per_second = (double)l->bytes / f.seconds;
		f.cpu_share = f.cpu_seconds / f.seconds;
	}
	if (l->ops > 0)
		f.cpu_us = (double)l->cpu_ns / 1e3 / (double)l->ops;
	if (l->n_ready > 0)
		f.rss_each = ((double)l->rss_after - (double)l->rss_before) /
			l->n_ready;
	return f;
}

/* A mode that opens them in its lanes has no fixed connections. */
static uint32_t n_connections(const struct load *l)
{
	return l->n_conns ? l->n_conns : l->pace.n_lanes;
}

static const char *count(char *buf, double n)
{
	return str_count(buf, (unsigned long long)(n + 0.5));
}

static void print_work(const struct load *l, const struct figures *f)
{
	char a[STR_COUNT_LEN], b[STR_COUNT_LEN];

	printf("  %-14s%s in %.2f s, %s a second", l->opt->mode->unit,
		str_count(a, l->ops), f->seconds, count(b, f->per_second));
	printf(", %.1f MB/s\n", f->bytes_per_second / 1e6);
	if (l->latency.n == 0)
		return;
	printf("  %-14s", "latency");
	for (size_t i = 0; i < N_PERCENTILES; i++)
		printf("%s %s  ", percentiles[i].name,
			str_count(a,
				hist_percentile(
					&l->latency, percentiles[i].percent)));
	printf("max %s µs%s\n", str_count(a, l->latency.max_us),
		l->opt->rate ? ", from when each was due" : "");
}

static void print_server(const struct load *l, const struct figures *f)
{
	char a[STR_COUNT_LEN], b[STR_COUNT_LEN];

	if (l->server.pid == 0)
		return;
	if (l->opt->mode->holds)
		printf("  %-14s%s bytes a connection, %s KiB in all\n",
			"server memory", count(a, f->rss_each),
			str_count(b, l->rss_after / 1024));
	else
		printf("  %-14s%.3f µs each, %.0f %% of a processor\n",
			"server CPU", f->cpu_us, f->cpu_share * 100);
}

static bool has_slow(const struct load *l)
{
	return l->opt->silent + l->opt->slow > 0;
}

static void print_slow(const struct load *l)
{
	char a[STR_COUNT_LEN], b[STR_COUNT_LEN], c[STR_COUNT_LEN];

	if (!has_slow(l))
		return;
	printf("  %-14s%s messages came, %s were skipped, %s of them said\n",
		"slow readers", str_count(a, l->slow.came),
		str_count(b, l->slow.skipped), str_count(c, l->slow.announced));
}

static void print_faults(const struct load *l)
{
	char a[STR_COUNT_LEN];

	printf("  %-14s", "faults");
	if (faults_total(&l->faults) == 0)
		printf("none");
	for (int i = 0; i < N_FAULT_KINDS; i++)
		if (l->faults.counts[i])
			printf("%s %s  ", str_count(a, l->faults.counts[i]),
				fault_names[i]);
	putchar('\n');
}

static void print_words(const struct load *l, const struct figures *f)
{
	char a[STR_COUNT_LEN];

	printf("%s %s: %s connections", l->opt->mode->name, l->opt->address,
		str_count(a, n_connections(l)));
	if (l->opt->size)
		printf(", %" PRIu64 " bytes", l->opt->size);
	putchar('\n');
	if (!l->opt->mode->holds)
		print_work(l, f);
	print_server(l, f);
	print_slow(l);
	print_faults(l);
}

static void json_string(const char *text)
{
	putchar('"');
	for (const unsigned char *p = (const void *)text; *p; p++) {
		if (*p == '"' || *p == '\\')
			printf("\\%c", *p);
		else if (*p < 0x20)
			printf("\\u%04x", *p);
		else
			putchar(*p);
	}
	putchar('"');
}

static void json_head(const struct load *l)
{
	const struct load_options *o = l->opt;

	printf("{\"mode\":\"%s\",\"address\":", o->mode->name);
	json_string(o->address);
	printf(",\"connections\":%" PRIu32 ",\"size\":%" PRIu64
	       ",\"depth\":%" PRIu64 ",\"window\":%" PRIu64
	       ",\"senders\":%" PRIu64 ",\"rooms\":%" PRIu64
	       ",\"rate\":%" PRIu64,
		n_connections(l), o->size, o->depth, o->window, o->senders,
		o->rooms, o->rate);
	printf(",\"preset\":");
	json_string(o->has_preset && o->preset.name ? o->preset.name : "");
}

static void json_latency(const struct load *l)
{
	printf(",\"latency_us\":{\"mean\":%.1f", hist_mean(&l->latency));
	for (size_t i = 0; i < N_PERCENTILES; i++)
		printf(",\"%s\":%" PRIu64, percentiles[i].key,
			hist_percentile(&l->latency, percentiles[i].percent));
	printf(",\"max\":%" PRIu64 "}", l->latency.max_us);
}

static void json_server(const struct load *l, const struct figures *f)
{
	if (l->server.pid == 0)
		return;
	printf(",\"server\":{\"pid\":%d,\"cpu_seconds\":%.6f"
	       ",\"cpu_us_per_operation\":%.4f,\"cpu_share\":%.4f",
		(int)l->server.pid, f->cpu_seconds, f->cpu_us, f->cpu_share);
	printf(",\"rss_before\":%" PRIu64 ",\"rss_after\":%" PRIu64
	       ",\"rss_per_connection\":%.1f}",
		l->rss_before, l->rss_after, f->rss_each);
}

static void json_slow(const struct load *l)
{
	if (!has_slow(l))
		return;
	printf(",\"slow\":{\"silent\":%" PRIu64 ",\"slow\":%" PRIu64,
		l->opt->silent, l->opt->slow);
	printf(",\"came\":%" PRIu64 ",\"skipped\":%" PRIu64
	       ",\"announced\":%" PRIu64 ",\"told\":%" PRIu64 "}",
		l->slow.came, l->slow.skipped, l->slow.announced, l->slow.told);
}

static void print_json(const struct load *l, const struct figures *f)
{
	json_head(l);
	printf(",\"unit\":\"%s\",\"operations\":%" PRIu64
	       ",\"seconds\":%.6f,\"per_second\":%.1f"
	       ",\"bytes_per_second\":%.0f",
		l->opt->mode->unit, l->ops, f->seconds, f->per_second,
		f->bytes_per_second);
	json_latency(l);
	json_server(l, f);
	json_slow(l);
	printf(",\"faults\":{");
	for (int i = 0; i < N_FAULT_KINDS; i++)
		printf("%s\"%s\":%" PRIu64, i ? "," : "", fault_names[i],
			l->faults.counts[i]);
	printf("},\"first_faults\":[");
	for (size_t i = 0; i < l->faults.n_texts; i++) {
		if (i)
			putchar(',');
		json_string(l->faults.texts[i]);
	}
	puts("]}");
}

void report_print(const struct load *l)
{
	struct figures f = figures_of(l);

	if (l->opt->json)
		print_json(l, &f);
	else
		print_words(l, &f);
	fflush(stdout);
}

static bool has_progress(const struct load *l)
{
	return !l->opt->quiet && isatty(STDERR_FILENO);
}

void report_progress(const struct load *l, uint64_t now_us)
{
	char a[STR_COUNT_LEN], b[STR_COUNT_LEN];

	if (!has_progress(l))
		return;
	fputs("\r\033[K", stderr);
	if (l->phase == LOAD_CONNECTING)
		fprintf(stderr, "%s of %s connections",
			str_count(a, l->n_ready), str_count(b, l->n_conns));
	else if (l->opt->mode->holds)
		fprintf(stderr, "holding %s connections; Ctrl-C ends it",
			str_count(a, l->n_live));
	else
		fprintf(stderr, "%s a second, p99 %s µs",
			count(a,
				(double)(l->ops - l->ops_before) * 1e6 /
					(double)(now_us - l->progress_us)),
			str_count(b, hist_percentile(&l->latency, 99)));
	fflush(stderr);
}

void report_progress_end(const struct load *l)
{
	if (has_progress(l))
		fputs("\r\033[K", stderr);
}
