// SPDX-License-Identifier: GPL-2.0-only
/*
 * /sys/kernel/cove_guest, for root: measurement, with a line "measurement N: <digest>" for each
 * register that the TSM has; and extend, to which "N <digest>" is written to extend register N.
 */
#include <linux/gfp.h>
#include <linux/hex.h>
#include <linux/io.h>
#include <linux/kobject.h>
#include <linux/mutex.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/sysfs.h>
#include <asm/sbi.h>

#include <cove/covg.h>

#include "guest.h"

static struct kobject *folder;
static void *buffer;			/* a page, under buffer_lock */
static DEFINE_MUTEX(buffer_lock);

static ssize_t measurement_show(struct kobject *kobj, struct kobj_attribute *attr, char *out)
{
	struct sbiret ret;
	int at = 0;
	u32 i;

	mutex_lock(&buffer_lock);
	for (i = 0; i < COVE_MR_COUNT; i++) {
		ret = sbi_ecall(COVE_EID_COVG, COVG_READ_MEASUREMENT, virt_to_phys(buffer),
				PAGE_SIZE, i, 0, 0, 0);
		if (!ret.error)
			at += sysfs_emit_at(out, at, "measurement %u: %*phN\n", i, COVE_MR_SIZE,
					    buffer);
	}
	mutex_unlock(&buffer_lock);
	return at;
}

static ssize_t extend_store(struct kobject *kobj, struct kobj_attribute *attr, const char *in,
			    size_t size)
{
	struct sbiret ret;
	unsigned int index;
	int digits = 0;

	if (sscanf(in, "%u %n", &index, &digits) != 1 || !digits ||
	    strlen(in + digits) < 2 * COVE_MR_SIZE)
		return -EINVAL;
	mutex_lock(&buffer_lock);
	ret.error = SBI_ERR_INVALID_PARAM;
	if (!hex2bin(buffer, in + digits, COVE_MR_SIZE))
		ret = sbi_ecall(COVE_EID_COVG, COVG_EXTEND_MEASUREMENT, virt_to_phys(buffer),
				COVE_MR_SIZE, index, 0, 0, 0);
	mutex_unlock(&buffer_lock);
	return ret.error ? -EINVAL : size;
}

static struct kobj_attribute measurement = __ATTR(measurement, 0400, measurement_show, NULL);
static struct kobj_attribute extend = __ATTR(extend, 0200, NULL, extend_store);

static const struct attribute *const attributes[] = { &measurement.attr, &extend.attr, NULL };

int measure_init(void)
{
	int ret;

	buffer = (void *)get_zeroed_page(GFP_KERNEL);
	folder = kobject_create_and_add("cove_guest", kernel_kobj);
	if (!buffer || !folder) {
		measure_exit();
		return -ENOMEM;
	}
	ret = sysfs_create_files(folder, attributes);
	if (ret)
		measure_exit();
	return ret;
}

void measure_exit(void)
{
	kobject_put(folder);
	free_page((unsigned long)buffer);
}
