/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * PCI configuration space for the host: it is not mapped, each access traps and is done here.
 *
 * Invariants, from boot on and whatever the host writes:
 * - A function is bus master only behind an IOMMU (or where devices are trusted, policy.h). A bridge is one only while all
 *   buses below it are.
 * - While a function decodes memory, its BARs, its ROM and its windows lie within the host bridge's memory windows: over no
 *   memory, no interrupt file, no register of the TSM's.
 * - IOMMUs are absent for the host, and so are virtio functions that say that they go past any IOMMU.
 * - ATS, PRI, PASID, virtual functions, multicast, CXL are off; access control services are on. A peer reaches a peer through
 *   the IOMMU only.
 * A write that would break one of these leaves the register as it is, or the bit 0: registers are WARL.
 *
 * One lock: accesses of several harts are done one after another, each a bounded number of device accesses.
 */
#ifndef IO_PCI_H
#define IO_PCI_H

#include "fdt/devices.h"

/*
 * Boot only. The host bridges; their configuration space is mapped for the TSM. No function decodes anything or is bus master
 * after it.
 */
void pci_init(const struct machine_pci *list, u32 count);
/*
 * Boot only: gives an IOMMU that is a PCI function its registers, at the end of one of @bridge's windows, which shrinks. NULL and
 * the CPU's address of the registers; or why it cannot.
 */
const char *pci_place_iommu(struct machine_pci *bridge, u32 rid, spa_t *regs);

/* @at: within a bridge's configuration space, aligned to @bytes (1, 2, 4). */
u32 pci_load(spa_t at, u32 bytes);
void pci_store(spa_t at, u32 bytes, u32 value);

#endif
