/* SPDX-License-Identifier: BSD-2-Clause */
#include "boot/boot.h"
#include "base/fmt.h"
#include "host/hsm.h"
#include "host/sbi.h"
#include "host/space.h"
#include "log/log.h"
#include "platform.h"
#include <sbi.h>
#include "trap/trap.h"

/* No device tree is larger: what the firmware's pointer leads to is not read beyond it. */
#define FDT_MAX_SIZE	SIZE_2M

extern char tsm_image_start[];

struct machine machine;
struct machine_devices machine_devices;

void __noreturn boot_main(u64 hartid, const void *fdt, u64 instret);

void __noreturn boot_refuse(const char *f, ...)
{
	char text[LOG_LINE_MAX];
	va_list ap;

	va_start(ap, f);
	fmt_v(text, sizeof(text), f, ap);
	va_end(ap);
	log_error("cannot start: %s", text);
	platform_fail();
}

static void banner(void)
{
	u64 host_kib = 0;
	struct host_range ranges[HOST_DT_MAX_RAM];
	u32 n = layout_host_ranges(ranges, HOST_DT_MAX_RAM);

	for (u32 i = 0; i < n; i++)
		host_kib += ranges[i].size >> 10;
	log_info("CoVE TSM %d.%d at 0x%lx: %u harts, %lu guest interrupt files each, V %s",
		 TSM_VERSION >> 16, TSM_VERSION & 0xffff, (u64)tsm_image_start, hart_count,
		 hart_features.geilen, hart_features.vector ? "yes" : "no");
	log_info("memory: %lu KiB kept, %lu KiB for the host", layout_kept_kib(), host_kib);
	devices_banner();
}

void __noreturn boot_main(u64 hartid, const void *fdt, u64 instret)
{
	const char *why = "";
	u64 entry, host_fdt;
	struct hart *h;

	platform_console_init();
	if (machine_parse(fdt, FDT_MAX_SIZE, &machine, &why) != DT_OK ||
	    machine_devices_parse(fdt, &machine, &machine_devices, &why) != DT_OK)
		boot_refuse("%s", why);
	harts_probe(hartid);
	page_scrub_init(hart_features.cboz_block);
	layout_init();
	layout_move_image(hartid, fdt, instret);
	handoff_take();
	map_init();
	harts_init(hartid);
	h = this_hart();
	hart_setup(h);
	harts_start();
	layout_publish();
	devices_init();
	host_sbi_init();
	load_host(fdt, &entry, &host_fdt);
	banner();
	h->state = HART_STARTED;
	h->online = 1;
	hsm_world_start(h, entry, host_fdt);
	host_space_enter(h);
	log_info("boot: %lu instructions to host entry", csr_read(CSR_INSTRET) - instret);
	world_enter(&h->host);
}
