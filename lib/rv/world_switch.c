/* SPDX-License-Identifier: BSD-2-Clause */
#include "rv/world_switch.h"
#include "rv_arch.h"

#define SAVE(name, num)		w->name = csr_read(num);
#define LOAD(name, num)		csr_write(num, w->name);
#define LOAD_IF_NEW(name, num)	if (from->name != to->name) csr_write(num, to->name);
#define SAVE_IF(name, num, bit)	if (has & (bit)) w->name = csr_read(num);
#define LOAD_IF(name, num, bit)	if (has & (bit)) csr_write(num, w->name);

static void save_rare(struct world *w, u32 has)
{
	WORLD_CSRS_OPTIONAL(SAVE_IF)
}

static void load_rare(const struct world *w, u32 has)
{
	WORLD_CSRS_OPTIONAL(LOAD_IF)
	if (has & WORLD_HAS_CTR)
		rv_sctrclr();
}

static void save(struct world *w, u32 has)
{
	WORLD_CSRS_SWAPPED(SAVE)
	if (has & WORLD_HAS_STATEEN)
		w->sstateen0 = csr_read(CSR_SSTATEEN0);
	if (has & WORLD_HAS_RARE)
		save_rare(w, has & WORLD_HAS_RARE);
}

static void load_swapped(const struct world *w)
{
	WORLD_CSRS_SWAPPED(LOAD)
}

static void load_optional(const struct world *w, u32 has)
{
	if (has & WORLD_HAS_STATEEN) {
		csr_write(CSR_HSTATEEN0, w->hstateen0);
		csr_write(CSR_SSTATEEN0, w->sstateen0);
	}
	if (has & WORLD_HAS_RARE)
		load_rare(w, has & WORLD_HAS_RARE);
}

static void load_config(const struct world *w)
{
	WORLD_CSRS_CONFIG(LOAD)
}

void world_switch(struct world *from, struct world *to, u32 has)
{
	from->vsatp = csr_swap(CSR_VSATP, 0);
	save(from, has);
	csr_write(CSR_HGATP, to->hgatp);
	WORLD_CSRS_CONFIG(LOAD_IF_NEW)
	load_optional(to, has);
	load_swapped(to);
	csr_write(CSR_VSATP, to->vsatp);
}

void world_load(const struct world *to, u32 has)
{
	csr_write(CSR_VSATP, 0);
	csr_write(CSR_HGATP, to->hgatp);
	load_config(to);
	load_optional(to, has);
	load_swapped(to);
	csr_write(CSR_VSATP, to->vsatp);
}
