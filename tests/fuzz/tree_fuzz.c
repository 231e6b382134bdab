/* SPDX-License-Identifier: BSD-2-Clause */
/* libFuzzer: a hostile device tree, through all that boot does with one. */
#include "unit/unit.h"

#include "unit/tree.h"
#include "unit/tree_try.h"

int LLVMFuzzerTestOneInput(const u8 *data, size_t size);

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	u8 *fdt = tree_exact(data, size);

	tree_try(fdt, size);
	free(fdt);
	return 0;
}
