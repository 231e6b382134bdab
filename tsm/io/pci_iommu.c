/* SPDX-License-Identifier: BSD-2-Clause */
/* An IOMMU that is a PCI function: where its registers are. Boot only. */
#include "io/pci.h"
#include "io/pci_fn.h"

#define CARVE_MIN	0x100000ULL	/* what a bridge can route: windows end on whole MiB */

/* The window whose end the registers get: 32 bits reach it where they must; not prefetchable. */
static struct machine_window *window_for(struct machine_pci *p, u64 carve, bool is_64)
{
	for (u32 i = 0; i < p->nr_windows; i++) {
		struct machine_window *w = &p->window[i];

		if (!w->io && !w->prefetch && w->cpu.size > carve && IS_ALIGNED(w->pci + w->cpu.size, carve) &&
		    (is_64 || w->pci + w->cpu.size <= 1ULL << 32))
			return w;
	}
	return NULL;
}

const char *pci_place_iommu(struct machine_pci *bridge, u32 rid, spa_t *regs)
{
	struct pci_fn f = { bridge, bridge->ecam.base.v + (u64)(rid - (bridge->first_bus << 8)) * PCI_CONFIG_SIZE,
			    rid };
	struct machine_window *w;
	u64 size, carve, at;
	bool is_64;

	if (rid >> 8 != bridge->first_bus)
		return "is behind a PCI bridge";
	if (!pci_present(&f) || pci_get(&f, PCI_CLASS) >> 16 != PCI_CLASS_IOMMU)
		return "is not where the device tree says";
	size = pci_bar_size(&f, PCI_BAR0, &is_64);
	carve = MAX(size, CARVE_MIN);
	w = window_for(bridge, carve, is_64);
	if (size < PAGE_SIZE || !w)
		return "has registers that fit no window of its PCI bridge";
	w->cpu.size -= carve;
	at = w->pci + w->cpu.size;
	pci_set(&f, PCI_BAR0, (u32)at);
	if (is_64)
		pci_set(&f, PCI_BAR0 + 4, (u32)(at >> 32));
	pci_set16(&f, PCI_COMMAND, pci_get16(&f, PCI_COMMAND) | PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
	*regs = SPA(w->cpu.base.v + w->cpu.size);
	return NULL;
}
