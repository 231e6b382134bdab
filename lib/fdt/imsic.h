/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The interrupt files (IMSICs) in a validated device tree: the part of machine_parse() that needs
 * the harts first.
 */
#ifndef FDT_IMSIC_H
#define FDT_IMSIC_H

#include "fdt/machine.h"

enum imsic_level { IMSIC_BAD, IMSIC_M, IMSIC_S };

/* Whose external interrupt the parents of a riscv,imsics node are. */
enum imsic_level imsic_node_level(const void *fdt, int node);

/* Fills m->imsic and the file of every hart. Needs m's RAM and harts. None: all stays zero. */
enum dt_err imsic_parse(const void *fdt, struct machine *m, const char **why);

#endif
