# SPDX-License-Identifier: GPL-2.0-only
#
# The boot stub of stock guests. It reads the device tree with the TSM's own reader. Included by the top Makefile.

STUB		:= $(OUT)/linux/guest/stub
STUB_OBJS	:= $(STUB)/stub.o $(STUB)/stub_entry.o
STUB_LIBS	:= $(OUT)/lib/fdt/fdt_reader.o $(OUT)/lib/base/string.o $(OUT)/third_party/libfdt.a

$(STUB)/stub_entry.o: linux/guest/stub/stub.S $(GEN)/config.h
	@mkdir -p $(@D)
	$(Q)$(CC) $(ASFLAGS) -c $< -o $@

$(STUB)/stub.elf: linux/guest/stub/stub.ld $(STUB_OBJS) $(STUB_LIBS)
	$(call say,LD,$@)
	$(Q)$(LD) -nostdlib -static --gc-sections --build-id=none --fatal-warnings -T $< -o $@ $(STUB_OBJS) $(STUB_LIBS) \
		$(LIBGCC_LP64)

$(BUILD)/guest/stub.bin: $(STUB)/stub.elf
	@mkdir -p $(@D)
	$(Q)$(OBJCOPY) -O binary $< $@

-include $(STUB)/stub.d
