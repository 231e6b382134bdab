/* SPDX-License-Identifier: BSD-2-Clause */
/* Devices that move data: from here on none of them does, but through an IOMMU or where the policy trusts them. */
#include "boot/boot.h"
#include "io/iommu.h"
#include "io/mediate.h"
#include "io/pci.h"
#include "io/policy.h"
#include "log/log.h"

u64 devices_pages(void)
{
	return (u64)machine_devices.nr_iommus * IOMMU_PAGES;
}

static void take_pci(void)
{
	for (u32 i = 0; i < machine_devices.nr_pci; i++) {
		const struct machine_range *ecam = &machine_devices.pci[i].ecam;

		map_devices_range(ecam->base, ecam->size);
		if (!mediate_add(MEDIATED_PCI, ecam->base, ALIGN_UP(ecam->size, PAGE_SIZE)))
			boot_refuse("too many PCI bridges");
	}
	pci_init(machine_devices.pci, machine_devices.nr_pci);
}

/* The largest device id that a map of any bridge leads to at this IOMMU. */
static u32 max_device(u32 iommu)
{
	u32 max = 0;

	for (u32 i = 0; i < machine_devices.nr_pci; i++) {
		const struct machine_pci *p = &machine_devices.pci[i];

		for (u32 j = 0; j < p->nr_maps; j++)
			if (p->map[j].iommu == iommu)
				max = MAX(max, p->map[j].device + p->map[j].count - 1);
	}
	return max;
}

static void start_iommu(u32 index)
{
	const struct machine_iommu *m = &machine_devices.iommu[index];
	struct iommu_setup setup = { .regs = m->base, .max_device = max_device(index) };
	const char *why = NULL;

	if (!m->base.v)
		why = pci_place_iommu(&machine_devices.pci[m->pci], m->rid, &setup.regs);
	if (!why) {
		map_device(setup.regs);
		setup.memory = layout_take(IOMMU_PAGES);
		if (!mediate_add(MEDIATED_HIDDEN, setup.regs, PAGE_SIZE))
			boot_refuse("too many IOMMUs");
		why = iommu_start(&setup, machine.timebase_hz);
	}
	if (why)
		boot_refuse("the IOMMU at 0x%lx %s", setup.regs.v, why);
}

void devices_init(void)
{
	if (!policy_init(machine.bootargs))
		boot_refuse("tsm.devices= takes strict or trusted-devices");
	take_pci();
	for (u32 i = 0; i < machine_devices.nr_iommus; i++)
		start_iommu(i);
}

void devices_banner(void)
{
	switch (policy_protection()) {
	case TSM_IO_IOMMU:
		log_info("devices: DMA is confined by %u IOMMU%s", iommu_count(), iommu_count() == 1 ? "" : "s");
		break;
	case TSM_IO_NO_DMA:
		log_warn("devices: there is no IOMMU, so no device may do DMA (tsm.devices=trusted-devices lets them)");
		break;
	case TSM_IO_TRUSTED_DEVICES:
		log_warn("devices: trusted; DMA that no IOMMU confines CAN REACH CONFIDENTIAL MEMORY");
		break;
	}
}
