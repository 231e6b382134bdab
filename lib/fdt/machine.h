/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a machine is, read once from its device tree into plain data of fixed capacity: memory,
 * harts, interrupt files, and what the boot loader handed over. The tree is untrusted (it may be
 * truncated, cyclic, or lie about sizes): it is checked as a whole before use, every range in the
 * result is non-empty and does not wrap, and two banks, two harts or two interrupt files never
 * overlap.
 */
#ifndef FDT_MACHINE_H
#define FDT_MACHINE_H

#include "base/types.h"
#include "fdt/isa.h"

enum {
	MACHINE_MAX_RAM		= 8,
	MACHINE_MAX_RESERVED	= 32,
	MACHINE_MAX_HARTS	= 64,
	MACHINE_BOOTARGS	= 2048,	/* bytes, the NUL included */
};

/* No RISC-V physical address is larger. */
#define MACHINE_PHYSICAL_END	BIT(56)

/* Why a tree was refused; the message says it in words. */
enum dt_err {
	DT_OK,
	DT_E_BLOB,		/* not a well-formed tree, or larger than the given bound */
	DT_E_MISSING,		/* a node or property that is needed is absent */
	DT_E_INVALID,		/* a property of wrong length or impossible value; overlaps */
	DT_E_CAPACITY,		/* more banks, harts or ranges than this monitor is built for */
	DT_E_SPACE,		/* the output buffer is too small */
};

struct machine_range {
	spa_t base;
	u64 size;
};

struct machine_hart {
	u64 id;			/* hart id: `reg` of its cpu node */
	u32 intc;		/* phandle of its riscv,cpu-intc */
	u32 cbom_block;		/* bytes; 0 = not given */
	u32 cboz_block;
	spa_t imsic;		/* S-level interrupt file, guest file N is N pages on; 0 = none */
	struct isa_set isa;
};

/* Geometry of the S-level IMSICs; all zero when there are none. */
struct machine_imsic {
	u32 phandle;		/* 0 = none */
	u32 num_ids;
	u32 num_guest_ids;	/* num_ids when the tree does not say */
	u32 guest_index_bits;
	u32 hart_index_bits;
	u32 group_index_bits;
	u32 group_index_shift;
};

struct machine {
	/* Sorted, disjoint, whole pages; and the numa-node-id of each, ~0 = not given. */
	struct machine_range ram[MACHINE_MAX_RAM];
	u32 ram_numa[MACHINE_MAX_RAM];
	/* /reserved-memory and /memreserve/, rounded outwards to pages. */
	struct machine_range reserved[MACHINE_MAX_RESERVED];
	/* The enabled ones, in the order of the tree. */
	struct machine_hart harts[MACHINE_MAX_HARTS];
	u32 nr_ram;
	u32 nr_reserved;
	u32 nr_harts;
	u64 timebase_hz;
	struct isa_set isa;		/* what every hart has */
	struct machine_imsic imsic;
	struct machine_range kernel;	/* multiboot,kernel module; size 0 = none */
	struct machine_range ramdisk;	/* multiboot,ramdisk, or linux,initrd-*; size 0 = none */
	struct machine_range fdt;	/* where the tree itself lies, in whole pages */
	/* "cove,handoff" of /chosen (cove/attest_handoff.h): a u64, not checked; 0: there is none. */
	spa_t handoff;
	/* Those of /chosen, else of the kernel module, else "". */
	char bootargs[MACHINE_BOOTARGS];
};

/*
 * Reads the tree at fdt, of which at most max bytes may be touched. On anything but DT_OK the
 * machine is unspecified and *why is a constant sentence for the console ("device tree: no memory
 * node"). Takes no lock, keeps no pointer. A machine without an S-level IMSIC or without the H
 * extension parses: what the monitor needs is for boot/ to say.
 */
enum dt_err machine_parse(const void *fdt, size_t max, struct machine *m, const char **why);

/* True when part of the range is RAM. */
bool machine_overlaps_ram(const struct machine *m, const struct machine_range *r);

/* True when part of the range is an S-level interrupt file of any hart, its guest files included. */
bool machine_overlaps_imsic(const struct machine *m, u64 base, u64 size);

/* Sum of all RAM banks, in bytes. */
u64 machine_ram_size(const struct machine *m);

#endif
