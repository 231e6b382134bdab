/* SPDX-License-Identifier: BSD-2-Clause */
#include "io/pci.h"
#include "base/spinlock.h"
#include "io/iommu.h"
#include "io/pci_fn.h"
#include "io/policy.h"

#define RESET_COMMAND	(PCI_COMMAND_IO | PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER)
#define BRIDGE_VGA	(BIT(3) | BIT(4))	/* of bridge control: windows where no register says so */

static const struct machine_pci *bridges;
static u32 bridge_count;
static struct spinlock lock;

/* The function whose configuration space @at lies in; false: no bridge's. */
static bool find(spa_t at, struct pci_fn *f)
{
	for (u32 i = 0; i < bridge_count; i++) {
		const struct machine_pci *p = &bridges[i];
		u64 offset = at.v - p->ecam.base.v;

		if (at.v < p->ecam.base.v || offset >= (u64)(p->last_bus - p->first_bus + 1) * PCI_BUS_SIZE)
			continue;
		*f = (struct pci_fn){ p, ALIGN_DOWN(at.v, PCI_CONFIG_SIZE + 0ULL),
				      (p->first_bus << 8) + (u32)(offset / PCI_CONFIG_SIZE) };
		return true;
	}
	return false;
}

static void quiesce_bridge(const struct machine_pci *p)
{
	u32 functions = (p->last_bus - p->first_bus + 1) << 8;

	for (u32 i = 0; i < functions; i++) {
		struct pci_fn f = { p, p->ecam.base.v + (u64)i * PCI_CONFIG_SIZE, 0 };

		if (pci_present(&f))
			pci_set16(&f, PCI_COMMAND, pci_get16(&f, PCI_COMMAND) & ~RESET_COMMAND);
		/* Functions 1 to 7 exist beside a function 0 that says so. */
		if (i % 8 == 0 && (!pci_present(&f) || !(pci_get8(&f, PCI_HEADER_TYPE) & 0x80)))
			i += 7;
	}
}

void pci_init(const struct machine_pci *list, u32 count)
{
	bridges = list;
	bridge_count = count;
	for (u32 i = 0; i < count; i++)
		quiesce_bridge(&list[i]);
}

/* By its class the function is of no use without DMA: its driver would wait for what never comes. */
static bool needs_dma(u32 class)
{
	switch (class >> 8) {
	case PCI_BASE_STORAGE:
	case PCI_BASE_NETWORK:
	case PCI_BASE_MULTIMEDIA:
	case PCI_BASE_SERIAL_BUS:
	case PCI_BASE_WIRELESS:
	case PCI_BASE_ACCELERATOR:
		return true;
	}
	return false;
}

/* The host does not see the function. */
static bool hidden(const struct pci_fn *f)
{
	u32 class = pci_get(f, PCI_CLASS) >> 16;

	if (class == PCI_CLASS_IOMMU)
		return true;
	if (policy_trusts_devices())
		return false;
	if (policy_protection() == TSM_IO_NO_DMA)
		return needs_dma(class) || virtio_is_function(f);
	return virtio_bypasses(f);
}

static u32 ones(u32 bytes)
{
	return bytes == 4 ? ~0U : (1U << 8 * bytes) - 1;
}

static u32 get(const struct pci_fn *f, u32 reg, u32 bytes)
{
	switch (bytes) {
	case 1:
		return pci_get8(f, reg);
	case 2:
		return pci_get16(f, reg);
	}
	return pci_get(f, reg);
}

static void set(const struct pci_fn *f, u32 reg, u32 bytes, u32 value)
{
	switch (bytes) {
	case 1:
		return pci_set8(f, reg, value);
	case 2:
		return pci_set16(f, reg, value);
	}
	pci_set(f, reg, value);
}

/* The bytes that a write brings, where they stand in their dword. */
struct patch {
	u32 value;
	u32 mask;
};

static struct patch patch_of(u32 reg, u32 bytes, u32 value)
{
	u32 shift = 8 * (reg & 3);

	return (struct patch){ (value & ones(bytes)) << shift, ones(bytes) << shift };
}

static bool buses_covered(const struct pci_fn *f, u32 buses)
{
	u32 secondary = buses >> 8 & 0xff, subordinate = buses >> 16 & 0xff;

	return secondary && secondary <= subordinate &&
	       machine_rids_covered(f->bridge, secondary << 8, subordinate << 8 | 0xff);
}

static bool may_master(const struct pci_fn *f)
{
	u32 iommu, device;

	if (policy_trusts_devices())
		return true;
	if (!machine_rid_iommu(f->bridge, f->rid, &iommu, &device) || iommu >= iommu_count())
		return false;
	switch (pci_type(f)) {
	case PCI_TYPE_DEVICE:
		return true;
	case PCI_TYPE_BRIDGE:
		return buses_covered(f, pci_get(f, PCI_BUSES));
	}
	return false;
}

static void store_command(const struct pci_fn *f, u32 reg, u32 bytes, struct patch p)
{
	u32 old = pci_get16(f, PCI_COMMAND);
	u32 command = (old & ~p.mask) | (p.value & 0xffff);

	if (command & PCI_COMMAND_MASTER & ~old) {
		if (!may_master(f))
			command &= ~PCI_COMMAND_MASTER;
		else if (!policy_trusts_devices())
			pci_enforce_acs(f);
	}
	if ((command & PCI_COMMAND_MEMORY & ~old) && !pci_decode_ok(f))
		command &= ~PCI_COMMAND_MEMORY;
	/* Status bits are cleared by ones: only those that the host wrote. */
	set(f, reg, bytes, ((p.value & ~0xffffU) | command) >> 8 * (reg & 3));
}

/* What the function answers to. It is looked at while the function answers to nothing, and taken back if it may not be. */
static void store_decoded(const struct pci_fn *f, u32 reg, u32 bytes, u32 value)
{
	u32 command = pci_get16(f, PCI_COMMAND);
	u32 dword = reg & ~3U;
	u32 old;

	if (!(command & PCI_COMMAND_MEMORY))
		return set(f, reg, bytes, value);
	old = pci_get(f, dword);
	pci_set16(f, PCI_COMMAND, command & ~PCI_COMMAND_MEMORY);
	set(f, reg, bytes, value);
	if (!pci_decode_ok(f))
		pci_set(f, dword, old);
	pci_set16(f, PCI_COMMAND, command);
}

static void store_buses(const struct pci_fn *f, u32 reg, u32 bytes, struct patch p)
{
	u32 buses = (pci_get(f, PCI_BUSES) & ~p.mask) | p.value;
	u32 command = pci_get16(f, PCI_COMMAND);

	/* What lies below keeps still until the host gives it numbers that an IOMMU knows, and enables it again. */
	if (!policy_trusts_devices() && (command & PCI_COMMAND_MASTER) && !buses_covered(f, buses))
		pci_set16(f, PCI_COMMAND, command & ~PCI_COMMAND_MASTER);
	set(f, reg, bytes, p.value >> 8 * (reg & 3));
}

static bool is_decoded(const struct pci_fn *f, u32 dword)
{
	if (pci_type(f) == PCI_TYPE_BRIDGE)
		return (dword >= PCI_BAR0 && dword < PCI_BUSES) ||
		       (dword >= PCI_MEMORY_WINDOW && dword < PCI_WINDOWS_END - 4) || dword == PCI_BRIDGE_ROM;
	return (dword >= PCI_BAR0 && dword < PCI_BAR0 + 6 * 4) || dword == PCI_ROM;
}

static void store(const struct pci_fn *f, u32 reg, u32 bytes, u32 value)
{
	struct patch p = patch_of(reg, bytes, value);
	u32 dword = reg & ~3U;

	if (dword == PCI_COMMAND && (p.mask & 0xffff))
		return store_command(f, reg, bytes, p);
	if (is_decoded(f, dword))
		return store_decoded(f, reg, bytes, value);
	if (pci_type(f) == PCI_TYPE_BRIDGE && dword == PCI_BUSES)
		return store_buses(f, reg, bytes, p);
	if (pci_type(f) == PCI_TYPE_BRIDGE && dword == PCI_BRIDGE_CONTROL)
		p.value &= ~(u32)(BRIDGE_VGA << 16);
	if (dword >= PCI_DEVICE_SPECIFIC && !pci_filter(f, dword, &p.value))
		return;
	set(f, reg, bytes, p.value >> 8 * (reg & 3));
}

u32 pci_load(spa_t at, u32 bytes)
{
	u32 value = ones(bytes);
	struct pci_fn f;

	if (!find(at, &f))
		return value;
	spin_lock(&lock);
	if (pci_present(&f) && !hidden(&f))
		value = get(&f, (u32)at.v % PCI_CONFIG_SIZE, bytes);
	spin_unlock(&lock);
	return value;
}

void pci_store(spa_t at, u32 bytes, u32 value)
{
	struct pci_fn f;

	if (!find(at, &f))
		return;
	spin_lock(&lock);
	if (pci_present(&f) && !hidden(&f))
		store(&f, (u32)at.v % PCI_CONFIG_SIZE, bytes, value);
	spin_unlock(&lock);
}
