// SPDX-License-Identifier: GPL-2.0-only
/*
 * cove-guest.ko: what a stock kernel lacks to use devices as a confidential VM. It has to be loaded
 * before the first driver of a device that does DMA.
 *
 *	share.c	   shares the SWIOTLB pool, and coherent buffers while they exist
 *	measure.c  measurement registers
 *	evidence.c evidence and secrets
 *
 * Only exported symbols, and ftrace on two functions of the DMA API, of stock kernels from 6.12 on.
 */
#include <linux/errno.h>
#include <linux/init.h>
#include <linux/module.h>
#include <asm/sbi.h>

#include "guest.h"

static int __init guest_init(void)
{
	int ret;

	if (sbi_probe_extension(COVE_EID_COVG) <= 0) {
		pr_err("no confidential VM: the SBI extension COVG is absent\n");
		return -ENODEV;
	}
	ret = share_init();
	if (ret)
		return ret;
	ret = measure_init();
	if (ret)
		goto unshare;
	ret = evidence_init();
	if (!ret)
		return 0;
	measure_exit();
unshare:
	share_exit();
	return ret;
}

/*
 * There is no way back: without the redirection new coherent buffers would be out of the devices'
 * reach.
 */
module_init(guest_init);

MODULE_DESCRIPTION("Devices for a confidential VM above a RISC-V CoVE TSM");
MODULE_LICENSE("GPL");
