/* SPDX-License-Identifier: BSD-2-Clause */
/* A PCI function and its configuration registers; private to io/. Callers hold the lock of pci.c. */
#ifndef IO_PCI_FN_H
#define IO_PCI_FN_H

#include "fdt/devices.h"
#include "rv_arch.h"

#define PCI_VENDOR		0x00
#define PCI_COMMAND		0x04
#define PCI_CLASS		0x08
#define PCI_HEADER_TYPE		0x0e
#define PCI_BAR0		0x10
#define PCI_BUSES		0x18	/* bridges: primary, secondary, subordinate */
#define PCI_IO_WINDOW		0x1c	/* bridges, up to PCI_WINDOWS_END */
#define PCI_MEMORY_WINDOW	0x20
#define PCI_PREFETCH_WINDOW	0x24
#define PCI_PREFETCH_HIGH	0x28	/* base, limit */
#define PCI_WINDOWS_END		0x34
#define PCI_ROM			0x30
#define PCI_BRIDGE_ROM		0x38
#define PCI_BRIDGE_CONTROL	0x3c	/* in bits 31:16 */
#define PCI_FIRST_CAPABILITY	0x34
#define PCI_DEVICE_SPECIFIC	0x40
#define PCI_EXTENDED		0x100
#define PCI_CONFIG_SIZE		0x1000

#define PCI_COMMAND_IO		0x1U
#define PCI_COMMAND_MEMORY	0x2U
#define PCI_COMMAND_MASTER	0x4U

#define PCI_TYPE_DEVICE		0
#define PCI_TYPE_BRIDGE		1
#define PCI_CLASS_IOMMU		0x0806
#define PCI_BASE_STORAGE	0x01
#define PCI_BASE_NETWORK	0x02
#define PCI_BASE_MULTIMEDIA	0x04
#define PCI_BASE_SERIAL_BUS	0x0c
#define PCI_BASE_WIRELESS	0x0d
#define PCI_BASE_ACCELERATOR	0x12

struct pci_fn {
	const struct machine_pci *bridge;
	u64 config;		/* its 4 KiB */
	u32 rid;
};

static inline u32 pci_get(const struct pci_fn *f, u32 reg) { return rv_mmio_read32(SPA(f->config + reg)); }
static inline u32 pci_get16(const struct pci_fn *f, u32 reg) { return rv_mmio_read16(SPA(f->config + reg)); }
static inline u32 pci_get8(const struct pci_fn *f, u32 reg) { return rv_mmio_read8(SPA(f->config + reg)); }
static inline void pci_set(const struct pci_fn *f, u32 reg, u32 v) { rv_mmio_write32(SPA(f->config + reg), v); }
static inline void pci_set16(const struct pci_fn *f, u32 reg, u32 v)
{
	rv_mmio_write16(SPA(f->config + reg), (u16)v);
}
static inline void pci_set8(const struct pci_fn *f, u32 reg, u32 v) { rv_mmio_write8(SPA(f->config + reg), (u8)v); }

static inline bool pci_present(const struct pci_fn *f) { return pci_get16(f, PCI_VENDOR) != 0xffff; }
static inline u32 pci_type(const struct pci_fn *f) { return pci_get8(f, PCI_HEADER_TYPE) & 0x7f; }
static inline bool pci_decodes(const struct pci_fn *f) { return pci_get16(f, PCI_COMMAND) & PCI_COMMAND_MEMORY; }

/* pci_decode.c */

/* The function decodes no memory now. True: it may, as its BARs and windows are. They are as before afterwards. */
bool pci_decode_ok(const struct pci_fn *f);
/* Size of the memory BAR at @reg, 0 where there is none; *is_64: it takes two registers. The function decodes no memory. */
u64 pci_bar_size(const struct pci_fn *f, u32 reg, bool *is_64);

/* pci_caps.c */

/* Where the capability with this id is, 0: nowhere. The search begins behind @after, 0: at the list's head. */
u32 pci_capability(const struct pci_fn *f, u32 id, u32 after);
/* What a write to a register from PCI_DEVICE_SPECIFIC on may be: *@dword is adjusted. False: it may not be. */
bool pci_filter(const struct pci_fn *f, u32 reg, u32 *dword);
/* Before the function becomes a bus master: peers reach each other through the IOMMU. */
void pci_enforce_acs(const struct pci_fn *f);

/* virtio.c */

bool virtio_is_function(const struct pci_fn *f);
/* By the device's own word, it reads and writes memory past any IOMMU (VIRTIO_F_ACCESS_PLATFORM is not offered). */
bool virtio_bypasses(const struct pci_fn *f);

#endif
