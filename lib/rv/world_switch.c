/* SPDX-License-Identifier: BSD-2-Clause */
#include "rv/world_switch.h"
#include "rv_arch.h"

#define SAVE(name, num)		w->name = csr_read(num);
#define LOAD(name, num)		csr_write(num, w->name);
#define LOAD_IF_NEW(name, num)	if (from->name != to->name) csr_write(num, to->name);

static void save(struct world *w, bool smstateen)
{
	WORLD_CSRS_SWAPPED(SAVE)
	if (smstateen)
		w->sstateen0 = csr_read(CSR_SSTATEEN0);
}

static void load_swapped(const struct world *w)
{
	WORLD_CSRS_SWAPPED(LOAD)
}

static void load_config(const struct world *w)
{
	WORLD_CSRS_CONFIG(LOAD)
}

void world_switch(struct world *from, struct world *to, bool smstateen)
{
	from->vsatp = csr_swap(CSR_VSATP, 0);
	save(from, smstateen);
	csr_write(CSR_HGATP, to->hgatp);
	WORLD_CSRS_CONFIG(LOAD_IF_NEW)
	if (smstateen) {
		csr_write(CSR_HSTATEEN0, to->hstateen0);
		csr_write(CSR_SSTATEEN0, to->sstateen0);
	}
	load_swapped(to);
	csr_write(CSR_VSATP, to->vsatp);
}

void world_load(const struct world *to, bool smstateen)
{
	csr_write(CSR_VSATP, 0);
	csr_write(CSR_HGATP, to->hgatp);
	load_config(to);
	if (smstateen) {
		csr_write(CSR_HSTATEEN0, to->hstateen0);
		csr_write(CSR_SSTATEEN0, to->sstateen0);
	}
	load_swapped(to);
	csr_write(CSR_VSATP, to->vsatp);
}
