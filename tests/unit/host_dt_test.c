/* SPDX-License-Identifier: BSD-2-Clause */
#include "unit/unit.h"

#include <string.h>
#include <libfdt.h>

#include "host/dt.h"
#include "unit/tree.h"

static struct machine m;
static struct host_dt_plan plan;
static const char *why;

/* What the host of the tests may see. */
static void allow(struct isa_set *isa)
{
	isa_add_plain(isa);
	isa_remove(isa, ISA_V);
	isa_add(isa, ISA_H);
	isa_add(isa, ISA_SSTC);
	isa_add(isa, ISA_SSAIA);
	isa_add(isa, ISA_ZICBOM);
}

/* Parses src and fills the plan: the host has all memory but the first 2 MiB. */
static void make_plan(const void *src)
{
	assert_int_equal(machine_parse(src, TREE_ROOM, &m, &why), DT_OK);
	memset(&plan, 0, sizeof(plan));
	plan.machine = &m;
	for (u32 i = 0; i < m.nr_ram; i++)
		plan.ram[i] = (struct host_range){ HPA(m.ram[i].base.v), m.ram[i].size };
	plan.nr_ram = m.nr_ram;
	plan.ram[0].base.v += SIZE_2M;
	plan.ram[0].size -= SIZE_2M;
	allow(&plan.isa);
}

static enum dt_err build(const void *src, void **out)
{
	size_t size = fdt_totalsize(src) + HOST_DT_SLACK;
	enum dt_err err;

	*out = malloc(size);
	why = NULL;
	err = host_dt_build(src, *out, size, &plan, &why);
	if (!err)
		assert_int_equal(fdt_check_full(*out, size), 0);
	return err;
}

/* The host's tree of a source that is used up. */
static void *host_of(void *src)
{
	void *out;

	make_plan(src);
	assert_int_equal(build(src, &out), DT_OK);
	free(src);
	return out;
}

static void keeps_what_the_host_may_use(void **state)
{
	static const char *const kept[] = {
		"/cpus/cpu@0/interrupt-controller", "/cpus/cpu@1", "/cpus/cpu-map/cluster0/core1",
		"/soc/serial@10000000", "/soc/rtc@101000", "/soc/test@100000", "/poweroff",
		"/reboot",
		"/soc/pci@30000000", "/soc/interrupt-controller@d000000",
		"/soc/interrupt-controller@28000000", "/chosen", "/aliases",
	};
	void *fdt = host_of(tree_load("qemu-virt"));

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(kept); i++) {
		if (!tree_has_node(fdt, kept[i]))
			fail_msg("%s is gone", kept[i]);
	}
	tree_expect_string(fdt, "/", "model", "riscv-virtio,qemu");
	tree_expect_string(fdt, "/chosen", "stdout-path", "/soc/serial@10000000");
	tree_expect_string(fdt, "/aliases", "serial0", "/soc/serial@10000000");
	assert_true(tree_has_property(fdt, "/chosen", "rng-seed"));
	TREE_EXPECT(fdt, "/cpus", "timebase-frequency", 10000000);
	free(fdt);
}

static void removes_what_it_must_not_have(void **state)
{
	static const char *const gone[] = {
		"qemu,fw-cfg-mmio", "virtio,mmio", "cfi-flash", "qemu,platform", "riscv,iommu",
		"riscv,clint0", "riscv,pmu", "multiboot", "riscv,plic",
	};
	static const char *const paths[] = {
		"/soc/interrupt-controller@c000000", "/soc/interrupt-controller@24000000",
		"/soc/clint@2000000", "/soc/iommu@3010000", "/memory@80000000", "/pmu",
		"/reserved-memory/mmode_resv1@80000000",
	};
	void *fdt = tree_load("qemu-virt");

	(void)state;
	/* As a firmware would that does not mark its own devices. */
	tree_delete_property(fdt, "/soc/interrupt-controller@c000000", "status");
	tree_delete_property(fdt, "/soc/interrupt-controller@24000000", "status");
	fdt = host_of(fdt);
	for (size_t i = 0; i < ARRAY_SIZE(gone); i++) {
		if (tree_mentions(fdt, gone[i]))
			fail_msg("%s is still there", gone[i]);
	}
	for (size_t i = 0; i < ARRAY_SIZE(paths); i++) {
		if (tree_has_node(fdt, paths[i]))
			fail_msg("%s is still there", paths[i]);
	}
	assert_false(tree_has_property(fdt, "/soc/pci@30000000", "iommu-map"));
	assert_int_equal(fdt_num_mem_rsv(fdt), 0);
	free(fdt);
}

static void gives_the_guest_file_as_its_own(void **state)
{
	void *fdt = host_of(tree_load("qemu-virt"));
	const char *imsic = "/soc/interrupt-controller@28000000";

	(void)state;
	TREE_EXPECT(fdt, imsic, "reg", 0, 0x28001000, 0, 0x7000, 0, 0x28009000, 0, 0x7000);
	TREE_EXPECT(fdt, imsic, "interrupts-extended", 4, 9, 2, 9);
	TREE_EXPECT(fdt, imsic, "riscv,guest-index-bits", 3);
	TREE_EXPECT(fdt, imsic, "riscv,hart-index-bits", 1);
	TREE_EXPECT(fdt, imsic, "riscv,num-ids", 255);
	TREE_EXPECT(fdt, imsic, "phandle", 6);
	TREE_EXPECT(fdt, "/soc/interrupt-controller@d000000", "msi-parent", 6);
	free(fdt);
}

static void drops_a_disabled_hart_everywhere(void **state)
{
	void *fdt = host_of(tree_load("odd-board"));
	const char *imsic = "/soc/interrupt-controller@28000000";

	(void)state;
	assert_false(tree_has_node(fdt, "/cpus/cpu@0"));
	assert_false(tree_has_node(fdt, "/cpus/cpu-map"));
	TREE_EXPECT(fdt, imsic, "reg", 0, 0x28001000, 0, 0x3000, 0, 0x29001000, 0, 0x3000,
		    0, 0x29005000, 0, 0x3000);
	TREE_EXPECT(fdt, imsic, "riscv,hart-index-bits", 1);
	TREE_EXPECT(fdt, imsic, "riscv,group-index-bits", 1);
	TREE_EXPECT(fdt, imsic, "riscv,num-guest-ids", 127);
	assert_true(tree_has_node(fdt, "/cpus/cpu@1/l2-cache"));
	assert_false(tree_has_node(fdt, "/cpus/cpu@1/serial@66"));
	free(fdt);
}

static void allows_only_known_devices(void **state)
{
	void *fdt = host_of(tree_load("odd-board"));

	(void)state;
	assert_false(tree_has_node(fdt, "/soc/secret@66000000"));
	assert_false(tree_has_node(fdt, "/l3-cache"));
	assert_false(tree_has_node(fdt, "/soc/platform-bus"));
	assert_false(tree_has_node(fdt, "/soc/bus@10000000/rtc@8000"));
	assert_true(tree_has_node(fdt, "/soc/bus@10000000/serial@100"));
	assert_true(tree_has_node(fdt, "/clock"));
	assert_true(tree_has_node(fdt, "/distance-map"));
	assert_false(tree_has_property(fdt, "/soc/bus@10000000/rtc@20000", "iommus"));
	assert_false(tree_has_property(fdt, "/chosen", "secret"));
	/* Names that lead nowhere in the host's tree. */
	tree_expect_string(fdt, "/aliases", "serial0", "/soc/bus@10000000/serial@100");
	assert_false(tree_has_property(fdt, "/aliases", "serial1"));
	assert_false(tree_has_property(fdt, "/aliases", "loop"));
	assert_false(tree_has_property(fdt, "/chosen", "stdout-path"));
	free(fdt);
}

static void describes_memory_by_bank(void **state)
{
	void *src = tree_load("odd-board"), *fdt;

	(void)state;
	make_plan(src);
	plan.ram[0] = (struct host_range){ HPA(0x81000000), 0x8000000 };	/* over two banks */
	plan.ram[1] = (struct host_range){ HPA(0xa0200000), 0x200000 };
	plan.nr_ram = 2;
	assert_int_equal(build(src, &fdt), DT_OK);
	TREE_EXPECT(fdt, "/memory@81000000", "reg", 0, 0x81000000, 0, 0x7000000);
	TREE_EXPECT(fdt, "/memory@81000000", "numa-node-id", 0);
	TREE_EXPECT(fdt, "/memory@88000000", "reg", 0, 0x88000000, 0, 0x1000000);
	TREE_EXPECT(fdt, "/memory@88000000", "numa-node-id", 1);
	TREE_EXPECT(fdt, "/memory@a0200000", "reg", 0, 0xa0200000, 0, 0x200000);
	tree_expect_string(fdt, "/memory@a0200000", "device_type", "memory");
	assert_false(tree_has_node(fdt, "/memory@80000000"));
	assert_false(tree_has_node(fdt, "/memory@1"));
	/* What the host has some of stays reserved in it; what asks for any memory stays too. */
	assert_true(tree_has_node(fdt, "/reserved-memory/framebuffer@81000123"));
	assert_true(tree_has_node(fdt, "/reserved-memory/pool"));
	assert_false(tree_has_node(fdt, "/reserved-memory/firmware@80000000"));
	free(fdt);
	plan.ram[1].size = 0x10000000;	/* beyond the last bank */
	assert_int_equal(build(src, &fdt), DT_E_INVALID);
	free(fdt);
	free(src);
}

static void offers_only_allowed_extensions(void **state)
{
	static const char *const hidden[] = {
		"zkr", "svpbmt", "svinval", "smaia", "smstateen", "svadu", "sscofpmf", "zicboz",
		"sdtrig", "xvendor",
	};
	void *virt = host_of(tree_load("qemu-virt")), *odd = host_of(tree_load("odd-board"));

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(hidden); i++) {
		if (tree_mentions(virt, hidden[i]) || tree_mentions(odd, hidden[i]))
			fail_msg("the host sees %s", hidden[i]);
	}
	tree_expect_string(odd, "/cpus/cpu@1", "riscv,isa",
			   "rv64imafdch_zicsr_zifencei_zicbom_sstc");
	assert_false(tree_has_property(odd, "/cpus/cpu@1", "riscv,cboz-block-size"));
	assert_true(tree_has_property(odd, "/cpus/cpu@1", "riscv,cbom-block-size"));
	assert_false(tree_has_property(odd, "/cpus/cpu@3", "riscv,isa"));	/* was unreadable */
	tree_expect_string(odd, "/cpus/cpu@3", "riscv,isa-base", "rv64i");
	assert_true(tree_mentions(virt, "rv64imafdch_zic64b"));
	assert_true(tree_mentions(virt, "ssaia"));
	free(virt);
	free(odd);
}

static void passes_boot_arguments(void **state)
{
	void *src = tree_load("qemu-virt"), *fdt;

	(void)state;
	make_plan(src);
	assert_int_equal(build(src, &fdt), DT_OK);
	tree_expect_string(fdt, "/chosen", "bootargs", "console=ttyS0 root=/dev/vda");
	assert_false(tree_has_property(fdt, "/chosen", "linux,initrd-start"));
	free(fdt);
	plan.bootargs = "quiet";
	plan.initrd = (struct host_range){ HPA(0x188000000), 0x12345 };
	assert_int_equal(build(src, &fdt), DT_OK);
	tree_expect_string(fdt, "/chosen", "bootargs", "quiet");
	TREE_EXPECT(fdt, "/chosen", "linux,initrd-start", 1, 0x88000000);
	TREE_EXPECT(fdt, "/chosen", "linux,initrd-end", 1, 0x88012345);
	free(fdt);
	tree_delete_node(src, "/chosen");
	make_plan(src);
	plan.bootargs = "made";
	assert_int_equal(build(src, &fdt), DT_OK);
	tree_expect_string(fdt, "/chosen", "bootargs", "made");
	free(fdt);
	free(src);
}

static void tells_when_space_is_short(void **state)
{
	void *src = tree_load("qemu-virt");
	u32 fitting = 0;

	(void)state;
	make_plan(src);
	for (size_t size = 0; size < 12000; size += 13) {
		void *out = malloc(size ? size : 1);
		enum dt_err err = host_dt_build(src, out, size, &plan, &why);

		if (err)
			assert_int_equal(err, DT_E_SPACE);
		else
			fitting++;
		assert_true(!fitting || !err);
		free(out);
	}
	assert_true(fitting > 0);
	free(src);
}

static void refuses_what_it_cannot_describe(void **state)
{
	const char *imsic = "/soc/interrupt-controller@28000000";
	void *src = tree_load("qemu-virt"), *fdt;

	(void)state;
	tree_set_u32(src, imsic, "riscv,guest-index-bits", 0);
	make_plan(src);
	assert_int_equal(build(src, &fdt), DT_E_INVALID);
	assert_non_null(strstr(why, "guest interrupt files"));
	free(fdt);
	free(src);
	src = tree_load("qemu-virt");
	TREE_CELLS(src, "/soc", "ranges", 0, 0x28000000, 1, 0x28000000, 0, 0x10000,
		   0, 0, 0, 0, 0, 0x20000000);
	make_plan(src);
	assert_int_equal(m.harts[0].imsic.v, 0x128000000);
	assert_int_equal(build(src, &fdt), DT_E_INVALID);
	assert_non_null(strstr(why, "moves addresses"));
	free(fdt);
	free(src);
}

static struct host_range mmio[HOST_DT_MAX_MMIO];

static void expect_mmio(u32 i, u64 base, u64 size)
{
	assert_int_equal(mmio[i].base.v, base);
	assert_int_equal(mmio[i].size, size);
}

static void lists_mmio_of_qemu_virt(void **state)
{
	void *fdt = host_of(tree_load("qemu-virt"));

	(void)state;
	assert_int_equal(host_dt_mmio(fdt, &m, mmio, HOST_DT_MAX_MMIO, &why), 8);
	expect_mmio(0, 0x100000, 0x2000);		/* reset and clock, merged */
	expect_mmio(1, 0x3000000, 0x10000);		/* PCI I/O */
	expect_mmio(2, 0xd000000, 0x8000);		/* S-level APLIC */
	expect_mmio(3, 0x10000000, 0x1000);		/* UART, rounded to a page */
	expect_mmio(4, 0x28001000, 0x7000);		/* the guest files only */
	expect_mmio(5, 0x28009000, 0x7000);
	expect_mmio(6, 0x30000000, 0x50000000);		/* PCI configuration and 32-bit window */
	expect_mmio(7, 0x400000000, 0x400000000);	/* 64-bit window */
	assert_int_equal(host_dt_mmio(fdt, &m, mmio, 3, &why), -DT_E_CAPACITY);
	free(fdt);
}

static void lists_mmio_through_buses(void **state)
{
	void *fdt = host_of(tree_load("odd-board"));

	(void)state;
	assert_int_equal(host_dt_mmio(fdt, &m, mmio, HOST_DT_MAX_MMIO, &why), 6);
	expect_mmio(0, 0xd000000, 0x8000);
	expect_mmio(1, 0x10000000, 0x1000);
	expect_mmio(2, 0x28001000, 0x3000);
	expect_mmio(3, 0x29001000, 0x3000);
	expect_mmio(4, 0x29005000, 0x3000);
	expect_mmio(5, 0x220000000, 0x3000);		/* two entries, merged */
	free(fdt);
}

/* A device of the allow-list whose registers are not where devices are. */
static void refuses_mmio_in_wrong_places(void **state)
{
	static const struct {
		u32 reg[4];
		const char *words;
	} wrong[] = {
		{ { 0, 0x90000000, 0, 0x100 }, "memory" },
		{ { 0, 0x7ffff800, 0, 0x1000 }, "memory" },
		{ { 0, 0x28000000, 0, 0x1000 }, "interrupt files" }, /* the TSM's own file */
		{ { 0, 0x2800f800, 0, 0x100 }, "interrupt files" },
		{ { 0, 0x10000000, 0, 0x20000000 }, "interrupt files" },
		{ { 0x1000000, 0, 0, 0x1000 }, "56" },
		{ { 0xffffffff, 0xfffff000, 0, 0x1000 }, "impossible" },
		{ { 0, 0x10000000, 0, 0 }, "impossible" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		void *src = tree_load("qemu-virt"), *fdt;

		tree_set_cells(src, "/soc/serial@10000000", "reg", wrong[i].reg, 4);
		fdt = host_of(src);
		why = "";
		assert_int_equal(host_dt_mmio(fdt, &m, mmio, HOST_DT_MAX_MMIO, &why),
				 -DT_E_INVALID);
		if (!strstr(why, wrong[i].words))
			fail_msg("\"%s\" does not say \"%s\"", why, wrong[i].words);
		free(fdt);
	}
}

static void describes_64_harts(void **state)
{
	void *src = malloc(4 * TREE_ROOM), *base = tree_load("qemu-virt"), *fdt;
	static u32 ext[2 * MACHINE_MAX_HARTS];
	fdt32_t be[2 * MACHINE_MAX_HARTS];

	(void)state;
	assert_int_equal(fdt_open_into(base, src, 4 * TREE_ROOM), 0);
	free(base);
	for (u32 i = 0; i < MACHINE_MAX_HARTS; i++) {
		char name[16], path[64];

		ext[2 * i] = i < 2 ? 4 - 2 * i : 100 + i;
		ext[2 * i + 1] = 9;
		snprintf(name, sizeof(name), "cpu@%x", i);
		snprintf(path, sizeof(path), "/cpus/%s", name);
		if (i < 2)
			continue;
		tree_add_node(src, "/cpus", name);
		tree_set_string(src, path, "device_type", "cpu");
		tree_set_string(src, path, "riscv,isa", "rv64gch_zicbom_sstc_ssaia_svpbmt_svinval");
		tree_set_u32(src, path, "reg", i);
		tree_add_node(src, path, "interrupt-controller");
		strcat(path, "/interrupt-controller");
		tree_set_string(src, path, "compatible", "riscv,cpu-intc");
		tree_set_u32(src, path, "phandle", 100 + i);
	}
	for (u32 i = 0; i < 2 * MACHINE_MAX_HARTS; i++)
		be[i] = cpu_to_fdt32(ext[i]);
	tree_set_bytes(src, "/soc/interrupt-controller@28000000", "interrupts-extended", be,
		       sizeof(be));
	TREE_CELLS(src, "/soc/interrupt-controller@28000000", "reg", 0, 0x28000000, 0, 0x200000);
	assert_int_equal(machine_parse(src, 4 * TREE_ROOM, &m, &why), DT_OK);
	assert_int_equal(m.nr_harts, MACHINE_MAX_HARTS);
	memset(&plan, 0, sizeof(plan));
	plan.machine = &m;
	plan.ram[0] = (struct host_range){ HPA(m.ram[0].base.v), m.ram[0].size };
	plan.nr_ram = 1;
	allow(&plan.isa);
	assert_int_equal(build(src, &fdt), DT_OK);
	TREE_EXPECT(fdt, "/soc/interrupt-controller@28000000", "riscv,hart-index-bits", 6);
	assert_int_equal(host_dt_mmio(fdt, &m, mmio, HOST_DT_MAX_MMIO, &why),
			 6 + MACHINE_MAX_HARTS);
	free(fdt);
	free(src);
}

/* The host's tree is one that the same rules leave as it is, but for the interrupt files. */
static void is_stable(void **state)
{
	void *first = host_of(tree_load("qemu-virt")), *again;
	struct machine saved = m;

	(void)state;
	TREE_CELLS(first, "/soc/interrupt-controller@28000000", "reg",
		   0, 0x28000000, 0, 0x10000, 0, 0x38000000, 0, 0x10000);
	assert_int_equal(machine_parse(first, TREE_ROOM, &m, &why), DT_OK);
	assert_int_equal(m.nr_harts, saved.nr_harts);
	plan.machine = &m;
	assert_int_equal(build(first, &again), DT_OK);
	assert_int_equal(fdt_size_dt_struct(again), fdt_size_dt_struct(first));
	free(first);
	free(again);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SENTENCE("the host keeps what it may use", keeps_what_the_host_may_use),
		SENTENCE("M-mode devices, DMA past the IOMMU and modules are gone",
			 removes_what_it_must_not_have),
		SENTENCE("the host's interrupt file is guest file 1 of each hart",
			 gives_the_guest_file_as_its_own),
		SENTENCE("a disabled hart is gone from cpus, cpu-map and IMSIC",
			 drops_a_disabled_hart_everywhere),
		SENTENCE("a device that is not on the list is gone, and so are names for it",
			 allows_only_known_devices),
		SENTENCE("memory is what the plan says, by bank and NUMA node",
			 describes_memory_by_bank),
		SENTENCE("only allowed extensions are named, in the string and in the list",
			 offers_only_allowed_extensions),
		SENTENCE("boot arguments and ramdisk are handed on, with or without /chosen",
			 passes_boot_arguments),
		SENTENCE("too little space is told, and nothing is written outside of it",
			 tells_when_space_is_short),
		SENTENCE("an IMSIC without guest files, or that is moved by its bus, is refused",
			 refuses_what_it_cannot_describe),
		SENTENCE("the host's MMIO on QEMU's virt machine is the list in this test",
			 lists_mmio_of_qemu_virt),
		SENTENCE("MMIO behind buses is translated and rounded", lists_mmio_through_buses),
		SENTENCE("MMIO in memory, on interrupt files or out of range is refused",
			 refuses_mmio_in_wrong_places),
		SENTENCE("64 harts fit", describes_64_harts),
		SENTENCE("a tree that is the host's already stays the same size", is_stable),
	};

	return cmocka_run_group_tests_name("host_dt", tests, NULL, NULL);
}
