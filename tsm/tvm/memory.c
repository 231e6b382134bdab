/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/string.h"
#include "rv_arch.h"
#include "tvm/run.h"

/*
 * The byte at @gpa in confidential memory, and how many of @left follow it in the same page. NULL:
 * it is none.
 */
static void *bytes_at(const struct tvm *t, gpa_t gpa, u64 left, u64 *count)
{
	struct gstage_entry entry = gstage_lookup(&t->gstage, gpa);
	u64 offset = gpa.v & PAGE_MASK;

	if (entry.kind != GSTAGE_MAPPED || !(entry.perm & PTE_X))
		return NULL;
	*count = MIN(left, PAGE_SIZE - offset);
	return spa_ptr(SPA(pfn_spa(entry.pfn).v + offset));
}

bool tvm_read(const struct tvm *t, gpa_t gpa, void *dst, u64 size, gpa_t *missing)
{
	for (u64 done = 0, n; done < size; done += n) {
		*missing = GPA(gpa.v + done);
		void *p = bytes_at(t, *missing, size - done, &n);

		if (!p)
			return false;
		memcpy((char *)dst + done, p, n);
	}
	return true;
}

bool tvm_write(const struct tvm *t, gpa_t gpa, const void *src, u64 size, gpa_t *missing)
{
	for (u64 done = 0, n; done < size; done += n) {
		*missing = GPA(gpa.v + done);
		void *p = bytes_at(t, *missing, size - done, &n);

		if (!p)
			return false;
		memcpy(p, (const char *)src + done, n);
	}
	return true;
}
