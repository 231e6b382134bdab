/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What can move data by itself: the PCI host bridges and the IOMMUs of a validated device tree, read once into plain
 * data of fixed capacity. Ranges do not wrap and lie over neither RAM nor interrupt files; all else about them is the tree's
 * word.
 */
#ifndef FDT_DEVICES_H
#define FDT_DEVICES_H

#include "fdt/machine.h"

enum {
	MACHINE_MAX_PCI		= 4,
	MACHINE_MAX_WINDOWS	= 8,	/* of one host bridge */
	MACHINE_MAX_RID_MAPS	= 8,	/* likewise */
	MACHINE_MAX_IOMMUS	= 4,
	PCI_BUS_SIZE		= 1 << 20,	/* configuration space of one bus */
};

/* Addresses on the bus from @pci on are those of @cpu. */
struct machine_window {
	u64 pci;
	struct machine_range cpu;
	bool io;		/* I/O space */
	bool prefetch;
};

/* Requester ids from @rid on are the device ids from @device on of the IOMMU at index @iommu. */
struct machine_rid_map {
	u32 rid;
	u32 iommu;
	u32 device;
	u32 count;
};

struct machine_pci {
	struct machine_range ecam;	/* of the buses from first_bus to last_bus */
	u32 first_bus;
	u32 last_bus;
	struct machine_window window[MACHINE_MAX_WINDOWS];
	u32 nr_windows;
	struct machine_rid_map map[MACHINE_MAX_RID_MAPS];
	u32 nr_maps;
	u32 map_mask;
};

struct machine_iommu {
	u32 phandle;
	spa_t base;		/* of its registers; 0: it is a function on a PCI bus */
	u32 pci;		/* that host bridge, by index, */
	u32 rid;		/* and its place on it */
};

struct machine_devices {
	struct machine_pci pci[MACHINE_MAX_PCI];
	u32 nr_pci;
	struct machine_iommu iommu[MACHINE_MAX_IOMMUS];
	u32 nr_iommus;
};

/* @fdt: the tree that @m was parsed from. On anything but DT_OK *d is unspecified. */
enum dt_err machine_devices_parse(const void *fdt, const struct machine *m, struct machine_devices *d,
				  const char **why);

/* The IOMMU behind which a requester id of this bridge is, by index; false: none. */
bool machine_rid_iommu(const struct machine_pci *pci, u32 rid, u32 *iommu, u32 *device);
/* True when all requester ids from @first to @last are behind one. */
bool machine_rids_covered(const struct machine_pci *pci, u32 first, u32 last);

#endif
