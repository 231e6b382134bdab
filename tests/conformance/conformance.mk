# SPDX-License-Identifier: BSD-2-Clause
#
# The conformance suite: a bare-metal test host for VS mode, and the test TVM that it carries. Included by the top Makefile.

CONF		:= $(BUILD)/conformance
CONF_CC		?= $(CROSS_COMPILE)gcc
CONF_ARCH	:= -march=rv64imac_zicsr_zifencei -mabi=lp64
CONF_CFLAGS	:= -std=gnu11 -O2 -g $(CONF_ARCH) -mcmodel=medany -ffreestanding -fpie -fvisibility=hidden -fno-common \
		   -fno-stack-protector -fno-strict-aliasing -fno-delete-null-pointer-checks -fno-tree-loop-distribute-patterns \
		   -Wall -Wextra -Wshadow -Werror -Iinclude -ffile-prefix-map=$(CURDIR)/=
CONF_LD		:= $(CONF_CC) $(CONF_ARCH) -nostdlib -Wl,--build-id=none -Wl,--no-warn-rwx-segments -Wl,--fatal-warnings
CONF_RT_SRC	:= $(wildcard tests/conformance/rt/*.c tests/conformance/rt/*.S)
CONF_HOST_SRC	:= $(wildcard tests/conformance/host/*.c)
CONF_RT		:= $(addprefix $(CONF)/,$(addsuffix .o,$(basename $(CONF_RT_SRC:tests/conformance/%=%))))
CONF_HOST	:= $(CONF_HOST_SRC:tests/conformance/%.c=$(CONF)/%.o)
# A monitor under test; the programs run on any.
CONF_TSM	?= $(BUILD)/tsm.bin

.PHONY: conformance conformance-strict conformance-long conformance-scale conformance-trixie conformance-bare

conformance: $(CONF)/testhost.bin $(CONF_TSM) | $(DEPS)/stamps/qemu $(DEPS)/stamps/opensbi ## the conformance suite, with 1 to 8 harts
	$(Q)scripts/tap-run --kernel $(CONF_TSM) --image $< --run smp=1,icount --run smp=4 --run smp=8,mem=512M \
		--run smp=2,mem=256M,no=v,no=smstateen,no=sscofpmf,no=zicboz \
		--run smp=1,aia=1,only=no_files+info+run+exits+convert+irq+client \
		--run smp=2,aia=2,only=turns+sgei+sgei_harts+client+irq \
		--run smp=2,aia=7,only=turns+covi+aia+sgei \
		--run smp=1,vlen=256,only=leak+regs+run+exits \
		--run smp=2,iommu=pci,only=dma+dma_below --run smp=1,icount,iommu=pci,only=pci \
		--run smp=1,icount,intremap=off,only=dma --run smp=1,icount,aia=1,only=dma \
		--run smp=1,icount,iommu=none,only=dma --run smp=1,icount,iommu=none,only=pci \
		--run smp=1,icount,iommu=none,only=dma,tsm.devices=trusted-devices

# The monitor that makes no exception for the existing client: every test asserts what it does then.
STRICT		:= BUILD=$(BUILD)/strict KCONFIG_CONFIG=tests/conformance/strict.config

conformance-strict: $(CONF)/testhost.bin | $(DEPS)/stamps/qemu $(DEPS)/stamps/opensbi ## the suite without RFC_DEVIATIONS
	$(Q)$(MAKE) -s $(STRICT) $(BUILD)/strict/tsm.bin
	$(Q)scripts/tap-run --kernel $(BUILD)/strict/tsm.bin --image $< --name conformance-strict --run smp=2

conformance-long: $(CONF)/testhost.bin $(CONF_TSM) | $(DEPS)/stamps/qemu $(DEPS)/stamps/opensbi ## hostile calls by the million
	$(Q)scripts/tap-run --kernel $(CONF_TSM) --image $< --timeout 1200 --name conformance-long \
		--run smp=2,only=hostile,times=20 --run smp=4,only=stress,times=20 \
		--run smp=8,only=stress,times=10

conformance-scale: $(CONF)/testhost.bin $(CONF_TSM) | $(DEPS)/stamps/qemu $(DEPS)/stamps/opensbi ## 64 harts, 64 GiB, leaves of 1 GiB, VLEN 1024
	$(Q)scripts/tap-run --kernel $(CONF_TSM) --image $< --timeout 900 --name conformance-scale \
		--run smp=64,only=info+hsm+irq+hsm_harts+fence+harts+many \
		--run smp=64,only=attest_harts+block_harts+aia_harts+sgei_harts+client_harts --run smp=64,only=stress \
		--run smp=2,mem=64G,only=all_memory+gigabyte --run smp=1,mem=4G,only=gigabyte --run smp=2,vlen=1024

conformance-trixie: $(CONF)/testhost.bin $(CONF_TSM) | $(DEPS)/stamps/qemu-trixie $(DEPS)/stamps/opensbi ## the suite on another QEMU
	$(Q)export QEMU=$$(sed -n 's/^QEMU=//p' $(DEPS)/qemu-trixie.env); \
		scripts/tap-run --kernel $(CONF_TSM) --image $< --timeout 600 --name conformance-trixie --run smp=1 --run smp=4

conformance-bare: $(CONF)/testhost.bin | $(DEPS)/stamps/qemu $(DEPS)/stamps/opensbi
	$(Q)scripts/tap-run --bare --image $< --run smp=1 --run smp=4

$(CONF)/testhost.bin: $(CONF)/testhost.elf
	$(call say,OBJCOPY,$@)
	$(Q)$(CROSS_COMPILE)objcopy -O binary $< $@

$(CONF)/testhost.elf: tests/conformance/rt/host.ld $(CONF_RT) $(CONF_HOST)
	$(call say,LD,$@)
	$(Q)$(CONF_LD) -pie -Wl,--no-dynamic-linker -Wl,-z,norelro -T $< -o $@ $(CONF_RT) $(CONF_HOST)

$(CONF)/tvm.bin: $(CONF)/tvm.elf
	$(call say,OBJCOPY,$@)
	$(Q)$(CROSS_COMPILE)objcopy -O binary $< $@

$(CONF)/tvm.elf: tests/conformance/tvm/tvm.ld $(CONF)/tvm/start.o
	$(call say,LD,$@)
	$(Q)$(CONF_LD) -no-pie -T $< -o $@ $(CONF)/tvm/start.o

$(CONF)/rt/image.o: $(CONF)/tvm.bin

$(CONF)/matrix.inc: tests/conformance/matrix.csv scripts/abi-matrix
	@mkdir -p $(@D)
	$(Q)scripts/abi-matrix --table $@

$(CONF)/host/t_matrix.o $(CONF)/host/matrix_world.o: $(CONF)/matrix.inc
$(CONF)/host/t_matrix.o $(CONF)/host/matrix_world.o: CONF_CFLAGS += -I$(CONF)

$(CONF)/tvm/%.o: tests/conformance/tvm/%.S | $(DEPS)/stamps/toolchain
	$(call say,AS,$<)
	@mkdir -p $(@D)
	$(Q)$(CONF_CC) $(CONF_ARCH) -mno-relax -fno-pic -MMD -MP -c $< -o $@

$(CONF)/%.o: tests/conformance/%.S | $(DEPS)/stamps/toolchain
	$(call say,AS,$<)
	@mkdir -p $(@D)
	$(Q)$(CONF_CC) $(CONF_ARCH) -fpie -Iinclude -DTVM_IMAGE_FILE='"$(CONF)/tvm.bin"' -MMD -MP -c $< -o $@

$(CONF)/%.o: tests/conformance/%.c | $(DEPS)/stamps/toolchain
	$(call say,CC,$<)
	@mkdir -p $(@D)
	$(Q)$(CONF_CC) $(CONF_CFLAGS) -MMD -MP -c $< -o $@

-include $(CONF_RT:.o=.d) $(CONF_HOST:.o=.d) $(CONF)/tvm/start.d
