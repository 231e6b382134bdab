# SPDX-License-Identifier: BSD-2-Clause
#
# make help lists the targets. Everything that is built or downloaded lies below build/.

MAKEFLAGS	+= --no-builtin-rules
.SUFFIXES:
.DELETE_ON_ERROR:
.DEFAULT_GOAL	:= all

BUILD		?= build
TOOLCHAIN	?= gcc
OUT		:= $(BUILD)/tsm-$(TOOLCHAIN)
GEN		:= $(OUT)/include/generated
LINKER_SCRIPT	?= linker/tsm.ld
DEPS		:= build/deps
Q		:= $(if $(V),,@)
quiet		:= $(findstring s,$(filter-out --%,$(firstword -$(MAKEFLAGS))))
say		= $(if $(quiet),,@printf '  %-8s %s\n' $(1) $(2))

# --- tools ---------------------------------------------------------------------------------------------------------

CROSS_COMPILE	?= riscv64-linux-gnu-
ARCH_FLAGS	:= -march=rv64imac_zicsr_zifencei -mabi=lp64 -mcmodel=medany

ifeq ($(TOOLCHAIN),clang)
-include $(DEPS)/clang.env
CLANG		?= clang-19
CC		:= $(CLANG)
LLD		?= ld.lld-19
ARCH_FLAGS	:= --target=riscv64-unknown-elf $(ARCH_FLAGS)
else
CC		:= $(CROSS_COMPILE)gcc
endif
AR		:= $(CROSS_COMPILE)ar
# GNU ld crashes on objects of clang 19's assembler; lld takes them.
LD		:= $(if $(filter clang,$(TOOLCHAIN)),$(LLD),$(CROSS_COMPILE)ld --no-warn-rwx-segments)
OBJCOPY		:= $(CROSS_COMPILE)objcopy
-include $(DEPS)/toolchain.env
LIBGCC_LP64	?= $(shell riscv64-unknown-elf-gcc -march=rv64imac -mabi=lp64 -print-libgcc-file-name 2>/dev/null)

WARN		:= -Wall -Wextra -Wconversion -Wshadow -Werror
INCLUDES	:= -Iinclude -Ilib -Ilib/rv/target -Itsm -Iplatform -I$(OUT)/include
CFLAGS		:= -std=gnu11 -O2 -g $(ARCH_FLAGS) $(WARN) -ffreestanding -fpie -fvisibility=hidden -include lib/base/hidden.h -fno-jump-tables -fno-common -fno-stack-protector \
		   -fno-strict-aliasing -fno-delete-null-pointer-checks -fno-jump-tables -ffunction-sections -fdata-sections \
		   -fstack-usage -ffile-prefix-map=$(CURDIR)/= $(INCLUDES)
ASFLAGS		:= $(ARCH_FLAGS) -fno-pic -D__ASSEMBLER__ $(INCLUDES) -g -ffile-prefix-map=$(CURDIR)/=
ifeq ($(TOOLCHAIN),clang)
CFLAGS		:= $(filter-out -fstack-usage,$(CFLAGS))
endif

# --- the monitor ---------------------------------------------------------------------------------------------------

SHA512_SRC	:= $(addprefix lib/crypto/sha512_,block.c select.c zbb.c zknh.c)
TSM_ROOMS	:= boot trap page gstage host irq io tvm vcpu task measure abi
SRC		:= $(foreach r,$(TSM_ROOMS),$(wildcard tsm/$(r)/*.c)) \
		   $(wildcard lib/base/*.c lib/rv/*.c lib/fdt/*.c lib/log/*.c) lib/crypto/sha384.c $(SHA512_SRC) \
		   $(wildcard platform/qemu-virt/*.c)
SRC		:= $(filter-out tsm/trap/offsets.c,$(SRC))
SRC		+= $(EXTRA_SRC)
ASM		:= $(wildcard tsm/*/*.S lib/rv/target/*.S)
OBJS		:= $(SRC:%.c=$(OUT)/%.o) $(ASM:%.S=$(OUT)/%.o)

include lib/third_party.mk
# No header of a C library: the compiler's own, and lib/base/shim where third-party headers ask for more.
CC_INCLUDE	= $(eval CC_INCLUDE := $(call third_party_cc_include,$(CC)))$(CC_INCLUDE)
CFLAGS		+= -nostdinc -isystem lib/base/shim -isystem $(CC_INCLUDE) $(THIRD_PARTY_INCLUDES) $(EXTRA_CFLAGS)
$(eval $(call third_party_rules,$(OUT),$(CC),$(AR),$(ARCH_FLAGS) $(THIRD_PARTY_SHIM) -fpie -fvisibility=hidden))

.PHONY: all help deps-% run check check-long ci bench clean distclean menuconfig tsm gdb
.SECONDARY:

all: $(BUILD)/tsm.bin ## build the TSM (build/tsm.bin; TOOLCHAIN=clang builds with clang)

tsm: $(BUILD)/tsm.bin

$(DEPS)/stamps/%:
	$(Q)scripts/deps $*

$(BUILD)/tsm.bin: $(OUT)/tsm.bin
	$(Q)cp $< $@ && cp $(OUT)/tsm.elf $(BUILD)/tsm.elf

$(OUT)/tsm.bin: $(OUT)/tsm.elf
	$(call say,OBJCOPY,$@)
	$(Q)$(OBJCOPY) -O binary $< $@

$(OUT)/tsm.elf: $(LINKER_SCRIPT) $(OBJS) $(OUT)/third_party/libfdt.a $(GEN)/config.mk
	$(call say,LD,$@)
	$(Q)$(LD) -nostdlib -pie --no-dynamic-linker -z norelro -z text --gc-sections --build-id=none --fatal-warnings \
		--defsym=LOAD_ADDRESS=$$(sed -n 's/^CONFIG_LOAD_ADDRESS=//p' $(GEN)/config.mk) \
		$(EXTRA_LDFLAGS) -T $< -o $@ -Map=$(OUT)/tsm.map $(OBJS) $(OUT)/third_party/libfdt.a $(LIBGCC_LP64)

$(OUT)/%.o: %.c $(GEN)/config.h Makefile | $(DEPS)/stamps/toolchain $(DEPS)/stamps/src $(DEPS)/stamps/sodium-src
	$(call say,CC,$<)
	@mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS) -MMD -MP -c $< -o $@

# Called where the hart has Zbb.
$(OUT)/lib/crypto/sha512_zbb.o $(OUT)/lib/crypto/sha512_zknh.o: CFLAGS += -march=rv64imac_zicsr_zifencei_zbb

$(OUT)/%.o: %.S $(GEN)/offsets.h $(GEN)/manifest Makefile
	$(call say,AS,$<)
	@mkdir -p $(@D)
	$(Q)$(CC) $(ASFLAGS) -MMD -MP -c $< -o $@

$(GEN)/offsets.h: tsm/trap/offsets.c $(GEN)/config.h scripts/offsets | $(DEPS)/stamps/toolchain
	$(call say,GEN,$@)
	$(Q)$(CC) $(CFLAGS) -MMD -MP -MF $(OUT)/offsets.d -MT $@ -S $< -o $(OUT)/offsets.s
	$(Q)scripts/offsets $(OUT)/offsets.s > $@

# Kconfig: .config is optional; what it does not say takes the default.
$(GEN)/config.h $(GEN)/config.mk &: Kconfig $(wildcard .config) scripts/config | $(DEPS)/stamps/toolchain
	@mkdir -p $(GEN)
	$(Q)scripts/config $(GEN)/config.h $(GEN)/config.mk

# What the image says of itself: a measured part of it (register 3).
$(GEN)/manifest: $(GEN)/config.mk include/cove/attest.h
	$(Q){ echo name=CoVE TSM; sed -n 's/^#define COVE_TCB_SVN[[:space:]]*/svn=/p' include/cove/attest.h; cat $<; } > $@

menuconfig: | $(DEPS)/stamps/toolchain ## change the configuration (.config)
	$(Q)/usr/bin/python3 -m menuconfig Kconfig

include umode/umode.mk

-include $(OBJS:.o=.d) $(UMODE_OBJS:.o=.d) $(OUT)/offsets.d

# --- our firmware --------------------------------------------------------------------------------------------------

include platform/firmware/firmware.mk

# --- the Linux side ------------------------------------------------------------------------------------------------

OVERLAY		:= $(BUILD)/overlay

.PHONY: overlay-all overlay-stable overlay-newest linux-stable guest-stable guest-newest
overlay-all: tvm
	$(Q)$(MAKE) --no-print-directory -C linux/cove-run O=$(abspath $(BUILD))/cove-run
	$(Q)install -D -t $(OVERLAY)/all/usr/bin $(BUILD)/cove-run/cove-run $(BUILD)/cove-run/cove-slirp
	$(Q)install -D $(BUILD)/cove-run/kvm-api $(OVERLAY)/all/usr/share/cove/kvm-api
	$(Q)install -D -m 644 $(BUILD)/tvm/hello.bin $(OVERLAY)/all/usr/share/cove/hello
	$(Q)install -D -m 644 $(BUILD)/tvm/exits.bin $(OVERLAY)/all/usr/share/cove/exits
	$(Q)install -D -m 644 $(BUILD)/tvm/attest.bin $(OVERLAY)/all/usr/share/cove/attest

overlay-stable overlay-newest: overlay-%:
	$(Q)$(MAKE) --no-print-directory -C linux/host KERNEL=$* O=$(abspath $(BUILD))/linux/host/$*
	$(Q)install -D -m 644 $(BUILD)/linux/host/$*/cove.ko $(OVERLAY)/$*/lib/modules/cove.ko

linux-stable: overlay-all overlay-stable
	$(Q)scripts/mkinitramfs stable

guest-stable guest-newest: guest-%: $(BUILD)/guest/stub.bin
	$(Q)$(MAKE) --no-print-directory -C linux/guest/module KERNEL=$* O=$(abspath $(BUILD))/linux/guest/$*
	$(Q)install -D -m 644 $(BUILD)/linux/guest/$*/cove-guest.ko $(OVERLAY)/guest-$*/lib/modules/cove-guest.ko
	$(Q)scripts/mkguest $*

check-images: $(BUILD)/tsm.bin linux-stable guest-stable
	$(Q)scripts/mkinitramfs newest

check-vmm: $(BUILD)/tsm.bin linux-stable guest-stable
	$(Q)scripts/deps vmm
	$(Q)scripts/mkvmm
	$(Q)tests/linux/run.py --kernel stable --only vmm

check-newest-module: overlay-all overlay-newest guest-newest
	$(Q)scripts/mkinitramfs newest
	$(Q)tests/linux/run.py --kernel newest --only cove

-include linux/guest/guest.mk

# --- test programs -------------------------------------------------------------------------------------------------

-include tests/tvm/tvm.mk
-include tests/unit/unit.mk
-include tests/conformance/conformance.mk
-include tests/oracle/target.mk
-include tests/bench/bench.mk
-include tests/bench/linux/linux.mk
-include tests/firmware/firmware.mk
-include tests/static/static.mk
-include tests/model/model.mk
-include tests/proof/proof.mk

# --- what one runs -------------------------------------------------------------------------------------------------

.PHONY: deps-run deps-check check-images check-newest-module check-vmm unit conformance bench-linux
deps-run deps-check: deps-%:
	$(Q)scripts/deps $*

# FW=ours: on our own firmware, with a root of trust that is made once.
FW		?= stock

run: deps-run ## boot a stock Debian beneath the TSM, to a shell (CMD='...' runs it; FW=ours: with measured boot)
	$(Q)$(MAKE) --no-print-directory $(BUILD)/tsm.bin linux-stable guest-stable \
		$(if $(filter ours,$(FW)),firmware $(BUILD)/fuses.bin)
	$(Q)scripts/run-qemu --host stable --net --firmware $(FW) $(if $(CMD),--cmd "$$CMD")

export CMD

check: ## every test; closes with "N passed, M failed"
	$(Q)scripts/check

check-long: ## the same and what takes longer (scale, another QEMU, the newest kernel's module, millions of wild calls)
	$(Q)scripts/check --long

bench-linux: deps-run ## a stock kernel as TVM against the same as host, with and without the TSM; build/bench-linux.md
	$(Q)$(MAKE) --no-print-directory $(BUILD)/tsm.bin linux-stable guest-stable
	$(Q)tests/linux/bench.py --out $(BUILD)/bench-linux.md

# AT: where the TSM says in its banner that it is; without it, where the firmware loads it to.
gdb: $(BUILD)/tsm.bin ## attach gdb to a machine started with: scripts/run-qemu --host stable --gdb (AT=0x...: address in the banner)
	$(Q)gdb-multiarch -ex 'target remote :1234' \
		-ex "symbol-file $(BUILD)/tsm.elf -o $$(( $(if $(AT),$(AT) - $$(sed -n 's/^CONFIG_LOAD_ADDRESS=//p' $(GEN)/config.mk),0) ))"

clean: ## remove what was built, keep what was downloaded
	$(Q)find $(BUILD) -mindepth 1 -maxdepth 1 ! -name deps -exec rm -rf {} + 2>/dev/null || true

distclean: ## remove downloads too
	$(Q)rm -rf build

help: ## this list
	@echo 'Targets:'
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  \1|\2/p' $(MAKEFILE_LIST) | awk -F'|' '{ printf "%-14s %s\n", $$1, $$2 }'
