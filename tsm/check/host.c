/* SPDX-License-Identifier: BSD-2-Clause */
/* What the host reaches. */
#include "check/check.h"
#include "rv_arch.h"

/* One frame that the host reaches. True: it is RAM. */
static bool leaf_frame(const struct check_entry *e, u64 frame, struct check_sums *s)
{
	u64 word = check_word(frame);
	bool file;

	/* Of a device window: it has no word. */
	if (!word)
		return false;
	check_that(w_state(word) == W_HOST, "the host reaches nothing but its own", frame, word);
	file = check_is_file(frame);
	check_that(!file || !(e->pte & E_X), "an interrupt file is not code", frame, e->pte);
	s->host_mapped++;
	return !file;
}

/* How many frames of a leaf are RAM. */
static u64 leaf_ram(const struct check_entry *e, struct check_sums *s)
{
	u64 frame = e_frame(e->pte), count = e_frames(e->level), ram = 0;
	const u64 *words = check_words(frame, count);

	for (u64 i = 0; i < count; i++) {
		u64 plain = words ? check_plain(&words[i], count - i) : 0;

		s->host_mapped += plain;
		ram += plain;
		i += plain;
		if (i < count)
			ram += leaf_frame(e, frame + i, s);
	}
	return ram;
}

static void leaf_frames(const struct check_entry *e, struct check_sums *s)
{
	u64 frame = e_frame(e->pte);
	u64 ram = check_overlaps(frame, e_frames(e->level)) ? leaf_ram(e, s) : 0;

	check_that(!ram || ram == e_frames(e->level), "a leaf is all RAM or none", frame, ram);
	check_that(ram || !(e->pte & E_X), "a device is not code", frame, e->pte);
}

void check_host(u64 root_frame, struct check_sums *s)
{
	struct check_walk w;
	struct check_entry e;

	for (u64 i = 0; i < 4; i++)
		check_that(w_state(check_word(root_frame + i)) == W_TSM, "the host's tables are the TSM's",
			   root_frame + i, 0);
	check_walk_begin(&w, root_frame);
	while (check_walk_next(&w, &e)) {
		u64 frame = e_frame(e.pte);

		if (e_is_table(e.pte)) {
			check_that(e.level && w_state(check_word(frame)) == W_TSM,
				   "the host's tables are the TSM's", frame, e.pte);
			continue;
		}
		check_that((e.pte & (E_V | E_R | E_W | E_U | E_A | E_D)) == (E_V | E_R | E_W | E_U | E_A | E_D) &&
			   !(e.pte & E_G) && !(e.pte >> 54), "a leaf of the host's is whole", e.gpa, e.pte);
		check_that(frame << PAGE_SHIFT == e.gpa, "the host's addresses are the machine's", e.gpa, e.pte);
		leaf_frames(&e, s);
	}
}
