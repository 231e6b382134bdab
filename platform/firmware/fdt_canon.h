/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The platform's configuration as a hash: its device tree in a form that does not depend on how the
 * tree was laid out, and without what differs from boot to boot or is the host's.
 *
 * Hashed are, in the tree's order, numbers as 4 bytes little endian:
 *   a node's begin:  1, length of its name, the name (the root's is empty)
 *   a property:      3, length of its name, the name, length of its value, the value
 *   a node's end:    2
 *   then for each entry of the memory reservation block: 4, address and size (8 bytes each)
 * Left out: all properties of /chosen (command line, seeds, addresses of the ramdisk) and those
 * nodes below it whose compatible has "multiboot,module" (the host's kernel and ramdisk).
 */
#ifndef FIRMWARE_FDT_CANON_H
#define FIRMWARE_FDT_CANON_H

#include "base/types.h"
#include "crypto/sha384.h"

/* False: the tree cannot be read. */
bool fdt_canon_digest(const void *fdt, u8 digest[SHA384_SIZE]);

#endif
