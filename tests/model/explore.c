/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Breadth first through all states of the model. From each, every call that is possible is made in the model and in the monitor;
 * both must answer the same and arrive at the same state. Prints TAP, and with --table what docs/page-states.md is made of.
 *
 * usage: explore [--full] [--table]
 *
 * Two walks: in the first no interrupt file is converted, in the second no page of RAM is. --full: one walk in which both are.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "model.h"

#include "rv_arch.h"

#define ACTIONS_MAX	256
#define HASH_BITS	24

struct node {
	struct model m;
	u32 parent;
	struct action by;
};

/* On the heap, out of what monitor_load() puts back. */
enum walk { WALK_RAM, WALK_FILES, WALK_ALL };

static struct explorer {
	struct node *nodes;
	u32 count, room;
	u32 hash[1u << HASH_BITS];		/* index + 1 */
	struct action actions[ACTIONS_MAX];
	u32 action_count;
	u64 states, edges, changes, disagreements;
	u32 cells[M_PAGE_STATES][MODEL_CALLS];
	/* What a page turned into: [from][call][to], and which errors a call that names it gave. */
	u32 to[M_PAGE_STATES][MODEL_CALLS][M_PAGE_STATES];
	u32 error[M_PAGE_STATES][MODEL_CALLS][16];
} *x;

static bool names_page(u32 call)
{
	switch ((enum model_call)call) {
	case CONVERT:
	case RECLAIM:
	case ADD_PGT:
	case CREATE_VCPU:
	case ADD_MEASURED:
	case ADD_MEASURED_FROM:
	case ADD_ZERO:
	case ADD_SHARED:
	case CONVERT_FILE:
	case RECLAIM_FILE:
		return true;
	default:
		return false;
	}
}

/* A and B, whatever the action says. */
static bool names_both(u32 call)
{
	return call == CONVERT_BOTH || call == RECLAIM_BOTH;
}

static bool names_slot(u32 call)
{
	switch ((enum model_call)call) {
	case ADD_MEASURED:
	case ADD_MEASURED_FROM:
	case ADD_ZERO:
	case ADD_SHARED:
	case INVALIDATE:
	case VALIDATE:
	case REMOVE:
	case FAULT:
		return true;
	default:
		return false;
	}
}

static bool any_hart(u32 call)
{
	switch ((enum model_call)call) {
	case GLOBAL_FENCE:
	case LOCAL_FENCE:
	case RECLAIM_FILE:
	case BIND:
	case UNBIND_BEGIN:
	case UNBIND_END:
	case REBIND_BEGIN:
	case REBIND_CLONE:
	case REBIND_END:
		return true;
	default:
		return false;
	}
}

static bool part_of(enum walk w, const struct action *a)
{
	bool ram = a->page < MODEL_PAGES;

	switch ((enum model_call)a->call) {
	case CONVERT:
	case ADD_SHARED:
		return w != WALK_FILES || !ram;
	case CONVERT_BOTH:
		return w != WALK_FILES;
	case CONVERT_FILE:
		return w != WALK_RAM || ram || a->page == PAGE_OF_TSM || a->page == PAGE_NOT_RAM || a->page == PAGE_FILE_OWN;
	default:
		return true;
	}
}

static void list_actions(enum walk w)
{
	x->action_count = 0;
	for (u32 call = 0; call < MODEL_CALLS; call++)
		for (u32 page = 0; page < (names_page(call) ? PAGE_NAMES : 1); page++)
			for (u32 slot = 0; slot < (names_slot(call) ? MODEL_SLOTS : 1); slot++)
				for (u32 hart = 0; hart < (any_hart(call) ? MODEL_HARTS : 1); hart++) {
					struct action a = { (u8)call, (u8)page, (u8)slot, (u8)hart };

					if (part_of(w, &a))
						x->actions[x->action_count++] = a;
				}
}

static u32 hash_of(const struct model *m)
{
	const u8 *p = (const u8 *)m;
	u64 h = 1469598103934665603ULL;

	for (u64 i = 0; i < sizeof(*m); i++)
		h = (h ^ p[i]) * 1099511628211ULL;
	return (u32)(h >> 20) & ((1u << HASH_BITS) - 1);
}

/* Adds a state if it is new. */
static void reach(const struct model *m, u32 parent, const struct action *by)
{
	u32 h = hash_of(m);

	for (; x->hash[h]; h = (h + 1) & ((1u << HASH_BITS) - 1))
		if (!memcmp(&x->nodes[x->hash[h] - 1].m, m, sizeof(*m)))
			return;
	if (x->count == x->room) {
		x->room = x->room ? 2 * x->room : 1024;
		x->nodes = realloc(x->nodes, x->room * sizeof(*x->nodes));
	}
	if (!x->nodes || x->count == 1u << (HASH_BITS - 1)) {
		printf("Bail out! the states do not fit\n");
		exit(2);
	}
	x->nodes[x->count] = (struct node){ *m, parent, *by };
	x->hash[h] = ++x->count;
}

static void print_action(const struct action *a)
{
	printf("%s page %u slot %u hart %u", model_call_name[a->call], a->page, a->slot, a->hart);
}

static void print_path(u32 i)
{
	if (!i)
		return;
	/* From the end to the beginning: no recursion, and as good to read. */
	for (printf("#   before it:"); i; i = x->nodes[i].parent) {
		printf(" <- ");
		print_action(&x->nodes[i].by);
	}
	printf("\n");
}

static void print_model(const char *who, const struct model *m)
{
	const u8 *p = (const u8 *)m;

	printf("#   %s:", who);
	for (u64 i = 0; i < sizeof(*m); i++)
		printf(" %u", p[i]);
	printf("\n");
}

static void disagree(u32 i, const struct action *a, s64 want, s64 got, const struct model *m, const struct model *real)
{
	if (x->disagreements++ >= 5)
		return;
	printf("# disagreement: ");
	print_action(a);
	printf(": the model answers %lld, the monitor %lld\n", (long long)want, (long long)got);
	print_path(i);
	print_model("model  ", m);
	print_model("monitor", real);
}

/* Of the age of a blocked leaf the monitor's data tell only whether its fence is complete. */
static bool same(const struct model *m, const struct model *real)
{
	struct model visible = *m;

	for (u32 i = 0; i < MODEL_SLOTS; i++)
		if (visible.leaf_age[i] < 2)
			visible.leaf_age[i] = 0;
	if (visible.irq_age < 2)
		visible.irq_age = 0;
	return !memcmp(&visible, real, sizeof(visible));
}

static void record(const struct model *before, const struct model *after, const struct action *a, s64 answer)
{
	for (u32 p = 0; p < PAGE_NAMES; p++) {
		enum model_page from = model_page_of(before, p), to = model_page_of(after, p);

		if ((names_page(a->call) && p != a->page) || (names_both(a->call) && p > PAGE_B))
			continue;
		x->cells[from][a->call]++;
		if (answer < 0)
			x->error[from][a->call][-answer]++;
		else
			x->to[from][a->call][to]++;
	}
}

/* Makes the state real: from the first one, by the calls that led to it. */
static void replay(u32 i, const void *first)
{
	static u32 path[256];
	u32 n = 0;

	monitor_load(first);
	for (; i; i = x->nodes[i].parent)
		path[n++] = i;
	while (n)
		monitor_step(&x->nodes[path[--n]].by);
}

/* One edge. True: the monitor is not what it was any more. */
static bool edge(u32 i, const struct action *a)
{
	struct model before = x->nodes[i].m, m = before, real;
	s64 want = model_step(&m, a), got = monitor_step(a);
	bool changed;

	monitor_abstract(&real);
	x->edges++;
	if (want != got || !same(&m, &real)) {
		disagree(i, a, want, got, &m, &real);
		return true;
	}
	changed = memcmp(&m, &before, sizeof(m)) != 0;
	x->changes += changed;
	record(&before, &m, a, want);
	reach(&m, i, a);
	/* A refusal has changed nothing: the next call goes on from there. */
	return changed || want >= 0;
}

static void explore(enum walk w, const void *first)
{
	char *here = malloc(monitor_size());
	struct action none = { 0 };
	struct model m;

	list_actions(w);
	x->count = 0;
	memset(x->hash, 0, sizeof(x->hash));
	model_init(&m);
	reach(&m, 0, &none);
	for (u32 i = 0; i < x->count && x->disagreements < 5; i++) {
		bool dirty = false;

		replay(i, first);
		monitor_save(here);
		for (u32 k = 0; k < x->action_count; k++) {
			if (!model_possible(&x->nodes[i].m, &x->actions[k]))
				continue;
			if (dirty)
				monitor_load(here);
			dirty = edge(i, &x->actions[k]);
		}
	}
	x->states += x->count;
	free(here);
}

/* Rows of "from, call, to" and of every cell, for scripts/model. */
static void print_table(void)
{
	for (u32 from = 0; from < M_PAGE_STATES; from++)
		for (u32 call = 0; call < MODEL_CALLS; call++) {
			printf("cell|%s|%s|%u|", model_page_name[from], model_call_name[call], x->cells[from][call]);
			for (u32 to = 0; to < M_PAGE_STATES; to++)
				if (x->to[from][call][to])
					printf("%s ", model_page_name[to]);
			printf("|");
			for (u32 e = 0; e < 16; e++)
				if (x->error[from][call][e])
					printf("-%u ", e);
			printf("|%u\n", names_page(call));
		}
}

/*
 * A vCPU that runs has its file: nothing of its TVM is blocked then, and no other TVM has files. Two pages at once are always pages
 * that change.
 */
static bool impossible(u32 from, u32 call)
{
	const struct model m = { .running = 0 };
	const struct action a = { .call = (u8)call };

	return (from == F_BLOCKED && !model_possible(&m, &a)) || (names_both(call) && from >= M_TSM);
}

/* Cells that were not visited, or were though they cannot be. */
static u32 judge_cells(u32 *possible)
{
	u32 bad = 0;

	*possible = 0;
	for (u32 from = 0; from < M_PAGE_STATES; from++)
		for (u32 call = 0; call < MODEL_CALLS; call++) {
			bool no = impossible(from, call);

			*possible += !no;
			if (!x->cells[from][call] == no)
				continue;
			if (bad++ < 10)
				printf("# %s: %s with a page that is %s\n", no ? "possible after all" : "never seen",
				       model_call_name[call], model_page_name[from]);
		}
	return bad;
}

static bool has(int argc, char **argv, const char *option)
{
	for (int i = 1; i < argc; i++)
		if (!strcmp(argv[i], option))
			return true;
	return false;
}

int main(int argc, char **argv)
{
	u32 bad, possible;
	char *first;

	x = calloc(1, sizeof(*x));
	monitor_init();
	first = malloc(monitor_size());
	monitor_save(first);
	if (has(argc, argv, "--full")) {
		explore(WALK_ALL, first);
	} else {
		explore(WALK_RAM, first);
		explore(WALK_FILES, first);
	}
	bad = judge_cells(&possible);
	printf("# model: %llu states, %llu edges, %llu of them change something, %llu disagreements, %u of %u cells visited\n",
	       (unsigned long long)x->states, (unsigned long long)x->edges, (unsigned long long)x->changes,
	       (unsigned long long)x->disagreements, possible - bad, possible);
	printf("%sok 1 - model and monitor answer every call alike and arrive at the same state\n", x->disagreements ? "not " : "");
	printf("%sok 2 - every call was made with a page in every state\n", bad ? "not " : "");
	printf("1..2\n");
	if (has(argc, argv, "--table"))
		print_table();
	free(first);
	return x->disagreements || bad ? 1 : 0;
}
