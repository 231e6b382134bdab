/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Where OpenSBI's generic platform calls us. The name of its table of overrides is ours to define:
 * it comes before the library's own, which is empty in our configuration.
 */
#include <libfdt.h>
#include <platform_override.h>
#include <sbi/sbi_console.h>
#include <sbi/sbi_domain.h>
#include <sbi/sbi_error.h>
#include <sbi/sbi_scratch.h>
#include <sbi_utils/fdt/fdt_helper.h>

#include "firmware/measured_boot.h"

static enum measured_boot result;

static unsigned long page_at(unsigned long offset)
{
	return sbi_scratch_thishart_ptr()->fw_start + offset;
}

/*
 * Nobody reads the page of the root of trust again until reset: S and U mode by the entry itself,
 * M-mode because it is locked (with Smepmp the page is readable to M-mode alone, and empty).
 */
static int rot_page_lock(void)
{
	return sbi_domain_root_add_memrange(page_at(FW_ROT_OFFSET), FW_PAGE_SIZE, FW_PAGE_SIZE,
					    SBI_DOMAIN_MEMREGION_M_READABLE |
					    SBI_DOMAIN_MEMREGION_ENF_PERMISSIONS);
}

static void report(void)
{
	static const char *const text[] = {
		[BOOT_ATTESTED] = "firmware: measured boot: the TSM gets an identity",
		[BOOT_NO_ROT] = "firmware: no root of trust is fused: nothing is attested",
		[BOOT_NO_TSM] = "firmware: what comes next is no TSM: nothing is attested",
		[BOOT_FAILED] = "firmware: error: measured boot failed",
	};

	sbi_printf("%s\n", text[result]);
}

static int cove_early_init(bool cold_boot, const void *fdt, const struct fdt_match *match)
{
	struct sbi_scratch *scratch = sbi_scratch_thishart_ptr();
	int rc;

	(void)match;
	if (!cold_boot)
		return 0;
	if (scratch->fw_size > FW_HANDOFF_OFFSET) {
		sbi_printf("firmware: error: too many harts for its 2 MiB of memory\n");
		return SBI_ENOMEM;
	}
	rc = rot_page_lock();
	if (rc)
		return rc;
	result = measured_boot(fdt, scratch->next_addr, (void *)page_at(FW_ROT_OFFSET),
			       (void *)page_at(FW_HANDOFF_OFFSET));
	report();
	return result == BOOT_FAILED ? SBI_EFAIL : 0;
}

/* The page's node in /reserved-memory, which OpenSBI has made by now. */
static int reserve(void *fdt, unsigned long page)
{
	fdt64_t reg[2] = { cpu_to_fdt64(page), cpu_to_fdt64(FW_PAGE_SIZE) };
	int parent = fdt_path_offset(fdt, "/reserved-memory");
	char name[40];
	int node;

	sbi_snprintf(name, sizeof(name), "cove-handoff@%lx", page);
	node = parent < 0 ? parent : fdt_add_subnode(fdt, parent, name);
	if (node < 0)
		return node;
	return fdt_setprop(fdt, node, "reg", reg, sizeof(reg));
}

static int cove_fdt_fixup(void *fdt, const struct fdt_match *match)
{
	unsigned long page = page_at(FW_HANDOFF_OFFSET);
	int rc, chosen;

	(void)match;
	if (result != BOOT_ATTESTED)
		return 0;
	rc = fdt_open_into(fdt, fdt, (int)fdt_totalsize(fdt) + 256);
	if (!rc)
		rc = reserve(fdt, page);
	chosen = fdt_path_offset(fdt, "/chosen");
	if (!rc && chosen < 0)
		rc = chosen = fdt_add_subnode(fdt, 0, "chosen");
	if (rc >= 0)
		rc = fdt_setprop_u64(fdt, chosen, COVE_HANDOFF_PROPERTY, page);
	return rc < 0 ? SBI_EFAIL : 0;
}

static const struct fdt_match cove_match[] = {
	{ .compatible = "riscv-virtio" },
	{ },
};

static const struct platform_override cove = {
	.match_table = cove_match,
	.early_init = cove_early_init,
	.fdt_fixup = cove_fdt_fixup,
};

extern const struct platform_override *const platform_override_modules[];
const struct platform_override *const platform_override_modules[] = { &cove, NULL };
