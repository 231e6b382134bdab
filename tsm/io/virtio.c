/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Virtio over PCI, as far as the TSM must know it: a device that does not offer VIRTIO_F_ACCESS_PLATFORM uses the addresses
 * of the CPU, translated by nobody (virtio 1.2, 6.1). The offer is read through the configuration access capability, which works
 * while no BAR does; all that is touched for it is put back.
 */
#include "io/pci_fn.h"

#define VENDOR			0x1af4
#define FIRST_DEVICE		0x1000
#define FIRST_MODERN		0x1040
#define LAST_DEVICE		0x107f

#define CAP_VENDOR		0x09
#define CAP_TYPE		3	/* offsets within the capability */
#define CAP_BAR			4
#define CAP_OFFSET		8
#define CAP_LENGTH		12
#define CAP_DATA		16
#define TYPE_COMMON		1
#define TYPE_CONFIG_ACCESS	5

#define COMMON_FEATURE_SELECT	0
#define COMMON_FEATURE		4
#define ACCESS_PLATFORM		33

#define MAX_CAPABILITIES	16

bool virtio_is_function(const struct pci_fn *f)
{
	u32 id = pci_get(f, PCI_VENDOR);

	return (id & 0xffff) == VENDOR && id >> 16 >= FIRST_DEVICE && id >> 16 <= LAST_DEVICE;
}

static u32 find(const struct pci_fn *f, u32 type)
{
	u32 at = 0;

	for (u32 i = 0; i < MAX_CAPABILITIES; i++) {
		at = pci_capability(f, CAP_VENDOR, at);
		if (!at || pci_get8(f, at + CAP_TYPE) == type)
			return at;
	}
	return 0;
}

/* The device offers the feature. @window, @common: the two capabilities. */
static bool offers_access_platform(const struct pci_fn *f, u32 window, u32 common)
{
	u32 base = pci_get(f, common + CAP_OFFSET);
	u32 bar = pci_get8(f, window + CAP_BAR), offset = pci_get(f, window + CAP_OFFSET);
	u32 length = pci_get(f, window + CAP_LENGTH);
	u32 select, features;

	pci_set8(f, window + CAP_BAR, pci_get8(f, common + CAP_BAR));
	pci_set(f, window + CAP_LENGTH, 4);
	pci_set(f, window + CAP_OFFSET, base + COMMON_FEATURE_SELECT);
	select = pci_get(f, window + CAP_DATA);
	pci_set(f, window + CAP_DATA, ACCESS_PLATFORM / 32);
	pci_set(f, window + CAP_OFFSET, base + COMMON_FEATURE);
	features = pci_get(f, window + CAP_DATA);
	pci_set(f, window + CAP_OFFSET, base + COMMON_FEATURE_SELECT);
	pci_set(f, window + CAP_DATA, select);
	pci_set8(f, window + CAP_BAR, bar);
	pci_set(f, window + CAP_OFFSET, offset);
	pci_set(f, window + CAP_LENGTH, length);
	return features & BIT(ACCESS_PLATFORM % 32);
}

bool virtio_bypasses(const struct pci_fn *f)
{
	u32 window, common;

	if (!virtio_is_function(f))
		return false;
	/* The legacy interface knows no such feature. */
	if (pci_get(f, PCI_VENDOR) >> 16 < FIRST_MODERN)
		return true;
	/* It was asked before it was let decode, and the host may be using these registers now. */
	if (pci_decodes(f))
		return false;
	window = find(f, TYPE_CONFIG_ACCESS);
	common = find(f, TYPE_COMMON);
	return !window || !common || !offers_access_platform(f, window, common);
}
