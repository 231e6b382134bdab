/* SPDX-License-Identifier: BSD-2-Clause */
#include "host/pmu.h"
#include <sbi.h>

#define FIRST_PROGRAMMABLE	3	/* after cycle, time and instret */
#define RAW_DATA_BITS		48

/* What the host may allocate, a bit per counter index, and one more than the highest of them. */
static u32 counters;
static u32 counters_end;

static u32 highest(u64 mask)
{
	return 63 - (u32)__builtin_clzll(mask);
}

void pmu_init(bool sscofpmf)
{
	struct sbiret r = sbi_call(SBI_EXT_BASE, SBI_BASE_PROBE, SBI_EXT_PMU, 0, 0, 0, 0);
	u32 n;

	counters = 0;
	if (!sscofpmf || r.error || !r.value)
		return;
	r = sbi_call(SBI_EXT_PMU, SBI_PMU_NUM_COUNTERS, 0, 0, 0, 0, 0);
	n = r.error ? 0 : (u32)MIN((u64)r.value, (u64)PMU_COUNTERS);
	for (u32 i = FIRST_PROGRAMMABLE; i < n; i++) {
		r = sbi_call(SBI_EXT_PMU, SBI_PMU_COUNTER_GET_INFO, i, 0, 0, 0, 0);
		/* A hardware counter (bit 63 is clear) that is read where its index says. */
		if (!r.error && r.value >= 0 && ((u64)r.value & 0xfff) == CSR_CYCLE + i)
			counters |= (u32)BIT(i);
	}
	counters_end = counters ? highest(counters) + 1 : 0;
}

bool pmu_exists(void)
{
	return counters;
}

static void reply(struct world *w, s64 error, s64 value)
{
	w->gpr[REG_A0] = (u64)error;
	w->gpr[REG_A1] = (u64)value;
}

/* hcounteren follows what is allocated. The world is on this hart. */
static void set_owned(struct pmu *p, struct world *w, u32 owned)
{
	p->owned = owned;
	if (p != &this_hart()->pmu)
		this_hart()->tvm_pmu = owned ? p : NULL;
	w->hcounteren = (w->hcounteren & ~(u64)counters) | owned;
	csr_write(CSR_HCOUNTEREN, w->hcounteren);
}

static s64 firmware_start(u32 set, u64 flags, u64 value)
{
	return sbi_call(SBI_EXT_PMU, SBI_PMU_COUNTER_START, 0, set, flags, value, 0).error;
}

static s64 firmware_stop(u32 set, u64 flags)
{
	return sbi_call(SBI_EXT_PMU, SBI_PMU_COUNTER_STOP, 0, set, flags, 0, 0).error;
}

/*
 * The counters that counter_idx_base and counter_idx_mask name: neither may reach past the last, in
 * sum or by wrapping.
 */
static bool named(u64 base, u64 mask, u32 *set)
{
	if (!mask || base >= counters_end || highest(mask) >= counters_end - base)
		return false;
	*set = (u32)(mask << base);
	return true;
}

/* ---- counter_config_matching ---- */

/*
 * Events of the general and the cache kind, as SBI numbers them, and raw ones: a raw event selects
 * what is counted, the filter bits above it are not the host's to write.
 */
static bool event_ok(u64 event, u64 data)
{
	u64 code = event & 0xffff;

	switch (event >> 16) {
	case SBI_PMU_TYPE_HW:
		return code >= SBI_PMU_HW_FIRST && code <= SBI_PMU_HW_LAST;
	case SBI_PMU_TYPE_CACHE:
		return code >> 3 <= SBI_PMU_CACHE_LAST && (code >> 1 & 3) <= SBI_PMU_CACHE_OP_LAST;
	case SBI_PMU_TYPE_RAW:
		return !code && !(data >> RAW_DATA_BITS);
	}
	return false;
}

/*
 * The caller's supervisor is VS mode and its users are VU mode; it has no guests to filter. HS, U and
 * M mode are never counted.
 */
static u64 filters(u64 flags)
{
	u64 f = SBI_PMU_CFG_SINH | SBI_PMU_CFG_UINH | SBI_PMU_CFG_MINH;

	f |= flags & SBI_PMU_CFG_SINH ? SBI_PMU_CFG_VSINH : 0;
	f |= flags & SBI_PMU_CFG_UINH ? SBI_PMU_CFG_VUINH : 0;
	return f;
}

/* The counter that the firmware chooses from @set, or an error. */
static s64 choose(u32 set, u64 flags, u64 event, u64 data, u32 *chosen)
{
	struct sbiret r = sbi_call(SBI_EXT_PMU, SBI_PMU_COUNTER_CONFIG, 0, set, flags, event, data);

	if (r.error)
		return r.error;
	/* OpenSBI falls back on a fixed counter for cycles and instructions, whatever the set. */
	if ((u64)r.value >= PMU_COUNTERS || !(set & BIT((u64)r.value)))
		return SBI_ERR_NOT_SUPPORTED;
	*chosen = (u32)r.value;
	return SBI_SUCCESS;
}

/*
 * Allocates a counter of @set; it is stopped, whatever it counted before, and 0: the other side may
 * have had it. A vCPU gets none that the host has on this hart now.
 */
static s64 allocate(struct pmu *p, struct world *w, u32 set, u64 flags, u64 event, u64 data, u32 *chosen)
{
	const struct hart *h = this_hart();
	s64 error;

	set &= ~(p->owned | h->pmu.owned);
	if (!set || (p != &h->pmu && __builtin_popcount(p->owned) >= PMU_TVM_COUNTERS))
		return SBI_ERR_NOT_SUPPORTED;
	/* Without filters first: so they cannot end up on a fixed counter. */
	error = choose(set, 0, event, data, chosen);
	if (error)
		return error;
	firmware_stop((u32)BIT(*chosen), SBI_PMU_STOP_RESET);
	error = choose((u32)BIT(*chosen), filters(flags) | SBI_PMU_CFG_CLEAR_VALUE, event, data, chosen);
	if (error)
		return error;
	p->counter[*chosen] = (struct pmu_counter){ .event = event, .data = data, .flags = filters(flags) };
	set_owned(p, w, p->owned | (u32)BIT(*chosen));
	return SBI_SUCCESS;
}

static void config(struct pmu *p, struct world *w)
{
	u64 flags = w->gpr[REG_A2], event = w->gpr[REG_A3], data = w->gpr[REG_A4];
	s64 error = SBI_SUCCESS;
	u32 set, chosen = 0;

	if (!named(w->gpr[REG_A0], w->gpr[REG_A1], &set) || flags & ~SBI_PMU_CFG_ALL)
		return reply(w, SBI_ERR_INVALID_PARAM, 0);
	if (event >> 16 == SBI_PMU_TYPE_FIRMWARE)
		return reply(w, SBI_ERR_NOT_SUPPORTED, 0);
	if (!event_ok(event, data))
		return reply(w, SBI_ERR_INVALID_PARAM, 0);
	if (flags & SBI_PMU_CFG_SKIP_MATCH) {
		chosen = (u32)__builtin_ctz(set);
		if (!(p->owned & BIT(chosen)))
			return reply(w, SBI_ERR_INVALID_PARAM, 0);
	} else {
		error = allocate(p, w, set & counters, flags, event, data, &chosen);
	}
	if (error)
		return reply(w, error, 0);
	flags &= SBI_PMU_CFG_CLEAR_VALUE | SBI_PMU_CFG_AUTO_START;
	if (flags)
		error = choose((u32)BIT(chosen), flags | SBI_PMU_CFG_SKIP_MATCH, event, data, &chosen);
	if (!error && flags & SBI_PMU_CFG_AUTO_START)
		p->started |= (u32)BIT(chosen);
	reply(w, error, error ? 0 : (s64)chosen);
}

/* ---- the others ---- */

static void start(struct pmu *p, struct world *w)
{
	u64 flags = w->gpr[REG_A2];
	s64 error = SBI_SUCCESS;
	u32 set, fresh;

	if (flags & SBI_PMU_START_SNAPSHOT)
		return reply(w, SBI_ERR_NO_SHMEM, 0);
	if (!named(w->gpr[REG_A0], w->gpr[REG_A1], &set) || set & ~p->owned ||
	    flags & ~(u64)SBI_PMU_START_SET_VALUE)
		return reply(w, SBI_ERR_INVALID_PARAM, 0);
	fresh = set & ~p->started;
	if (fresh)
		error = firmware_start(fresh, flags, w->gpr[REG_A3]);
	if (!error)
		p->started |= fresh;
	reply(w, error ? error : fresh == set ? SBI_SUCCESS : SBI_ERR_ALREADY_STARTED, 0);
}

/* Sets a counter up as its owner has it, with the owner's count, stopped. */
static bool load(const struct pmu_counter *c, u32 i)
{
	u32 chosen;

	if (choose((u32)BIT(i), c->flags, c->event, c->data, &chosen) ||
	    firmware_start((u32)BIT(i), SBI_PMU_START_SET_VALUE, c->value))
		return false;
	firmware_stop((u32)BIT(i), 0);
	return true;
}

/*
 * The counters of @set change hands, none of which runs for its owner any more. One that this hart cannot set up for @to is
 * lost to it: it would show what @from counted.
 */
static void hand_over(struct pmu *from, struct pmu *to, u32 set)
{
	for (u32 i = FIRST_PROGRAMMABLE; i < counters_end; i++) {
		if (!(set & BIT(i)))
			continue;
		if (from->owned & BIT(i)) {
			from->counter[i].value = rv_hpmcounter(i);
			firmware_stop((u32)BIT(i), SBI_PMU_STOP_RESET);
		}
		if (to->owned & BIT(i) && !load(&to->counter[i], i)) {
			firmware_stop((u32)BIT(i), SBI_PMU_STOP_RESET);
			to->owned &= ~(u32)BIT(i);
			to->started &= ~(u32)BIT(i);
		}
	}
}

/* @set is given back. What the host has of it as well, whose turn is not now, becomes the host's at once. */
static void give_back(struct pmu *p, struct world *w, u32 set)
{
	struct hart *h = this_hart();

	if (p != &h->pmu) {
		hand_over(p, &h->pmu, set & p->owned & h->pmu.owned);
		h->host.hcounteren = (h->host.hcounteren & ~(u64)counters) | h->pmu.owned;
	}
	set_owned(p, w, p->owned & ~set);
}

/* Kernels stop every counter there is before they use one: what is not allocated is stopped. */
static void stop(struct pmu *p, struct world *w)
{
	u64 flags = w->gpr[REG_A2];
	u32 set, running;

	if (flags & SBI_PMU_STOP_SNAPSHOT)
		return reply(w, SBI_ERR_NO_SHMEM, 0);
	if (!named(w->gpr[REG_A0], w->gpr[REG_A1], &set) || set & ~counters ||
	    flags & ~(u64)SBI_PMU_STOP_RESET)
		return reply(w, SBI_ERR_INVALID_PARAM, 0);
	running = set & p->started;
	p->started &= ~set;
	if (set & p->owned)
		firmware_stop(set & p->owned, flags);
	if (flags & SBI_PMU_STOP_RESET)
		give_back(p, w, set);
	reply(w, running == set ? SBI_SUCCESS : SBI_ERR_ALREADY_STOPPED, 0);
}

static void get_info(struct world *w)
{
	u64 index = w->gpr[REG_A0];
	struct sbiret r;

	if (index >= PMU_COUNTERS || !(counters & BIT(index)))
		return reply(w, SBI_ERR_INVALID_PARAM, 0);
	r = sbi_call(SBI_EXT_PMU, SBI_PMU_COUNTER_GET_INFO, index, 0, 0, 0, 0);
	reply(w, r.error, r.value);
}

void pmu_call(struct pmu *p, struct world *w, u64 fid)
{
	if (!counters)
		return reply(w, SBI_ERR_NOT_SUPPORTED, 0);
	switch (fid) {
	case SBI_PMU_NUM_COUNTERS:
		return reply(w, SBI_SUCCESS, counters_end);
	case SBI_PMU_COUNTER_GET_INFO:
		return get_info(w);
	case SBI_PMU_COUNTER_CONFIG:
		return config(p, w);
	case SBI_PMU_COUNTER_START:
		return start(p, w);
	case SBI_PMU_COUNTER_STOP:
		return stop(p, w);
	}
	/* No firmware counters to read, no snapshots. */
	reply(w, SBI_ERR_NOT_SUPPORTED, 0);
}

/* ---- the other side's turn ---- */

void pmu_hand_out(struct hart *h, struct pmu *p, struct world *w)
{
	if (h->pmu.started)
		firmware_stop(h->pmu.started, 0);
	if (!p->owned)
		return;
	h->tvm_pmu = p;
	hand_over(&h->pmu, p, p->owned);
	w->hcounteren = (w->hcounteren & ~(u64)counters) | p->owned;
	if (p->started)
		firmware_start(p->started, 0, 0);
}

/* A start clears the overflow bits. Where the host is about to look at them, its handler does it. */
static void resume(const struct hart *h)
{
	u64 overflow = csr_read(CSR_HVIP) & csr_read(CSR_VSIE) & BIT(IRQ_LCOFI);

	if (h->pmu.started && !overflow)
		firmware_start(h->pmu.started, 0, 0);
}

void pmu_hand_back(struct hart *h, struct pmu *p)
{
	if (p->owned) {
		firmware_stop(p->owned, 0);
		hand_over(p, &h->pmu, p->owned);
		set_owned(&h->pmu, &h->host, h->pmu.owned);
	}
	h->tvm_pmu = NULL;
	resume(h);
}

void pmu_release(struct hart *h)
{
	h->pmu.started = 0;
	if (!h->pmu.owned)
		return;
	firmware_stop(h->pmu.owned, SBI_PMU_STOP_RESET);
	set_owned(&h->pmu, &h->host, 0);
}

/*
 * The host hears of its own counters only. TVMs are offered no overflow interrupt, and the one of a
 * counter that a TVM had may come when it is gone.
 */
void pmu_take_overflow(struct hart *h)
{
	u32 mine = h->pmu.started & ~(h->tvm_pmu ? h->tvm_pmu->owned : 0u);

	csr_clear(CSR_SIP, BIT(IRQ_LCOFI));
	if (!mine || !(csr_read(CSR_SCOUNTOVF) & mine))
		return;
	if (h->vcpu)
		h->host.hvip |= BIT(IRQ_LCOFI);
	else
		csr_set(CSR_HVIP, BIT(IRQ_LCOFI));
}
