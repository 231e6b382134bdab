/* SPDX-License-Identifier: BSD-2-Clause */
#include "tap.h"
#include "tvm.h"

#define MAX_TVMS	256

static struct tvm *tvms[MAX_TVMS];

static void remember(struct tvm *t, bool yes)
{
	for (u32 i = 0; i < MAX_TVMS; i++) {
		if (tvms[i] == (yes ? NULL : t)) {
			tvms[i] = yes ? t : NULL;
			return;
		}
	}
}

void measure_u64(u8 mr[SHA384_SIZE], u64 value)
{
	struct sha384 s;

	sha384_init(&s);
	sha384_update(&s, mr, SHA384_SIZE);
	sha384_update(&s, &value, sizeof(value));
	sha384_final(&s, mr);
}

void measure_page(u8 mr[SHA384_SIZE], u64 gpa, const void *page)
{
	struct sha384 s;

	sha384_init(&s);
	sha384_update(&s, mr, SHA384_SIZE);
	sha384_update(&s, &gpa, sizeof(gpa));
	sha384_update(&s, page, PAGE_SIZE);
	sha384_final(&s, mr);
}

void tvm_init(struct tvm *t)
{
	memset(t, 0, sizeof(*t));
	t->pool_pages = TVM_POOL_PAGES;
	t->pgd = pages_alloc(COVE_PGD_PAGES, COVE_PGD_PAGES);
	t->state = pages_alloc(tsm_info.tvm_state_pages, 1);
	t->pool = pages_alloc(t->pool_pages, 1);
}

static bool failed(const char *what, struct sbiret r)
{
	if (r.error)
		note("%s: error %ld", what, r.error);
	return r.error;
}

bool tvm_create(struct tvm *t)
{
	static struct cove_tvm_create_params params[MAX_HARTS];
	struct cove_tvm_create_params *p = &params[this_hart()->index];
	struct sbiret r;

	if (failed("CONVERT of the page directory", covh_convert(t->pgd, COVE_PGD_PAGES)) ||
	    failed("CONVERT of the state", covh_convert(t->state, tsm_info.tvm_state_pages)) ||
	    !cove_convert(t->pool, t->pool_pages))
		return false;
	p->tvm_page_directory_addr = t->pgd;
	p->tvm_state_addr = t->state;
	r = covh_create_tvm((u64)p, sizeof(*p));
	if (failed("CREATE_TVM", r))
		return false;
	t->id = (u64)r.value;
	t->created = true;
	remember(t, true);
	return !failed("ADD_PGT", covh_add_pgt(t->id, t->pool, t->pool_pages));
}

bool tvm_add_region(struct tvm *t, u64 gpa, u64 size)
{
	return !failed("ADD_REGION", covh_add_region(t->id, gpa, size));
}

bool tvm_load(struct tvm *t, u32 pages)
{
	t->image = pages_alloc(pages, 1);
	t->image_pages = pages;
	if (!cove_convert(t->image, pages) ||
	    failed("ADD_MEASURED", covh_add_measured(t->id, (u64)tvm_image, t->image, COVE_PAGE_4K,
						     pages, TVM_GPA)))
		return false;
	for (u64 i = 0; i < pages; i++)
		measure_page(t->pages_mr, TVM_GPA + i * PAGE_SIZE, tvm_image + i * PAGE_SIZE);
	return true;
}

bool tvm_add_vcpu(struct tvm *t, u32 vcpu)
{
	t->vcpu[vcpu] = pages_alloc(tsm_info.tvm_vcpu_state_pages, 1);
	t->vcpus = vcpu + 1;
	return cove_convert(t->vcpu[vcpu], tsm_info.tvm_vcpu_state_pages) &&
	       !failed("CREATE_VCPU", covh_create_vcpu(t->id, vcpu, t->vcpu[vcpu]));
}

bool tvm_finalize(struct tvm *t, u64 arg)
{
	if (failed("FINALIZE", covh_finalize(t->id, TVM_GPA, arg, 0)))
		return false;
	measure_u64(t->entry_mr, TVM_GPA);
	measure_u64(t->entry_mr, arg);
	return true;
}

static bool outline(struct tvm *t, u32 pages, u32 vcpus)
{
	tvm_init(t);
	if (!tvm_create(t) || !tvm_add_region(t, TVM_RAM_GPA, TVM_RAM_SIZE) || !tvm_load(t, pages))
		return false;
	for (u32 i = 0; i < vcpus; i++)
		if (!tvm_add_vcpu(t, i))
			return false;
	return true;
}

bool tvm_outline(struct tvm *t, u32 vcpus)
{
	return outline(t, TVM_IMAGE_PAGES, vcpus);
}

bool tvm_build(struct tvm *t)
{
	return outline(t, 2, 1) && tvm_finalize(t, 0);
}

bool tvm_build_full(struct tvm *t)
{
	return tvm_outline(t, TVM_VCPUS) && tvm_finalize(t, 0);
}

bool tvm_add_zero(struct tvm *t, u64 gpa)
{
	u64 pa;

	if (t->zeros == TVM_MAX_ZERO)
		return false;
	pa = pages_alloc(1, 1);
	memset((void *)pa, 0xa5, PAGE_SIZE);
	if (!cove_convert(pa, 1))
		return false;
	t->zero[t->zeros].pa = pa;
	t->zero[t->zeros++].gpa = gpa;
	return !failed("ADD_ZERO", covh_add_zero(t->id, pa, COVE_PAGE_4K, 1, gpa));
}

u64 tvm_all_pages(const struct tvm *t)
{
	return COVE_PGD_PAGES + tsm_info.tvm_state_pages + t->pool_pages + t->image_pages +
	       t->vcpus * tsm_info.tvm_vcpu_state_pages + t->zeros;
}

static bool take_back(u64 pa, u64 n, bool look)
{
	if (!pa || !n)
		return true;
	return !failed("RECLAIM", covh_reclaim(pa, n)) && (!look || pages_zero(pa, n));
}

static bool destroy(struct tvm *t, bool look)
{
	bool good = true;

	if (t->created) {
		remember(t, false);
		t->created = false;
		if (failed("DESTROY", covh_destroy(t->id)))
			return false;
	}
	good &= take_back(t->pgd, COVE_PGD_PAGES, look);
	good &= take_back(t->state, tsm_info.tvm_state_pages, look);
	good &= take_back(t->pool, t->pool_pages, look);
	good &= take_back(t->image, t->image_pages, look);
	for (u32 i = 0; i < t->vcpus; i++)
		good &= take_back(t->vcpu[i], tsm_info.tvm_vcpu_state_pages, look);
	for (u32 i = 0; i < t->zeros; i++)
		good &= take_back(t->zero[i].pa, 1, look);
	return good;
}

bool tvm_destroy(struct tvm *t)
{
	return destroy(t, true);
}

bool tvm_destroy_fast(struct tvm *t)
{
	return destroy(t, false);
}

void tvm_destroy_all(void)
{
	for (u32 i = 0; i < MAX_TVMS; i++)
		if (tvms[i])
			tvm_destroy_fast(tvms[i]);
}
