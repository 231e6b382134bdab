// SPDX-License-Identifier: GPL-2.0-only
/*
 * Evidence and secrets for userspace.
 *
 * /dev/cove-evidence: one write() gives the challenge (64 bytes) and behind it, if the TVM has a key of its own,
 * that public key as a COSE_Key; reading then gives the evidence from its beginning to its end. The ioctl
 * COVE_GUEST_SET_FORMAT, before the write, asks for another form than CBOR. Each open file has a request of its own.
 *
 * /dev/cove-secret: reading gives the secret that the TSM holds for this TVM, if any.
 *
 * Where the kernel has Linux's TSM report interface, it gives evidence too: inblob is the challenge.
 */
#include <linux/fs.h>
#include <linux/gfp.h>
#include <linux/io.h>
#include <linux/miscdevice.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/tsm.h>
#include <linux/uaccess.h>
#include <linux/version.h>
#include <asm/sbi.h>

#include <cove/attest.h>
#include <cove/covg.h>

#include "cove_guest.h"
#include "guest.h"

#define OUT_ORDER	2		/* room for evidence: the TSM's largest is smaller */
#define OUT_SIZE	(PAGE_SIZE << OUT_ORDER)
#define SECRET_MAX	PAGE_SIZE

/* The key of a TVM that has none: X25519 with a point that is nobody's. */
static const u8 no_key[] = {
	0xa3, 0x01, 0x01, 0x20, 0x04, 0x21, 0x58, 0x20,
	0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
};

struct request {
	struct mutex lock;		/* of all below */
	u32 format;
	size_t size;			/* of what is in out */
	void *out;			/* NULL: nothing was asked for */
};

static int sbi_errno(long error)
{
	switch (error) {
	case SBI_SUCCESS:
		return 0;
	case SBI_ERR_NOT_SUPPORTED:
		return -EOPNOTSUPP;
	case SBI_ERR_INVALID_PARAM:
		return -EINVAL;
	case SBI_ERR_DENIED:
		return -EACCES;
	default:
		return -EIO;
	}
}

/* Evidence into out, which has OUT_SIZE bytes. The TSM wants each of the three at a page's beginning. */
static int get_evidence(const void *challenge, const void *key, size_t key_size, u32 format, void *out, size_t *size)
{
	void *key_page = (void *)get_zeroed_page(GFP_KERNEL);
	void *challenge_page = (void *)get_zeroed_page(GFP_KERNEL);
	struct sbiret ret = { .error = SBI_ERR_FAILURE };

	if (key_page && challenge_page) {
		memcpy(key_page, key, key_size);
		memcpy(challenge_page, challenge, COVE_GUEST_CHALLENGE_SIZE);
		ret = sbi_ecall(COVE_EID_COVG, COVG_GET_EVIDENCE, virt_to_phys(key_page), key_size,
				virt_to_phys(challenge_page), format, virt_to_phys(out), OUT_SIZE);
	}
	free_page((unsigned long)key_page);
	free_page((unsigned long)challenge_page);
	if (!ret.error && ret.value > OUT_SIZE)
		return -EIO;
	*size = ret.value;
	return sbi_errno(ret.error);
}

static void forget(struct request *r)
{
	if (r->out)
		free_pages((unsigned long)r->out, OUT_ORDER);
	r->out = NULL;
	r->size = 0;
}

static int evidence_open(struct inode *inode, struct file *file)
{
	struct request *r = kzalloc(sizeof(*r), GFP_KERNEL_ACCOUNT);

	if (!r)
		return -ENOMEM;
	mutex_init(&r->lock);
	r->format = COVE_CERT_CBOR;
	file->private_data = r;
	return 0;
}

static int evidence_release(struct inode *inode, struct file *file)
{
	struct request *r = file->private_data;

	forget(r);
	kfree(r);
	return 0;
}

static int ask(struct request *r, const u8 *in, size_t size)
{
	const u8 *key = in + COVE_GUEST_CHALLENGE_SIZE;
	size_t key_size = size - COVE_GUEST_CHALLENGE_SIZE;
	int ret;

	forget(r);
	r->out = (void *)__get_free_pages(GFP_KERNEL_ACCOUNT | __GFP_ZERO, OUT_ORDER);
	if (!r->out)
		return -ENOMEM;
	if (!key_size) {
		key = no_key;
		key_size = sizeof(no_key);
	}
	ret = get_evidence(in, key, key_size, r->format, r->out, &r->size);
	if (ret)
		forget(r);
	return ret;
}

static ssize_t evidence_write(struct file *file, const char __user *from, size_t size, loff_t *at)
{
	struct request *r = file->private_data;
	u8 *in;
	int ret;

	if (size < COVE_GUEST_CHALLENGE_SIZE || size > COVE_GUEST_CHALLENGE_SIZE + COVE_GUEST_KEY_MAX)
		return -EINVAL;
	in = memdup_user(from, size);
	if (IS_ERR(in))
		return PTR_ERR(in);
	mutex_lock(&r->lock);
	ret = ask(r, in, size);
	if (!ret)
		*at = 0;	/* reading begins at the new evidence's first byte */
	mutex_unlock(&r->lock);
	kfree(in);
	return ret ?: size;
}

static ssize_t evidence_read(struct file *file, char __user *to, size_t size, loff_t *at)
{
	struct request *r = file->private_data;
	ssize_t ret = -ENODATA;

	mutex_lock(&r->lock);
	if (r->out)
		ret = simple_read_from_buffer(to, size, at, r->out, r->size);
	mutex_unlock(&r->lock);
	return ret;
}

static long evidence_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	struct request *r = file->private_data;

	if (cmd != COVE_GUEST_SET_FORMAT)
		return -ENOTTY;
	if (arg != COVE_CERT_CBOR && arg != COVE_CERT_X509)
		return -EINVAL;
	mutex_lock(&r->lock);
	r->format = arg;
	mutex_unlock(&r->lock);
	return 0;
}

static const struct file_operations evidence_fops = {
	.owner = THIS_MODULE,
	.open = evidence_open,
	.release = evidence_release,
	.read = evidence_read,
	.write = evidence_write,
	.unlocked_ioctl = evidence_ioctl,
	.llseek = noop_llseek,
};

/* The whole secret is in one read; what comes behind it is the file's end. */
static ssize_t secret_read(struct file *file, char __user *to, size_t size, loff_t *at)
{
	void *page = (void *)get_zeroed_page(GFP_KERNEL_ACCOUNT);
	struct sbiret ret;
	ssize_t done;

	if (!page)
		return -ENOMEM;
	ret = sbi_ecall(COVE_EID_COVG, COVG_RETRIEVE_SECRET, virt_to_phys(page), SECRET_MAX, 0, 0, 0, 0);
	done = sbi_errno(ret.error);
	if (!done)
		done = simple_read_from_buffer(to, size, at, page, min_t(u64, ret.value, SECRET_MAX));
	memzero_explicit(page, PAGE_SIZE);
	free_page((unsigned long)page);
	return done;
}

static const struct file_operations secret_fops = {
	.owner = THIS_MODULE,
	.read = secret_read,
	.llseek = noop_llseek,
};

static struct miscdevice devices[] = {
	{ .minor = MISC_DYNAMIC_MINOR, .name = "cove-evidence", .fops = &evidence_fops, .mode = 0600 },
	{ .minor = MISC_DYNAMIC_MINOR, .name = "cove-secret", .fops = &secret_fops, .mode = 0400 },
};

#if IS_REACHABLE(CONFIG_TSM_REPORTS)
static int report_new(struct tsm_report *report, void *data)
{
	u8 challenge[COVE_GUEST_CHALLENGE_SIZE] = { 0 };
	void *out = (void *)__get_free_pages(GFP_KERNEL_ACCOUNT | __GFP_ZERO, OUT_ORDER);
	size_t size = 0;
	int ret = -ENOMEM;

	memcpy(challenge, report->desc.inblob, min(report->desc.inblob_len, sizeof(challenge)));
	if (out)
		ret = get_evidence(challenge, no_key, sizeof(no_key), COVE_CERT_CBOR, out, &size);
	if (!ret) {
		report->outblob = kvmemdup(out, size, GFP_KERNEL);	/* the caller frees it */
		report->outblob_len = size;
		ret = report->outblob ? 0 : -ENOMEM;
	}
	free_pages((unsigned long)out, OUT_ORDER);
	return ret;
}

static bool report_attr_visible(int n)
{
	return n == TSM_REPORT_GENERATION || n == TSM_REPORT_PROVIDER;
}

static bool report_bin_attr_visible(int n)
{
	return n == TSM_REPORT_INBLOB || n == TSM_REPORT_OUTBLOB;
}

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 16, 0)
#define tsm_report_ops		tsm_ops
#define tsm_report_register	tsm_register
#endif

static const struct tsm_report_ops report_ops = {
	.name = "cove-guest",
	.report_new = report_new,
	.report_attr_visible = report_attr_visible,
	.report_bin_attr_visible = report_bin_attr_visible,
};

static int report_start(void)
{
	return tsm_report_register(&report_ops, NULL);
}
#else
static int report_start(void)
{
	return 0;
}
#endif

int evidence_init(void)
{
	int ret = misc_register(&devices[0]);

	if (ret)
		return ret;
	ret = misc_register(&devices[1]);
	if (ret)
		goto no_secret;
	ret = report_start();
	if (!ret)
		return 0;
	misc_deregister(&devices[1]);
no_secret:
	misc_deregister(&devices[0]);
	return ret;
}
