/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The device tree of the host VM, derived from the machine's own. A node under / or a bus is kept
 * only when the table in dt.c lists its `compatible`: a device nobody thought of is absent, and not
 * mapped either, since the list of MMIO ranges is taken from the finished tree.
 */
#ifndef HOST_DT_H
#define HOST_DT_H

#include "base/types.h"
#include "fdt/devices.h"
#include "fdt/isa.h"
#include "fdt/machine.h"

enum {
	HOST_DT_MAX_RAM		= 16,
	HOST_DT_MAX_MMIO	= 128,		/* enough for 64 harts' interrupt files */
	HOST_DT_SLACK		= 16384,	/* dst_size: that of the source plus this */
};

struct host_range {
	hpa_t base;
	u64 size;
};

struct host_dt_plan {
	const struct machine *machine;		/* as parsed from the same tree */
	struct host_range ram[HOST_DT_MAX_RAM];	/* what the host gets; disjoint, page-aligned */
	u32 nr_ram;
	/* From the same tree; PCI windows are written as they are here. NULL: as they are there. */
	const struct machine_devices *devices;
	struct host_range initrd;		/* size 0 = none */
	const char *bootargs;			/* NULL = the machine's */
	struct isa_set isa;			/* extensions that the host may see */
};

/*
 * Builds the host's tree at dst (8-byte aligned, dst_size bytes, not overlapping src). src is the
 * tree that plan->machine was parsed from. On anything but DT_OK dst is unspecified and *why says
 * why. The finished size is fdt_totalsize(dst), big-endian u32 at offset 4.
 */
enum dt_err host_dt_build(const void *src, void *dst, size_t dst_size,
			  const struct host_dt_plan *plan, const char **why);

/*
 * MMIO that the host is to have: `reg` of every kept device and the windows of every PCI bridge,
 * rounded to pages, sorted, merged where they touch. Interrupt files are in it from guest file 1
 * on. fdt is a tree that host_dt_build() finished. Returns the number of ranges, or minus a dt_err:
 * more than max, or one overlaps the host's or anybody's RAM in machine.
 */
int host_dt_mmio(const void *fdt, const struct machine *machine, struct host_range *out,
		 unsigned int max, const char **why);

/* A device of which the TSM performs some accesses for the host (io/). */
struct host_mediated {
	spa_t base;		/* page-aligned */
	bool aplic;		/* else it resets the machine */
};

/* Those in such a tree. The same errors. */
int host_dt_mediated(const void *fdt, const struct machine *machine, struct host_mediated *out,
		     unsigned int max, const char **why);

#endif
