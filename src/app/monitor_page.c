/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The page of metrics: everything is read first, then written row by row, so
 * that rows which speak of the same agree. Any thread. */
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <event2/event.h>

#include "base/log.h"
#include "base/process.h"
#include "base/str.h"
#include "chat/limits.h"
#include "chat/proof.h"
#include "monitor_private.h"
#include "net/acceptor.h"
#include "net/close.h"
#include "net/receiver.h"
#include "net/service.h"
#include "net/worker.h"
#include "proto/chat_admin.h"
#include "proto/chat_port.h"
#include "sockd_build.h"

_Static_assert((int)CHAT_LIMIT_N == (int)METRICS_LIMITS, "METRICS_LIMITS");
_Static_assert((int)CHAT_PROOF_N == (int)METRICS_PROOFS, "METRICS_PROOFS");

/* A service as it was read. */
struct reading {
	struct service *service; /* a reference */
	bool transports[METRICS_TRANSPORTS];
	struct metrics_service_sum sum;
};

struct page {
	struct metrics_text text;
	struct reading *services; /* owned */
	size_t n_services;
	struct metrics_worker_sum workers;
	struct metrics_chat_sum chat;
	struct receive_counts datagrams;
	uint64_t values[METRICS_N]; /* of rows without labels */
};

static const char *const transport_names[METRICS_TRANSPORTS] = {
	[METRICS_TCP] = "tcp",
	[METRICS_UNIX] = "unix",
};

/* Reading. */

/* False: no memory. */
static bool read_services(struct page *p, struct monitor *m)
{
	pthread_mutex_lock(&m->lock);
	p->services = calloc(
		m->n_services ? m->n_services : 1, sizeof(*p->services));
	p->n_services = p->services ? m->n_services : 0;
	for (size_t i = 0; i < p->n_services; i++) {
		const struct monitor_service *from = &m->services[i];
		struct reading *to = &p->services[i];

		to->service = service_ref(from->service);
		for (int t = 0; t < METRICS_TRANSPORTS; t++)
			to->transports[t] = from->transports[t];
		service_sum(from->service->count, &to->sum);
	}
	pthread_mutex_unlock(&m->lock);
	return p->services != NULL;
}

static void free_services(struct page *p)
{
	for (size_t i = 0; i < p->n_services; i++)
		service_unref(p->services[i].service);
	free(p->services);
}

static void read_net(struct page *p, const struct monitor_sources *from)
{
	struct crew *crew = from->crew;
	uint64_t *values = p->values;

	for (unsigned i = 0; i < crew->n_workers; i++)
		metrics_sum_worker(&p->workers, worker_tally(crew->workers[i]));
	p->datagrams = receiver_counts(from->receiver);
	acceptor_levels(from->acceptor, &values[METRICS_ID_addresses],
		&values[METRICS_ID_proxy_waiting]);
	values[METRICS_ID_dgram_received] = p->datagrams.received;
	values[METRICS_ID_dgram_answered] = p->datagrams.answered;
	values[METRICS_ID_workers] = crew->n_workers;
	values[METRICS_ID_output_bytes] = atomic_load(&crew->output_bytes);
	values[METRICS_ID_output_limit] = atomic_load(&crew->output_total);
	values[METRICS_ID_delivered] = p->workers.delivered[0];
	values[METRICS_ID_left_out] = p->workers.left_out[0];
}

static void read_chat(struct page *p, struct chat_port *chat)
{
	uint64_t *values = p->values;
	struct chat_levels levels;

	chat_port_levels(chat, &levels);
	chat_port_sum(chat, &p->chat);
	values[METRICS_ID_members] = levels.n_members;
	values[METRICS_ID_resumable] = levels.n_gone;
	values[METRICS_ID_rooms] = levels.n_rooms;
	values[METRICS_ID_rooms_limit] = levels.max_rooms;
	values[METRICS_ID_history_bytes] = levels.history_bytes;
	values[METRICS_ID_history_limit] = levels.max_history_bytes;
	values[METRICS_ID_said] = p->chat.said[0];
	values[METRICS_ID_bans] = chat_admin_n_bans(chat);
}

static void read_daemon(struct page *p, const struct monitor *m)
{
	uint64_t *values = p->values;

	/* before what a reload changes: of one that is told of all is shown */
	values[METRICS_ID_reload_ok] = atomic_load(&m->reload_ok);
	values[METRICS_ID_reload_time] = (uint64_t)atomic_load(&m->reload_ms);
	values[METRICS_ID_ready] = !m->face.unready(&m->face);
	values[METRICS_ID_connections_limit] = atomic_load(&m->max_connections);
	values[METRICS_ID_log_lost] = log_n_lost();
	values[METRICS_ID_state_time] = (uint64_t)atomic_load(&m->state_ms);
	values[METRICS_ID_state_bytes] = atomic_load(&m->state_bytes);
	values[METRICS_ID_state_failures] = atomic_load(&m->state_failures);
	values[METRICS_ID_start_time] = (uint64_t)m->start_ms;
}

static void read_process(struct page *p, const struct process_figures *process)
{
	uint64_t *values = p->values;

	values[METRICS_ID_cpu] = process->cpu_us;
	values[METRICS_ID_resident] = process->resident;
	values[METRICS_ID_virtual_memory] = process->virtual_memory;
	values[METRICS_ID_open_fds] = process->open_fds;
	values[METRICS_ID_max_fds] = process->max_fds;
}

/* Writing: a function for each row with labels. */

static void write_plain(const struct page *p, enum metrics_id id)
{
	metrics_text_value(&p->text, id, NULL, p->values[id]);
}

static void write_build(const struct page *p, enum metrics_id id)
{
	const char *values[] = {SOCKD_VERSION, event_get_version()};

	metrics_text_value(&p->text, id, values, 1);
}

/* A transport is shown if it can be used, or was. */
static void write_transports(const struct page *p, enum metrics_id id,
	uint64_t (*value)(const struct metrics_service_sum *sum,
		enum metrics_transport transport))
{
	for (size_t i = 0; i < p->n_services; i++) {
		const struct reading *r = &p->services[i];

		for (int t = 0; t < METRICS_TRANSPORTS; t++) {
			const char *values[] = {
				r->service->name, transport_names[t]};

			if (r->transports[t] || r->sum.accepted[t])
				metrics_text_value(&p->text, id, values,
					value(&r->sum,
						(enum metrics_transport)t));
		}
	}
}

static bool has_connections(const struct reading *r)
{
	return r->transports[METRICS_TCP] || r->transports[METRICS_UNIX];
}

static uint64_t accepted(
	const struct metrics_service_sum *sum, enum metrics_transport transport)
{
	return sum->accepted[transport];
}

static void write_connections(const struct page *p, enum metrics_id id)
{
	write_transports(p, id, metrics_n_open);
}

static void write_accepted(const struct page *p, enum metrics_id id)
{
	write_transports(p, id, accepted);
}

/* All of them, so that the first one ever can be seen to happen. */
static void write_reasons(const struct page *p, enum metrics_id id,
	uint64_t (*value)(const struct metrics_service_sum *sum, unsigned why))
{
	for (size_t i = 0; i < p->n_services; i++) {
		const struct reading *r = &p->services[i];

		if (!has_connections(r))
			continue;
		for (unsigned why = 0; why < CLOSE_N; why++) {
			const char *values[] = {r->service->name,
				close_row((enum close_reason)why)->code};

			metrics_text_value(
				&p->text, id, values, value(&r->sum, why));
		}
	}
}

static uint64_t rejected(const struct metrics_service_sum *sum, unsigned why)
{
	return sum->rejected[why];
}

static void write_closed(const struct page *p, enum metrics_id id)
{
	write_reasons(p, id, metrics_n_closed);
}

static void write_rejected(const struct page *p, enum metrics_id id)
{
	write_reasons(p, id, rejected);
}

/* Those that have a single cell and no label but the service. Of a service of
 * datagrams only the lines that it did not say are counted. */
#define SERVICE_CELL(id) \
	[METRICS_ID_##id] = offsetof(struct metrics_service_sum, id)
static const size_t service_cells[METRICS_N] = {
	SERVICE_CELL(lines_delayed),
	SERVICE_CELL(lines_dropped),
	SERVICE_CELL(received_bytes),
	SERVICE_CELL(sent_bytes),
};

static void write_services(const struct page *p, enum metrics_id id)
{
	for (size_t i = 0; i < p->n_services; i++) {
		const struct reading *r = &p->services[i];
		const char *sum = (const char *)&r->sum;
		uint64_t value;

		if (!has_connections(r) && id != METRICS_ID_lines_dropped)
			continue;
		memcpy(&value, sum + service_cells[id], sizeof(value));
		metrics_text_value(&p->text, id,
			(const char *[]){r->service->name}, value);
	}
}

static void write_unanswered(const struct page *p, enum metrics_id id)
{
	for (int i = 0; i < DGRAM_N_REFUSALS; i++)
		metrics_text_value(&p->text, id,
			(const char *[]){dgram_refusal_names[i]},
			p->datagrams.refused[i]);
}

static void write_limits(const struct page *p, enum metrics_id id)
{
	static const char *const names[METRICS_LIMITS] = {
#define LIMIT_NAME(name, label) [CHAT_LIMIT_##name] = label,
		CHAT_LIMITS(LIMIT_NAME)
#undef LIMIT_NAME
	};

	for (int i = 0; i < METRICS_LIMITS; i++)
		metrics_text_value(&p->text, id, &names[i], p->chat.limits[i]);
}

static void write_proofs(const struct page *p, enum metrics_id id)
{
	static const char *const labels[METRICS_PROOFS][2] = {
#define PROOF_LABELS(name, how, result) [CHAT_PROOF_##name] = {how, result},
		CHAT_PROOFS(PROOF_LABELS)
#undef PROOF_LABELS
	};

	for (int i = 0; i < METRICS_PROOFS; i++)
		metrics_text_value(&p->text, id, labels[i], p->chat.proofs[i]);
}

static void write_fanout_time(const struct page *p, enum metrics_id id)
{
	metrics_text_histogram(&p->text, id, p->workers.fanout_time);
}

static void write_loop_lag(const struct page *p, enum metrics_id id)
{
	metrics_text_histogram(&p->text, id, p->workers.loop_lag);
}

static void write_recipients(const struct page *p, enum metrics_id id)
{
	metrics_text_histogram(&p->text, id, p->chat.recipients);
}

/* Rows that are not here have no labels and one value. */
static void (*const writers[METRICS_N])(
	const struct page *, enum metrics_id) = {
	[METRICS_ID_build] = write_build,
	[METRICS_ID_connections] = write_connections,
	[METRICS_ID_accepted] = write_accepted,
	[METRICS_ID_closed] = write_closed,
	[METRICS_ID_rejected] = write_rejected,
	[METRICS_ID_lines_delayed] = write_services,
	[METRICS_ID_lines_dropped] = write_services,
	[METRICS_ID_received_bytes] = write_services,
	[METRICS_ID_sent_bytes] = write_services,
	[METRICS_ID_dgram_unanswered] = write_unanswered,
	[METRICS_ID_limits] = write_limits,
	[METRICS_ID_proofs] = write_proofs,
	[METRICS_ID_fanout_time] = write_fanout_time,
	[METRICS_ID_loop_lag] = write_loop_lag,
	[METRICS_ID_recipients] = write_recipients,
};

void monitor_page(const struct proto_monitor *face, enum metrics_format format,
	const struct process_figures *process, struct strbuf *out)
{
	/* The lock is the only part of it that this changes. */
	struct monitor *m = (struct monitor *)(uintptr_t)face;
	struct page p = {.text = {.out = out, .format = format}};

	read_daemon(&p, m);
	read_net(&p, &m->from);
	read_chat(&p, m->from.chat);
	read_process(&p, process);
	out->failed |= !read_services(&p, m);
	/* after what becomes of those who arrive, see base/metrics.c */
	p.values[METRICS_ID_arrived] = atomic_load(&m->from.crew->n_accepted);
	for (int i = 0; i < METRICS_N; i++) {
		enum metrics_id id = (enum metrics_id)i;

		metrics_text_row(&p.text, id);
		(writers[id] ? writers[id] : write_plain)(&p, id);
	}
	metrics_text_end(&p.text);
	free_services(&p);
}
