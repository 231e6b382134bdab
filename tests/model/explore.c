/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Breadth first through all states of the model. From each, every call that is possible is made in the model and in the monitor;
 * both must answer the same and arrive at the same state. Prints TAP, and with --table what docs/page-states.md is made of.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "model.h"

#include "rv_arch.h"

#define ACTIONS_MAX	256
#define HASH_BITS	20

struct node {
	struct model m;
	u32 parent;
	struct action by;
};

/* On the heap, out of what monitor_load() puts back. */
static struct explorer {
	struct node *nodes;
	u32 count, room;
	u32 hash[1u << HASH_BITS];		/* index + 1 */
	struct action actions[ACTIONS_MAX];
	u32 action_count;
	u64 edges, changes, disagreements;
	u32 cells[M_PAGE_STATES][MODEL_CALLS];
	/* What a page turned into: [from][call][to], and which errors a call that names it gave. */
	u32 to[M_PAGE_STATES][MODEL_CALLS][M_PAGE_STATES];
	u32 error[M_PAGE_STATES][MODEL_CALLS][16];
	u32 depth;
	bool quick;
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
		return true;
	default:
		return false;
	}
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
	return call == GLOBAL_FENCE || call == LOCAL_FENCE;
}

static void list_actions(void)
{
	for (u32 call = 0; call < MODEL_CALLS; call++)
		for (u32 page = 0; page < (names_page(call) ? PAGE_NAMES : 1); page++)
			for (u32 slot = 0; slot < (names_slot(call) ? MODEL_SLOTS : 1); slot++)
				for (u32 hart = 0; hart < (any_hart(call) ? MODEL_HARTS : 1); hart++)
					x->actions[x->action_count++] =
						(struct action){ (u8)call, (u8)page, (u8)slot, (u8)hart };
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
	return !memcmp(&visible, real, sizeof(visible));
}

static void record(const struct model *before, const struct model *after, const struct action *a, s64 answer)
{
	for (u32 p = 0; p < PAGE_NAMES; p++) {
		enum model_page from = model_page_of(before, p), to = model_page_of(after, p);

		if (names_page(a->call) && p != a->page)
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

static void explore(u32 limit)
{
	char *first = malloc(monitor_size()), *here = malloc(monitor_size());
	struct action none = { 0 };
	struct model m;

	monitor_save(first);
	model_init(&m);
	reach(&m, 0, &none);
	for (u32 i = 0; i < x->count && i < limit && x->disagreements < 5; i++) {
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
	free(first);
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

int main(int argc, char **argv)
{
	u32 missing = 0, bad, limit = argc > 1 && !strcmp(argv[1], "--quick") ? (u32)atoi(argv[2]) : UINT32_MAX;

	x = calloc(1, sizeof(*x));
	monitor_init();
	list_actions();
	explore(limit);
	for (u32 from = 0; from < M_PAGE_STATES; from++)
		for (u32 call = 0; call < MODEL_CALLS; call++)
			if (!x->cells[from][call]) {
				printf("# never seen: %s of a page that is %s\n", model_call_name[call], model_page_name[from]);
				missing++;
			}
	printf("# model: %u states%s, %llu edges, %llu of them change something, %llu disagreements, %u of %u cells visited\n", x->count,
	       limit == UINT32_MAX ? "" : " found", (unsigned long long)x->edges, (unsigned long long)x->changes,
	       (unsigned long long)x->disagreements, M_PAGE_STATES * MODEL_CALLS - missing, M_PAGE_STATES * MODEL_CALLS);
	printf("%sok 1 - model and monitor answer every call alike and arrive at the same state\n", x->disagreements ? "not " : "");
	printf("%sok 2 - every call was made with a page in every state\n", missing ? "not " : "");
	printf("1..2\n");
	if (argc > 1 && !strcmp(argv[argc - 1], "--table"))
		print_table();
	bad = x->disagreements || missing;
	return bad ? 1 : 0;
}
