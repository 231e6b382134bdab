/* SPDX-License-Identifier: BSD-2-Clause */
/* Capabilities with which a function could go past the IOMMU, or move what it answers to: which of their bits stay as they are. */
#include "io/pci_fn.h"
#include "io/policy.h"

#define MAX_STEPS		48	/* as many as fit between 0x40 and 0x100 */
#define MAX_EXTENDED_STEPS	960

#define CAP_ENHANCED_ALLOCATION	0x14
#define CAP_FLATTENING_PORTAL	0x15

#define EXT_ACS			0x0d
#define EXT_ATS			0x0f
#define EXT_SRIOV		0x10
#define EXT_MULTICAST		0x12
#define EXT_PRI			0x13
#define EXT_RESIZABLE_BAR	0x15
#define EXT_PASID		0x1b
#define EXT_DVSEC		0x23
#define DVSEC_VENDOR_CXL	0x1e98

/* ACS control is the upper half of the dword whose lower half says what there is. */
#define ACS_CONTROL		4
#define ACS_WANTED		0x1fU	/* source validation, translation blocking, redirects, upstream forwarding */
#define ACS_UNWANTED		0x60U	/* egress control vectors, direct translated peer-to-peer */

/* Bits of extended capabilities that stay 0. */
static const struct {
	u32 id;
	u32 offset;
	u32 zero;
} held[] = {
	{ EXT_ATS,		4, BIT(31) },			/* enable */
	{ EXT_PRI,		4, BIT(0) },			/* enable */
	{ EXT_PASID,		4, 7U << 16 },			/* enable, execute, privileged */
	{ EXT_SRIOV,		8, BIT(0) | BIT(3) },		/* virtual functions, their memory */
	{ EXT_MULTICAST,	4, BIT(31) },			/* enable */
};

u32 pci_capability(const struct pci_fn *f, u32 id, u32 after)
{
	u32 at = pci_get8(f, after ? after + 1 : PCI_FIRST_CAPABILITY) & ~3U;

	for (u32 i = 0; i < MAX_STEPS && at >= PCI_DEVICE_SPECIFIC; i++) {
		if (pci_get8(f, at) == id)
			return at;
		at = pci_get8(f, at + 1) & ~3U;
	}
	return 0;
}

/* The capability that @reg lies in or behind: the last one that begins at or before it. 0: none. */
static u32 owner(const struct pci_fn *f, u32 reg)
{
	u32 at = pci_get8(f, PCI_FIRST_CAPABILITY) & ~3U, found = 0;

	for (u32 i = 0; i < MAX_STEPS && at >= PCI_DEVICE_SPECIFIC; i++) {
		if (at <= reg && at > found)
			found = at;
		at = pci_get8(f, at + 1) & ~3U;
	}
	return found;
}

static u32 next_extended(u32 header)
{
	return header >> 20 & ~3U;
}

static u32 extended_owner(const struct pci_fn *f, u32 reg)
{
	u32 at = PCI_EXTENDED, found = 0;

	for (u32 i = 0; i < MAX_EXTENDED_STEPS && at >= PCI_EXTENDED; i++) {
		u32 header = pci_get(f, at);

		if (!header || header == ~0U)
			break;
		if (at <= reg && at > found)
			found = at;
		at = next_extended(header);
	}
	return found;
}

static u32 acs_value(u32 dword)
{
	u32 can = dword & ACS_WANTED;

	return (dword & ~(ACS_UNWANTED << 16)) | can << 16;
}

void pci_enforce_acs(const struct pci_fn *f)
{
	u32 at = PCI_EXTENDED;

	for (u32 i = 0; i < MAX_EXTENDED_STEPS && at >= PCI_EXTENDED; i++) {
		u32 header = pci_get(f, at);

		if (!header || header == ~0U)
			return;
		if ((header & 0xffff) == EXT_ACS)
			pci_set(f, at + ACS_CONTROL, acs_value(pci_get(f, at + ACS_CONTROL)));
		at = next_extended(header);
	}
}

static bool filter_extended(const struct pci_fn *f, u32 reg, u32 *dword)
{
	u32 at = extended_owner(f, reg);
	u32 id = at ? pci_get(f, at) & 0xffff : 0;

	for (u32 i = 0; i < sizeof(held) / sizeof(held[0]); i++)
		if (id == held[i].id && reg == at + held[i].offset)
			*dword &= ~held[i].zero;
	switch (id) {
	case EXT_ACS:
		if (reg == at + ACS_CONTROL)
			*dword = acs_value((*dword & ~0xffffU) | pci_get16(f, reg));
		return true;
	case EXT_RESIZABLE_BAR:
		return !pci_decodes(f);
	case EXT_DVSEC:
		return pci_get16(f, at + 4) != DVSEC_VENDOR_CXL;
	}
	return true;
}

bool pci_filter(const struct pci_fn *f, u32 reg, u32 *dword)
{
	u32 at, id;

	if (policy_trusts_devices())
		return true;
	if (reg >= PCI_EXTENDED)
		return filter_extended(f, reg, dword);
	at = owner(f, reg);
	id = at ? pci_get8(f, at) : 0;
	return id != CAP_ENHANCED_ALLOCATION && id != CAP_FLATTENING_PORTAL;
}
