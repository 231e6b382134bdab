/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Guest interrupt files: the pages that the host gives away and TVM vCPUs are bound to, and a software file that stands in while a
 * vCPU has none. A file's registers are reached from its own hart only (hstatus.VGEIN, vsireg); its page from any hart.
 *
 * Owned here: no state beyond what callers hand in. Whose a file is stands in its page word.
 */
#ifndef IRQ_FILE_H
#define IRQ_FILE_H

#include "base/types.h"
#include "host/hart.h"

#define IRQ_MAX_IDS	2048		/* identities 1 .. 2047 at most */
#define IRQ_WORDS	(IRQ_MAX_IDS / 64)

/* The state of one interrupt file, in memory. Bit n of word n / 64 is identity n. */
struct irq_soft {
	u64 delivery;
	u64 threshold;
	u64 enabled[IRQ_WORDS];		/* the owner's alone */
	u64 pending[IRQ_WORDS];		/* any hart, atomically */
};

/*
 * Host guest file @n (1 up; the host itself sits in hardware file 1, so it is hardware file n + 1) of a hart. False: the hart has
 * none of that number.
 */
bool irq_host_file(const struct hart *h, u64 n, pfn_t *file);
/* The hart and the hardware number of a file that may be given away. False: the frame is none. */
bool irq_file_owner(pfn_t file, struct hart **h, u64 *number);

/* Makes @id pending in a file of any hart, by its page. 1 <= id <= hart_features.imsic_ids. */
void irq_file_raise(pfn_t file, u32 id);

/*
 * On the hart whose hardware file @number it is, which no vCPU on this hart uses now:
 * clear: nothing pending, nothing enabled, no delivery.
 * save: moves the file's state into @s (what was pending there stays pending) and clears the file.
 * load: adds what is pending in @s to the file and sets the rest; @s has nothing pending then.
 */
void irq_file_clear(u64 number);
void irq_file_save(u64 number, struct irq_soft *s);
void irq_file_load(u64 number, struct irq_soft *s);

/* Makes @id pending in a software file. Any hart. */
void irq_soft_raise(struct irq_soft *s, u32 id);

#endif
