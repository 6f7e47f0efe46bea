/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Reading configurations off the loop, by a net/helper.
 *
 *	loop: start ─▶ thread: read, check, look up ─▶ open ─▶ loop: done()
 *	                       (may take for ever)     (short)
 *
 * A job shares nothing with the loop while it reads and looks up: it has its
 * own copy of what to read. So a stop can give it up there, and whoever ends
 * last frees it. While it opens, it looks at the plan in force; a stop waits
 * for the end of that, which no name server can delay, and closes what was
 * opened. */
#include "app/loader.h"

#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "app/config.h"
#include "app/config_errors.h"
#include "app/plan.h"
#include "net/helper.h"

struct load {
	struct helper_job job;
	TAILQ_ENTRY(load) link; /* in loader.loads, until done or given up */
	struct loader *loader;  /* the loop's; NULL: given up */
	loader_fn done;         /* the loop's, with arg */
	void *arg;
	struct strlist source; /* FILE, then each -o */
	char *runtime_dir;     /* owned; NULL: nothing to open */
	struct loader_world world;
	struct loaded result; /* the thread's, then the loop's */
	pthread_mutex_t lock;
	pthread_cond_t opened;
	bool is_opening, is_given_up; /* under lock */
};

struct loader {
	const struct config_source *src; /* borrowed */
	struct mailbox *home;            /* borrowed */
	struct helper *helper;           /* owned; NULL: stopped */
	TAILQ_HEAD(, load) loads;
};

static void loaded_fini(struct loaded *l)
{
	config_errors_fini(&l->errors);
	plan_free(l->plan);
	config_ref_unref(l->cfg);
}

static void load_free(struct load *load)
{
	loaded_fini(&load->result);
	strlist_fini(&load->source);
	free(load->runtime_dir);
	pthread_cond_destroy(&load->opened);
	pthread_mutex_destroy(&load->lock);
	free(load);
}

static void drop_mail(struct mail *m)
{
	load_free((struct load *)m);
}

/* On the thread. */

static bool may_open(struct load *load)
{
	pthread_mutex_lock(&load->lock);
	load->is_opening = !load->is_given_up;
	pthread_mutex_unlock(&load->lock);
	return load->is_opening;
}

/* 0 or -errno. From its end on the plan may be taken away by the loop. */
static int open_plan(struct load *load, struct plan *plan)
{
	int err = plan_open(
		plan, load->world.old, load->world.ctx, &load->result.errors);

	pthread_mutex_lock(&load->lock);
	if (err || load->is_given_up)
		plan_free(plan);
	else
		load->result.plan = plan;
	load->is_opening = false;
	pthread_cond_signal(&load->opened);
	pthread_mutex_unlock(&load->lock);
	return err;
}

static int make_plan(struct load *load)
{
	struct loaded *r = &load->result;
	struct plan *plan;
	int err = plan_new(
		&plan, config_ref_ref(r->cfg), load->runtime_dir, &r->errors);

	if (err)
		return err;
	if (may_open(load))
		return open_plan(load, plan);
	plan_free(plan);
	return 0; /* nobody hears of it */
}

static void work(struct helper_job *job)
{
	struct load *load = (struct load *)job;
	struct loaded *r = &load->result;
	struct config_source src = {
		.file = load->source.items[0],
		.overrides = (const char *const *)load->source.items + 1,
		.n_overrides = load->source.n_items - 1,
	};
	struct config *cfg;

	if (config_load(&src, &cfg, &r->errors))
		return;
	r->cfg = config_ref_new(cfg);
	if (!r->cfg) {
		config_errors_oom(&r->errors);
	} else if (load->runtime_dir && make_plan(load)) {
		config_ref_unref(r->cfg);
		r->cfg = NULL;
	}
}

/* On the loop. */

static void come_home(struct mail *m, void *owner)
{
	struct load *load = (struct load *)m;

	if (load->loader) {
		TAILQ_REMOVE(&load->loader->loads, load, link);
		load->done(&load->result, load->arg);
	}
	load_free(load);
}

static struct load *load_new(struct loader *l, const struct loader_world *world)
{
	struct load *load = calloc(1, sizeof(*load));
	int err;

	if (!load)
		return NULL;
	load->job.work = work;
	load->job.mailbox = l->home;
	load->job.mail.run = come_home;
	load->job.mail.free = drop_mail;
	load->loader = l;
	pthread_mutex_init(&load->lock, NULL);
	pthread_cond_init(&load->opened, NULL);
	err = strlist_add(&load->source, l->src->file);
	for (size_t i = 0; i < l->src->n_overrides && !err; i++)
		err = strlist_add(&load->source, l->src->overrides[i]);
	if (world) {
		load->world = *world;
		load->runtime_dir = strdup(world->old->runtime_dir);
	}
	if (err || (world && !load->runtime_dir)) {
		load_free(load);
		return NULL;
	}
	return load;
}

int loader_start(struct loader *l, const struct loader_world *world,
	loader_fn done, void *arg)
{
	struct load *load;
	int err;

	assert(done);
	if (!l->helper)
		return -ECANCELED;
	load = load_new(l, world);
	if (!load)
		return -ENOMEM;
	load->done = done;
	load->arg = arg;
	err = helper_post(l->helper, &load->job);
	if (err)
		load_free(load);
	else
		TAILQ_INSERT_TAIL(&l->loads, load, link);
	return err;
}

/* From here on the job is nobody's: the thread or the mailbox frees it. */
static void give_up(struct load *load)
{
	struct loaded none = {.cfg = NULL};
	struct plan *plan;

	pthread_mutex_lock(&load->lock);
	load->is_given_up = true;
	while (load->is_opening)
		pthread_cond_wait(&load->opened, &load->lock);
	plan = load->result.plan;
	load->result.plan = NULL;
	pthread_mutex_unlock(&load->lock);
	plan_free(plan);
	load->loader = NULL;
	config_errors_add(&none.errors, NULL, 0, "sockd is stopping");
	load->done(&none, load->arg);
	loaded_fini(&none);
}

void loader_stop(struct loader *l)
{
	struct helper *helper = l->helper;

	l->helper = NULL;
	while (!TAILQ_EMPTY(&l->loads)) {
		struct load *load = TAILQ_FIRST(&l->loads);

		TAILQ_REMOVE(&l->loads, load, link);
		give_up(load);
	}
	helper_free(helper);
}

struct loader *loader_new(const struct config_source *src, struct mailbox *home)
{
	struct loader *l = calloc(1, sizeof(*l));

	if (!l)
		return NULL;
	l->src = src;
	l->home = home;
	l->helper = helper_new();
	TAILQ_INIT(&l->loads);
	if (!l->helper) {
		free(l);
		return NULL;
	}
	return l;
}

void loader_free(struct loader *l)
{
	if (!l)
		return;
	loader_stop(l);
	free(l);
}
