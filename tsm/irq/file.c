/* SPDX-License-Identifier: BSD-2-Clause */
#include "irq/file.h"
#include "page/page.h"
#include "rv_arch.h"

/* Indirect registers of an interrupt file; on RV64 only the even ones of eip and eie exist. */
#define IMSIC_EIDELIVERY	0x70
#define IMSIC_EITHRESHOLD	0x72
#define IMSIC_EIP0		0x80
#define IMSIC_EIE0		0xc0

static u32 words(void)
{
	return (u32)(hart_features.imsic_ids / 64) + 1;
}

bool irq_host_file(const struct hart *h, u64 n, pfn_t *file)
{
	if (n < 1 || n >= hart_features.geilen)
		return false;
	*file = pfn_add(spa_pfn(h->imsic), n + 1);
	return true;
}

bool irq_file_owner(pfn_t file, struct hart **h, u64 *number)
{
	for (u32 i = 0; i < hart_count; i++) {
		u64 n = file.v - spa_pfn(harts[i]->imsic).v;

		if (n < 2 || n > hart_features.geilen)
			continue;
		*h = harts[i];
		*number = n;
		return true;
	}
	return false;
}

void irq_file_raise(pfn_t file, u32 id)
{
	/* seteipnum_le is the first word of the page. */
	rv_mmio_write32(pfn_spa(file), id);
}

void irq_soft_raise(struct irq_soft *s, u32 id)
{
	__atomic_fetch_or(&s->pending[id / 64], BIT(id % 64), __ATOMIC_SEQ_CST);
}

/* What a stretch of accesses to one file must put back: the registers belong to the world that is loaded. */
struct window {
	u64 hstatus;
	u64 vsiselect;
};

static struct window window_open(u64 number)
{
	struct window w = { csr_read(CSR_HSTATUS), csr_read(CSR_VSISELECT) };

	csr_write(CSR_HSTATUS, (w.hstatus & ~HSTATUS_VGEIN) | number << HSTATUS_VGEIN_SHIFT);
	return w;
}

static void window_close(struct window w)
{
	csr_write(CSR_VSISELECT, w.vsiselect);
	csr_write(CSR_HSTATUS, w.hstatus);
}

static u64 reg_swap(u64 reg, u64 value)
{
	csr_write(CSR_VSISELECT, reg);
	return csr_swap(CSR_VSIREG, value);
}

static void reg_set(u64 reg, u64 bits)
{
	csr_write(CSR_VSISELECT, reg);
	csr_set(CSR_VSIREG, bits);
}

void irq_file_clear(u64 number)
{
	struct window w = window_open(number);

	reg_swap(IMSIC_EIDELIVERY, 0);
	for (u32 i = 0; i < words(); i++) {
		reg_swap(IMSIC_EIE0 + 2 * i, 0);
		reg_swap(IMSIC_EIP0 + 2 * i, 0);
	}
	reg_swap(IMSIC_EITHRESHOLD, 0);
	window_close(w);
}

void irq_file_save(u64 number, struct irq_soft *s)
{
	struct window w = window_open(number);

	s->delivery = reg_swap(IMSIC_EIDELIVERY, 0);
	s->threshold = reg_swap(IMSIC_EITHRESHOLD, 0);
	for (u32 i = 0; i < words(); i++) {
		s->enabled[i] = reg_swap(IMSIC_EIE0 + 2 * i, 0);
		__atomic_fetch_or(&s->pending[i], reg_swap(IMSIC_EIP0 + 2 * i, 0), __ATOMIC_SEQ_CST);
	}
	window_close(w);
}

void irq_file_load(u64 number, struct irq_soft *s)
{
	struct window w = window_open(number);

	for (u32 i = 0; i < words(); i++) {
		reg_set(IMSIC_EIP0 + 2 * i, __atomic_exchange_n(&s->pending[i], 0, __ATOMIC_SEQ_CST));
		reg_swap(IMSIC_EIE0 + 2 * i, s->enabled[i]);
	}
	reg_swap(IMSIC_EITHRESHOLD, s->threshold);
	reg_swap(IMSIC_EIDELIVERY, s->delivery);
	window_close(w);
}
