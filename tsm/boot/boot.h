/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Boot: from the firmware's jump to the host's first instruction. boot.c is the order of events; layout.c says which
 * memory is whose, map.c builds the TSM's own page tables, harts.c finds out what the harts can do and starts them,
 * load.c puts the host's kernel and device tree in place. What cannot run is refused with boot_refuse().
 */
#ifndef BOOT_BOOT_H
#define BOOT_BOOT_H

#include "fdt/devices.h"
#include "fdt/machine.h"
#include "host/dt.h"
#include "host/hart.h"

#define STACK_SIZE	0x4000ULL

/* The machine as its device tree describes it; filled by boot_main(), constant after. */
extern struct machine machine;
/* Its PCI bridges and IOMMUs; their windows without what the TSM keeps. */
extern struct machine_devices machine_devices;

/* Prints why this machine or this start cannot be used and what helps, then ends it. */
void __noreturn boot_refuse(const char *f, ...) __attribute__((format(printf, 1, 2)));

/* --- layout.c --- */

/* The TSM's memory besides its image: one 2 MiB-aligned piece of RAM, handed out from its start. */
void layout_init(void);
/* @pages zeroed pages of it, for good. Refuses the machine when it is used up: the size was computed. */
spa_t layout_take(u64 pages);
/* Declares all RAM to page/ and host/: who owns what. */
void layout_publish(void);
/* True when the 2 MiB block at @spa is the host's. */
bool layout_is_host(u64 spa);
/* The host's RAM as ranges for its device tree. */
u32 layout_host_ranges(struct host_range *out, u32 max);
/* KiB kept from the host: image, tables, stacks, firmware blocks not counted. */
u64 layout_kept_kib(void);
/* A free piece of host RAM: lowest (kernel) or highest (device tree) place, aligned, not touching @avoid. 0: none. */
u64 layout_find(u64 size, u64 align, bool lowest, const struct machine_range *avoid, u32 avoid_count);

/* --- map.c --- */

/* Builds the page tables of the TSM (RAM one to one, W^X, guard pages) and turns them on for this hart. */
void map_init(void);
/* Maps one page of a device that the TSM itself drives. */
void map_device(spa_t page);
/* Maps device registers, [base, base + size), with large leaves; neighbours within 2 MiB may be mapped with them. */
void map_devices_range(spa_t base, u64 size);
/* Takes one page out again: a guard. */
void map_guard(spa_t page);

/* --- harts.c --- */

/* Finds the features that all harts share and refuses the machine without H, AIA guest files or Sstc. */
void harts_probe(u64 boot_hartid);
/* Pages that the host's vector registers take on each hart. */
u64 harts_vector_pages(void);
/* Per-hart structs and stacks; the boot hart's takes over tp. */
void harts_init(u64 boot_hartid);
/* Starts all others through SBI HSM and waits for them, bounded. */
void harts_start(void);
/* CSRs of this hart as they stay while the TSM runs. */
void hart_setup(struct hart *h);
/* Extensions that the host may see. */
void harts_host_isa(struct isa_set *isa);

/* --- devices.c --- */

/* Pages that its work takes. */
u64 devices_pages(void);
/* Takes PCI, starts the IOMMUs, decides on what no IOMMU confines. After layout_publish(). */
void devices_init(void);
/* Says what holds. */
void devices_banner(void);

/* --- handoff.c --- */

/* Takes what measured boot left, and wipes it. MMU off. */
void handoff_take(void);

/* --- load.c --- */

/* Puts kernel and device tree in place; returns the entry and where the tree is. */
void load_host(const void *fdt, u64 *entry, u64 *host_fdt);

#endif
