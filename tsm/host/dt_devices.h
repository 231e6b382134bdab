/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Which nodes of a device tree the host may have: the one place where that is decided, used for
 * building the host's tree and for mapping what it names. Only for dt.c and dt_devices.c.
 */
#ifndef HOST_DT_DEVICES_H
#define HOST_DT_DEVICES_H

#include "fdt/fdt_reader.h"
#include "fdt/machine.h"
#include "host/dt.h"

/* What a kept node is; its children are judged by it. */
enum host_node {
	HOST_NODE_DROP,		/* not kept, and nothing below it */
	HOST_NODE_ROOT,
	HOST_NODE_CPUS,
	HOST_NODE_CPU,
	HOST_NODE_CHOSEN,
	HOST_NODE_ALIASES,
	HOST_NODE_RESERVED,	/* /reserved-memory */
	HOST_NODE_BUS,		/* its children are devices */
	HOST_NODE_DEVICE,	/* has registers; children are dropped */
	HOST_NODE_PCI,		/* has registers and windows; children are dropped */
	HOST_NODE_APLIC,
	HOST_NODE_RESET,	/* a device whose registers reset the machine */
	HOST_NODE_IMSIC,
	HOST_NODE_PLAIN,	/* has no registers */
	HOST_NODE_WHOLE,	/* kept with everything below it */
};

/* A walk over the kept nodes of a validated tree. kind[] is that of each node on the path. */
struct host_walk {
	struct dt_walk dt;
	const struct machine *machine;
	const struct host_dt_plan *plan;	/* NULL: the tree is a finished one */
	bool all_harts;				/* no cpu node is dropped */
	enum host_node kind[DT_MAX_DEPTH];
};

void host_walk_begin(struct host_walk *hw, const void *fdt, const struct machine *machine,
		     const struct host_dt_plan *plan);
bool host_walk_next(struct host_walk *hw);
enum host_node host_walk_kind(const struct host_walk *hw);

#endif
