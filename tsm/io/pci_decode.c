/* SPDX-License-Identifier: BSD-2-Clause */
/* Which addresses a PCI function would answer to, and whether it may. */
#include "io/pci_fn.h"

#define BAR_IO			0x1U
#define BAR_TYPE_64		0x4U
#define BAR_TYPE_MASK		0x6U
#define BAR_FLAGS		0xfU
#define ROM_ENABLE		0x1U
#define ROM_ADDRESS		0xfffff800U
#define WINDOW_64		0x1U
#define WINDOW_GRAIN		0x100000ULL

static bool in_window(const struct machine_pci *p, u64 base, u64 size)
{
	for (u32 i = 0; i < p->nr_windows; i++) {
		const struct machine_window *w = &p->window[i];
		u64 offset = base - w->pci;

		if (!w->io && base >= w->pci && offset < w->cpu.size && size <= w->cpu.size - offset)
			return true;
	}
	return false;
}

u64 pci_bar_size(const struct pci_fn *f, u32 reg, bool *is_64)
{
	u32 low = pci_get(f, reg), high = 0;
	u64 mask;

	*is_64 = !(low & BAR_IO) && (low & BAR_TYPE_MASK) == BAR_TYPE_64;
	if (low & BAR_IO)
		return 0;
	if (*is_64) {
		high = pci_get(f, reg + 4);
		pci_set(f, reg + 4, ~0U);
	}
	pci_set(f, reg, ~0U);
	mask = pci_get(f, reg) & ~BAR_FLAGS;
	if (*is_64)
		mask |= (u64)pci_get(f, reg + 4) << 32;
	pci_set(f, reg, low);
	if (*is_64)
		pci_set(f, reg + 4, high);
	if (!mask)
		return 0;
	return *is_64 ? ~mask + 1 : (u32)(~mask + 1);
}

static bool bars_ok(const struct pci_fn *f, u32 end)
{
	bool is_64;

	for (u32 reg = PCI_BAR0; reg < end; reg += is_64 ? 8 : 4) {
		u64 size = pci_bar_size(f, reg, &is_64);
		u64 base = pci_get(f, reg) & ~BAR_FLAGS;

		if (is_64 && reg + 4 >= end)
			return false;
		if (is_64)
			base |= (u64)pci_get(f, reg + 4) << 32;
		if (size && !in_window(f->bridge, base, size))
			return false;
	}
	return true;
}

static bool rom_ok(const struct pci_fn *f, u32 reg)
{
	u32 old = pci_get(f, reg), mask;

	if (!(old & ROM_ENABLE))
		return true;
	pci_set(f, reg, ROM_ADDRESS);
	mask = pci_get(f, reg) & ROM_ADDRESS;
	pci_set(f, reg, old);
	return !mask || in_window(f->bridge, old & ROM_ADDRESS, (u64)~mask + 1);
}

/* [base, limit] with a granularity of 1 MiB; a base beyond the limit is no window. */
static bool window_ok(const struct pci_fn *f, u64 base, u64 limit)
{
	return base > limit || in_window(f->bridge, base, limit - base + WINDOW_GRAIN);
}

/* A bridge without a prefetchable window has registers that are 0, which would else be the first MiB. */
static bool has_prefetch_window(const struct pci_fn *f)
{
	bool writable;

	if (pci_get(f, PCI_PREFETCH_WINDOW))
		return true;
	pci_set(f, PCI_PREFETCH_WINDOW, 0xfff0fff0);
	writable = pci_get(f, PCI_PREFETCH_WINDOW);
	pci_set(f, PCI_PREFETCH_WINDOW, 0);
	return writable;
}

static bool windows_ok(const struct pci_fn *f)
{
	u32 memory = pci_get(f, PCI_MEMORY_WINDOW), prefetch;
	u64 base, limit;

	if (!window_ok(f, (u64)(memory & 0xfff0) << 16, memory & 0xfff00000))
		return false;
	if (!has_prefetch_window(f))
		return true;
	prefetch = pci_get(f, PCI_PREFETCH_WINDOW);
	base = (u64)(prefetch & 0xfff0) << 16;
	limit = prefetch & 0xfff00000;
	if (prefetch & WINDOW_64) {
		base |= (u64)pci_get(f, PCI_PREFETCH_HIGH) << 32;
		limit |= (u64)pci_get(f, PCI_PREFETCH_HIGH + 4) << 32;
	}
	return window_ok(f, base, limit);
}

bool pci_decode_ok(const struct pci_fn *f)
{
	switch (pci_type(f)) {
	case PCI_TYPE_DEVICE:
		return bars_ok(f, PCI_BAR0 + 6 * 4) && rom_ok(f, PCI_ROM);
	case PCI_TYPE_BRIDGE:
		return bars_ok(f, PCI_BAR0 + 2 * 4) && rom_ok(f, PCI_BRIDGE_ROM) && windows_ok(f);
	}
	return false;
}
