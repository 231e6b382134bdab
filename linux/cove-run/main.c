// SPDX-License-Identifier: GPL-2.0-only
/*
 * cove-run: runs a TVM image beneath a CoVE TSM, over /dev/cove, and checks what the TVM says of
 * its own measurement.
 *
 *	main.c	  options, the order of things, the verdict
 *	image.c	  the file
 *	kernel.c  a stock kernel: memory, device tree
 *	devices.c its devices: uart.c
 *	terminal.c raw mode
 *	vm.c	  making the TVM
 *	run.c	  running it
 *	console.c what it prints
 *	measure.c what its measurement registers must hold
 */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "image.h"
#include "kernel.h"
#include "measure.h"
#include "terminal.h"
#include "vm.h"

#define EXIT_OK			0
#define EXIT_TVM		1	/* the TVM failed, or is not what its image says */
#define EXIT_USAGE		2	/* bad options or image, no device, no memory */
#define EXIT_PANIC		3	/* the guest's kernel panicked */
#define EXIT_VMM		4	/* we, the host or the TSM failed while it ran */
#define EXIT_INTERRUPTED	130

#define MEM_MAX		(1ULL << 40)
#define MEM_IMAGE	(64ULL << 20)
#define MEM_KERNEL	(512ULL << 20)
#define PATH_SIZE	4096
#define APPEND_SIZE	2048

/* The console, the pool that a guest's DMA goes through, and a panic that ends the TVM. */
#define APPEND		"console=ttyS0 earlycon=sbi swiotlb=force panic=-1"

static const char usage[] =
	"usage: cove-run [OPTION]... IMAGE\n"
	"       cove-run [OPTION]... --kernel FILE [--initrd FILE] [--append TEXT]\n"
	"Runs a confidential VM. IMAGE is a TVM image's path, or the name of one in " IMAGE_FOLDER
	", e.g. hello;\n"
	"of a folder there (debian) the files kernel and initrd are taken. FILE is a kernel of scripts/mkguest.\n"
	"\n"
	"  --kernel FILE   a stock kernel behind its boot stub\n"
	"  --initrd FILE   its initramfs; measured with it\n"
	"  --append TEXT   its command line, behind '" APPEND "'\n"
	"  --disk FILE     a disk for it, a file or block device; up to 4\n"
	"  --net user      a network for it, without privileges: it reaches what the host reaches\n"
	"  --net tap=NAME  the same by that TAP interface of the host; up to 2 networks\n"
	"  --memory SIZE   memory of the TVM, with a suffix K, M or G; 64M, for a kernel 512M\n"
	"  --cpus N        number of vCPUs; 1 if not given\n"
	"  --payload FILE  a secret that was sealed for it (cove-verify --payload)\n"
	"  --device PATH   /dev/cove if not given\n"
	"  --attest        print first what a kernel's registers 4 to 6 must hold (an image's are always told)\n"
	"  --verbose       say what is done, and each access to no device\n"
	"  --help          this text\n"
	"\n"
	"A kernel's console is this terminal; Ctrl-] ends the TVM.\n"
	"Exit status: 0 the TVM powered off, and the measurements that it printed, if any, agree with its\n"
	"image; 1 they differ, or the TVM failed or wants to be started again; 2 wrong usage, image or host; 3 its\n"
	"kernel panicked; 4 host or TSM failed while it ran; 130 interrupted.\n";

struct options {
	const char *name;
	const char *kernel;
	const char *initrd;
	const char *append;
	const char *device;
	const char *payload;
	uint64_t mem;
	const char *disks[VM_MAX_DISKS + 1];	/* one more, to complain of */
	unsigned int nr_disks;
	const char *nets[VM_MAX_NETS + 1];
	unsigned int nr_nets;
	unsigned int vcpus;
	bool attest;
	bool verbose;
};

/* What a name of a folder stands for. */
struct folder {
	char kernel[PATH_SIZE];
	char initrd[PATH_SIZE];
};

void complain(const char *format, ...)
{
	char line[512];
	va_list args;

	va_start(args, format);
	vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	fprintf(stderr, "cove-run: %s\n", line);
}

static bool parse_number(const char *text, uint64_t *value, char **end)
{
	if (*text < '0' || *text > '9')
		return false;
	errno = 0;
	*value = strtoull(text, end, 0);
	return !errno;
}

static bool parse_mem(const char *text, uint64_t *mem)
{
	static const char suffixes[] = "KMG";
	const char *suffix;
	unsigned int shift = 0;
	char *end;

	if (!parse_number(text, mem, &end))
		return false;
	if (*end) {
		suffix = strchr(suffixes, *end & ~0x20);
		if (!suffix || !*suffix || end[1])
			return false;
		shift = 10 * (unsigned int)(suffix - suffixes + 1);
	}
	if (*mem > MEM_MAX >> shift)
		return false;
	*mem <<= shift;
	return *mem && *mem % VM_PAGE == 0;
}

static bool parse_vcpus(const char *text, unsigned int *vcpus)
{
	uint64_t n;
	char *end;

	if (!parse_number(text, &n, &end) || *end || !n || n > VM_MAX_VCPUS)
		return false;
	*vcpus = (unsigned int)n;
	return true;
}

static int usage_error(void)
{
	fputs("Try 'cove-run --help'.\n", stderr);
	return EXIT_USAGE;
}

static void take_text(struct options *o, int option)
{
	switch (option) {
	case 'k':
		o->kernel = optarg;
		break;
	case 'i':
		o->initrd = optarg;
		break;
	case 'a':
		o->append = optarg;
		break;
	case 'D':
		if (o->nr_disks <= VM_MAX_DISKS)
			o->disks[o->nr_disks++] = optarg;
		break;
	case 'n':
		if (o->nr_nets <= VM_MAX_NETS)
			o->nets[o->nr_nets++] = optarg;
		break;
	case 'p':
		o->payload = optarg;
		break;
	case 'd':
		o->device = optarg;
		break;
	case 'A':
		o->attest = true;
		break;
	case 'v':
		o->verbose = true;
		break;
	}
}

/* -1: go on; otherwise the exit status. */
static int parse(int argc, char **argv, struct options *o)
{
	static const struct option known[] = {
		{ "kernel", required_argument, NULL, 'k' },
		{ "initrd", required_argument, NULL, 'i' },
		{ "append", required_argument, NULL, 'a' },
		{ "disk", required_argument, NULL, 'D' },
		{ "net", required_argument, NULL, 'n' },
		{ "memory", required_argument, NULL, 'm' },
		{ "mem", required_argument, NULL, 'm' },
		{ "cpus", required_argument, NULL, 'c' },
		{ "vcpus", required_argument, NULL, 'c' },
		{ "payload", required_argument, NULL, 'p' },
		{ "device", required_argument, NULL, 'd' },
		{ "attest", no_argument, NULL, 'A' },
		{ "verbose", no_argument, NULL, 'v' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	int option;

	while ((option = getopt_long(argc, argv, "k:i:a:D:n:m:c:p:d:Avh", known, NULL)) != -1) {
		if (option == 'h') {
			fputs(usage, stdout);
			return EXIT_OK;
		}
		if (option == 'm' && !parse_mem(optarg, &o->mem)) {
			complain("--memory %s: give whole pages of 4K, up to 1024G, e.g. 64M", optarg);
			return EXIT_USAGE;
		}
		if (option == 'c' && !parse_vcpus(optarg, &o->vcpus)) {
			complain("--cpus %s: give a number from 1 to %d", optarg, VM_MAX_VCPUS);
			return EXIT_USAGE;
		}
		if (option == '?')
			return usage_error();
		take_text(o, option);
	}
	if (argc - optind != !o->kernel) {
		complain(argc == optind ? "which image?" : "one image at a time");
		return usage_error();
	}
	o->name = o->kernel ? NULL : argv[optind];
	return -1;
}

/* A folder with a kernel, in place of an image. */
static void find_folder(struct options *o, const char *path, struct folder *f)
{
	struct stat st;
	int n;

	if (o->kernel || stat(path, &st) || !S_ISDIR(st.st_mode))
		return;
	n = snprintf(f->kernel, sizeof(f->kernel), "%s/kernel", path);
	if (n < 0 || (size_t)n >= sizeof(f->kernel))
		return;
	snprintf(f->initrd, sizeof(f->initrd), "%s/initrd", path);
	o->kernel = f->kernel;
	if (!o->initrd && !access(f->initrd, R_OK))
		o->initrd = f->initrd;
}

/* A line of /proc/meminfo, in bytes. */
static bool host_memory(const char *format, uint64_t *value)
{
	char line[128];
	FILE *f = fopen("/proc/meminfo", "re");
	bool found = false;

	while (f && !found && fgets(line, sizeof(line), f))
		found = sscanf(line, format, value) == 1;
	if (f)
		fclose(f);
	*value <<= 10;
	return found;
}

/* The image is there twice while it is measured: in our memory, and in the TVM's. */
static bool host_has_room(uint64_t image, uint64_t *available)
{
	return !host_memory("MemAvailable: %" SCNu64, available) || image <= *available / 2;
}

/* Confidential memory is not swapped: what the host does not have, the TVM can never use. */
static bool host_is_large_enough(uint64_t mem)
{
	uint64_t total;

	if (!host_memory("MemTotal: %" SCNu64, &total) || mem < total)
		return true;
	complain("not enough memory: a TVM of %" PRIu64 " MiB on a host of %" PRIu64 ": give a smaller --memory",
		 mem >> 20, total >> 20);
	return false;
}

static bool load_image(struct vm *vm, struct image *image, const char *path)
{
	uint64_t available;
	char why[256];

	if (!host_has_room(image->size, &available)) {
		complain(
			"%s: larger than the confidential memory that the host can give: it takes %" PRIu64
			" MiB twice, %" PRIu64
			" MiB are free: give the host more memory, or a smaller image",
			path, image->size >> 20, available >> 20);
		return false;
	}
	if (!image_load(image, vm->ram + image->offset, why, sizeof(why))) {
		complain("%s: %s", path, why);
		return false;
	}
	return true;
}

static bool add_devices(struct vm *vm, const struct options *o)
{
	unsigned int i;

	for (i = 0; i < o->nr_disks; i++)
		if (!device_add_disk(vm, o->disks[i]))
			return false;
	for (i = 0; i < o->nr_nets; i++)
		if (!device_add_net(vm, o->nets[i]))
			return false;
	return true;
}

/* Device tree and initramfs of a stock kernel; *arg is the device tree's address. */
static bool prepare_kernel(struct vm *vm, const struct options *o, const struct image *image, uint64_t *arg)
{
	char append[APPEND_SIZE];
	int n = snprintf(append, sizeof(append), APPEND "%s%s", o->append ? " " : "", o->append ? o->append : "");

	if (n < 0 || (size_t)n >= sizeof(append)) {
		complain("--append: too long");
		return false;
	}
	vm->has_devices = true;
	if (!add_devices(vm, o))
		return false;
	devices_init(vm);
	if (!vm_add_aia(vm, IMSIC_BASE))
		return false;
	if (vm->nr_virtio && !vm->aia) {
		complain("no --disk and --net here: the host has no guest interrupt files");
		return false;
	}
	return vm_describe(vm) &&
	       kernel_prepare(vm, o->initrd, append, image->offset + image->memory, arg);
}

static void note_digest(struct vm *vm, unsigned int reg, const uint8_t digest[SHA384_SIZE])
{
	char line[64 + 2 * SHA384_SIZE];
	int at = snprintf(line, sizeof(line), "cove-run: expected measurement %u: ", reg);
	unsigned int i;

	for (i = 0; i < SHA384_SIZE; i++)
		at += snprintf(line + at, sizeof(line) - (size_t)at, "%02x", digest[i]);
	snprintf(line + at, sizeof(line) - (size_t)at, "\n");
	console_note(&vm->console, line);
}

/* What a kernel's registers must hold. It has all its memory before it runs, and shares it afterwards. */
static void tell_expected(struct vm *vm, uint64_t entry, uint64_t arg)
{
	struct measure_shape shape = { VM_RAM_BASE, vm->ram_size, vm->nr_vcpus, vm->aia ? IMSIC_BASE : 0, 0 };
	uint8_t expected[3][SHA384_SIZE] = { { 0 } };
	unsigned int i;

	while (1u << shape.hart_bits < vm->nr_vcpus)
		shape.hart_bits++;
	measure_written(expected[0], VM_RAM_BASE, vm->ram, vm->ram_size);
	measure_entry(expected[1], entry, arg);
	measure_config(expected[2], &shape);
	for (i = 0; i < 3; i++)
		note_digest(vm, 4 + i, expected[i]);
}

static bool build(struct vm *vm, const struct options *o, struct image *image, const char *path)
{
	uint64_t entry = VM_RAM_BASE + image->offset, arg = 0;

	if (!vm_open(vm, o->device) || !vm_create(vm, o->mem) || !load_image(vm, image, path) ||
	    !vm_add_vcpus(vm, o->vcpus))
		return false;
	/* Of a kernel cove.ko measures all that is not zero, when it first runs. */
	if (o->kernel ? !prepare_kernel(vm, o, image, &arg) : !vm_measure(vm, image->offset, image->size))
		return false;
	if (!vm_set_entry(vm, entry, arg) || (o->payload && !vm_set_payload(vm, o->payload)))
		return false;
	if (o->kernel && o->attest)
		tell_expected(vm, entry, arg);
	if (o->verbose)
		complain("%s: %" PRIu64 " bytes at 0x%" PRIx64 ", memory %" PRIu64 " MiB, vCPUs %u", path,
			 image->size, entry, o->mem >> 20, o->vcpus);
	return true;
}

/* False: the TVM printed a measurement that its image does not have. */
static bool compare(struct vm *vm, const struct image *image)
{
	uint64_t pages = (image->size + VM_PAGE - 1) & ~(VM_PAGE - 1);
	uint8_t expected[3][SHA384_SIZE] = { { 0 } };
	bool agree = true, any = false;
	unsigned int i;

	measure_pages(expected[0], VM_RAM_BASE + image->offset, vm->ram + image->offset, pages);
	measure_entry(expected[1], VM_RAM_BASE + image->offset, 0);
	measure_config(expected[2], &(struct measure_shape){ VM_RAM_BASE, vm->ram_size, vm->nr_vcpus, 0, 0 });
	for (i = 0; i < 3; i++) {
		note_digest(vm, 4 + i, expected[i]);
		if (!vm->console.seen[4 + i])
			continue;
		any = true;
		agree = agree && !memcmp(vm->console.digest[4 + i], expected[i], SHA384_SIZE);
	}
	console_note(&vm->console, !any	 ? "cove-run: the TVM printed no measurement\n"
				   : agree ? "cove-run: measurements agree\n"
					   : "cove-run: measurements DIFFER\n");
	return agree;
}

static int status(struct vm *vm, const struct image *image, enum vm_end how)
{
	bool agree;

	console_note(&vm->console, "");
	if (how == VM_INTERRUPTED) {
		complain("interrupted");
		return EXIT_INTERRUPTED;
	}
	if (how == VM_ERROR)
		return EXIT_VMM;
	agree = vm->has_devices || compare(vm, image);
	if (how != VM_POWER_OFF && vm->console.panic) {
		complain("the guest's kernel panicked");
		return EXIT_PANIC;
	}
	if (how == VM_FAILED)
		complain("the TVM powered off and reports a failure");
	if (how == VM_RESET)
		complain("the TVM asks for a restart, which cove-run does not do: run it again");
	return agree && how == VM_POWER_OFF ? EXIT_OK : EXIT_TVM;
}

int main(int argc, char **argv)
{
	static struct vm vm;
	static struct folder folder;
	struct options o = { .device = "/dev/cove", .vcpus = 1 };
	char path_buffer[PATH_SIZE], why[256];
	struct image image;
	const char *path;
	enum vm_end how;
	int result = parse(argc, argv, &o);

	if (result >= 0)
		return result;
	path = o.kernel ? o.kernel : image_path(o.name, path_buffer, sizeof(path_buffer));
	find_folder(&o, path, &folder);
	path = o.kernel ? o.kernel : path;
	if (!o.mem)
		o.mem = o.kernel ? MEM_KERNEL : MEM_IMAGE;
	if (!image_open(&image, path, o.mem, why, sizeof(why))) {
		complain("%s: %s", path, why);
		return EXIT_USAGE;
	}
	if (!host_is_large_enough(o.mem))
		return EXIT_USAGE;
	signal(SIGPIPE, SIG_IGN);	/* whoever reads our output may go */
	vm.verbose = o.verbose;
	pthread_mutex_init(&vm.lock, NULL);
	console_init(&vm.console, STDOUT_FILENO);
	if (!build(&vm, &o, &image, path))
		return EXIT_USAGE;
	if (o.kernel)
		terminal_raw();
	how = vm_run(&vm);
	terminal_restore();
	if (o.verbose)
		complain("%" PRIu64 " exits", vm.exits);
	return status(&vm, &image, how);
}
