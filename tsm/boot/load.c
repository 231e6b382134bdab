/* SPDX-License-Identifier: BSD-2-Clause */
#include "boot/boot.h"
#include "base/string.h"
#include "host/space.h"
#include "io/mediate.h"
#include "log/log.h"

#define REMEDY_KERNEL	"on QEMU: -device guest-loader,addr=0x80400000,kernel=Image"

/* The RISC-V Image header; see the kernel's Documentation/arch/riscv/boot-image-header.rst. */
struct image_header {
	u32 code[2];
	u64 text_offset;
	u64 image_size;		/* in memory, .bss included */
	u64 flags;
	u32 version;
	u32 reserved1;
	u64 reserved2;
	u64 magic;
	u32 magic2;
	u32 reserved3;
};

static_assert(sizeof(struct image_header) == 64, "Image header");
#define IMAGE_MAGIC2	0x05435352

static bool module_in_host_ram(const struct machine_range *m)
{
	if (!range_ok(m->base.v, m->size))
		return false;
	for (u64 at = ALIGN_DOWN(m->base.v, PAGE_SIZE); at < m->base.v + m->size; at += PAGE_SIZE)
		if (page_word_state(page_word(spa_pfn(SPA(at)))) != PAGE_HOST)
			return false;
	return true;
}

/* What a file that is no program for the bare machine begins with, and what to do about it. */
static const struct {
	u8 length;
	u8 bytes[6];
	const char *what;
} containers[] = {
	{ 4, { 0x7f, 'E', 'L', 'F' }, "an ELF file: give it as objcopy -O binary makes it" },
	{ 2, { 0x1f, 0x8b }, "compressed (gzip): give it uncompressed" },
	{ 6, { 0xfd, '7', 'z', 'X', 'Z', 0 }, "compressed (xz): give it uncompressed" },
	{ 4, { 0x28, 0xb5, 0x2f, 0xfd }, "compressed (zstd): give it uncompressed" },
	{ 3, { 'B', 'Z', 'h' }, "compressed (bzip2): give it uncompressed" },
	{ 4, { 0x04, 0x22, 0x4d, 0x18 }, "compressed (lz4): give it uncompressed" },
	{ 4, { 0xd0, 0x0d, 0xfe, 0xed }, "a device tree" },
	{ 4, { 0, 0, 0, 0 }, "empty" },
};

static bool is_text(const u8 *bytes, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (bytes[i] >= 0x7f || (bytes[i] < ' ' && bytes[i] != '\n' && bytes[i] != '\r' && bytes[i] != '\t'))
			return false;
	return true;
}

/*
 * A program without an Image header goes where the peers put it, 2 MiB into RAM or else as low as it can, and is entered at its
 * first byte.
 */
static void flat_check(const struct image_header *h)
{
	const u8 *bytes = (const u8 *)h;

	for (u32 i = 0; i < ARRAY_SIZE(containers); i++)
		if (!memcmp(bytes, containers[i].bytes, containers[i].length))
			boot_refuse("the host kernel is no RISC-V Image but %s", containers[i].what);
	if (is_text(bytes, sizeof(*h)))
		boot_refuse("the host kernel is no RISC-V Image but text");
	log_warn("the host kernel has no Image header: it is entered at its first byte");
}

/* Bytes that the kernel needs from its first byte on; *@flat: it has no header. */
static u64 kernel_size(bool *flat)
{
	struct image_header h;

	if (!machine.kernel.size)
		boot_refuse("no host kernel (a multiboot,kernel module); " REMEDY_KERNEL);
	if (!module_in_host_ram(&machine.kernel) || machine.kernel.size < sizeof(h))
		boot_refuse("the host kernel at 0x%lx, 0x%lx bytes, is not in memory that the host can have; "
			    REMEDY_KERNEL, machine.kernel.base.v, machine.kernel.size);
	memcpy(&h, spa_ptr(machine.kernel.base), sizeof(h));
	*flat = h.magic2 != IMAGE_MAGIC2;
	if (*flat) {
		flat_check(&h);
		return machine.kernel.size;
	}
	if (h.image_size > PAGE_MAX_SPA)
		boot_refuse("the host kernel claims a size of 0x%lx bytes", h.image_size);
	return MAX(h.image_size, machine.kernel.size);
}

static u32 be32(const void *p)
{
	const u8 *b = p;

	return (u32)b[0] << 24 | (u32)b[1] << 16 | (u32)b[2] << 8 | b[3];
}

#define MAX_MEDIATED	16
#define APLIC_BIG_ENDIAN	1U	/* of domaincfg, the first register */

/* Maps a device window for the host, but for the pages whose accesses the TSM performs. */
static void map_window(u64 base, u64 end)
{
	while (base < end) {
		const struct mediated_range *hole = mediate_next(base, end);
		u64 stop = hole ? MAX(base, hole->base) : end;

		if (!host_space_map_device(base, stop - base))
			boot_refuse("no table left for the device window at 0x%lx", base);
		base = hole ? hole->base + hole->size : end;
	}
}

/*
 * The targets are checked as the little-endian numbers that they are. A domain whose byte order can be switched would let the
 * host turn a checked one into another.
 */
static void check_aplic(spa_t base)
{
	u32 old;

	map_device(base);
	old = rv_mmio_read32(base);
	rv_mmio_write32(base, APLIC_BIG_ENDIAN);
	if (rv_mmio_read32(base) & APLIC_BIG_ENDIAN)
		boot_refuse("the APLIC at 0x%lx can be made big-endian", base.v);
	rv_mmio_write32(base, old);
}

static void add_mediated(const struct host_mediated *m)
{
	spa_t page = SPA(m->base.v + (m->aplic ? APLIC_TARGET_PAGE : 0));

	map_device(page);
	if (!mediate_add(m->aplic ? MEDIATED_APLIC_TARGETS : MEDIATED_RESET, page, PAGE_SIZE))
		boot_refuse("more than %d APLICs and reset devices", MAX_MEDIATED);
	if (m->aplic)
		check_aplic(m->base);
}

static void map_devices(const void *host_fdt)
{
	static struct host_range mmio[HOST_DT_MAX_MMIO];
	struct host_mediated mediated[MAX_MEDIATED];
	const char *why = "";
	int n = host_dt_mmio(host_fdt, &machine, mmio, HOST_DT_MAX_MMIO, &why);
	int m = host_dt_mediated(host_fdt, &machine, mediated, MAX_MEDIATED, &why);

	if (n < 0 || m < 0)
		boot_refuse("%s", why);
	for (int i = 0; i < m; i++)
		add_mediated(&mediated[i]);
	for (int i = 0; i < n; i++)
		map_window(mmio[i].base.v, mmio[i].base.v + mmio[i].size);
}

/* What the host's tree gets, in bytes, whole blocks of 2 MiB. */
static u64 tree_room(const void *fdt)
{
	return ALIGN_UP(be32((const u8 *)fdt + 4) + HOST_DT_SLACK, SIZE_2M);
}

static u64 build_device_tree(const void *fdt)
{
	static struct host_dt_plan plan;
	const struct machine_range avoid[] = { machine.fdt, machine.kernel, machine.ramdisk };
	u64 size = tree_room(fdt);
	u64 at = layout_find(size, SIZE_2M, false, avoid, ARRAY_SIZE(avoid));
	const char *why = "";

	if (!at)
		boot_refuse("no room for the host's device tree: give the machine more memory (-m)");
	plan.machine = &machine;
	plan.devices = &machine_devices;
	plan.nr_ram = layout_host_ranges(plan.ram, HOST_DT_MAX_RAM);
	if (machine.ramdisk.size)
		plan.initrd = (struct host_range){ HPA(machine.ramdisk.base.v), machine.ramdisk.size };
	harts_host_isa(&plan.isa);
	if (host_dt_build(fdt, spa_ptr(SPA(at)), size, &plan, &why) != DT_OK)
		boot_refuse("%s", why);
	map_devices(spa_ptr(SPA(at)));
	return at;
}

/*
 * Kernels before 6.4 ignore RAM below them, so a kernel goes to the lowest place. One that is no more than a block above it
 * stays: moving costs more than that block is worth.
 */
static u64 kernel_place(u64 size, bool flat, const struct machine_range *avoid, u32 avoid_count)
{
	u64 lowest = layout_find(size, SIZE_2M, true, avoid, avoid_count);
	u64 now = machine.kernel.base.v;

	if (lowest && !flat && IS_ALIGNED(now, SIZE_2M) && now - lowest <= SIZE_2M &&
	    layout_fits(now, size, avoid, avoid_count))
		return now;
	return lowest;
}

void load_host(const void *fdt, u64 *entry, u64 *host_fdt)
{
	bool flat;
	u64 size = kernel_size(&flat);
	struct machine_range avoid[2] = { machine.ramdisk };

	if (machine.ramdisk.size && !module_in_host_ram(&machine.ramdisk))
		boot_refuse("the initial ramdisk at 0x%lx is not in memory that the host can have",
			    machine.ramdisk.base.v);
	*host_fdt = build_device_tree(fdt);
	/* From here on the firmware's tree may be overwritten. */
	avoid[1] = (struct machine_range){ SPA(*host_fdt), tree_room(fdt) };
	*entry = kernel_place(size, flat, avoid, ARRAY_SIZE(avoid));
	if (!*entry)
		boot_refuse("no %lu KiB in one piece for the host kernel: give the machine more memory (-m)",
			    size >> 10);
	if (*entry != machine.kernel.base.v) {
		log_info("host kernel moved from 0x%lx to 0x%lx", machine.kernel.base.v, *entry);
		memmove(spa_ptr(SPA(*entry)), spa_ptr(machine.kernel.base), machine.kernel.size);
		rv_fence_i();
	}
}
