/* SPDX-License-Identifier: BSD-2-Clause */
/* A device tree that may be anything: what comes out of it holds what machine.h promises. */
#ifndef UNIT_TREE_TRY_H
#define UNIT_TREE_TRY_H

#include <stddef.h>

#include "base/types.h"

/* Everything that boot does with a tree of exactly @size bytes. */
void tree_try(const void *fdt, size_t size);

/* How many were accepted. */
extern u32 tree_accepted;

#endif
