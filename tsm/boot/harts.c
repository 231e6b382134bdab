/* SPDX-License-Identifier: BSD-2-Clause */
#include "boot/boot.h"
#include "base/check.h"
#include "base/string.h"
#include "crypto/sha512_block.h"
#include "host/hsm.h"
#include "host/pmu.h"
#include "trap/trap.h"
#include "log/log.h"
#include <sbi.h>

#define REMEDY_QEMU	"on QEMU: -M virt,aia=aplic-imsic,aia-guests=5 -cpu rv64,smaia=on,ssaia=on"
#define START_TIMEOUT_S	5
#define IMSIC_EIDELIVERY	0x70

struct hart boot_hart;		/* tp until the real ones exist */

void tsm_start_secondary(void);
void boot_secondary(u64 hartid, struct hart *h);

static u64 wanted_henvcfg(const struct isa_set *isa)
{
	u64 v = HENVCFG_STCE;

	/* cbo.inval performs a flush: an invalidation would bring back what a scrub overwrote. */
	if (isa_has(isa, ISA_ZICBOM))
		v |= HENVCFG_CBIE_FLUSH | HENVCFG_CBCFE;
	if (isa_has(isa, ISA_ZICBOZ))
		v |= HENVCFG_CBZE;
	if (isa_has(isa, ISA_SVPBMT))
		v |= HENVCFG_PBMTE;
	if (isa_has(isa, ISA_SVADU) && !isa_has(isa, ISA_SVADE))
		v |= HENVCFG_ADUE;
	return v;
}

static u64 probe_geilen(void)
{
	u64 v;

	if (!rv_csr_exists_hgeie())
		return 0;
	csr_write(CSR_HGEIE, ~0ULL);
	v = csr_read(CSR_HGEIE);
	csr_write(CSR_HGEIE, 0);
	return (u64)__builtin_popcountll(v);
}

static u64 probe_vmid_max(void)
{
	u64 v;

	csr_write(CSR_HGATP, HGATP_MODE_SV39X4 << HGATP_MODE_SHIFT |
		  (BIT(HGATP_VMID_BITS) - 1) << HGATP_VMID_SHIFT);
	v = csr_read(CSR_HGATP);
	csr_write(CSR_HGATP, 0);
	if (v >> HGATP_MODE_SHIFT != HGATP_MODE_SV39X4)
		boot_refuse("the harts have no Sv39x4");
	return v >> HGATP_VMID_SHIFT & (BIT(HGATP_VMID_BITS) - 1);
}

/*
 * The optional CSRs that VS mode reaches on this hart. Where Smstateen exists its bits keep jvt, scontext and the control
 * transfer records closed; sstateen1 to 3 stay closed by hart_setup(). fcsr answers while FS is off only with Zfinx.
 */
static u16 probe_world_csrs(const struct isa_set *isa)
{
	u16 has = 0;

	csr_clear(CSR_SSTATUS, SSTATUS_FS);
	if (rv_csr_exists_fcsr())
		has |= WORLD_HAS_FCSR;
	if (isa_has(isa, ISA_SMSTATEEN) && rv_csr_exists_hstateen0())
		return has | WORLD_HAS_STATEEN;
	if (rv_csr_exists_jvt())
		has |= WORLD_HAS_JVT;
	if (rv_csr_exists_scontext())
		has |= WORLD_HAS_SCONTEXT;
	if (rv_csr_exists_sctrstatus())
		has |= WORLD_HAS_CTR;
	return has;
}

/*
 * hvien and hvip carry the counters' overflow interrupt to VS mode (AIA 6.3.2); hideleg does on few
 * harts.
 */
static bool probe_lcofi(void)
{
	bool works;

	csr_write(CSR_HVIEN, BIT(IRQ_LCOFI));
	csr_write(CSR_HVIP, BIT(IRQ_LCOFI));
	works = csr_read(CSR_HVIEN) & csr_read(CSR_HVIP) & BIT(IRQ_LCOFI);
	csr_write(CSR_HVIP, 0);
	csr_write(CSR_HVIEN, 0);
	return works;
}

/* What this hart can do, by its own CSRs, within what the device tree promises. */
static void probe(struct hart_features *f, u64 cboz_block)
{
	static u64 zero_block[64] __aligned(512);
	const struct isa_set *isa = &machine.isa;
	u64 seed;

	memset(f, 0, sizeof(*f));
	f->geilen = probe_geilen();
	f->imsic_ids = machine.imsic.num_guest_ids;
	f->vmid_max = probe_vmid_max();
	f->fp = isa_has(isa, ISA_D);
	f->vector = isa_has(isa, ISA_V) || isa_has(isa, ISA_ZVE32X);
	if (f->vector) {
		csr_set(CSR_SSTATUS, SSTATUS_VS_INITIAL);
		f->vector = rv_csr_exists_vlenb();
		f->vlenb = f->vector ? csr_read(CSR_VLENB) : 0;
		csr_clear(CSR_SSTATUS, SSTATUS_VS);
	}
	f->world_csrs = probe_world_csrs(isa);
	if (f->world_csrs & WORLD_HAS_STATEEN) {
		csr_write(CSR_HSTATEEN0, HSTATEEN0_SE0 | HSTATEEN0_ENVCFG | HSTATEEN0_CSRIND |
			  HSTATEEN0_AIA | HSTATEEN0_IMSIC | HSTATEEN0_FCSR);
		f->hstateen0 = csr_read(CSR_HSTATEEN0);
	}
	csr_write(CSR_HENVCFG, wanted_henvcfg(isa));
	f->henvcfg = csr_read(CSR_HENVCFG);
	f->lcofi = isa_has(isa, ISA_SSCOFPMF) && probe_lcofi();
	f->plain_switch = f->vmid_max && f->world_csrs == WORLD_HAS_STATEEN;
	f->illegal_traps = rv_illegal_traps();
	f->seed = isa_has(isa, ISA_ZKR) && rv_csr_seed(&seed);
	if (isa_has(isa, ISA_ZICBOZ) && cboz_block && cboz_block <= sizeof(zero_block) &&
	    rv_cbo_zero_works(zero_block))
		f->cboz_block = cboz_block;
}

/* The smallest cbo.zero block that the tree gives; 0 when a hart has none, or they differ. */
static u64 cboz_block(void)
{
	u64 block = machine.harts[0].cboz_block;

	for (u32 i = 0; i < machine.nr_harts; i++)
		if (machine.harts[i].cboz_block != block)
			return 0;
	return block && IS_ALIGNED(PAGE_SIZE, block) ? block : 0;
}

/* The fastest way to hash that every hart has. */
static void choose_hash(const struct isa_set *isa)
{
	if (isa_has(isa, ISA_ZBB) && isa_has(isa, ISA_ZKNH) && sha512_select(SHA512_ZKNH))
		return;
	if (isa_has(isa, ISA_ZBB))
		sha512_select(SHA512_ZBB);
}

void harts_probe(u64 boot_hartid)
{
	if (!isa_has(&machine.isa, ISA_H) || !rv_csr_exists_hgatp())
		boot_refuse("hart %lu has no hypervisor extension; on QEMU: -cpu rv64,h=on", boot_hartid);
	if (!isa_has(&machine.isa, ISA_SSTC) || !rv_csr_exists_stimecmp())
		boot_refuse("hart %lu has no Sstc; on QEMU: -cpu rv64,sstc=on", boot_hartid);
	if (!isa_has(&machine.isa, ISA_SSAIA) || !rv_csr_exists_vsiselect() || !machine.imsic.phandle)
		boot_refuse("no AIA with IMSICs; " REMEDY_QEMU);
	for (u32 i = 0; i < machine.nr_harts; i++)
		if (!machine.harts[i].imsic.v)
			boot_refuse("hart %lu has no interrupt file; " REMEDY_QEMU, machine.harts[i].id);
	probe(&hart_features, cboz_block());
	choose_hash(&machine.isa);
	pmu_init(isa_has(&machine.isa, ISA_SSCOFPMF));
	if (!hart_features.geilen)
		boot_refuse("no guest interrupt files; " REMEDY_QEMU);
	if (!(hart_features.henvcfg & HENVCFG_STCE))
		boot_refuse("the firmware does not let VS mode use Sstc (menvcfg.STCE)");
}

void harts_host_isa(struct isa_set *isa)
{
	static const enum isa_ext always[] = {
		ISA_H, ISA_ZICNTR, ISA_SSTC, ISA_SSAIA, ISA_SVINVAL, ISA_SSCCPTR, ISA_SSCOUNTERENW,
		ISA_SSTVALA, ISA_SSTVECD, ISA_SSU64XL,
	};
	const struct {
		enum isa_ext ext;
		bool works;
	} conditional[] = {
		{ ISA_F, hart_features.fp },
		{ ISA_V, hart_features.vector },
		{ ISA_ZICBOM, hart_features.henvcfg & HENVCFG_CBCFE },
		{ ISA_ZICBOZ, hart_features.henvcfg & HENVCFG_CBZE },
		{ ISA_SVPBMT, hart_features.henvcfg & HENVCFG_PBMTE },
		{ ISA_SVADU, hart_features.henvcfg & HENVCFG_ADUE },
		{ ISA_SVADE, !(hart_features.henvcfg & HENVCFG_ADUE) },
		{ ISA_ZKR, hart_features.seed },
		/* Linux takes it for granted that the interrupt arrives. */
		{ ISA_SSCOFPMF, pmu_exists() && hart_features.lcofi },
	};

	memset(isa, 0, sizeof(*isa));
	isa_add_plain(isa);
	for (u32 i = 0; i < ARRAY_SIZE(always); i++)
		isa_add(isa, always[i]);
	for (u32 i = 0; i < ARRAY_SIZE(conditional); i++) {
		if (conditional[i].works)
			isa_add(isa, conditional[i].ext);
		else
			isa_remove(isa, conditional[i].ext);
	}
	isa_and(isa, &machine.isa);
}

u64 harts_vector_pages(void)
{
	u64 size = sizeof(struct vector_regs) + 32 * hart_features.vlenb;

	return hart_features.vector ? ALIGN_UP(size, PAGE_SIZE) / PAGE_SIZE : 0;
}

/* AIA 3.6: group and hart number of a file, out of its address. */
static u32 msi_index(spa_t imsic)
{
	const struct machine_imsic *im = &machine.imsic;
	u64 hart = imsic.v >> (PAGE_SHIFT + im->guest_index_bits) & (BIT(im->hart_index_bits) - 1);
	u64 group = im->group_index_bits ? imsic.v >> im->group_index_shift & (BIT(im->group_index_bits) - 1) : 0;

	return (u32)(group << im->hart_index_bits | hart);
}

static struct hart *hart_create(u32 index)
{
	/* A guard page, the stack, the struct, and where V exists a page or more for the host's registers. */
	u64 struct_pages = ALIGN_UP(sizeof(struct hart), PAGE_SIZE) / PAGE_SIZE;
	spa_t base = layout_take(1 + STACK_SIZE / PAGE_SIZE + struct_pages);
	struct hart *h = spa_ptr(SPA(base.v + PAGE_SIZE + STACK_SIZE));

	map_guard(base);
	h->stack_top = base.v + PAGE_SIZE + STACK_SIZE;
	h->index = index;
	h->hartid = machine.harts[index].id;
	h->imsic = machine.harts[index].imsic;
	h->msi_index = msi_index(h->imsic);
	h->state = HART_STOPPED;
	h->vmid_next = 1;
	h->vmid_generation = index + 1;
	h->epoch_slot = &host_epoch_slots[index];
	h->plain_switch = hart_features.plain_switch;
	h->task_tables = spa_ptr(layout_take(3));
	if (hart_features.vector)
		h->host_vector = spa_ptr(layout_take(harts_vector_pages()));
	return h;
}

void harts_init(u64 boot_hartid)
{
	for (u32 i = 0; i < machine.nr_harts; i++) {
		harts[i] = hart_create(i);
		hart_count++;
	}
	epoch_init(&host_epoch, host_epoch_slots, hart_count);
	if (!hart_by_id(boot_hartid))
		boot_refuse("the boot hart %lu is not in the device tree", boot_hartid);
	rv_set_tp(hart_by_id(boot_hartid));
}

void hart_setup(struct hart *h)
{
	(void)h;
	/* STI and SGEI come when they are armed: by stimecmp and hgeie. */
	csr_write(CSR_STIMECMP, ~0ULL);
	csr_write(CSR_HGEIE, 0);
	csr_write(CSR_SIE, BIT(IRQ_SSI) | BIT(IRQ_STI) | (hart_features.lcofi ? BIT(IRQ_LCOFI) : 0));
	csr_write(CSR_HIE, BIT(IRQ_SGEI));
	csr_write(CSR_HVIEN, 0);
	csr_write(CSR_HVICTL, 0);
	csr_write(CSR_HVIPRIO1, 0);
	csr_write(CSR_HVIPRIO2, 0);
	if (rv_csr_exists_hstateen1())
		csr_write(CSR_HSTATEEN1, 0);
	if (rv_csr_exists_hstateen2())
		csr_write(CSR_HSTATEEN2, 0);
	if (rv_csr_exists_hstateen3())
		csr_write(CSR_HSTATEEN3, 0);
	/* The TSM takes no interrupt from its own file. */
	csr_write(CSR_SISELECT, IMSIC_EIDELIVERY);
	csr_write(CSR_SIREG, 0);
	rv_hfence_gvma_all();
}

void boot_secondary(u64 hartid, struct hart *h)
{
	struct hart_features f;

	(void)hartid;
	probe(&f, cboz_block());
	if (memcmp(&f, &hart_features, sizeof(f)) != 0)
		boot_refuse("hart %lu differs from the boot hart in what it can do", h->hartid);
	hart_setup(h);
	__atomic_store_n(&h->online, 1, __ATOMIC_RELEASE);
	hsm_wait_for_start(h);
	/* Devices were mapped for the TSM after this hart came up. */
	rv_sfence_vma();
	world_enter(&h->host);
}

static void wait_online(const struct hart *h, u64 deadline)
{
	while (!__atomic_load_n(&h->online, __ATOMIC_ACQUIRE))
		if (csr_read(CSR_TIME) > deadline)
			boot_refuse("hart %lu did not come up within %d s", h->hartid, START_TIMEOUT_S);
}

void harts_start(void)
{
	u64 deadline = csr_read(CSR_TIME) + START_TIMEOUT_S * machine.timebase_hz;

	for (u32 i = 0; i < hart_count; i++) {
		struct sbiret r;

		if (harts[i] == this_hart())
			continue;
		r = sbi_call(SBI_EXT_HSM, SBI_HSM_START, harts[i]->hartid, (u64)tsm_start_secondary,
			     (u64)harts[i], 0, 0);
		if (r.error)
			boot_refuse("the firmware does not start hart %lu: SBI error %d",
				    harts[i]->hartid, (int)r.error);
	}
	for (u32 i = 0; i < hart_count; i++)
		if (harts[i] != this_hart())
			wait_online(harts[i], deadline);
}
