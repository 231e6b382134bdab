# SPDX-License-Identifier: BSD-2-Clause
#
# Our M-mode firmware for QEMU virt: OpenSBI's generic platform as a library (built by its own makefile from the source
# that `scripts/deps opensbi-src` brings, with the few drivers of opensbi.config), our sources, one static image.

FWOUT		:= $(BUILD)/firmware
FW_CC		:= $(CROSS_COMPILE)gcc
FW_TEXT_START	:= 0x80000000
OPENSBI_SRC	:= $(DEPS)/src/opensbi
OPENSBI_OUT	:= $(FWOUT)/opensbi
OPENSBI_LIB	:= $(OPENSBI_OUT)/platform/generic/lib/libplatsbi.a
OPENSBI_CONFIG	:= platform/firmware/opensbi.config

FW_SRC		:= platform/firmware/measured_boot.c platform/firmware/fdt_canon.c \
		   $(wildcard lib/dice/*.c) lib/cbor/cbor.c lib/crypto/sha384.c lib/crypto/sha512_block.c lib/crypto/sha512_plain.c
FW_OBJS		:= $(FW_SRC:%.c=$(FWOUT)/%.o)
FW_SBI_OBJS	:= $(FWOUT)/platform/firmware/override.o $(FWOUT)/platform/firmware/start.o
# fw_base.S gives memcpy and its like to all; these are missing there.
FW_NAMES	:= --defsym=strlen=sbi_strlen --defsym=strcmp=sbi_strcmp
# OpenSBI's own: its headers define the base types, so lib/ is not seen from here.
FW_SBI_FLAGS	:= -isystem $(OPENSBI_SRC)/include -isystem $(OPENSBI_SRC)/platform/generic/include \
		   -isystem $(OPENSBI_SRC)/lib/utils/libfdt -I$(OPENSBI_SRC)/firmware \
		   -include $(OPENSBI_OUT)/platform/generic/kconfig/autoconf.h

$(eval $(call third_party_rules,$(FWOUT),$(FW_CC),$(AR),$(ARCH_FLAGS) $(THIRD_PARTY_SHIM) -fno-pic))

.PHONY: firmware
firmware: $(FWOUT)/fw.bin ## build our M-mode firmware (build/firmware/fw.bin); make run FW=ours uses it

# The machine's identity: a new one only where there is none.
$(BUILD)/fuses.bin: | $(DEPS)/stamps/verify
	$(Q)scripts/cove-rot make $@

$(FWOUT)/fw.bin: $(FWOUT)/fw.elf
	$(call say,OBJCOPY,$@)
	$(Q)$(OBJCOPY) -O binary $< $@

$(FWOUT)/fw.elf: platform/firmware/firmware.ld $(FW_OBJS) $(FW_SBI_OBJS) $(FWOUT)/third_party/libmbedcrypto.a $(OPENSBI_LIB)
	$(call say,LD,$@)
	$(Q)$(CROSS_COMPILE)ld -nostdlib -static --gc-sections --build-id=none --no-warn-rwx-segments --fatal-warnings \
		--defsym=FW_TEXT_START=$(FW_TEXT_START) $(FW_NAMES) -T $< -o $@ -Map=$(FWOUT)/fw.map $(FW_SBI_OBJS) $(FW_OBJS) \
		$(FWOUT)/third_party/libmbedcrypto.a $(OPENSBI_LIB) $(LIBGCC_LP64)

# Its own makefile knows what depends on what; the source is what was downloaded, so once is enough.
$(OPENSBI_LIB): $(OPENSBI_CONFIG) | $(DEPS)/stamps/toolchain $(DEPS)/stamps/opensbi-src
	$(call say,OPENSBI,$@)
	@mkdir -p $(OPENSBI_OUT)
	$(Q)$(MAKE) -s -C $(OPENSBI_SRC) O=$(abspath $(OPENSBI_OUT)) CROSS_COMPILE=$(CROSS_COMPILE) PLATFORM=generic \
		OPENSBI_VERSION_GIT= PLATFORM_DEFCONFIG=$$(realpath -s --relative-to=$(OPENSBI_SRC)/platform/generic/configs \
		$(OPENSBI_CONFIG)) $(abspath $@) > $(OPENSBI_OUT)/build.log 2>&1 || { tail -20 $(OPENSBI_OUT)/build.log >&2; exit 1; }
	$(Q)touch $@

$(FWOUT)/platform/firmware/override.o: platform/firmware/override.c $(OPENSBI_LIB)
	$(call say,CC,$<)
	@mkdir -p $(@D)
	$(Q)$(FW_CC) -std=gnu11 -O2 -g $(ARCH_FLAGS) $(WARN) -ffreestanding -fno-pic -fno-common -fno-stack-protector \
		-fno-strict-aliasing -ffunction-sections -fdata-sections -nostdinc -isystem $(CC_INCLUDE) $(FW_SBI_FLAGS) \
		-ffile-prefix-map=$(CURDIR)/= -Iinclude -Iplatform -MMD -MP -c $< -o $@

$(FWOUT)/platform/firmware/start.o: platform/firmware/start.S $(OPENSBI_LIB)
	$(call say,AS,$<)
	@mkdir -p $(@D)
	$(Q)$(FW_CC) $(ARCH_FLAGS) -D__ASSEMBLER__ $(FW_SBI_FLAGS) -DFW_TEXT_START=$(FW_TEXT_START) \
		-ffile-prefix-map=$(CURDIR)/= -MMD -MP -c $< -o $@

$(FWOUT)/%.o: %.c | $(DEPS)/stamps/toolchain $(DEPS)/stamps/src
	$(call say,CC,$<)
	@mkdir -p $(@D)
	$(Q)$(FW_CC) $(CFLAGS) -MMD -MP -c $< -o $@

-include $(FW_OBJS:.o=.d) $(FW_SBI_OBJS:.o=.d)
