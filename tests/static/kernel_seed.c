// SPDX-License-Identifier: GPL-2.0-only
/* Faults for scripts/kernel-lint: one that sparse must find, one that checkpatch must. Never loaded. */
#include <linux/module.h>
#include <linux/uaccess.h>

static int __init seed(void)
{
	int __user *there = NULL;
	int *here = there;

	return here?1:0;
}

module_init(seed);
MODULE_DESCRIPTION("seed");
MODULE_LICENSE("GPL");
