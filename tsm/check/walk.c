/* SPDX-License-Identifier: BSD-2-Clause */
/* Sv39x4 as the hardware reads it. */
#include "check/check.h"
#include "rv_arch.h"

static const u64 *table_at(u64 frame)
{
	return spa_ptr(SPA(frame << PAGE_SHIFT));
}

void check_walk_begin(struct check_walk *w, u64 root_frame)
{
	*w = (struct check_walk){ .level = 2 };
	w->table[2] = table_at(root_frame);
}

bool check_walk_next(struct check_walk *w, struct check_entry *e)
{
	for (;;) {
		u32 at = w->level;
		u32 i = w->next[at];

		if (i == (at == 2 ? 2048u : 512u)) {
			if (at == 2)
				return false;
			w->level++;
			continue;
		}
		w->next[at]++;
		e->pte = __atomic_load_n(&w->table[at][i], __ATOMIC_RELAXED);
		if (!e->pte)
			continue;
		e->level = at;
		e->gpa = (u64)i << (PAGE_SHIFT + 9 * at);
		for (u32 l = at + 1; l < 3; l++)
			e->gpa += (u64)(w->next[l] - 1) << (PAGE_SHIFT + 9 * l);
		if (at && e_is_table(e->pte)) {
			w->level = at - 1;
			w->table[at - 1] = table_at(e_frame(e->pte));
			w->next[at - 1] = w->first[at - 1];
			w->first[at - 1] = 0;
		}
		return true;
	}
}
